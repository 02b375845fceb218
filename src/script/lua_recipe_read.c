/* A view read: its files through their readers, filtered, and cached in one mapped file whose name holds a hash of everything
 * that went in: checksums and options. */
#include "script/lua_recipe.h"

#include "data/cache.h"
#include "script/lua_value.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- reading ---- */

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

static void read_file(struct recipe *r, int t, struct builder *into)
{
	struct file_entry f;
	struct err e;
	recipe_choose(r, t, &f);
	if (format_read(into, f.path, f.format, &f.options, &e) != OK)
		script_raise_plain(r->L, &e);
}

/* The outcome of a filter, a new data set, takes the place of the one in `box`. */
static void replace(lua_State *L, struct box *box, enum err_code code, struct dataset **next, const struct err *e)
{
	script_check(L, code, e);
	dataset_unref(box->p);
	box->p = *next;
}

static void filter(struct recipe *r, struct box *box)
{
	struct err e;
	struct dataset *next = NULL;
	if (!isnan(r->min_rating))
		replace(r->L, box, filter_rating(box->p, (float)r->min_rating, &next, &e), &next, &e);
	if (!isnan(r->without_rating))
		replace(r->L, box, filter_without_rating(box->p, (float)r->without_rating, &next, &e), &next, &e);
	if (r->kcore_users > 1 || r->kcore_items > 1)
		replace(r->L, box, filter_kcore(box->p, (int32_t)r->kcore_users, (int32_t)r->kcore_items, &next, &e),
			&next, &e);
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

struct dataset *recipe_cached(struct recipe *r, int view)
{
	char path[SCRIPT_PATH + 256];
	struct dataset *d = NULL;
	struct err e;
	cached_path(r, path, sizeof(path));
	if (access(path, R_OK) == 0 && cache_load(path, &d, &e) == OK) {
		str_printf(r->how, "  mapped from %s\n", path);
		return d;
	}
	d = read_view(r, view);
	/* A folder that cannot be written only costs time. */
	if (cache_save(d, path, &e) == OK)
		str_printf(r->how, "  cached as %s\n", path);
	else
		str_printf(r->how, "  not cached: %s\n", e.text);
	return d;
}

/* Small worlds are made sooner than their file is written. */
static const int64_t planted_cached_from = 2000000;

struct dataset *recipe_planted(struct recipe *r, const struct planted_options *o)
{
	char path[SCRIPT_PATH + 256], key[512];
	struct dataset *d = NULL;
	struct err e;
	str_printf(r->how, "  made by the planted world, seed %llu\n", (unsigned long long)o->seed);
	if (o->interactions >= planted_cached_from) {
		planted_recipe(o, key, sizeof(key));
		str_puts(&r->key, key);
		cached_path(r, path, sizeof(path));
		if (access(path, R_OK) == 0 && cache_load(path, &d, &e) == OK)
			str_printf(r->how, "  mapped from %s\n", path);
		else if (planted_cached(o, path, &d, &e) == OK)
			str_printf(r->how, "  cached as %s\n", path);
		else
			str_printf(r->how, "  not cached: %s\n", e.text);
	}
	if (!d && planted_dataset(o, &d, &e) != OK)
		script_raise_plain(r->L, &e);
	return d;
}
