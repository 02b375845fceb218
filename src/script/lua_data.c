/* Opening data sets.
 *
 * datasets/<name>.lua describes views; a view is a list of files with the reader's options, among them maps for ids that are
 * not the ones wanted (data/format.h):
 *
 *   { "ml-1m/sasrec/ml-1m.txt", format = "pairs", item_map = "ml-1m/sasrec/sas_to_original_items.txt" }
 *
 * `any = { ... }` lists alternatives (the same data under other providers' names): the first that is there counts.  The
 * outcome is cached in one mapped file whose name holds a hash of everything that went in: checksums and options. */
#include "script/lua_data.h"

#include "rl/log.h"
#include "script/lua_env.h"

#include "data/synthetic.h"

#include "data/cache.h"
#include "data/fields.h"
#include "data/format.h"
#include "data/levels.h"
#include "data/sampler.h"
#include "script/lua_linalg.h"
#include "script/lua_value.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RECIPE_VERSION = 2 };
#define RECIPE_TYPE "gusto.recipe"

/* ---- one file of a view ---- */

struct file_entry {
	char path[SCRIPT_PATH], format[32], separator[16], columns[512], encoding[16], table[16], map[256], part[16];
	char user_map[SCRIPT_PATH], item_map[SCRIPT_PATH], features[SCRIPT_PATH]; /* where they were found */
	struct format_options options;
};

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

/* ---- the recipe: everything that decides what the data will be ---- */

struct recipe {
	lua_State *L;
	const char *name, *source;
	struct data_box *box;
	struct str key;
	double min_rating, without_rating, kcore_users, kcore_items;
};

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
	str_printf(&r->box->how, "  %s (%s)\n", path,
		agrees > 0    ? "checksum agrees"
		: agrees == 0 ? "checksum DIFFERS from the published one"
			      : "no checksum is published");
}

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

/* Chooses among alternatives: leaves the table that was found on the stack in place of the entry's. */
static void choose(struct recipe *r, int t, struct file_entry *f)
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
		choose(r, t, &f);
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

static void free_builder(void *p)
{
	builder_free(p);
}
static void free_dataset(void *p)
{
	dataset_unref(p);
}

static struct dataset *finish_boxed(lua_State *L, struct box *builder)
{
	struct err e;
	struct box *data = box_new(L, free_dataset);
	struct dataset *d = NULL;
	if (builder_finish(builder->p, &d, &e) != OK)
		script_raise_plain(L, &e);
	data->p = d;
	return d;
}

static struct box *builder_boxed(lua_State *L, const char *name)
{
	struct box *b = box_new(L, free_builder);
	b->p = builder_new(name);
	if (!b->p)
		script_no_memory(L);
	return b;
}

/* ---- reading ---- */

static void read_file(struct recipe *r, int t, struct builder *into)
{
	struct file_entry f;
	struct err e;
	choose(r, t, &f);
	if (format_read(into, f.path, f.format, &f.options, &e) != OK)
		script_raise_plain(r->L, &e);
}

/* Replaces the data set in `box` (the filters make new ones). */
static void filter(struct recipe *r, struct box *box)
{
	struct err e;
	struct dataset *next = NULL;
	if (!isnan(r->min_rating)) {
		if (filter_rating(box->p, (float)r->min_rating, &next, &e) != OK)
			script_raise_plain(r->L, &e);
		dataset_unref(box->p);
		box->p = next;
	}
	if (!isnan(r->without_rating)) {
		if (filter_without_rating(box->p, (float)r->without_rating, &next, &e) != OK)
			script_raise_plain(r->L, &e);
		dataset_unref(box->p);
		box->p = next;
	}
	if (r->kcore_users > 1 || r->kcore_items > 1) {
		if (filter_kcore(box->p, (int32_t)r->kcore_users, (int32_t)r->kcore_items, &next, &e) != OK)
			script_raise_plain(r->L, &e);
		dataset_unref(box->p);
		box->p = next;
	}
}

static struct dataset *read_view(struct recipe *r, int view)
{
	lua_State *L = r->L;
	int top = lua_gettop(L);
	struct box *out = box_new(L, free_dataset);
	struct box *b = builder_boxed(L, r->name);
	lua_Integer n = (lua_Integer)lua_rawlen(L, view);
	for (lua_Integer i = 1; i <= n; i++) {
		lua_rawgeti(L, view, i);
		read_file(r, lua_gettop(L), b->p);
		lua_pop(L, 1);
	}
	struct dataset *d = finish_boxed(L, b);
	out->p = dataset_ref(d);
	filter(r, out);
	d = dataset_ref(out->p);
	lua_settop(L, top);
	return d;
}

/* ---- cache ---- */

static void make_folders(const char *folder)
{
	char part[SCRIPT_PATH];
	size_t n = strlen(folder);
	if (n >= sizeof(part))
		return;
	for (size_t i = 1; i <= n; i++)
		if (folder[i] == '/' || folder[i] == 0) {
			memcpy(part, folder, i);
			part[i] = 0;
			mkdir(part, 0777);
		}
}

/* GUSTO_CACHE; in a project's folder its datasets/cache; else the user's own cache. */
static void cache_folder(char *out, size_t size)
{
	const char *own = getenv("GUSTO_CACHE"), *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	if (own && *own)
		snprintf(out, size, "%s", own);
	else if (access("datasets", W_OK) == 0 || !home)
		snprintf(out, size, "datasets/cache");
	else if (xdg && *xdg)
		snprintf(out, size, "%s/gusto", xdg);
	else
		snprintf(out, size, "%s/.cache/gusto", home);
}

static void cached_path(struct recipe *r, char *out, size_t size)
{
	struct err e;
	char folder[SCRIPT_PATH];
	cache_folder(folder, sizeof(folder));
	make_folders(folder);
	if (cache_path(folder, r->name, str_text(&r->key), out, size, &e) != OK)
		script_raise_plain(r->L, &e);
}

static struct dataset *cached_view(struct recipe *r, int view)
{
	char path[SCRIPT_PATH + 256];
	struct dataset *d = NULL;
	struct err e;
	cached_path(r, path, sizeof(path));
	if (access(path, R_OK) == 0 && cache_load(path, &d, &e) == OK) {
		str_printf(&r->box->how, "  mapped from %s\n", path);
		return d;
	}
	d = read_view(r, view);
	/* A folder that cannot be written only costs time. */
	if (cache_save(d, path, &e) == OK)
		str_printf(&r->box->how, "  cached as %s\n", path);
	else
		str_printf(&r->box->how, "  not cached: %s\n", e.text);
	return d;
}

/* ---- g.data ---- */

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

static void number_option(lua_State *L, int t, const char *key, double min, double max, double *out)
{
	double v;
	if (!field_number(L, t, "the planted world", key, &v))
		return;
	if (!(v >= min && v <= max))
		script_fail(L, "the planted world: %s must be in %g..%g, got %g", key, min, max, v);
	*out = v;
}

static void open_planted(lua_State *L, int t, struct data_box *box)
{
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
	struct err e;
	if (planted_dataset(o, &box->data, &e) != OK)
		script_raise_plain(L, &e);
	box->planted = true;
	str_printf(&box->how, "  made by the planted world, seed %llu\n", (unsigned long long)o->seed);
}

static void open_synthetic(lua_State *L, int t, struct data_box *box)
{
	struct synthetic_options o;
	char shape[32] = "ml1m";
	double seed = 1;
	if (t) {
		field_text(L, t, "synthetic data", "shape", shape, sizeof(shape));
		number_option(L, t, "seed", 0, 9e15, &seed);
	}
	if (!synthetic_shape(shape, &o))
		script_fail(L, "synthetic data: shape must be ml1m, ml20m, beauty, rsc15 or big, got \"%s\"", shape);
	o.seed = (uint64_t)seed;
	if (t)
		field_bool(L, t, "synthetic data", "ratings", &o.ratings);
	struct err e;
	if (synthetic_dataset("synthetic", &o, &box->data, &e) != OK)
		script_raise_plain(L, &e);
	str_printf(&box->how, "  drawn at random in the shape of %s, seed %llu\n", shape, (unsigned long long)o.seed);
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

static void open_view(struct recipe *r, int view, int t, const char *view_name)
{
	lua_State *L = r->L;
	struct data_box *box = r->box;
	read_filters(r, view, t);
	str_printf(&r->key, "%d %s", RECIPE_VERSION, r->name);
	key_view(r, view);
	if (r->key.failed)
		script_no_memory(L);
	box->data = cached_view(r, view);
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

static int recipe_gc(lua_State *L)
{
	struct recipe *r = luaL_checkudata(L, 1, RECIPE_TYPE);
	str_free(&r->key);
	return 0;
}

static struct recipe *recipe_push(lua_State *L, struct data_box *box)
{
	struct recipe *r = lua_newuserdatauv(L, sizeof(*r), 0);
	memset(r, 0, sizeof(*r));
	luaL_setmetatable(L, RECIPE_TYPE);
	r->L = L;
	r->box = box;
	return r;
}

static void open_own(struct recipe *r, int t)
{
	char path[SCRIPT_PATH], name[256];
	field_text(r->L, t, "g.data", "file", path, sizeof(path));
	base_name(path, name, sizeof(name));
	r->name = name;
	r->source = "a file of your own: check its path";
	push_own_view(r->L, t);
	open_view(r, lua_gettop(r->L), t, "");
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

static void open_described(struct recipe *r, int t, const char *name, char *view, size_t size)
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
		(planted ? open_planted : open_synthetic)(L, t, r->box);
		snprintf(r->box->source, sizeof(r->box->source), "%.200s#%06llx", name,
			(unsigned long long)(r->box->data->hash & 0xffffff));
		return;
	}
	if (!*view)
		field_text(L, d, name, "default", view, size);
	if (lua_getfield(L, d, "views") != LUA_TTABLE || lua_getfield(L, -1, view) != LUA_TTABLE)
		script_fail(L, "data set %s has no view '%s'", name, view);
	field_text(L, lua_gettop(L), name, "source", source, sizeof(source));
	open_view(r, lua_gettop(L), t, view);
}

struct data_box *data_push(lua_State *L, int idx, const char *name)
{
	char given[256] = "", view[64] = "";
	int t = idx && lua_istable(L, idx) ? lua_absindex(L, idx) : 0;
	struct data_box *box = data_box_new(L);
	int top = lua_gettop(L);
	struct recipe *r = recipe_push(L, box);
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
		open_own(r, t);
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
	open_described(r, t, given, view, sizeof(view));
	lua_settop(L, top);
	return box;
}

/* ---- as scripts see them ---- */

void data_push_split(lua_State *L, struct split *s)
{
	struct data_box *b = data_box_new(L);
	b->split = split_ref(s);
	b->data = dataset_ref(s->data);
}

static struct data_box *check_data(lua_State *L)
{
	if (lua_istable(L, 1)) { /* what g.data returned: its methods get the table */
		lua_pushliteral(L, "opened");
		lua_rawget(L, 1);
		lua_replace(L, 1);
	}
	struct data_box *b = luaL_checkudata(L, 1, DATA_TYPE);
	if (!b->data)
		script_fail(L, "this data set was closed");
	return b;
}

struct data_box *data_check(lua_State *L)
{
	return check_data(L);
}

static struct tensor_box *item_vector(lua_State *L, const struct data_box *b)
{
	struct shape shape = shape_fixed(1, b->data->n_items, 0, 0);
	return tensor_push(L, FIELD_REAL, &shape, 1);
}

/* data:popularity(): training interactions per item. */
static int data_popularity(lua_State *L)
{
	struct data_box *b = check_data(L);
	struct tensor_box *out = item_vector(L, b);
	const struct split *s = b->split;
	const int32_t *item = s ? s->train_item : b->data->item;
	int64_t n = s ? s->train_start[b->data->n_users] : b->data->n;
	for (int64_t k = 0; k < n; k++)
		out->v[item[k]] += 1;
	return 1;
}

/* data:activity(): training interactions per user. */
static int data_activity(lua_State *L)
{
	struct data_box *b = data_check(L);
	struct shape shape = shape_fixed(1, b->data->n_users, 0, 0);
	struct tensor_box *out = tensor_push(L, FIELD_REAL, &shape, 1);
	const int64_t *start = b->split ? b->split->train_start : b->data->start;
	for (int32_t u = 0; u < b->data->n_users; u++)
		out->v[u] = (real)(start[u + 1] - start[u]);
	return 1;
}

/* data:log_q { sampler = "uniform", alpha = .75 }: log of the probability with which a training negative is drawn. */
static int data_log_q(lua_State *L)
{
	struct data_box *b = check_data(L);
	char name[32] = "uniform";
	double alpha = 0.75;
	if (lua_istable(L, 2)) {
		field_text(L, 2, "data:log_q", "sampler", name, sizeof(name));
		field_number(L, 2, "data:log_q", "alpha", &alpha);
	}
	if (!b->split)
		return script_fail(L, "data:log_q needs the data of an experiment, which are split");
	struct tensor_box *out = item_vector(L, b);
	struct sampler *s = NULL;
	struct err e;
	if (sampler_new(b->split, name, alpha, &s, &e) != OK)
		return script_raise(L, &e);
	for (int32_t i = 0; i < b->data->n_items; i++)
		out->v[i] = (real)s->log_q[i];
	sampler_free(s);
	return 1;
}

static double mean_rating(const struct data_box *b)
{
	const struct split *s = b->split;
	const float *rating = s ? s->train_rating : b->data->rating;
	int64_t n = s ? s->train_start[b->data->n_users] : b->data->n;
	double sum = 0;
	for (int64_t k = 0; rating && k < n; k++)
		sum += (double)rating[k];
	return rating && n ? sum / (double)n : NAN;
}

/* The lowest or highest training rating. */
static double extreme_rating(const struct data_box *b, bool highest)
{
	const struct split *s = b->split;
	const float *rating = s ? s->train_rating : b->data->rating;
	int64_t n = s ? s->train_start[b->data->n_users] : b->data->n;
	double x = NAN;
	for (int64_t k = 0; rating && k < n; k++)
		if (!(highest ? (double)rating[k] <= x : (double)rating[k] >= x))
			x = (double)rating[k];
	return x;
}

/* data:title(i): what to show for item i (from 0). */
static int data_title(lua_State *L)
{
	struct data_box *b = check_data(L);
	lua_Integer i = luaL_checkinteger(L, 2);
	char text[512];
	if (i < 0 || i >= b->data->n_items)
		return script_fail(L, "data:title: items are 0..%d, got %lld", b->data->n_items - 1, (long long)i);
	lua_pushstring(L, dataset_item_label(b->data, (int32_t)i, text, sizeof(text)));
	return 1;
}

/* data:check_levels(low, step, n): raises where a rating is none of low, low + step, ... */
static int data_check_levels(lua_State *L)
{
	struct data_box *b = check_data(L);
	double low = luaL_checknumber(L, 2), step = luaL_checknumber(L, 3);
	lua_Integer n = luaL_checkinteger(L, 4);
	struct err e;
	if (!(step > 0) || n < 1 || n > INT32_MAX)
		return script_fail(L, "data:check_levels: expected low, step > 0 and the number of levels");
	return levels_check(b->data, low, step, (int32_t)n, &e) == OK ? 0 : script_raise(L, &e);
}

/* The fields of the split: { { name =, kind =, first =, size = }, ... }, and the sizes of the two index spaces beside them:
 * features (categories and lists) and crossed. */
static void push_fields(lua_State *L, const struct fieldset *f)
{
	static const char *const kind[] = {"category", "list", "number", "cross"};
	lua_createtable(L, f->n, 2);
	for (int i = 0; i < f->n; i++) {
		lua_createtable(L, 0, 4);
		lua_pushstring(L, f->field[i].name);
		lua_setfield(L, -2, "name");
		lua_pushstring(L, kind[f->field[i].kind]);
		lua_setfield(L, -2, "kind");
		lua_pushinteger(L, f->field[i].first);
		lua_setfield(L, -2, "first");
		lua_pushinteger(L, f->field[i].size);
		lua_setfield(L, -2, "size");
		lua_rawseti(L, -2, i + 1);
	}
	lua_pushinteger(L, f->features);
	lua_setfield(L, -2, "features");
	lua_pushinteger(L, f->crossed);
	lua_setfield(L, -2, "crossed");
}

static int data_index(lua_State *L)
{
	struct data_box *b = check_data(L);
	const char *key = luaL_checkstring(L, 2);
	if (strcmp(key, "items") == 0)
		lua_pushinteger(L, b->data->n_items);
	else if (strcmp(key, "users") == 0)
		lua_pushinteger(L, b->data->n_users);
	else if (strcmp(key, "interactions") == 0)
		lua_pushinteger(L, b->split ? b->split->train_start[b->data->n_users] : b->data->n);
	else if (strcmp(key, "mean_rating") == 0)
		lua_pushnumber(L, mean_rating(b));
	else if (strcmp(key, "min_rating") == 0 || strcmp(key, "max_rating") == 0)
		lua_pushnumber(L, extreme_rating(b, key[1] == 'a'));
	else if (strcmp(key, "name") == 0)
		lua_pushstring(L, b->data->name);
	else if (strcmp(key, "popularity") == 0)
		lua_pushcfunction(L, data_popularity);
	else if (strcmp(key, "activity") == 0)
		lua_pushcfunction(L, data_activity);
	else if (strcmp(key, "log_q") == 0)
		lua_pushcfunction(L, data_log_q);
	else if (strcmp(key, "title") == 0)
		lua_pushcfunction(L, data_title);
	else if (strcmp(key, "check_levels") == 0)
		lua_pushcfunction(L, data_check_levels);
	else if (strcmp(key, "matrix") == 0)
		lua_pushcfunction(L, linalg_data_matrix);
	else if (strcmp(key, "fields") == 0 && b->split && b->split->fields)
		push_fields(L, b->split->fields);
	else
		return script_fail(L,
			"data has no '%s'; there are items, users, interactions, name, mean_rating, "
			"min_rating, max_rating, popularity(), activity(), log_q(), matrix(), title(i), "
			"check_levels(low, step, n)",
			key);
	return 1;
}

static int data_tostring(lua_State *L)
{
	struct data_box *b = check_data(L);
	lua_pushfstring(L, "%s: %d users, %d items, %I interactions", b->data->name, b->data->n_users, b->data->n_items,
		(LUAI_UACINT)b->data->n);
	return 1;
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
	luaL_newmetatable(L, RECIPE_TYPE);
	lua_pushcfunction(L, recipe_gc);
	lua_setfield(L, -2, "__gc");
	lua_pop(L, 1);
	lua_pushcfunction(L, open_data);
	lua_setfield(L, core, "open_data");
}
