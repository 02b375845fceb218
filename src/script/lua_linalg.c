/* gusto.linalg: what fit(data) computes closed forms with.
 *
 *   x = data:matrix()               the training rows, sparse [users, items]
 *   x:transpose() x:map(f) x:sums "rows" x:counts "cols" x:times(v) x:gram(into) x:neighbours { ... } x:least_squares(y, into)
 *   x:store(start, column, value)   into the three constants that the op sparse_bag reads
 *   linalg.spd_inverse(a) ...       dense matrices, changed in place: tensors or parameters (lua_dense.c)
 *
 * Tables from t:numbers() begin at 1, and so do the rows and columns that x:map tells its function.  Everything runs in C on
 * all threads of the engine; before a dense matrix is made, the memory it needs is compared with what is free. */
#include "script/lua_linalg.h"

#include "script/lua_data.h"
#include "script/lua_value.h"
#include "tensor/sparse.h"

#include <string.h>

/* ---- boxes ---- */

static struct sparse **sparse_push(lua_State *L)
{
	struct sparse **s = lua_newuserdatauv(L, sizeof *s, 0);
	*s = NULL;
	luaL_setmetatable(L, SPARSE_TYPE);
	return s;
}

static int sparse_gc(lua_State *L)
{
	struct sparse **s = luaL_checkudata(L, 1, SPARSE_TYPE);
	sparse_free(*s);
	*s = NULL;
	return 0;
}

static struct sparse *sparse_check(lua_State *L, int idx)
{
	struct sparse **s = luaL_checkudata(L, idx, SPARSE_TYPE);
	if (!*s)
		script_fail(L, "this matrix is gone");
	return *s;
}

/* ---- making sparse matrices ---- */

int linalg_data_matrix(lua_State *L)
{
	struct data_box *b = data_check(L);
	const struct dataset *d = b->data;
	char values[16] = "one";
	struct err e;
	if (lua_istable(L, 2))
		field_text(L, 2, "data:matrix", "values", values, sizeof values);
	int kind = arg_choice_index("one|count|rating", values);
	if (kind < 0)
		return script_fail(L, "data:matrix: values must be one, count or rating, got \"%s\"", values);
	const float *rating = b->split ? b->split->train_rating : d->rating;
	if (kind == 2 && !rating)
		return script_fail(L, "data:matrix: data set '%s' has no ratings; use values = \"one\"", d->name);
	struct sparse **x = sparse_push(L);
	enum err_code rc = sparse_collect(d->n_users, d->n_items, b->split ? b->split->train_start : d->start,
		b->split ? b->split->train_item : d->item, kind == 2 ? rating : NULL, kind != 1, x, &e);
	return linalg_answer(L, rc, &e);
}

static int transpose(lua_State *L)
{
	struct sparse *a = sparse_check(L, 1);
	struct err e;
	struct sparse **t = sparse_push(L);
	return linalg_answer(L, sparse_transpose(a, t, &e), &e);
}

/* x:map(f): f(value, row, column), both from 1, gives the new value of every entry. */
static int map(lua_State *L)
{
	struct sparse *a = sparse_check(L, 1);
	struct err e;
	luaL_checktype(L, 2, LUA_TFUNCTION);
	struct sparse **out = sparse_push(L);
	if (sparse_new(a->rows, a->cols, sparse_entries(a), out, &e) != OK)
		return script_raise(L, &e);
	memcpy((*out)->start, a->start, ((size_t)a->rows + 1) * sizeof *a->start);
	memcpy((*out)->col, a->col, (size_t)sparse_entries(a) * sizeof *a->col);
	for (int32_t r = 0; r < a->rows; r++)
		for (int64_t i = a->start[r]; i < a->start[r + 1]; i++) {
			lua_pushvalue(L, 2);
			lua_pushnumber(L, (lua_Number)a->value[i]);
			lua_pushinteger(L, r + 1);
			lua_pushinteger(L, a->col[i] + 1);
			lua_call(L, 3, 1);
			if (lua_type(L, -1) != LUA_TNUMBER)
				return script_fail(L, "map: the function must return a number, it returned %s",
					luaL_typename(L, -1));
			(*out)->value[i] = (real)lua_tonumber(L, -1);
			lua_pop(L, 1);
		}
	lua_settop(L, 3);
	return 1;
}

static double option(lua_State *L, const char *key, double usual, double min, double max)
{
	double v = usual;
	if (field_number(L, 2, "neighbours", key, &v) && !(v >= min && v <= max))
		script_fail(L, "neighbours: %s must be in %g..%g, got %g", key, min, max, v);
	return v;
}

/* x:neighbours { k = 100, similarity = "cosine", shrink = 0, alpha = .5, beta = 1 } -> [cols, cols] */
static int neighbours(lua_State *L)
{
	struct sparse *a = sparse_check(L, 1);
	char kind[16] = "cosine";
	struct err e;
	luaL_checktype(L, 2, LUA_TTABLE);
	field_text(L, 2, "neighbours", "similarity", kind, sizeof kind);
	int index = arg_choice_index(SIMILARITIES, kind);
	if (index < 0)
		return script_fail(L, "neighbours: similarity must be one of %s, got \"%s\"", SIMILARITIES, kind);
	struct similarity_options o = {.kind = (enum similarity)index,
		.k = (int32_t)option(L, "k", 100, 1, 1e9),
		.shrink = option(L, "shrink", 0, 0, 1e9),
		.alpha = option(L, "alpha", 0.5, 0, 1e3),
		.beta = option(L, "beta", 1, 0, 1e3)};
	struct sparse **out = sparse_push(L);
	return linalg_answer(L, sparse_neighbours(a, &o, out, &e), &e);
}

/* ---- reading sparse matrices ---- */

static bool over_rows(lua_State *L, const char *what)
{
	const char *over = luaL_checkstring(L, 2);
	int index = arg_choice_index("rows|cols", over);
	if (index < 0)
		script_fail(L, "%s: expected \"rows\" or \"cols\", got \"%s\"", what, over);
	return index == 0;
}

/* x:sums "rows": a number per row; of the values, or of the entries themselves. */
static int add_up(lua_State *L, const char *what, bool entries)
{
	struct sparse *a = sparse_check(L, 1);
	bool rows = over_rows(L, what);
	struct dense to = dense_push(L, what, rows ? a->rows : a->cols, 0);
	for (int32_t r = 0; r < a->rows; r++)
		for (int64_t i = a->start[r]; i < a->start[r + 1]; i++)
			to.v[rows ? r : a->col[i]] += entries ? 1 : a->value[i];
	return 1;
}

static int sums(lua_State *L)
{
	return add_up(L, "sums", false);
}
static int counts(lua_State *L)
{
	return add_up(L, "counts", true);
}

/* x:times(v): [rows] or [rows, d] */
static int times(lua_State *L)
{
	struct sparse *a = sparse_check(L, 1);
	struct operand_ref r;
	operand_read(L, 2, "times", &r);
	struct dense v = dense_check(L, 2, "times");
	if (v.rows != a->cols)
		return script_fail(
			L, "times: the matrix has %d columns, the other %lld rows", a->cols, (long long)v.rows);
	bool vector = (r.kind == REF_TENSOR ? r.tensor->shape.ndim : r.param->shape.ndim) == 1;
	struct dense to = dense_push(L, "times", a->rows, vector ? 0 : v.cols);
	sparse_times(a, v.v, v.cols, to.v);
	return 1;
}

static void free_sparse(void *p)
{
	sparse_free(p);
}

/* x:gram(into): x' x, into a matrix [cols, cols] or a new tensor. */
static int gram(lua_State *L)
{
	struct sparse *a = sparse_check(L, 1), *t = NULL;
	struct err e;
	lua_settop(L, 2);
	struct box *box = box_new(L, free_sparse);
	enum err_code rc = sparse_transpose(a, &t, &e);
	box->p = t;
	if (rc != OK)
		return script_raise(L, &e);
	bool given = !lua_isnil(L, 2);
	struct dense g = given ? dense_shaped(L, 2, "gram", a->cols, a->cols) : dense_push(L, "gram", a->cols, a->cols);
	sparse_gram(a, t, g.v);
	if (given)
		lua_pushvalue(L, 2);
	return 1;
}

/* c:least_squares(y, x, { reg = .01, nu = 0 }): x[rows, d] from y[cols, d], see tensor/sparse.h */
static int least_squares(lua_State *L)
{
	struct sparse *c = sparse_check(L, 1);
	struct dense y = dense_check(L, 2, "least_squares");
	struct dense x = dense_shaped(L, 3, "least_squares", c->rows, y.cols);
	double reg = 0.01, nu = 0;
	struct err e;
	if (y.rows != c->cols)
		return script_fail(
			L, "least_squares: the matrix has %d columns, y has %lld rows", c->cols, (long long)y.rows);
	if (lua_istable(L, 4)) {
		field_number(L, 4, "least_squares", "reg", &reg);
		field_number(L, 4, "least_squares", "nu", &nu);
	}
	enum err_code rc = sparse_least_squares(c, y.v, (int32_t)y.cols, reg, nu, x.v, &e);
	lua_settop(L, 3);
	return linalg_answer(L, rc, &e);
}

/* x:store(start, column, value): parameters [rows + 1], [n], [n] with room for every entry. */
static int store(lua_State *L)
{
	enum { EXACT = 1 << 24 };
	struct sparse *a = sparse_check(L, 1);
	struct dense start = dense_shaped(L, 2, "store: start", (int64_t)a->rows + 1, 1);
	struct dense column = dense_check(L, 3, "store: column"), value = dense_check(L, 4, "store: value");
	int64_t n = sparse_entries(a), room = column.rows * column.cols, values = value.rows * value.cols;
	if (room != values || n > room)
		return script_fail(L, "store: %lld entries do not fit into %lld columns and %lld values", (long long)n,
			(long long)room, (long long)values);
	if (n > EXACT || a->cols > EXACT)
		return script_fail(L,
			"store: at most %d entries and columns can be counted in a parameter, got %lld and %d; "
			"keep fewer neighbours",
			EXACT, (long long)n, a->cols);
	for (int32_t r = 0; r <= a->rows; r++)
		start.v[r] = (real)a->start[r];
	for (int64_t i = 0; i < room; i++) {
		column.v[i] = i < n ? (real)a->col[i] : -1;
		value.v[i] = i < n ? a->value[i] : 0;
	}
	return 0;
}

static int sparse_index(lua_State *L)
{
	struct sparse *a = sparse_check(L, 1);
	const char *key = luaL_checkstring(L, 2);
	lua_pushvalue(L, 2);
	if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL)
		return 1;
	if (strcmp(key, "rows") == 0)
		lua_pushinteger(L, a->rows);
	else if (strcmp(key, "cols") == 0)
		lua_pushinteger(L, a->cols);
	else if (strcmp(key, "entries") == 0)
		lua_pushinteger(L, sparse_entries(a));
	else
		return script_fail(L,
			"a sparse matrix has no '%s'; there are rows, cols, entries, transpose(), map(f), sums(), "
			"counts(), "
			"times(v), gram(), neighbours{}, least_squares(), store()",
			key);
	return 1;
}

static int sparse_tostring(lua_State *L)
{
	const struct sparse *a = sparse_check(L, 1);
	lua_pushfstring(L, "sparse matrix [%d, %d] of %I entries", a->rows, a->cols, (LUAI_UACINT)sparse_entries(a));
	return 1;
}

/* ---- opening ---- */

void linalg_open(lua_State *L)
{
	static const luaL_Reg meta[] = {{"__gc", sparse_gc}, {"__tostring", sparse_tostring}, {NULL, NULL}};
	static const luaL_Reg methods[] = {{"transpose", transpose}, {"map", map}, {"sums", sums}, {"counts", counts},
		{"times", times}, {"gram", gram}, {"neighbours", neighbours}, {"least_squares", least_squares},
		{"store", store}, {NULL, NULL}};
	luaL_newmetatable(L, SPARSE_TYPE);
	luaL_setfuncs(L, meta, 0);
	luaL_newlib(L, methods);
	lua_pushcclosure(L, sparse_index, 1);
	lua_setfield(L, -2, "__index");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_pop(L, 1);
	dense_open(L);
}
