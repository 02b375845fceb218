/* Where Lua files come from.
 *
 * Every file has a place in the project: "lua/gusto/init.lua", "datasets/ml-1m.lua", "experiments/demo.lua", and for modules
 * beside the experiment "script/<name>.lua".  A place is looked up in the run's snapshot, then on disk (lua/ may be moved
 * by GUSTO_LUA), then in the binary.  What was read is kept: a snapshot holds exactly what ran, wherever it came from. */
#include "script/lua_common.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 8 << 20 };

char *files_read(const char *path, size_t *len, struct err *e)
{
	FILE *f = fopen(path, "rb");
	if (!f) {
		err_errno(e, "%s", path);
		return NULL;
	}
	struct str text = {0};
	char block[16384];
	size_t n;
	while ((n = fread(block, 1, sizeof(block), f)) > 0 && text.len <= FILE_MAX)
		str_add(&text, block, n);
	bool bad = ferror(f) != 0;
	int error = errno;
	fclose(f);
	if (!bad && text.len == 0)
		str_puts(&text, "");
	*len = text.len;
	if (bad || text.failed || text.len > FILE_MAX) {
		str_free(&text);
		errno = error;
		if (bad)
			err_errno(e, "%s", path);
		else
			err_set(e, ERR_FORMAT, "%s is larger than the %d MiB a script may have", path, FILE_MAX >> 20);
		return NULL;
	}
	char *out = str_take(&text);
	if (!out)
		err_set(e, ERR_NOMEM, "no memory for %s", path);
	return out;
}

enum err_code files_keep(struct script *s, const char *path, const char *text, size_t len, struct err *e)
{
	for (size_t i = 0; i < s->n_files; i++)
		if (strcmp(s->files[i].path, path) == 0)
			return OK;
	if (!mem_grow(&s->files, &s->cap_files, s->n_files + 1, sizeof(*s->files)))
		return err_set(e, ERR_NOMEM, "no memory for %s", path);
	struct script_file f = {mem_strdup(path), mem_alloc(len + 1), len};
	if (!f.path || !f.text) {
		mem_free(f.path);
		mem_free(f.text);
		return err_set(e, ERR_NOMEM, "no memory for %s", path);
	}
	memcpy(f.text, text, len);
	f.text[len] = 0;
	s->files[s->n_files++] = f;
	return OK;
}

/* Pushes the text of a file on disk; false where there is none. */
static bool push_disk(lua_State *L, const char *path, struct err *e)
{
	size_t len;
	FILE *f = fopen(path, "rb");
	if (!f)
		return false;
	fclose(f);
	char *text = files_read(path, &len, e);
	if (!text) {
		script_raise(L, e);
		return false;
	}
	/* a failed push leaks `text` at worst once, at the end of memory */
	lua_pushlstring(L, text, len);
	mem_free(text);
	return true;
}

static bool push_embedded(lua_State *L, const char *path)
{
	size_t n;
	const struct embedded_file *f = embedded_files(&n);
	for (size_t i = 0; i < n; i++)
		if (strcmp(f[i].path, path) == 0) {
			lua_pushlstring(L, (const char *)f[i].text, (size_t)f[i].len);
			return true;
		}
	return false;
}

/* The place of a project's file on disk. */
static void disk_path(const struct script *s, const char *path, char *out, size_t size)
{
	const char *lua = getenv("GUSTO_LUA");
	if (str_starts(path, "script/"))
		snprintf(out, size, "%s/%s", s->folder, path + 7);
	else if (lua && *lua && str_starts(path, "lua/"))
		snprintf(out, size, "%s/%s", lua, path + 4);
	else
		snprintf(out, size, "%s", path);
}

bool files_push(lua_State *L, const char *path)
{
	struct script *s = script_of(L);
	struct err e;
	char at[2 * SCRIPT_PATH];
	bool found = false;
	for (size_t i = 0; i < s->n_files && !found; i++)
		if (strcmp(s->files[i].path, path) == 0) {
			lua_pushlstring(L, s->files[i].text, s->files[i].len);
			return true;
		}
	if (s->snapshot) {
		snprintf(at, sizeof(at), "%s/%s", s->snapshot, path);
		found = push_disk(L, at, &e);
	}
	if (!found) {
		disk_path(s, path, at, sizeof(at));
		found = push_disk(L, at, &e);
	}
	if (!found)
		found = push_embedded(L, path);
	if (!found)
		return false;
	size_t len;
	const char *text = lua_tolstring(L, -1, &len);
	if (files_keep(s, path, text, len, &e) != OK)
		script_raise(L, &e);
	return true;
}

/* "gusto.models.sasrec" -> the places it may have, in order. */
static bool module_path(const char *name, int k, char *out, size_t size)
{
	static const char *const forms[] = {"lua/%s.lua", "lua/%s/init.lua", "script/%s.lua"};
	char file[256];
	if (k >= 3 || strlen(name) >= sizeof(file))
		return false;
	size_t i = 0;
	for (; name[i]; i++)
		file[i] = name[i] == '.' ? '/' : name[i];
	file[i] = 0;
	snprintf(out, size, forms[k], file);
	return true;
}

/* Letters, digits, '_', '-' in parts joined by dots: a module's name cannot leave the folders. */
static bool module_name_ok(const char *name)
{
	bool part = false;
	for (; *name; name++) {
		bool word = (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') ||
			    (*name >= '0' && *name <= '9') || *name == '_' || *name == '-';
		if (!word && !(*name == '.' && part))
			return false;
		part = word;
	}
	return part;
}

int files_require(lua_State *L)
{
	const char *name = luaL_checkstring(L, 1);
	lua_settop(L, 1);
	lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
	if (lua_getfield(L, 2, name) != LUA_TNIL)
		return 1;
	lua_pop(L, 1);
	if (!module_name_ok(name))
		return script_fail(L, "require: a module's name is like \"gusto.models.sasrec\", got \"%s\"", name);
	char path[SCRIPT_PATH];
	for (int k = 0; module_path(name, k, path, sizeof(path)); k++) {
		if (!files_push(L, path))
			continue;
		size_t len;
		const char *text = lua_tolstring(L, -1, &len);
		sandbox_load_text(L, text, len, str_starts(path, "script/") ? path + 7 : path);
		lua_pushvalue(L, 1);
		lua_pushstring(L, path);
		lua_call(L, 2, 1);
		if (lua_isnil(L, -1)) {
			lua_pop(L, 1);
			lua_pushboolean(L, 1);
		}
		lua_pushvalue(L, -1);
		lua_setfield(L, 2, name);
		return 1;
	}
	return script_fail(L, "require: there is no module \"%s\" (looked for lua/%s.lua and %s.lua beside the script)",
		name, name, name);
}

/* ---- what a folder holds ---- */

static void add_name(lua_State *L, int set, const char *file)
{
	size_t n = strlen(file);
	if (n > 4 && strcmp(file + n - 4, ".lua") == 0 && !memchr(file, '/', n)) {
		lua_pushlstring(L, file, n - 4);
		lua_pushboolean(L, 1);
		lua_settable(L, set);
	}
}

static int close_dir(lua_State *L)
{
	DIR **d = lua_touserdata(L, 1);
	if (*d)
		closedir(*d);
	*d = NULL;
	return 0;
}

static void add_disk_names(lua_State *L, int set, const char *folder)
{
	char at[2 * SCRIPT_PATH];
	disk_path(script_of(L), folder, at, sizeof(at));
	DIR **d = lua_newuserdatauv(L, sizeof(DIR *), 0);
	*d = NULL;
	lua_createtable(L, 0, 1);
	lua_pushcfunction(L, close_dir);
	lua_setfield(L, -2, "__gc");
	lua_setmetatable(L, -2);
	*d = opendir(at);
	for (struct dirent *entry; *d && (entry = readdir(*d));)
		add_name(L, set, entry->d_name);
	lua_pop(L, 1);
}

void files_push_names(lua_State *L, const char *folder)
{
	lua_newtable(L);
	int set = lua_gettop(L);
	add_disk_names(L, set, folder);
	size_t n, len = strlen(folder);
	const struct embedded_file *f = embedded_files(&n);
	for (size_t i = 0; i < n; i++)
		if (strncmp(f[i].path, folder, len) == 0 && f[i].path[len] == '/')
			add_name(L, set, f[i].path + len + 1);
	lua_newtable(L);
	int list = lua_gettop(L);
	lua_pushnil(L);
	while (lua_next(L, set)) {
		lua_pop(L, 1);
		lua_pushvalue(L, -1);
		lua_rawseti(L, list, (lua_Integer)lua_rawlen(L, list) + 1);
	}
	lua_getglobal(L, "table");
	lua_getfield(L, -1, "sort");
	lua_pushvalue(L, list);
	lua_call(L, 1, 0);
	lua_settop(L, list);
	lua_remove(L, set);
}
