/* Data as scripts see them: data.items, data:popularity(), ... */
#include "script/lua_data.h"

#include "data/fields.h"
#include "data/levels.h"
#include "data/sampler.h"
#include "script/lua_linalg.h"
#include "script/lua_value.h"

#include <math.h>
#include <string.h>

struct data_box *data_check(lua_State *L)
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

static struct tensor_box *item_vector(lua_State *L, const struct data_box *b)
{
	struct shape shape = shape_fixed(1, b->data->n_items, 0, 0);
	return tensor_push(L, FIELD_REAL, &shape, 1);
}

/* data:popularity(): training interactions per item. */
static int data_popularity(lua_State *L)
{
	struct data_box *b = data_check(L);
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
	struct data_box *b = data_check(L);
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
	struct data_box *b = data_check(L);
	lua_Integer i = luaL_checkinteger(L, 2);
	char text[512];
	if (i < 0 || i >= b->data->n_items)
		return script_fail(L, "data:title: items are 0..%d, got %lld", b->data->n_items - 1, (long long)i);
	lua_pushstring(L, dataset_item_label(b->data, (int32_t)i, text, sizeof(text)));
	return 1;
}

/* The ratings must be low, low + step, ...: arguments 2 to 4 are low, step and the number of levels, which is returned. */
static int32_t levels_checked(lua_State *L, const struct data_box *b, const char *method)
{
	double low = luaL_checknumber(L, 2), step = luaL_checknumber(L, 3);
	lua_Integer n = luaL_checkinteger(L, 4);
	struct err e;
	if (!(step > 0) || n < 1 || n > INT32_MAX)
		script_fail(L, "data:%s: expected low, step > 0 and the number of levels", method);
	if (levels_check(b->data, low, step, (int32_t)n, &e) != OK)
		script_raise(L, &e);
	return (int32_t)n;
}

/* data:check_levels(low, step, n): raises where a rating is none of low, low + step, ... */
static int data_check_levels(lua_State *L)
{
	levels_checked(L, data_check(L), "check_levels");
	return 0;
}

/* data:level_counts(low, step, n, "item"): [items, n] training ratings by level; "user": [users, n]. */
static int data_level_counts(lua_State *L)
{
	struct data_box *b = data_check(L);
	int32_t n = levels_checked(L, b, "level_counts");
	bool by_item = luaL_checkoption(L, 5, NULL, (const char *const[]){"user", "item", NULL}) == 1;
	if (!b->split)
		return script_fail(L, "data:level_counts needs the data of an experiment, which are split");
	struct shape shape = shape_fixed(2, by_item ? b->data->n_items : b->data->n_users, n, 0);
	struct tensor_box *out = tensor_push(L, FIELD_REAL, &shape, 1);
	levels_count(b->split, by_item, lua_tonumber(L, 2), lua_tonumber(L, 3), n, out->v);
	return 1;
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

/* ---- what data answer to ---- */

static const luaL_Reg methods[] = {{"popularity", data_popularity}, {"activity", data_activity}, {"log_q", data_log_q},
	{"title", data_title}, {"check_levels", data_check_levels}, {"level_counts", data_level_counts},
	{"matrix", linalg_data_matrix}, {NULL, NULL}};

static bool push_number(lua_State *L, const struct data_box *b, const char *key)
{
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
	else
		return false;
	return true;
}

int data_index(lua_State *L)
{
	struct data_box *b = data_check(L);
	const char *key = luaL_checkstring(L, 2);
	if (push_number(L, b, key))
		return 1;
	for (const luaL_Reg *m = methods; m->name; m++)
		if (strcmp(key, m->name) == 0) {
			lua_pushcfunction(L, m->func);
			return 1;
		}
	if (strcmp(key, "name") == 0)
		lua_pushstring(L, b->data->name);
	else if (strcmp(key, "fields") == 0 && b->split && b->split->fields)
		push_fields(L, b->split->fields);
	else
		return script_fail(L,
			"data has no '%s'; there are items, users, interactions, name, mean_rating, "
			"min_rating, max_rating, popularity(), activity(), log_q(), matrix(), title(i), "
			"check_levels(low, step, n), level_counts(low, step, n, \"user\" or \"item\")",
			key);
	return 1;
}

int data_tostring(lua_State *L)
{
	struct data_box *b = data_check(L);
	lua_pushfstring(L, "%s: %d users, %d items, %I interactions", b->data->name, b->data->n_users, b->data->n_items,
		(LUAI_UACINT)b->data->n);
	return 1;
}
