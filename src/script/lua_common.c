#include "script/lua_common.h"

#include "graph/program.h"
#include "nn/paramset.h"

#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* More than any script needs, less than what would take the machine down. */
static const size_t memory_max = (size_t)2 << 30;

static void *allocate(void *ud, void *p, size_t old, size_t size)
{
	struct script *s = ud;
	size_t had = p ? old : 0;
	if (size == 0) {
		s->memory -= had;
		mem_free(p);
		return NULL;
	}
	if (size > had && s->memory - had + size > memory_max)
		return NULL;
	void *q = mem_realloc(p, size, 1);
	if (q)
		s->memory += size - had;
	return q;
}

struct script *script_of(lua_State *L)
{
	return *(struct script **)lua_getextraspace(L);
}

static double seconds_of(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* While a run trains, the signals that end it wait for its next safe point (run/signals.c): a script that never returns
 * must not keep them waiting for ever. */
static bool asked_to_end(void)
{
	sigset_t s;
	return sigpending(&s) == 0 && (sigismember(&s, SIGINT) || sigismember(&s, SIGTERM));
}

static void on_count(lua_State *L, lua_Debug *ar)
{
	struct script *s = script_of(L);
	if (s->deadline > 0 && seconds_of(CLOCK_THREAD_CPUTIME_ID) > s->deadline)
		s->interrupted = "interrupted: the chunk ran too long";
	else if (seconds_of(CLOCK_MONOTONIC) > s->begun + 1 && asked_to_end())
		s->interrupted = "interrupted by a signal while the script ran";
	script_end_if_interrupted(L);
}

void script_end_if_interrupted(lua_State *L)
{
	struct err e;
	const char *why = script_of(L)->interrupted;
	if (!why)
		return;
	err_set(&e, ERR_CANCELLED, "%s", why);
	script_raise(L, &e);
}

/* ---- errors ---- */

/* Lines of the library are not where a user's mistake is; those of models are. */
static bool of_library(const char *source)
{
	return str_starts(source, "@lua/gusto/") && !str_starts(source, "@lua/gusto/models/");
}

void script_where(lua_State *L)
{
	lua_Debug ar, first;
	bool have = false;
	for (int level = 0; lua_getstack(L, level, &ar); level++) {
		lua_getinfo(L, "Sl", &ar);
		if (ar.currentline <= 0)
			continue;
		if (!of_library(ar.source)) {
			lua_pushfstring(L, "%s:%d: ", ar.short_src, ar.currentline);
			return;
		}
		if (!have)
			first = ar;
		have = true;
	}
	if (have)
		lua_pushfstring(L, "%s:%d: ", first.short_src, first.currentline);
	else
		lua_pushliteral(L, "");
}

/* lua_error jumps; the compiler does not know. */
static _Noreturn void jump(lua_State *L)
{
	lua_error(L);
	abort();
}

int script_raise_plain(lua_State *L, const struct err *e)
{
	script_of(L)->raised = e->code;
	lua_pushstring(L, e->text);
	jump(L);
}

int script_raise(lua_State *L, const struct err *e)
{
	script_where(L);
	lua_pushstring(L, e->text);
	lua_concat(L, 2);
	script_of(L)->raised = e->code;
	jump(L);
}

int script_fail(lua_State *L, const char *fmt, ...)
{
	struct err e;
	char text[sizeof(e.text)];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	err_set(&e, ERR_SCRIPT, "%s", text);
	script_raise(L, &e);
}

void script_check(lua_State *L, enum err_code code, const struct err *e)
{
	if (code != OK)
		script_raise_plain(L, e);
}

int script_no_memory(lua_State *L)
{
	lua_pushliteral(L, "not enough memory");
	jump(L);
}

/* Runs protected itself: tostring may call a __tostring of the script. */
static int to_text(lua_State *L)
{
	luaL_tolstring(L, 1, NULL);
	return 1;
}

static void take_error(struct script *s, struct err *e)
{
	lua_State *L = s->L;
	enum err_code code = s->raised ? s->raised : ERR_SCRIPT;
	if (lua_type(L, -1) != LUA_TSTRING) {
		lua_pushcfunction(L, to_text);
		lua_insert(L, -2);
		lua_pcall(L, 1, 1, 0);
		lua_pushfstring(L, "the script raised an error without a sentence (%s); write error(\"what is wrong\")",
			lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "it cannot be shown");
	}
	const char *text = lua_tostring(L, -1);
	if (strstr(text, "not enough memory"))
		code = ERR_NOMEM;
	err_set(e, code, "%s", text);
	lua_pop(L, 1);
}

enum err_code script_call(struct script *s, lua_CFunction f, void *ctx, double seconds, struct err *e)
{
	lua_State *L = s->L;
	int top = lua_gettop(L);
	if (!lua_checkstack(L, 8))
		return err_set(e, ERR_NOMEM, "the Lua stack is full");
	double outer = s->deadline;
	bool outermost = !lua_gethook(L);
	if (outermost) {
		s->begun = seconds_of(CLOCK_MONOTONIC);
		s->interrupted = NULL;
		lua_sethook(L, on_count, LUA_MASKCOUNT, 10000);
	}
	if (seconds > 0 && outer == 0)
		s->deadline = seconds_of(CLOCK_THREAD_CPUTIME_ID) + seconds;
	s->raised = OK;
	lua_pushcfunction(L, f);
	lua_pushlightuserdata(L, ctx);
	enum err_code code = OK;
	if (lua_pcall(L, 1, 0, 0) != LUA_OK) {
		struct err mine;
		take_error(s, &mine);
		code = err_set(e, mine.code, "%s", mine.text);
	}
	s->deadline = outer;
	if (outermost)
		lua_sethook(L, NULL, 0, 0);
	lua_settop(L, top);
	return code;
}

/* ---- a script ---- */

static int open_all(lua_State *L)
{
	sandbox_open(L);
	core_open(L);
	return 0;
}

static enum err_code make(const struct script_options *o, bool interactive, struct script **out, struct err *e)
{
	*out = NULL;
	struct script *s = mem_calloc(1, sizeof(*s));
	if (!s)
		return err_set(e, ERR_NOMEM, "no memory for a script");
	s->trust = o && o->trust;
	s->interactive = interactive;
	strcpy(s->folder, ".");
	if (o && o->snapshot_dir && !(s->snapshot = mem_strdup(o->snapshot_dir)))
		goto nomem;
	s->L = lua_newstate(allocate, s);
	if (!s->L)
		goto nomem;
	*(struct script **)lua_getextraspace(s->L) = s;
	enum err_code code = script_call(s, open_all, NULL, 0, e);
	if (code != OK) {
		script_free(s);
		return code;
	}
	*out = s;
	return OK;
nomem:
	script_free(s);
	return err_set(e, ERR_NOMEM, "no memory for a script");
}

enum err_code script_new(const struct script_options *o, struct script **out, struct err *e)
{
	return make(o, false, out, e);
}

enum err_code script_new_interactive(const struct script_options *o, struct script **out, struct err *e)
{
	return make(o, true, out, e);
}

void script_free(struct script *s)
{
	if (!s)
		return;
	if (s->L)
		lua_close(s->L);
	for (size_t i = 0; i < s->n_files; i++) {
		mem_free(s->files[i].path);
		mem_free(s->files[i].text);
	}
	mem_free(s->files);
	mem_free(s->snapshot);
	paramset_free(s->scratch);
	engine_free(s->engine);
	mem_free(s);
}

void script_options_default(struct script_options *o)
{
	*o = (struct script_options){.epochs = -1};
}

/* ---- fields ---- */

static int wrong_field(lua_State *L, const char *what, const char *key, const char *expected, int idx)
{
	return script_fail(L, "%s: %s must be %s, got %s", what, key, expected, luaL_typename(L, idx));
}

bool field_text(lua_State *L, int t, const char *what, const char *key, char *out, size_t size)
{
	int type = lua_getfield(L, t, key);
	if (type == LUA_TNIL) {
		lua_pop(L, 1);
		return false;
	}
	if (type != LUA_TSTRING)
		wrong_field(L, what, key, "text", -1);
	size_t len;
	const char *text = lua_tolstring(L, -1, &len);
	if (len >= size || memchr(text, 0, len))
		script_fail(L, "%s: %s must be plain text of less than %zu bytes", what, key, size);
	memcpy(out, text, len + 1);
	lua_pop(L, 1);
	return true;
}

char *field_strdup(lua_State *L, int t, const char *what, const char *key)
{
	int type = lua_getfield(L, t, key);
	char *copy = NULL;
	if (type != LUA_TNIL) {
		if (type != LUA_TSTRING)
			wrong_field(L, what, key, "text", -1);
		copy = mem_strdup(lua_tostring(L, -1));
		if (!copy)
			script_no_memory(L);
	}
	lua_pop(L, 1);
	return copy;
}

bool field_number(lua_State *L, int t, const char *what, const char *key, double *out)
{
	int type = lua_getfield(L, t, key);
	if (type == LUA_TNIL) {
		lua_pop(L, 1);
		return false;
	}
	if (type != LUA_TNUMBER)
		wrong_field(L, what, key, "a number", -1);
	*out = lua_tonumber(L, -1);
	lua_pop(L, 1);
	return true;
}

bool field_int(lua_State *L, int t, const char *what, const char *key, double min, double max, int32_t *out)
{
	double v;
	if (!field_number(L, t, what, key, &v))
		return false;
	if (!(v >= min && v <= max) || v != floor(v))
		script_fail(L, "%s: %s must be a whole number in %.15g..%.15g, got %.15g", what, key, min, max, v);
	*out = (int32_t)v;
	return true;
}

bool field_bool(lua_State *L, int t, const char *what, const char *key, bool *out)
{
	int type = lua_getfield(L, t, key);
	if (type == LUA_TNIL) {
		lua_pop(L, 1);
		return false;
	}
	if (type != LUA_TBOOLEAN)
		wrong_field(L, what, key, "true or false", -1);
	*out = lua_toboolean(L, -1);
	lua_pop(L, 1);
	return true;
}

/* ---- arguments by description ---- */

void args_read_one(lua_State *L, int idx, const struct desc *d, struct args *a, const char *name)
{
	struct err e;
	enum err_code code;
	switch (lua_type(L, idx)) {
	case LUA_TNUMBER:
		code = args_set_number(d, a, name, lua_tonumber(L, idx), &e);
		break;
	case LUA_TBOOLEAN:
		code = args_set_number(d, a, name, lua_toboolean(L, idx), &e);
		break;
	case LUA_TSTRING:
		code = args_set_text(d, a, name, lua_tostring(L, idx), &e);
		break;
	default:
		script_fail(
			L, "%s: %s must be a number, text or true/false, got %s", d->name, name, luaL_typename(L, idx));
		return;
	}
	if (code != OK)
		script_raise(L, &e);
}

void args_read(lua_State *L, int idx, const struct desc *d, struct args *a, int first_position)
{
	if (lua_isnoneornil(L, idx))
		return;
	if (!lua_istable(L, idx)) {
		script_fail(L, "%s: expected a table of arguments, got %s; usage: %s", d->name, luaL_typename(L, idx),
			d->usage);
		return;
	}
	idx = lua_absindex(L, idx);
	size_t n = arg_count(d);
	lua_pushnil(L);
	while (lua_next(L, idx)) {
		const char *name;
		if (lua_isinteger(L, -2)) {
			lua_Integer i = lua_tointeger(L, -2);
			if (i < 1 || i > (lua_Integer)n - first_position) {
				script_fail(L, "%s: has no positional argument %lld; usage: %s", d->name, (long long)i,
					d->usage);
				return;
			}
			name = d->args[first_position + i - 1].name;
		} else if (lua_type(L, -2) == LUA_TSTRING) {
			name = lua_tostring(L, -2);
		} else {
			script_fail(L, "%s: arguments are named by text, got %s", d->name, luaL_typename(L, -2));
			return;
		}
		args_read_one(L, -1, d, a, name);
		lua_pop(L, 1);
	}
}
