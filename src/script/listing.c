/* What there is: data sets, models and workloads, by the files in datasets/, lua/gusto/models/ and experiments/bench/, on disk
 * and embedded. */
#include "script/lua_data.h"
#include "script/lua_experiment.h"

#include "data/cache.h"
#include "data/format.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- data sets ---- */

struct datasets {
	struct script_dataset *row;
	size_t n;
};

void script_datasets_free(struct script_dataset *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		mem_free(rows[i].name);
		mem_free(rows[i].file);
		mem_free(rows[i].help);
		mem_free(rows[i].source);
		mem_free(rows[i].licence);
		mem_free(rows[i].views);
		mem_free(rows[i].missing);
	}
	mem_free(rows);
}

static char *dup_or_raise(lua_State *L, const char *text)
{
	char *copy = mem_strdup(text);
	if (!copy)
		script_no_memory(L);
	return copy;
}

/* The views' names, the default first; NULL where there are none (the planted world). */
static char *list_views(lua_State *L, int d)
{
	char first[64] = "";
	field_text(L, d, "g.dataset", "default", first, sizeof(first));
	luaL_Buffer b;
	if (lua_getfield(L, d, "views") != LUA_TTABLE) {
		lua_pop(L, 1);
		return NULL;
	}
	int views = lua_gettop(L);
	lua_newtable(L);
	int names = lua_gettop(L);
	lua_pushnil(L);
	while (lua_next(L, views)) {
		lua_pop(L, 1);
		if (lua_type(L, -1) == LUA_TSTRING && strcmp(lua_tostring(L, -1), first) != 0) {
			lua_pushvalue(L, -1);
			lua_rawseti(L, names, (lua_Integer)lua_rawlen(L, names) + 1);
		}
	}
	lua_getglobal(L, "table");
	lua_getfield(L, -1, "sort");
	lua_pushvalue(L, names);
	lua_call(L, 1, 0);
	lua_settop(L, names);
	lua_Integer n = (lua_Integer)lua_rawlen(L, names);
	luaL_buffinit(L, &b);
	luaL_addstring(&b, first);
	for (lua_Integer i = 1; i <= n; i++) {
		luaL_addchar(&b, ' ');
		lua_rawgeti(L, names, i);
		luaL_addvalue(&b);
	}
	luaL_pushresult(&b);
	char *text = dup_or_raise(L, lua_tostring(L, -1));
	lua_settop(L, views - 1);
	return text;
}

/* Whether a path (or one of a list) at [1] of the entry is there. */
static bool entry_found(lua_State *L, int t, const char *source, struct err *e)
{
	char path[SCRIPT_PATH];
	bool found = false;
	if (lua_getfield(L, t, "any") == LUA_TTABLE) {
		lua_Integer n = (lua_Integer)lua_rawlen(L, -1);
		for (lua_Integer i = n; i >= 1 && !found; i--) {
			lua_rawgeti(L, -1, i);
			found = lua_istable(L, -1) && entry_found(L, lua_gettop(L), source, e);
			lua_pop(L, 1);
		}
		lua_pop(L, 1);
		return found;
	}
	lua_pop(L, 1);
	lua_rawgeti(L, t, 1);
	lua_Integer n = lua_istable(L, -1) ? (lua_Integer)lua_rawlen(L, -1) : 1;
	for (lua_Integer i = n; i >= 1 && !found; i--) {
		if (lua_istable(L, -1))
			lua_rawgeti(L, -1, i);
		else
			lua_pushvalue(L, -1);
		found = lua_type(L, -1) == LUA_TSTRING &&
			format_find(lua_tostring(L, -1), source, path, sizeof(path), e) == OK;
		lua_pop(L, 1);
	}
	lua_pop(L, 1);
	return found;
}

static char *what_is_missing(lua_State *L, int d)
{
	char view[64] = "", source[2048] = "";
	struct err e = {0};
	int top = lua_gettop(L);
	field_text(L, d, "g.dataset", "default", view, sizeof(view));
	field_text(L, d, "g.dataset", "source", source, sizeof(source));
	bool found = true;
	if (lua_getfield(L, d, "views") == LUA_TTABLE && lua_getfield(L, -1, view) == LUA_TTABLE) {
		int v = lua_gettop(L);
		field_text(L, v, "g.dataset", "source", source, sizeof(source));
		lua_Integer n = (lua_Integer)lua_rawlen(L, v);
		for (lua_Integer i = 1; i <= n && found; i++) {
			lua_rawgeti(L, v, i);
			found = lua_istable(L, -1) && entry_found(L, lua_gettop(L), source, &e);
			lua_pop(L, 1);
		}
	}
	lua_settop(L, top);
	return found ? NULL : dup_or_raise(L, e.text);
}

static void describe_dataset(lua_State *L, const char *name, struct script_dataset *row)
{
	data_push_description(L, name);
	int d = lua_gettop(L);
	row->name = dup_or_raise(L, name);
	lua_pushfstring(L, "datasets/%s.lua", name);
	row->file = dup_or_raise(L, lua_tostring(L, -1));
	row->help = field_strdup(L, d, name, "help");
	row->source = field_strdup(L, d, name, "source");
	row->licence = field_strdup(L, d, name, "licence");
	row->views = list_views(L, d);
	row->missing = what_is_missing(L, d);
	lua_settop(L, d - 1);
}

static int list_datasets(lua_State *L)
{
	struct datasets *all = lua_touserdata(L, 1);
	files_push_names(L, "datasets");
	int names = lua_gettop(L);
	size_t n = (size_t)lua_rawlen(L, names);
	all->row = mem_calloc(n + 1, sizeof(*all->row));
	if (!all->row)
		return script_no_memory(L);
	for (size_t i = 0; i < n; i++) {
		lua_rawgeti(L, names, (lua_Integer)i + 1);
		all->n = i + 1;
		describe_dataset(L, lua_tostring(L, -1), &all->row[i]);
		lua_settop(L, names);
	}
	return 0;
}

enum err_code script_datasets(struct script_dataset **out, size_t *n, struct err *e)
{
	struct script *s = NULL;
	struct datasets all = {0};
	*out = NULL;
	*n = 0;
	TRY(script_new(NULL, &s, e));
	enum err_code code = script_call(s, list_datasets, &all, 0, e);
	script_free(s);
	if (code != OK) {
		script_datasets_free(all.row, all.n);
		return code;
	}
	*out = all.row;
	*n = all.n;
	return OK;
}

struct opening {
	const char *name;
	int64_t interactions, seed; /* of a world that is made; 0 interactions: as the description says */
	struct dataset *data;
	char *how;
};

static int open_dataset(lua_State *L)
{
	struct opening *o = lua_touserdata(L, 1);
	lua_createtable(L, 0, 3);
	lua_pushstring(L, o->name);
	lua_setfield(L, -2, "name");
	if (o->interactions) {
		lua_pushinteger(L, o->interactions);
		lua_setfield(L, -2, "interactions");
		lua_pushinteger(L, o->seed);
		lua_setfield(L, -2, "seed");
	}
	struct data_box *box = data_push(L, lua_gettop(L), NULL);
	o->how = dup_or_raise(L, str_text(&box->how));
	o->data = dataset_ref(box->data);
	return 0;
}

static enum err_code open_outside(struct opening o, struct dataset **out, char **how, struct err *e)
{
	struct script *s = NULL;
	*out = NULL;
	if (how)
		*how = NULL;
	TRY(script_new(NULL, &s, e));
	enum err_code code = script_call(s, open_dataset, &o, 0, e);
	script_free(s);
	*out = o.data;
	if (how && code == OK)
		*how = o.how;
	else
		mem_free(o.how);
	return code;
}

enum err_code script_dataset_open(const char *name, struct dataset **out, char **how, struct err *e)
{
	return open_outside((struct opening){.name = name}, out, how, e);
}

enum err_code script_dataset_make(
	const char *name, int64_t interactions, int64_t seed, struct dataset **out, char **how, struct err *e)
{
	return open_outside((struct opening){.name = name, .interactions = interactions, .seed = seed}, out, how, e);
}

/* ---- import ---- */

/* A Lua string in double quotes. */
static void quote(struct str *s, const char *text)
{
	str_putc(s, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			str_printf(s, "\\%c", *text);
		else if ((unsigned char)*text < ' ')
			str_printf(s, "\\%d", *text);
		else
			str_putc(s, *text);
	}
	str_putc(s, '"');
}

static void option(struct str *s, const char *key, const char *value)
{
	if (!value)
		return;
	str_printf(s, ", %s = ", key);
	quote(s, value);
}

static enum err_code write_description(const struct script_import *i, const char *sha, const char *path, struct err *e)
{
	struct str s = {0};
	char absolute[SCRIPT_PATH];
	if (!realpath(i->path, absolute))
		return err_errno(e, "%s", i->path);
	str_puts(&s, "local g = require \"gusto\"\n\nreturn g.dataset {\n  name = ");
	quote(&s, i->name);
	str_puts(&s, ",\n  help = \"imported\",\n  source = ");
	quote(&s, absolute);
	str_puts(&s,
		",\n  licence = \"unknown: say here what may be done with it\",\n  default = \"all\",\n  views = {\n"
		"    all = {\n      { ");
	quote(&s, absolute);
	option(&s, "format", i->format);
	option(&s, "columns", i->columns);
	option(&s, "separator", i->separator);
	str_printf(&s, "%s, sha256 = \"%s\" },\n    },\n  },\n}\n", i->header ? ", header = true" : "", sha);
	FILE *f = s.failed ? NULL : fopen(path, "wx");
	enum err_code code = OK;
	if (!f || fwrite(s.data, 1, s.len, f) != s.len)
		code = s.failed ? err_set(e, ERR_NOMEM, "no memory for %s", path) : err_errno(e, "%s", path);
	if (f && fclose(f) != 0 && code == OK)
		code = err_errno(e, "%s", path);
	str_free(&s);
	return code;
}

enum err_code script_dataset_import(
	const struct script_import *i, struct dataset **out, char *written, size_t size, struct err *e)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
	struct format_options o = {.columns = i->columns, .separator = i->separator, .header = i->header};
	char sha[65];
	*out = NULL;
	if (!*i->name || *i->name == '.' || strlen(i->name) > 63 || strspn(i->name, letters) != strlen(i->name))
		return err_set(
			e, ERR_ARG, "a data set's name has up to 63 letters, digits, '-', '_', got \"%s\"", i->name);
	snprintf(written, size, "datasets/%s.lua", i->name);
	if (access(written, F_OK) == 0)
		return err_set(e, ERR_STATE, "%s exists already: choose another name or remove it", written);
	struct builder *b = builder_new(i->name);
	if (!b)
		return err_set(e, ERR_NOMEM, "no memory for %s", i->name);
	enum err_code code = format_read(b, i->path, i->format, &o, e);
	if (code == OK)
		code = builder_finish(b, out, e);
	builder_free(b);
	if (code == OK)
		code = file_sha256(i->path, sha, e);
	if (code == OK)
		code = write_description(i, sha, written, e);
	if (code != OK) {
		dataset_unref(*out);
		*out = NULL;
	}
	return code;
}

/* ---- models ---- */

struct models {
	struct script_model *row;
	size_t n;
};

void script_models_free(struct script_model *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		mem_free(rows[i].name);
		mem_free(rows[i].file);
		mem_free(rows[i].title);
		mem_free(rows[i].help);
		mem_free(rows[i].source);
		mem_free(rows[i].batch);
		knobset_free(&rows[i].knobs);
	}
	mem_free(rows);
}

static void describe_model(lua_State *L, const char *name, struct script_model *row)
{
	row->name = dup_or_raise(L, name);
	lua_pushfstring(L, "lua/gusto/models/%s.lua", name);
	row->file = dup_or_raise(L, lua_tostring(L, -1));
	lua_getglobal(L, "require");
	lua_pushfstring(L, "gusto.models.%s", name);
	lua_call(L, 1, 1);
	int m = lua_gettop(L);
	if (!lua_istable(L, m))
		script_fail(L, "%s must return g.model { ... }", row->file);
	row->title = field_strdup(L, m, name, "name");
	row->help = field_strdup(L, m, name, "help");
	row->source = field_strdup(L, m, name, "source");
	if (lua_getfield(L, m, "batch") == LUA_TTABLE)
		lua_rawgeti(L, -1, 1);
	row->batch = dup_or_raise(L, lua_tostring(L, -1));
	experiment_read_knobs(L, m, &row->knobs);
}

static int list_models(lua_State *L)
{
	struct models *all = lua_touserdata(L, 1);
	files_push_names(L, "lua/gusto/models");
	int names = lua_gettop(L);
	size_t n = (size_t)lua_rawlen(L, names);
	all->row = mem_calloc(n + 1, sizeof(*all->row));
	if (!all->row)
		return script_no_memory(L);
	for (size_t i = 0; i < n; i++) {
		lua_rawgeti(L, names, (lua_Integer)i + 1);
		all->n = i + 1;
		describe_model(L, lua_tostring(L, -1), &all->row[i]);
		lua_settop(L, names);
	}
	return 0;
}

enum err_code script_models(struct script_model **out, size_t *n, struct err *e)
{
	struct script *s = NULL;
	struct models all = {0};
	*out = NULL;
	*n = 0;
	TRY(script_new(NULL, &s, e));
	enum err_code code = script_call(s, list_models, &all, 0, e);
	script_free(s);
	if (code != OK) {
		script_models_free(all.row, all.n);
		return code;
	}
	*out = all.row;
	*n = all.n;
	return OK;
}

/* ---- workloads ---- */

struct workloads {
	char **name;
	size_t n;
};

void script_workloads_free(char **names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		mem_free(names[i]);
	mem_free(names);
}

static int list_workloads(lua_State *L)
{
	struct workloads *all = lua_touserdata(L, 1);
	files_push_names(L, "experiments/bench");
	size_t n = (size_t)lua_rawlen(L, -1);
	all->name = mem_calloc(n + 1, sizeof(*all->name));
	if (!all->name)
		return luaL_error(L, "not enough memory");
	for (; all->n < n; all->n++) {
		lua_rawgeti(L, -1, (lua_Integer)all->n + 1);
		all->name[all->n] = dup_or_raise(L, lua_tostring(L, -1));
		lua_pop(L, 1);
	}
	return 0;
}

enum err_code script_workloads(char ***out, size_t *n, struct err *e)
{
	struct script *s = NULL;
	struct workloads all = {0};
	*out = NULL;
	*n = 0;
	TRY(script_new(NULL, &s, e));
	enum err_code code = script_call(s, list_workloads, &all, 0, e);
	script_free(s);
	if (code != OK) {
		script_workloads_free(all.name, all.n);
		return code;
	}
	*out = all.name;
	*n = all.n;
	return OK;
}
