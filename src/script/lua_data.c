/* g.data { ... }: data sets by name, files of one's own, worlds that are made, logs of environments.  What is opened is a box
 * over the data; lua_recipe.c reads files, lua_data_methods.c is what scripts may ask of a box. */
#include "script/lua_data.h"

#include "data/synthetic.h"
#include "rl/log.h"
#include "script/lua_env.h"
#include "script/lua_recipe.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int data_gc(lua_State *L)
{
	struct data_box *b = luaL_checkudata(L, 1, DATA_TYPE);
	dataset_unref(b->data);
	split_unref(b->split);
	str_free(&b->how);
	b->data = NULL;
	b->split = NULL;
	return 0;
}

static struct data_box *data_box_new(lua_State *L)
{
	struct data_box *b = lua_newuserdatauv(L, sizeof(*b), 0);
	memset(b, 0, sizeof(*b));
	luaL_setmetatable(L, DATA_TYPE);
	return b;
}

static const char name_letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";

/* "amazon-beauty, ml-100k, ..." */
static void push_known(lua_State *L)
{
	files_push_names(L, "datasets");
	lua_getglobal(L, "table");
	lua_getfield(L, -1, "concat");
	lua_pushvalue(L, -3);
	lua_pushliteral(L, ", ");
	lua_call(L, 2, 1);
}

void data_push_description(lua_State *L, const char *name)
{
	char path[SCRIPT_PATH];
	snprintf(path, sizeof(path), "datasets/%s.lua", name);
	if (strspn(name, name_letters) != strlen(name) || !files_push(L, path)) {
		push_known(L);
		script_fail(L, "there is no data set '%s'; there are %s (or { file = ..., format = ... })", name,
			lua_tostring(L, -1));
		return;
	}
	size_t len;
	const char *text = lua_tolstring(L, -1, &len);
	sandbox_load_text(L, text, len, path);
	lua_call(L, 0, 1);
	if (!lua_istable(L, -1))
		script_fail(L, "%s must return g.dataset { ... }, it returned %s", path, luaL_typename(L, -1));
	lua_remove(L, -2);
}

static void number_option(lua_State *L, int t, const char *key, double min, double max, double *out)
{
	double v;
	if (!field_number(L, t, "the planted world", key, &v))
		return;
	if (!(v >= min && v <= max))
		script_fail(L, "the planted world: %s must be in %g..%g, got %g", key, min, max, v);
	*out = v;
}

static void open_planted(struct recipe *r, int t, struct data_box *box)
{
	lua_State *L = r->L;
	struct planted_options *o = &box->world;
	planted_defaults(o);
	double seed = (double)o->seed, n = (double)o->interactions, genres = o->genres, lag = o->lag;
	double users = o->users, items = o->items;
	if (t) {
		number_option(L, t, "seed", 0, 9e15, &seed);
		number_option(L, t, "interactions", 1000, 2e8, &n);
		number_option(L, t, "genres", 1, 1000, &genres);
		number_option(L, t, "rules", 0, 1, &o->rules);
		number_option(L, t, "strength", 0, 1, &o->strength);
		number_option(L, t, "lag", 0, 100, &lag);
		number_option(L, t, "drift", 0, 1, &o->drift);
		number_option(L, t, "users", 0, 1e8, &users);
		number_option(L, t, "items", 0, 1e7, &items);
	}
	o->seed = (uint64_t)seed;
	o->interactions = (int64_t)n;
	o->genres = (int32_t)genres;
	o->lag = (int32_t)lag;
	o->users = (int32_t)users;
	o->items = (int32_t)items;
	box->data = recipe_planted(r, o);
	box->planted = true;
}

static void open_synthetic(struct recipe *r, int t, struct data_box *box)
{
	lua_State *L = r->L;
	struct synthetic_options o;
	char shape[32] = "ml1m";
	double seed = 1;
	if (t) {
		field_text(L, t, "synthetic data", "shape", shape, sizeof(shape));
		number_option(L, t, "seed", 0, 9e15, &seed);
	}
	bool rows = synthetic_rows_shape(shape);
	if (!rows && !synthetic_shape(shape, &o))
		script_fail(L,
			"synthetic data: shape must be ml1m, ml20m, beauty, rsc15, catalogue, big, frappe, criteo or "
			"text, got \"%s\"",
			shape);
	o.seed = (uint64_t)seed;
	if (t)
		field_bool(L, t, "synthetic data", "ratings", &o.ratings);
	struct err e;
	if ((rows ? synthetic_rows(shape, o.seed, &box->data, &e)
		  : synthetic_dataset("synthetic", &o, &box->data, &e)) != OK)
		script_raise_plain(L, &e);
	str_printf(&box->how, "  drawn at random in the shape of %s, seed %.0f\n", shape, seed);
}

static void open_view(struct recipe *r, struct data_box *box, int view, int t, const char *view_name)
{
	box->data = recipe_dataset(r, view, t);
	snprintf(box->source, sizeof(box->source), "%.160s#%06llx%s%s", r->name,
		(unsigned long long)(box->data->hash & 0xffffff), *view_name ? " " : "", view_name);
}

/* Pushes a copy without the metatable: absent fields of a g.data table open the data. */
static void push_plain(lua_State *L, int t)
{
	lua_newtable(L);
	lua_pushnil(L);
	while (lua_next(L, t)) {
		lua_pushvalue(L, -2);
		lua_insert(L, -2);
		lua_rawset(L, -4);
	}
}

/* A view of one file, for g.data { file = ... }: pushes { { path, format = ..., ... } }.  The file stands in the current
 * folder, beside the script, or in the folders of all data (data/format.h). */
static void push_own_view(lua_State *L, int t)
{
	char path[SCRIPT_PATH], at[2 * SCRIPT_PATH];
	field_text(L, t, "g.data", "file", path, sizeof(path));
	snprintf(at, sizeof(at), "%s/%s", script_of(L)->folder, path);
	char *whole = realpath(access(path, R_OK) == 0 ? path : at, NULL);
	snprintf(at, sizeof(at), "%s", whole ? whole : path);
	free(whole);
	lua_createtable(L, 1, 0);
	push_plain(L, t);
	lua_pushstring(L, at);
	lua_rawseti(L, -2, 1);
	lua_rawseti(L, -2, 1);
}

static void base_name(const char *path, char *out, size_t size)
{
	const char *slash = strrchr(path, '/');
	snprintf(out, size, "%.*s", (int)size - 1, slash ? slash + 1 : path);
	char *dot = strchr(out, '.');
	if (dot && dot != out)
		*dot = 0;
}

static void open_own(struct recipe *r, struct data_box *box, int t)
{
	char path[SCRIPT_PATH], name[256];
	field_text(r->L, t, "g.data", "file", path, sizeof(path));
	base_name(path, name, sizeof(name));
	r->name = name;
	r->source = "a file of your own: check its path";
	push_own_view(r->L, t);
	open_view(r, box, lua_gettop(r->L), t, "");
}

static bool has_env(lua_State *L, int t)
{
	bool has = lua_getfield(L, t, "env") == LUA_TTABLE;
	lua_pop(L, 1);
	return has;
}

/* g.data { env = g.env { ... }, interactions = 50000 }: what people took from random slates. */
static void open_log(lua_State *L, int t, struct data_box *box)
{
	struct world_options w = {0};
	double interactions = 50000, seed = 1;
	struct err e;
	field_number(L, t, "g.data", "interactions", &interactions);
	field_number(L, t, "g.data", "seed", &seed);
	if (!(interactions >= 1 && interactions <= 1e9 && seed >= 0 && seed < 9e15))
		script_fail(L, "g.data: interactions must be in 1..1e9 and seed in 0..9e15");
	lua_getfield(L, t, "env");
	world_read_env(L, lua_gettop(L), &w);
	lua_pop(L, 1);
	w.env.seed = (uint64_t)seed;
	enum err_code code = log_dataset(&w.env, (int64_t)interactions, &box->data, &e);
	dataset_unref(w.env.data);
	if (code != OK)
		script_raise_plain(L, &e);
	str_printf(&box->how, "  the log of %s under random slates, seed %.0f\n", w.env.name, seed);
	snprintf(box->source, sizeof(box->source), "log of %s#%06llx", w.env.name,
		(unsigned long long)(box->data->hash & 0xffffff));
}

static void open_described(struct recipe *r, struct data_box *box, int t, const char *name, char *view, size_t size)
{
	lua_State *L = r->L;
	char source[2048] = "";
	bool planted = false, synthetic = false;
	data_push_description(L, name);
	int d = lua_gettop(L);
	r->name = name;
	field_text(L, d, name, "source", source, sizeof(source));
	r->source = source;
	field_bool(L, d, name, "planted", &planted);
	field_bool(L, d, name, "synthetic", &synthetic);
	if (planted || synthetic) {
		(planted ? open_planted : open_synthetic)(r, t, box);
		snprintf(box->source, sizeof(box->source), "%.200s#%06llx", name,
			(unsigned long long)(box->data->hash & 0xffffff));
		return;
	}
	if (!*view)
		field_text(L, d, name, "default", view, size);
	if (lua_getfield(L, d, "views") != LUA_TTABLE || lua_getfield(L, -1, view) != LUA_TTABLE)
		script_fail(L, "data set %s has no view '%s'", name, view);
	field_text(L, lua_gettop(L), name, "source", source, sizeof(source));
	open_view(r, box, lua_gettop(L), t, view);
}

struct data_box *data_push(lua_State *L, int idx, const char *name)
{
	char given[256] = "", view[64] = "";
	int t = idx && lua_istable(L, idx) ? lua_absindex(L, idx) : 0;
	struct data_box *box = data_box_new(L);
	int top = lua_gettop(L);
	struct recipe *r = recipe_push(L, &box->how);
	if (t) {
		push_plain(L, t);
		t = lua_gettop(L);
	}
	if (!name && t && has_env(L, t)) {
		open_log(L, t, box);
		lua_settop(L, top);
		return box;
	}
	if (name) {
		snprintf(given, sizeof(given), "%s", name);
		t = 0;
	} else if (!t || !field_text(L, t, "g.data", "name", given, sizeof(given))) {
		if (!t)
			script_fail(L, "g.data: expected a table");
		open_own(r, box, t);
		lua_settop(L, top);
		return box;
	}
	char *colon = strchr(given, ':');
	if (colon) {
		snprintf(view, sizeof(view), "%s", colon + 1);
		*colon = 0;
	} else if (t) {
		field_text(L, t, "g.data", "view", view, sizeof(view));
	}
	open_described(r, box, t, given, view, sizeof(view));
	lua_settop(L, top);
	return box;
}

void data_push_split(lua_State *L, struct split *s)
{
	struct data_box *b = data_box_new(L);
	b->split = split_ref(s);
	b->data = dataset_ref(s->data);
}

static int open_data(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	data_push(L, 1, NULL);
	return 1;
}

void data_open(lua_State *L, int core)
{
	static const luaL_Reg meta[] = {
		{"__gc", data_gc}, {"__index", data_index}, {"__tostring", data_tostring}, {NULL, NULL}};
	luaL_newmetatable(L, DATA_TYPE);
	luaL_setfuncs(L, meta, 0);
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_pop(L, 1);
	recipe_open(L);
	lua_pushcfunction(L, open_data);
	lua_setfield(L, core, "open_data");
}
