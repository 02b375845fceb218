/* What there is: data sets, models and workloads, by the files in datasets/, lua/gusto/models/ and experiments/bench/, on disk
 * and embedded. */
#include "script/lua_data.h"
#include "script/lua_experiment.h"

#include "data/format.h"

#include <string.h>

static char *dup_or_raise(lua_State *L, const char *text)
{
	char *copy = mem_strdup(text);
	if (!copy)
		script_no_memory(L);
	return copy;
}

/* A row for each file of a folder. */
struct listing {
	const char *folder;
	size_t size; /* of a row */
	void (*describe)(lua_State *L, const char *name, void *row);
	void (*fini)(void *row);
	char *rows;
	size_t n;
};

static void rows_free(const struct listing *l)
{
	for (size_t i = 0; i < l->n; i++)
		l->fini(l->rows + i * l->size);
	mem_free(l->rows);
}

static int list_rows(lua_State *L)
{
	struct listing *l = lua_touserdata(L, 1);
	files_push_names(L, l->folder);
	int names = lua_gettop(L);
	size_t n = (size_t)lua_rawlen(L, names);
	l->rows = mem_calloc(n + 1, l->size);
	if (!l->rows)
		return script_no_memory(L);
	for (size_t i = 0; i < n; i++) {
		lua_rawgeti(L, names, (lua_Integer)i + 1);
		l->n = i + 1; /* what raises in the middle of a row leaves it to rows_free */
		l->describe(L, lua_tostring(L, -1), l->rows + i * l->size);
		lua_settop(L, names);
	}
	return 0;
}

/* Fills rows and n; nothing is left behind where it fails. */
static enum err_code list(struct listing *l, struct err *e)
{
	struct script *s = NULL;
	TRY(script_new(NULL, &s, e));
	enum err_code code = script_call(s, list_rows, l, 0, e);
	script_free(s);
	if (code != OK) {
		rows_free(l);
		l->rows = NULL;
		l->n = 0;
	}
	return code;
}

/* ---- data sets ---- */

static void fini_dataset(void *p)
{
	struct script_dataset *row = p;
	mem_free(row->name);
	mem_free(row->file);
	mem_free(row->help);
	mem_free(row->source);
	mem_free(row->licence);
	mem_free(row->views);
	mem_free(row->missing);
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

static void describe_dataset(lua_State *L, const char *name, void *p)
{
	struct script_dataset *row = p;
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

enum err_code script_datasets(struct script_dataset **out, size_t *n, struct err *e)
{
	struct listing l = {"datasets", sizeof **out, describe_dataset, fini_dataset, NULL, 0};
	enum err_code code = list(&l, e);
	*out = (struct script_dataset *)l.rows;
	*n = l.n;
	return code;
}

void script_datasets_free(struct script_dataset *rows, size_t n)
{
	rows_free(&(struct listing){.size = sizeof *rows, .fini = fini_dataset, .rows = (char *)rows, .n = n});
}

/* ---- models ---- */

static void fini_model(void *p)
{
	struct script_model *row = p;
	mem_free(row->name);
	mem_free(row->file);
	mem_free(row->title);
	mem_free(row->help);
	mem_free(row->source);
	mem_free(row->batch);
	knobset_free(&row->knobs);
}

static void describe_model(lua_State *L, const char *name, void *p)
{
	struct script_model *row = p;
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

enum err_code script_models(struct script_model **out, size_t *n, struct err *e)
{
	struct listing l = {"lua/gusto/models", sizeof **out, describe_model, fini_model, NULL, 0};
	enum err_code code = list(&l, e);
	*out = (struct script_model *)l.rows;
	*n = l.n;
	return code;
}

void script_models_free(struct script_model *rows, size_t n)
{
	rows_free(&(struct listing){.size = sizeof *rows, .fini = fini_model, .rows = (char *)rows, .n = n});
}

/* ---- workloads ---- */

static void fini_name(void *p)
{
	mem_free(*(char **)p);
}

static void describe_workload(lua_State *L, const char *name, void *row)
{
	*(char **)row = dup_or_raise(L, name);
}

enum err_code script_workloads(char ***out, size_t *n, struct err *e)
{
	struct listing l = {"experiments/bench", sizeof **out, describe_workload, fini_name, NULL, 0};
	enum err_code code = list(&l, e);
	*out = (char **)l.rows;
	*n = l.n;
	return code;
}

void script_workloads_free(char **names, size_t n)
{
	rows_free(&(struct listing){.size = sizeof *names, .fini = fini_name, .rows = (char *)names, .n = n});
}
