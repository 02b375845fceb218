/* The batch of a trace, as loss and score get it: its columns by name. */
#include "script/lua_value.h"

#include <string.h>

#define BATCH_TYPE "gusto.batch"

void value_batch_push(lua_State *L)
{
	uint64_t *generation = lua_newuserdatauv(L, sizeof(*generation), 0);
	*generation = script_of(L)->generation;
	luaL_setmetatable(L, BATCH_TYPE);
}

static struct trace *batch_trace(lua_State *L)
{
	const uint64_t *generation = luaL_checkudata(L, 1, BATCH_TYPE);
	struct script *s = script_of(L);
	if (!s->trace || *generation != s->generation)
		script_fail(L, "this batch belongs to a finished trace");
	return s->trace;
}

/* batch:has "negative" */
static int batch_has(lua_State *L)
{
	struct trace *t = batch_trace(L);
	struct err e;
	lua_pushboolean(L, trace_input(t, luaL_checkstring(L, 2), &e) >= 0);
	return 1;
}

static int batch_index(lua_State *L)
{
	struct trace *t = batch_trace(L);
	const char *key = luaL_checkstring(L, 2);
	struct err e;
	if (strcmp(key, "has") == 0) {
		lua_pushcfunction(L, batch_has);
		return 1;
	}
	value_push(L, trace_input(t, key, &e), &e);
	struct value_box *v = lua_touserdata(L, -1);
	v->below = trace_below(t, v->index);
	return 1;
}

void batch_open(lua_State *L)
{
	luaL_newmetatable(L, BATCH_TYPE);
	lua_pushcfunction(L, batch_index);
	lua_setfield(L, -2, "__index");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_pop(L, 1);
}
