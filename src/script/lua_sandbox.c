/* The libraries a script gets.
 *
 * Without --trust: no bytecode (load reads text only, string.dump is gone), no process control (os keeps its clocks), files
 * only below the current folder, the script's folder, and the folders of data and runs (io.open, io.lines; no pipes), debug
 * reduced to traceback and positions, garbage collection cannot be switched off.  pcall, xpcall and coroutine.resume pass
 * the interruption of a chunk that ran too long on, so that a script cannot catch it for ever.  With --trust the standard
 * libraries are whole.
 *
 * Globals are strict (lua/gusto/strict.lua) in both cases. */
#include "script/lua_common.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

int sandbox_load_text(lua_State *L, const char *text, size_t len, const char *name)
{
	char chunk[SCRIPT_PATH + 2];
	snprintf(chunk, sizeof(chunk), "@%s", name);
	if (luaL_loadbufferx(L, text, len, chunk, "t") != LUA_OK)
		return lua_error(L);
	return 1;
}

/* load(text or function [, name [, mode [, env]]]), text only. */
static int load_text(lua_State *L)
{
	luaL_checkany(L, 1);
	lua_settop(L, 4);
	bool env = !lua_isnil(L, 4);
	if (lua_isfunction(L, 1)) {
		luaL_Buffer b;
		luaL_buffinit(L, &b);
		for (;;) {
			lua_pushvalue(L, 1);
			lua_call(L, 0, 1);
			size_t len;
			if (!lua_isstring(L, -1) || (lua_tolstring(L, -1, &len), len == 0))
				break;
			luaL_addvalue(&b);
		}
		lua_pop(L, 1);
		luaL_pushresult(&b);
		lua_replace(L, 1);
	}
	size_t len;
	const char *text = luaL_checklstring(L, 1, &len);
	const char *name = luaL_optstring(L, 2, "=(load)");
	if (luaL_loadbufferx(L, text, len, name, "t") != LUA_OK) {
		lua_pushnil(L);
		lua_insert(L, -2);
		return 2;
	}
	if (env) {
		lua_pushvalue(L, 4);
		if (!lua_setupvalue(L, -2, 1))
			lua_pop(L, 1);
	}
	return 1;
}

/* ---- interruption cannot be caught ---- */

static int pass_on(lua_State *L, int status, lua_KContext first)
{
	script_end_if_interrupted(L);
	return lua_gettop(L) - (int)first;
}

/* Calls the library's function (upvalue 1) and looks at the flag before its results are seen. */
static int guarded(lua_State *L)
{
	int n = lua_gettop(L);
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_callk(L, n, LUA_MULTRET, 0, pass_on);
	return pass_on(L, LUA_OK, 0);
}

static void guard(lua_State *L, int table, const char *name)
{
	lua_getfield(L, table, name);
	lua_pushcclosure(L, guarded, 1);
	lua_setfield(L, table < 0 ? table - 1 : table, name);
}

/* ---- files within bounds ---- */

static bool below(const char *path, const char *folder)
{
	char root[PATH_MAX];
	if (!folder || !*folder || !realpath(folder, root))
		return false;
	size_t n = strlen(root);
	return strncmp(path, root, n) == 0 && (path[n] == '/' || path[n] == 0 || strcmp(root, "/") == 0);
}

/* The folder of a file that may not exist yet decides. */
static bool resolve(const char *path, char *resolved)
{
	if (realpath(path, resolved))
		return true;
	char folder[PATH_MAX];
	if (strlen(path) >= sizeof(folder))
		return false;
	memcpy(folder, path, strlen(path) + 1);
	char *slash = strrchr(folder, '/');
	const char *name = slash ? path + (slash - folder) + 1 : path;
	if (slash)
		*slash = 0;
	if (strcmp(name, "..") == 0 || !realpath(slash ? *folder ? folder : "/" : ".", resolved))
		return false;
	size_t n = strlen(resolved);
	if (n + strlen(name) + 2 > PATH_MAX)
		return false;
	snprintf(resolved + n, PATH_MAX - n, "/%s", name);
	return true;
}

static bool allowed(lua_State *L, const char *path, bool write)
{
	struct script *s = script_of(L);
	char resolved[PATH_MAX];
	if (!resolve(path, resolved))
		return false;
	if (below(resolved, ".") || below(resolved, s->folder) || below(resolved, getenv("GUSTO_RUNS")))
		return true;
	const char *data = getenv("GUSTO_DATA");
	if (write || !data)
		return false;
	char folder[PATH_MAX];
	for (const char *p = data; *p; p += strspn(p, ":")) {
		size_t n = strcspn(p, ":");
		if (n < sizeof(folder)) {
			memcpy(folder, p, n);
			folder[n] = 0;
			if (below(resolved, folder))
				return true;
		}
		p += n;
	}
	return false;
}

/* Upvalue 1: the library's io.open or io.lines. */
static int bounded_open(lua_State *L)
{
	const char *path = luaL_checkstring(L, 1);
	const char *mode = lua_isstring(L, 2) ? lua_tostring(L, 2) : "r";
	bool write = lua_toboolean(L, lua_upvalueindex(2)) ? false : strpbrk(mode, "wa+") != NULL;
	if (!allowed(L, path, write))
		return script_fail(L, "io: %s is outside of the project's folders; --trust lifts this", path);
	int n = lua_gettop(L);
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, n, LUA_MULTRET);
	return lua_gettop(L);
}

static int restricted_getinfo(lua_State *L)
{
	lua_Debug ar;
	lua_Integer level = luaL_checkinteger(L, 1);
	if (level < 0 || level > 10000 || !lua_getstack(L, (int)level, &ar))
		return 0;
	lua_getinfo(L, "Sln", &ar);
	lua_createtable(L, 0, 4);
	lua_pushstring(L, ar.short_src);
	lua_setfield(L, -2, "short_src");
	lua_pushinteger(L, ar.currentline);
	lua_setfield(L, -2, "currentline");
	lua_pushstring(L, ar.name);
	lua_setfield(L, -2, "name");
	lua_pushstring(L, ar.what);
	lua_setfield(L, -2, "what");
	return 1;
}

static int collect(lua_State *L)
{
	const char *what = luaL_optstring(L, 1, "collect");
	if (strcmp(what, "count") == 0) {
		lua_pushnumber(L, (double)script_of(L)->memory / 1024);
		return 1;
	}
	if (strcmp(what, "collect") != 0 && strcmp(what, "step") != 0)
		return script_fail(L, "collectgarbage: \"count\", \"collect\" or \"step\", got \"%s\"", what);
	lua_gc(L, LUA_GCCOLLECT);
	lua_pushinteger(L, 0);
	return 1;
}

/* Replaces a library by a table of some of its functions. */
static void keep_only(lua_State *L, const char *library, const char *const *names)
{
	lua_getglobal(L, library);
	lua_newtable(L);
	for (; *names; names++) {
		lua_getfield(L, -2, *names);
		lua_setfield(L, -2, *names);
	}
	lua_pushvalue(L, -1);
	lua_setglobal(L, library);
	lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
	lua_pushvalue(L, -2);
	lua_setfield(L, -2, library);
	lua_pop(L, 3);
}

static void bound_io(lua_State *L)
{
	static const char *const names[] = {"open", "lines", "write", "read", "type", "stdout", "stderr", NULL};
	keep_only(L, LUA_IOLIBNAME, names);
	lua_getglobal(L, LUA_IOLIBNAME);
	static const char *const opening[] = {"open", "lines"};
	for (int i = 0; i < 2; i++) {
		lua_getfield(L, -1, opening[i]);
		lua_pushboolean(L, i == 1);
		lua_pushcclosure(L, bounded_open, 2);
		lua_setfield(L, -2, opening[i]);
	}
	lua_pop(L, 1);
}

static void reduce(lua_State *L)
{
	static const char *const os_names[] = {"time", "clock", "date", "difftime", NULL};
	static const char *const debug_names[] = {"traceback", NULL};
	keep_only(L, LUA_OSLIBNAME, os_names);
	keep_only(L, LUA_DBLIBNAME, debug_names);
	lua_getglobal(L, LUA_DBLIBNAME);
	lua_pushcfunction(L, restricted_getinfo);
	lua_setfield(L, -2, "getinfo");
	lua_pop(L, 1);
	bound_io(L);
	lua_getglobal(L, LUA_STRLIBNAME);
	lua_pushnil(L);
	lua_setfield(L, -2, "dump");
	lua_pop(L, 1);
	static const char *const gone[] = {"dofile", "loadfile", NULL};
	for (int i = 0; gone[i]; i++) {
		lua_pushnil(L);
		lua_setglobal(L, gone[i]);
	}
	lua_pushcfunction(L, load_text);
	lua_setglobal(L, "load");
	lua_pushcfunction(L, collect);
	lua_setglobal(L, "collectgarbage");
	lua_pushglobaltable(L);
	guard(L, -1, "pcall");
	guard(L, -1, "xpcall");
	lua_pop(L, 1);
	lua_getglobal(L, LUA_COLIBNAME);
	guard(L, -1, "resume");
	guard(L, -1, "close");
	lua_pop(L, 1);
}

/* Errors thrown with error("...") in Lua pass by themselves; `require` is ours and has no searchers. */
void sandbox_open(lua_State *L)
{
	static const luaL_Reg libraries[] = {{LUA_GNAME, luaopen_base}, {LUA_COLIBNAME, luaopen_coroutine},
		{LUA_TABLIBNAME, luaopen_table}, {LUA_STRLIBNAME, luaopen_string}, {LUA_MATHLIBNAME, luaopen_math},
		{LUA_UTF8LIBNAME, luaopen_utf8}, {LUA_OSLIBNAME, luaopen_os}, {LUA_IOLIBNAME, luaopen_io},
		{LUA_DBLIBNAME, luaopen_debug}};
	for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++) {
		luaL_requiref(L, libraries[i].name, libraries[i].func, 1);
		lua_pop(L, 1);
	}
	if (!script_of(L)->trust)
		reduce(L);
	lua_pushcfunction(L, files_require);
	lua_setglobal(L, "require");
}
