/* The knobs that a model declares (lua/gusto/knob.lua), and values for them from tables of the script. */
#include "script/lua_experiment.h"

#include <string.h>

static enum arg_type knob_type(const char *name)
{
	return strcmp(name, "int") == 0	     ? ARG_INT
	       : strcmp(name, "real") == 0   ? ARG_REAL
	       : strcmp(name, "log") == 0    ? ARG_LOG
	       : strcmp(name, "bool") == 0   ? ARG_BOOL
	       : strcmp(name, "choice") == 0 ? ARG_CHOICE
					     : ARG_STRING;
}

static const char *text_field(lua_State *L, int t, const char *key)
{
	lua_getfield(L, t, key);
	const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
	lua_pop(L, 1); /* the table keeps it alive */
	return text;
}

static double number_field(lua_State *L, int t, const char *key)
{
	lua_getfield(L, t, key);
	double v = lua_isboolean(L, -1) ? lua_toboolean(L, -1) : lua_tonumber(L, -1);
	lua_pop(L, 1);
	return v;
}

/* One { name = ..., knob = ... } of gusto.knob's sorted list at idx. */
static void read_knob(lua_State *L, int idx, int applies_fn, struct knobset *k)
{
	const char *name = text_field(L, idx, "name");
	lua_getfield(L, idx, "knob");
	int t = lua_gettop(L);
	lua_pushvalue(L, applies_fn);
	lua_pushstring(L, name);
	lua_pushvalue(L, t);
	lua_call(L, 2, 1);
	const char *applies = lua_tostring(L, -1), *type = text_field(L, t, "type");
	if (!name || !type || !applies) {
		script_fail(L, "a knob's declaration is broken");
		return;
	}
	struct knob row = {.name = (char *)name,
		.help = (char *)text_field(L, t, "help"),
		.choices = (char *)text_field(L, t, "choices"),
		.type = knob_type(type),
		.min = number_field(L, t, "min"),
		.max = number_field(L, t, "max"),
		.applies = strcmp(applies, "step") == 0	   ? KNOB_STEP
			   : strcmp(applies, "batch") == 0 ? KNOB_BATCH
			   : strcmp(applies, "live") == 0  ? KNOB_LIVE
							   : KNOB_MODEL};
	if (row.type == ARG_CHOICE)
		row.def_text = (char *)text_field(L, t, "default");
	else
		row.def = number_field(L, t, "default");
	struct err e;
	script_check(L, knobset_add(k, &row, &e), &e);
	lua_settop(L, t - 1);
}

void experiment_read_knobs(lua_State *L, int class, struct knobset *k)
{
	int top = lua_gettop(L);
	class = lua_absindex(L, class);
	lua_getglobal(L, "require");
	lua_pushliteral(L, "gusto.knob");
	lua_call(L, 1, 1);
	lua_getfield(L, -1, "applies");
	int applies = lua_gettop(L);
	lua_getfield(L, -2, "sorted");
	lua_getfield(L, class, "knobs");
	lua_call(L, 1, 1);
	int list = lua_gettop(L);
	lua_Integer n = (lua_Integer)lua_rawlen(L, list);
	for (lua_Integer i = 1; i <= n; i++) {
		lua_rawgeti(L, list, i);
		read_knob(L, lua_gettop(L), applies, k);
		lua_pop(L, 1);
	}
	lua_settop(L, top);
}

void experiment_set_knob(lua_State *L, const char *what, struct knob *k)
{
	char text[64];
	const char *value = text;
	struct err e;
	switch (lua_type(L, -1)) {
	case LUA_TBOOLEAN:
		value = lua_toboolean(L, -1) ? "true" : "false";
		break;
	case LUA_TNUMBER:
		snprintf(text, sizeof(text), "%.17g", lua_tonumber(L, -1));
		break;
	case LUA_TSTRING:
		value = lua_tostring(L, -1);
		break;
	default:
		script_fail(L, "%s: knob %s must be a number, text or true/false, got %s", what, k->name,
			luaL_typename(L, -1));
	}
	if (knob_set_text(k, value, &e) != OK) {
		err_prefix(&e, "%s", what);
		script_raise_plain(L, &e);
	}
}

void experiment_set_knobs(lua_State *L, int idx, const char *what, struct knobset *k)
{
	if (!lua_istable(L, idx))
		return;
	idx = lua_absindex(L, idx);
	lua_pushnil(L);
	while (lua_next(L, idx)) {
		struct err e;
		if (lua_type(L, -2) != LUA_TSTRING)
			script_fail(L, "%s: knobs are { name = value }", what);
		struct knob *row = knobset_need(k, lua_tostring(L, -2), &e);
		if (!row) {
			err_prefix(&e, "%s", what);
			script_raise_plain(L, &e);
			return;
		}
		experiment_set_knob(L, what, row);
		lua_pop(L, 1);
	}
}
