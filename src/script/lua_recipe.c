/* Which files make a view, and what decides what will be in it.
 *
 * datasets/<name>.lua describes views; a view is a list of files with the reader's options, among them maps for ids that are
 * not the ones wanted (data/format.h):
 *
 *   { "ml-1m/sasrec/ml-1m.txt", format = "pairs", item_map = "ml-1m/sasrec/sas_to_original_items.txt" }
 *
 * `any = { ... }` lists alternatives (the same data under other providers' names): the first that is there counts. */
#include "script/lua_recipe.h"

#include "data/cache.h"

#include <math.h>
#include <string.h>

enum { RECIPE_VERSION = 2 };
#define RECIPE_TYPE "gusto.recipe"

/* ---- one file of a view ---- */

static void read_entry(lua_State *L, int t, const char *what, struct file_entry *f)
{
	memset(f, 0, sizeof(*f));
	if (!field_text(L, t, what, "format", f->format, sizeof(f->format)))
		script_fail(
			L, "%s: a file needs its format (csv, tsv, movielens, recbole, sequence, pairs, ...)", what);
	struct format_options *o = &f->options;
	if (field_text(L, t, what, "separator", f->separator, sizeof(f->separator)))
		o->separator = f->separator;
	if (field_text(L, t, what, "columns", f->columns, sizeof(f->columns)))
		o->columns = f->columns;
	if (field_text(L, t, what, "encoding", f->encoding, sizeof(f->encoding)))
		o->encoding = f->encoding;
	if (field_text(L, t, what, "table", f->table, sizeof(f->table)))
		o->table = f->table;
	if (field_text(L, t, what, "map", f->map, sizeof(f->map)))
		o->map = f->map;
	if (field_text(L, t, what, "part", f->part, sizeof(f->part)))
		o->part = f->part;
	field_bool(L, t, what, "header", &o->header);
	int32_t offset = 0;
	if (field_int(L, t, what, "id_offset_user", -1e9, 1e9, &offset))
		o->id_offset_user = offset;
	if (field_int(L, t, what, "id_offset_item", -1e9, 1e9, &offset))
		o->id_offset_item = offset;
}

/* The first of the entry's paths that is there.  The path stands at [1], or in a list there. */
static bool find_entry(lua_State *L, int t, const char *source, struct file_entry *f, struct err *e)
{
	lua_rawgeti(L, t, 1);
	bool list = lua_istable(L, -1), found = false;
	lua_Integer n = list ? (lua_Integer)lua_rawlen(L, -1) : 1;
	struct err other;
	err_set(e, ERR_ARG, "a file of the data set has no path");
	for (lua_Integer i = 1; i <= n && !found; i++) {
		if (list)
			lua_rawgeti(L, -1, i);
		else
			lua_pushvalue(L, -1);
		if (lua_type(L, -1) == LUA_TSTRING) /* the first path is the one to speak of */
			found = format_find(lua_tostring(L, -1), source, f->path, sizeof(f->path),
					i == 1 ? e : &other) == OK;
		lua_pop(L, 1);
	}
	lua_pop(L, 1);
	return found;
}

/* Whether the published checksums (text or list at `sha256`) hold this one; 1 yes, 0 no, -1 none are published. */
static int checksum_agrees(lua_State *L, int t, const char *hex)
{
	int type = lua_getfield(L, t, "sha256"), agrees = -1;
	if (type == LUA_TSTRING)
		agrees = strcmp(lua_tostring(L, -1), hex) == 0;
	lua_Integer n = type == LUA_TTABLE ? (lua_Integer)lua_rawlen(L, -1) : 0;
	for (lua_Integer i = 1; i <= n && agrees < 1; i++) {
		lua_rawgeti(L, -1, i);
		agrees = lua_type(L, -1) == LUA_TSTRING && strcmp(lua_tostring(L, -1), hex) == 0;
		lua_pop(L, 1);
	}
	lua_pop(L, 1);
	return agrees;
}

/* ---- which files ---- */

/* A map of ids that an entry names: its place into `path`; false where there is none. */
static bool find_map(struct recipe *r, int t, const char *which, char *path)
{
	char name[512];
	struct err e;
	if (!field_text(r->L, t, r->name, which, name, sizeof(name)))
		return false;
	if (format_find(name, r->source, path, SCRIPT_PATH, &e) != OK) {
		err_prefix(&e, "data set %s", r->name);
		script_raise_plain(r->L, &e);
	}
	return true;
}

void recipe_choose(struct recipe *r, int t, struct file_entry *f)
{
	lua_State *L = r->L;
	struct err e;
	bool found = false;
	if (lua_getfield(L, t, "any") == LUA_TTABLE) {
		lua_Integer n = (lua_Integer)lua_rawlen(L, -1);
		struct err first = {0};
		for (lua_Integer i = 1; i <= n && !found; i++) {
			lua_rawgeti(L, -1, i);
			found = find_entry(L, lua_gettop(L), r->source, f, &e);
			if (!found && i == 1)
				first = e;
			if (found)
				lua_replace(L, t);
			else
				lua_pop(L, 1);
		}
		if (!found)
			e = first;
	} else {
		found = find_entry(L, t, r->source, f, &e);
	}
	lua_pop(L, 1);
	if (!found) {
		err_prefix(&e, "data set %s", r->name);
		script_raise_plain(L, &e);
	}
	char path[SCRIPT_PATH];
	memcpy(path, f->path, sizeof(path));
	read_entry(L, t, r->name, f);
	memcpy(f->path, path, sizeof(path));
	if (find_map(r, t, "user_map", f->user_map))
		f->options.user_map = f->user_map;
	if (find_map(r, t, "item_map", f->item_map))
		f->options.item_map = f->item_map;
	if (find_map(r, t, "features", f->features))
		f->options.features = f->features;
}

/* ---- the key: everything that went in ---- */

static void key_entry(struct recipe *r, const struct file_entry *f, const char *sha)
{
	const struct format_options *o = &f->options;
	str_printf(&r->key, "|%s %s sep=%s cols=%s head=%d enc=%s table=%s map=%s ids=%+lld,%+lld part=%s", sha,
		f->format, o->separator ? o->separator : "", o->columns ? o->columns : "", o->header,
		o->encoding ? o->encoding : "", o->table ? o->table : "", o->map ? o->map : "",
		(long long)o->id_offset_user, (long long)o->id_offset_item, o->part ? o->part : "");
}

static void note_file(struct recipe *r, const char *path, int agrees)
{
	str_printf(r->how, "  %s (%s)\n", path,
		agrees > 0    ? "checksum agrees"
		: agrees == 0 ? "checksum DIFFERS from the published one"
			      : "no checksum is published");
}

static void key_file(struct recipe *r, const struct file_entry *f, const char *path, int published)
{
	struct err e;
	char hex[65];
	if (!*path)
		return;
	if (file_sha256(path, hex, &e) != OK)
		script_raise_plain(r->L, &e);
	key_entry(r, f, hex);
	note_file(r, path, published ? checksum_agrees(r->L, published, hex) : -1);
}

/* Leaves in the view the alternatives that were chosen. */
static void key_view(struct recipe *r, int view)
{
	lua_State *L = r->L;
	struct file_entry f;
	lua_Integer n = (lua_Integer)lua_rawlen(L, view);
	for (lua_Integer i = 1; i <= n; i++) {
		lua_rawgeti(L, view, i);
		int t = lua_gettop(L);
		recipe_choose(r, t, &f);
		key_file(r, &f, f.path, t);
		key_file(r, &f, f.user_map, 0);
		key_file(r, &f, f.item_map, 0);
		key_file(r, &f, f.features, 0);
		lua_pushvalue(L, t);
		lua_rawseti(L, view, i);
		lua_settop(L, t - 1);
	}
	str_printf(&r->key, "|min=%.9g core=%.0f,%.0f", r->min_rating, r->kcore_users, r->kcore_items);
	if (!isnan(r->without_rating))
		str_printf(&r->key, " without=%.9g", r->without_rating);
}

static void read_kcore(struct recipe *r, int t)
{
	lua_State *L = r->L;
	int type = lua_getfield(L, t, "kcore");
	if (type == LUA_TNUMBER)
		r->kcore_users = r->kcore_items = lua_tonumber(L, -1);
	else if (type == LUA_TTABLE) {
		field_number(L, lua_gettop(L), "kcore", "users", &r->kcore_users);
		field_number(L, lua_gettop(L), "kcore", "items", &r->kcore_items);
	}
	lua_pop(L, 1);
	if (!(r->kcore_users >= 0 && r->kcore_users <= 1e6 && r->kcore_items >= 0 && r->kcore_items <= 1e6))
		script_fail(L, "data set %s: kcore must be in 0..1000000", r->name);
}

/* Filters of g.data go before those of the view. */
static void read_filters(struct recipe *r, int view, int t)
{
	r->min_rating = r->without_rating = NAN;
	r->kcore_users = r->kcore_items = 0;
	int from[2] = {view, t};
	for (int i = 0; i < 2; i++) {
		if (!from[i])
			continue;
		field_number(r->L, from[i], r->name, "min_rating", &r->min_rating);
		field_number(r->L, from[i], r->name, "without_rating", &r->without_rating);
		read_kcore(r, from[i]);
	}
}

/* ---- a recipe ---- */

static int recipe_gc(lua_State *L)
{
	struct recipe *r = luaL_checkudata(L, 1, RECIPE_TYPE);
	str_free(&r->key);
	return 0;
}

struct recipe *recipe_push(lua_State *L, struct str *how)
{
	struct recipe *r = lua_newuserdatauv(L, sizeof(*r), 0);
	memset(r, 0, sizeof(*r));
	luaL_setmetatable(L, RECIPE_TYPE);
	r->L = L;
	r->how = how;
	return r;
}

struct dataset *recipe_dataset(struct recipe *r, int view, int t)
{
	read_filters(r, view, t);
	str_printf(&r->key, "%d %s", RECIPE_VERSION, r->name);
	key_view(r, view);
	if (r->key.failed)
		script_no_memory(r->L);
	return recipe_cached(r, view);
}

void recipe_open(lua_State *L)
{
	luaL_newmetatable(L, RECIPE_TYPE);
	lua_pushcfunction(L, recipe_gc);
	lua_setfield(L, -2, "__gc");
	lua_pop(L, 1);
}
