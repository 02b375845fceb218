/* Chunks of Lua that a person sends to a run (gusto eval), and the globals they find: knob, knob_set, model, g, nn. */
#include "script/model.h"

#include <string.h>

struct evaluating {
	const char *chunk;
	char *text;
};

static int eval_protected(lua_State *L)
{
	struct evaluating *v = lua_touserdata(L, 1);
	lua_settop(L, 0);
	lua_pushfstring(L, "return %s", v->chunk);
	size_t len;
	const char *text = lua_tolstring(L, -1, &len);
	if (luaL_loadbufferx(L, text, len, "=eval", "t") != LUA_OK) {
		lua_pop(L, 1);
		if (luaL_loadbufferx(L, v->chunk, strlen(v->chunk), "=eval", "t") != LUA_OK)
			return lua_error(L);
	}
	lua_remove(L, 1);
	lua_call(L, 0, LUA_MULTRET);
	int n = lua_gettop(L);
	luaL_Buffer b;
	luaL_checkstack(L, 8, "too many results");
	luaL_buffinit(L, &b);
	for (int i = 1; i <= n; i++) {
		if (i > 1)
			luaL_addchar(&b, '\t');
		luaL_tolstring(L, i, NULL);
		luaL_addvalue(&b);
	}
	luaL_pushresult(&b);
	v->text = mem_strdup(lua_tostring(L, -1));
	if (!v->text)
		return script_no_memory(L);
	return 0;
}

enum err_code model_eval(void *self, const char *chunk, char **text, struct err *e)
{
	struct evaluating v = {chunk, NULL};
	enum err_code code = script_call(((struct model *)self)->script, eval_protected, &v, MODEL_SECONDS, e);
	*text = code == OK ? v.text : NULL;
	return code;
}

static int knob_set(lua_State *L)
{
	struct model *m = lua_touserdata(L, lua_upvalueindex(1));
	struct experiment *x = m->x;
	const char *name = luaL_checkstring(L, 1);
	luaL_checkany(L, 2);
	struct err e;
	luaL_tolstring(L, 2, NULL);
	if (!x->knob_set)
		return script_fail(L, "knob_set works in a run only");
	if (x->knob_set(x->knob_ctx, name, lua_tostring(L, -1), &e) != OK)
		return script_raise(L, &e);
	return 0;
}

/* knob "lr": its value now. */
static int knob_get(lua_State *L)
{
	struct model *m = lua_touserdata(L, lua_upvalueindex(1));
	struct err e;
	const struct knob *k = knobset_need(&m->x->knobs, luaL_checkstring(L, 1), &e);
	if (!k)
		return script_raise(L, &e);
	if (k->type == ARG_BOOL)
		lua_pushboolean(L, k->num != 0);
	else if (k->type == ARG_STRING || k->type == ARG_CHOICE)
		lua_pushstring(L, k->text);
	else
		lua_pushnumber(L, k->num);
	return 1;
}

static int current_model(lua_State *L)
{
	lua_getfield(L, LUA_REGISTRYINDEX, KEY_SELF);
	return 1;
}

static void set_global(lua_State *L, const char *name)
{
	lua_pushglobaltable(L);
	lua_pushstring(L, name);
	lua_pushvalue(L, -3);
	lua_rawset(L, -3);
	lua_pop(L, 2);
}

void model_install(lua_State *L, struct model *m)
{
	static const luaL_Reg functions[] = {
		{"knob_set", knob_set}, {"knob", knob_get}, {"model", current_model}, {NULL, NULL}};
	for (const luaL_Reg *f = functions; f->name; f++) {
		lua_pushlightuserdata(L, m);
		lua_pushcclosure(L, f->func, 1);
		set_global(L, f->name);
	}
	static const char *const modules[][2] = {{"g", "gusto"}, {"nn", "gusto.nn"}};
	for (size_t i = 0; i < 2; i++) {
		lua_getglobal(L, "require");
		lua_pushstring(L, modules[i][1]);
		lua_call(L, 1, 1);
		set_global(L, modules[i][0]);
	}
}
