/* Closed forms as scripts compute them (tests/lua/linalg.lua): each against the condition or the average that defines it. */
#include "script/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

static struct experiment *x;
static struct paramset *set;

static int build(void **state)
{
	struct err e;
	if (script_load("tests/lua/linalg.lua", NULL, &x, &e) != OK)
		fail_msg("%s", e.text);
	set = paramset_new(1);
	if (x->vtbl->build(x->self, &x->knobs, set, &e) != OK)
		fail_msg("%s", e.text);
	x->vtbl->settle(x->self, true);
	return 0;
}

static int drop(void **state)
{
	experiment_free(x);
	paramset_free(set);
	return 0;
}

static char *call(const char *chunk)
{
	struct err e;
	char *text = NULL;
	if (x->vtbl->eval(x->self, chunk, &text, &e) != OK)
		fail_msg("%s: %s", chunk, e.text);
	return text;
}

static void passes(const char *chunk)
{
	char *text = call(chunk);
	assert_string_equal(text, "ok");
	free(text);
}

static void ease_is_at_the_minimum(void **state)
{
	passes("check_ease()");
}

static void neighbours_are_those_of_the_formula(void **state)
{
	passes("check_neighbours()");
}

static void small_matrices(void **state)
{
	passes("check_dense()");
}

static double distance(const char *chunk)
{
	char *text = call(chunk);
	double d = atof(text);
	free(text);
	return d;
}

/* Explicit corruptions come to the closed form as 1 / sqrt(draws). */
static void marginalising_is_what_sampling_converges_to(void **state)
{
	bool slow = getenv("GUSTO_SLOW") != NULL; /* under valgrind: a chunk may compute for so long only */
	double few = distance("check_mda(20)"), many = distance(slow ? "check_mda(1500)" : "check_mda(20000)");
	printf("distance to the closed form: %.4f after 20 draws, %.4f after many\n", few, many);
	assert_true(many < (slow ? 0.055 : 0.015)); /* falls with the root of the draws */
	assert_true(many < few);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ease_is_at_the_minimum),
		cmocka_unit_test(neighbours_are_those_of_the_formula),
		cmocka_unit_test(small_matrices),
		cmocka_unit_test(marginalising_is_what_sampling_converges_to),
	};
	return cmocka_run_group_tests(tests, build, drop);
}
