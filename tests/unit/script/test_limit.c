/* The limit of a script's time: CPU time of its thread, so that a busy machine interrupts nobody. */
#include "script_support.h"

#include "script/lua_common.h"

#include <time.h>

static const double limit = 0.1;

static double cpu_seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static struct script *new_script(void)
{
	struct script *s = NULL;
	struct err e;
	if (script_new(NULL, &s, &e) != OK)
		fail_msg("%s", e.text);
	return s;
}

static void run(lua_State *L, const char *text)
{
	if (luaL_loadstring(L, text) != LUA_OK)
		lua_error(L);
	lua_call(L, 0, 0);
}

/* Three times the limit passes while others have the processor; then enough of Lua for the clock to be looked at. */
static int wait_and_count(lua_State *L)
{
	struct timespec others = {.tv_nsec = (long)(3 * limit * 1e9)};
	nanosleep(&others, NULL);
	run(L, "for i = 1, 100000 do end");
	return 0;
}

static int count_for_ever(lua_State *L)
{
	run(L, "while true do pcall(function() while true do end end) end");
	return 0;
}

static int call_without_limit(lua_State *L)
{
	struct err e;
	script_call(script_of(L), count_for_ever, NULL, 0, &e);
	return script_raise_plain(L, &e);
}

static void time_of_others_does_not_count(void **state)
{
	struct script *s = new_script();
	struct err e;
	if (script_call(s, wait_and_count, NULL, limit, &e) != OK)
		fail_msg("%s", e.text);
	script_free(s);
}

static void an_endless_chunk_has_its_time_and_no_more(void **state)
{
	struct script *s = new_script();
	struct err e;
	double begun = cpu_seconds();
	assert_int_equal(script_call(s, count_for_ever, NULL, limit, &e), ERR_CANCELLED);
	assert_true(cpu_seconds() - begun >= limit);
	assert_has(e.text, "ran too long");
	/* the next call begins anew */
	assert_int_equal(script_call(s, wait_and_count, NULL, limit, &e), OK);
	script_free(s);
}

static void a_call_within_a_limited_one_is_limited(void **state)
{
	struct script *s = new_script();
	struct err e;
	assert_int_equal(script_call(s, call_without_limit, NULL, limit, &e), ERR_CANCELLED);
	script_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_of_others_does_not_count),
		cmocka_unit_test(an_endless_chunk_has_its_time_and_no_more),
		cmocka_unit_test(a_call_within_a_limited_one_is_limited),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
