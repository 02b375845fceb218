/* Tracing a Lua model: one of its methods runs over the columns of a batch and returns values. */
#include "script/model.h"

#include "script/lua_value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const model_method[MODEL_PLAYER] = {[MODEL_LOSS] = "loss",
	[MODEL_SCORE] = "score",
	[MODEL_CANDIDATES] = "candidates",
	[MODEL_RATING] = "rate",
	[MODEL_CLICK] = "click",
	[MODEL_ACT] = "act",
	[MODEL_OBSERVE] = "observe"};

struct tracing {
	enum model_call what;
	struct model_outputs *out;
};

static int by_name(const void *a, const void *b)
{
	return strcmp((const char *)a, (const char *)b);
}

/* The table of further scalars at idx, in the order of their names. */
static void read_outputs(lua_State *L, int idx, struct model_outputs *out)
{
	char name[MODEL_OUTPUTS_MAX][32];
	int n = 0;
	lua_pushnil(L);
	while (lua_next(L, idx)) {
		if (lua_type(L, -2) != LUA_TSTRING || lua_rawlen(L, -2) >= sizeof(name[0]))
			script_fail(L, "loss: further results are { name = value } with short names");
		if (n == MODEL_OUTPUTS_MAX - 1)
			script_fail(L, "loss: at most %d further results can be logged", MODEL_OUTPUTS_MAX - 1);
		snprintf(name[n++], sizeof(name[0]), "%s", lua_tostring(L, -2));
		lua_pop(L, 1);
	}
	qsort(name, (size_t)n, sizeof(name[0]), by_name);
	for (int i = 0; i < n; i++) {
		lua_getfield(L, idx, name[i]);
		out->value[out->n] = value_index(L, -1, "loss: a further result");
		memcpy(out->name[out->n++], name[i], sizeof(name[0]));
		lua_pop(L, 1);
	}
}

/* observe(batch) returns { name of a parameter = what is added to it }. */
static void read_sums(lua_State *L, int idx, struct model_outputs *out)
{
	if (!lua_istable(L, idx))
		script_fail(L, "observe(batch) must return { name = sums }, got %s", luaL_typename(L, idx));
	out->n = 0;
	read_outputs(L, idx, out);
}

/* The method behind a call; of player k, "loss_<its name>". */
static void name_of_call(lua_State *L, enum model_call what, char *out, size_t size)
{
	if (what < MODEL_PLAYER) {
		snprintf(out, size, "%s", model_method[what]);
		return;
	}
	struct model_plan plan = {0};
	model_push_either(L, KEY_CLASS_NEXT, KEY_CLASS);
	players_read(L, lua_gettop(L), &plan);
	lua_pop(L, 1);
	snprintf(out, size, "loss_%s", plan.player[what - MODEL_PLAYER].name);
}

static int trace_protected(lua_State *L)
{
	struct tracing *t = lua_touserdata(L, 1);
	char method[32];
	model_push_either(L, KEY_SELF_NEXT, KEY_SELF);
	name_of_call(L, t->what, method, sizeof(method));
	if (!lua_istable(L, -1))
		return script_fail(L, "the model was not built yet");
	if (lua_getfield(L, -1, method) != LUA_TFUNCTION)
		return script_fail(L, "the model has no %s(batch)", method);
	lua_insert(L, -2);
	value_batch_push(L);
	lua_call(L, 2, 2);
	int top = lua_gettop(L);
	if (t->what == MODEL_OBSERVE) {
		read_sums(L, top - 1, t->out);
		return 0;
	}
	char what[64];
	snprintf(what, sizeof(what), "what %s(batch) returned", method);
	t->out->n = 1;
	snprintf(t->out->name[0], sizeof(t->out->name[0]), "%s", method);
	t->out->value[0] = value_index(L, top - 1, what);
	if ((t->what == MODEL_LOSS || t->what >= MODEL_PLAYER) && lua_istable(L, top))
		read_outputs(L, top, t->out);
	return 0;
}

enum err_code model_trace(void *self, enum model_call what, struct trace *t, struct model_outputs *out, struct err *e)
{
	struct script *s = ((struct model *)self)->script;
	struct tracing tracing = {what, out};
	*out = (struct model_outputs){0};
	if ((unsigned)what >= MODEL_PLAYER + PLAYERS_MAX)
		return err_set(e, ERR_ARG, "there is no model call %d", (int)what);
	s->trace = t;
	s->generation++;
	enum err_code code = script_call(s, trace_protected, &tracing, 0, e);
	s->trace = NULL;
	return code;
}
