/* gusto.core: what C gives to the library's Lua files.  Scripts use gusto and gusto.nn. */
#include "script/lua_common.h"

#include "base/version.h"
#include "data/kind.h"
#include "script/lua_linalg.h"

/* print goes to stderr: stdout belongs to the program that runs the script (JSON lines, answers of the repl). */
static int print(lua_State *L)
{
	int n = lua_gettop(L);
	for (int i = 1; i <= n; i++) {
		size_t len;
		const char *text = luaL_tolstring(L, i, &len);
		fwrite(text, 1, len, stderr);
		fputc(i < n ? '\t' : '\n', stderr);
		lua_pop(L, 1);
	}
	if (n == 0)
		fputc('\n', stderr);
	return 0;
}

static void strict_globals(lua_State *L)
{
	lua_getglobal(L, "require");
	lua_pushliteral(L, "gusto.strict");
	lua_call(L, 1, 1);
	lua_pushboolean(L, script_of(L)->interactive);
	lua_call(L, 1, 0);
}

/* { sequence = "item[T] target[T] ...", ... }: the kinds of batches a model may ask for. */
static void push_kinds(lua_State *L)
{
	lua_createtable(L, 0, (int)kind_registry.n);
	for (size_t i = 0; i < kind_registry.n; i++) {
		lua_pushstring(L, kind_registry.rows[i]->usage);
		lua_setfield(L, -2, kind_registry.rows[i]->name);
	}
}

void core_open(lua_State *L)
{
	lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
	lua_newtable(L);
	int core = lua_gettop(L);
	value_open(L, core);
	op_open(L, core);
	nn_open(L, core);
	data_open(L, core);
	linalg_open(L);
	env_open(L, core);
	ope_open(L, core);
	push_kinds(L);
	lua_setfield(L, core, "kinds");
	lua_pushliteral(L, GUSTO_VERSION);
	lua_setfield(L, core, "version");
	lua_setfield(L, core - 1, "gusto.core");
	lua_pop(L, 1);
	lua_pushcfunction(L, print);
	lua_setglobal(L, "print");
	strict_globals(L);
}
