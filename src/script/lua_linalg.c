/* gusto.linalg: what fit(data) computes closed forms with.
 *
 *   x = data:matrix()               the training rows, sparse [users, items]
 *   x:transpose() x:map(f) x:sums "rows" x:counts "cols" x:times(v) x:gram(into) x:neighbours { ... } x:least_squares(y, into)
 *   x:store(start, column, value)   into the three constants that the op sparse_bag reads
 *   linalg.spd_inverse(a) ...       dense matrices, changed in place: tensors or parameters
 *
 * Tables from t:numbers() begin at 1, and so do the rows and columns that x:map tells its function.  Everything runs in C on
 * all threads of the engine; before a dense matrix is made, the memory it needs is compared with what is free. */
#include "script/lua_linalg.h"

#include "base/room.h"
#include "script/lua_data.h"
#include "script/lua_value.h"
#include "tensor/blas.h"
#include "tensor/sparse.h"

#include <math.h>
#include <stdlib.h>
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

/* A matrix of numbers in place: a tensor or a parameter; a vector is one column. */
struct dense {
	real *v;
	int64_t rows, cols;
};

static struct dense dense_check(lua_State *L, int idx, const char *what)
{
	struct operand_ref r;
	operand_read(L, idx, what, &r);
	const struct shape *s = r.kind == REF_TENSOR ? &r.tensor->shape : r.kind == REF_PARAM ? &r.param->shape : NULL;
	real *v = r.kind == REF_TENSOR ? r.tensor->v : r.kind == REF_PARAM ? r.param->p->value : NULL;
	if (!v || s->axis != AXIS_FIXED || s->ndim < 1 || s->ndim > 2)
		script_fail(L, "%s: expected a vector or matrix of numbers (a tensor or a parameter)", what);
	if (r.kind == REF_TENSOR && r.tensor->constant)
		script_fail(L, "%s: this tensor stands in a model already; change a copy or a parameter", what);
	return (struct dense){v, s->dim[0], s->ndim == 2 ? s->dim[1] : 1};
}

static struct dense dense_shaped(lua_State *L, int idx, const char *what, int64_t rows, int64_t cols)
{
	struct dense d = dense_check(L, idx, what);
	if (d.rows != rows || d.cols != cols)
		script_fail(L, "%s: expected [%lld, %lld], got [%lld, %lld]", what, (long long)rows, (long long)cols,
			(long long)d.rows, (long long)d.cols);
	return d;
}

static struct dense square_check(lua_State *L, int idx, const char *what)
{
	struct dense d = dense_check(L, idx, what);
	if (d.rows != d.cols)
		script_fail(L, "%s: the matrix must be square, it is [%lld, %lld]", what, (long long)d.rows,
			(long long)d.cols);
	return d;
}

static struct dense dense_push(lua_State *L, const char *what, int64_t rows, int64_t cols)
{
	struct err e;
	if (room_for((double)rows * (double)cols * sizeof(real), &e, "%s: a matrix [%lld, %lld]", what, (long long)rows,
		    (long long)cols) != OK)
		script_raise(L, &e);
	struct shape shape = shape_fixed(cols > 0 ? 2 : 1, (int32_t)rows, (int32_t)cols, 0);
	struct tensor_box *t = tensor_push(L, FIELD_REAL, &shape, 1);
	return (struct dense){t->v, rows, cols > 0 ? cols : 1};
}

static int answer(lua_State *L, enum err_code code, const struct err *e)
{
	return code == OK ? 1 : script_raise(L, e);
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
	return answer(L, rc, &e);
}

static int transpose(lua_State *L)
{
	struct sparse *a = sparse_check(L, 1);
	struct err e;
	struct sparse **t = sparse_push(L);
	return answer(L, sparse_transpose(a, t, &e), &e);
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
	return answer(L, sparse_neighbours(a, &o, out, &e), &e);
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
	return answer(L, rc, &e);
}

/* x:store(start, column, value): parameters [rows + 1], [n], [n] with room for every entry. */
static int store(lua_State *L)
{
	enum { EXACT = 1 << 24 };
	struct sparse *a = sparse_check(L, 1);
	struct dense start = dense_shaped(L, 2, "store: start", (int64_t)a->rows + 1, 1);
	struct dense column = dense_check(L, 3, "store: column"), value = dense_check(L, 4, "store: value");
	int64_t n = sparse_entries(a), room = column.rows * column.cols;
	if (room != value.rows * value.cols || n > room)
		return script_fail(L, "store: %lld entries do not fit into %lld columns and %lld values", (long long)n,
			(long long)room, (long long)(value.rows * value.cols));
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

/* ---- dense matrices, in place ---- */

static int spd_inverse(lua_State *L)
{
	struct dense a = square_check(L, 1, "spd_inverse");
	struct err e;
	lua_settop(L, 1);
	return answer(L, blas_spd_inverse((int32_t)a.rows, a.v, &e), &e);
}

/* spd_solve(a, b): b becomes the x of a x = b; a is destroyed. */
static int spd_solve(lua_State *L)
{
	struct dense a = square_check(L, 1, "spd_solve"), b = dense_check(L, 2, "spd_solve");
	struct err e;
	if (b.rows != a.rows)
		return script_fail(L, "spd_solve: a has %lld rows, b has %lld", (long long)a.rows, (long long)b.rows);
	lua_settop(L, 2);
	return answer(L, blas_spd_solve((int32_t)a.rows, (int32_t)b.cols, a.v, b.v, &e), &e);
}

/* A number for all places, or a vector with one for each. */
struct factors {
	const real *v;
	real number;
};
static struct factors factors_check(lua_State *L, int idx, const char *what, int64_t n)
{
	if (lua_type(L, idx) == LUA_TNUMBER)
		return (struct factors){NULL, (real)lua_tonumber(L, idx)};
	return (struct factors){dense_shaped(L, idx, what, n, 1).v, 0};
}
static real factor(const struct factors *f, int64_t i)
{
	return f->v ? f->v[i] : f->number;
}

static int add_diagonal(lua_State *L)
{
	struct dense a = square_check(L, 1, "add_diagonal");
	struct factors f = factors_check(L, 2, "add_diagonal", a.rows);
	for (int64_t i = 0; i < a.rows; i++)
		a.v[i * a.cols + i] += factor(&f, i);
	lua_settop(L, 1);
	return 1;
}

static int set_diagonal(lua_State *L)
{
	struct dense a = square_check(L, 1, "set_diagonal");
	struct factors f = factors_check(L, 2, "set_diagonal", a.rows);
	for (int64_t i = 0; i < a.rows; i++)
		a.v[i * a.cols + i] = factor(&f, i);
	lua_settop(L, 1);
	return 1;
}

static int diagonal(lua_State *L)
{
	struct dense a = square_check(L, 1, "diagonal"), d = dense_push(L, "diagonal", a.rows, 0);
	for (int64_t i = 0; i < a.rows; i++)
		d.v[i] = a.v[i * a.cols + i];
	return 1;
}

static int scale(lua_State *L, const char *what, bool rows)
{
	struct dense a = dense_check(L, 1, what);
	struct factors f = factors_check(L, 2, what, rows ? a.rows : a.cols);
	for (int64_t i = 0; i < a.rows; i++)
		for (int64_t j = 0; j < a.cols; j++)
			a.v[i * a.cols + j] *= factor(&f, rows ? i : j);
	lua_settop(L, 1);
	return 1;
}

static int scale_rows(lua_State *L)
{
	return scale(L, "scale_rows", true);
}
static int scale_cols(lua_State *L)
{
	return scale(L, "scale_cols", false);
}

static bool flag(lua_State *L, int idx, const char *key)
{
	bool v = false;
	if (lua_istable(L, idx))
		field_bool(L, idx, "product", key, &v);
	return v;
}

/* product(a, b, { ta = false, tb = false }): op(a) op(b), a new tensor. */
static int product(lua_State *L)
{
	struct dense a = dense_check(L, 1, "product"), b = dense_check(L, 2, "product");
	bool ta = flag(L, 3, "ta"), tb = flag(L, 3, "tb");
	int64_t m = ta ? a.cols : a.rows, k = ta ? a.rows : a.cols, n = tb ? b.rows : b.cols;
	if ((tb ? b.cols : b.rows) != k)
		return script_fail(L, "product: [%lld, %lld] and [%lld, %lld] do not fit", (long long)m, (long long)k,
			(long long)(tb ? b.cols : b.rows), (long long)n);
	struct dense c = dense_push(L, "product", m, n);
	blas_gemm(ta, tb, m, n, k, 1, a.v, a.cols, b.v, b.cols, 0, c.v, n);
	return 1;
}

/* zeros(rows [, cols]) */
static int zeros(lua_State *L)
{
	lua_Integer rows = luaL_checkinteger(L, 1), cols = luaL_optinteger(L, 2, 0);
	if (rows < 1 || rows > INT32_MAX || cols < 0 || cols > INT32_MAX)
		return script_fail(L, "zeros: expected 1..2147483647 rows and columns, got %lld, %lld", (long long)rows,
			(long long)cols);
	dense_push(L, "zeros", rows, cols);
	return 1;
}

/* ranks(v): for each number how many distinct smaller ones there are: equal numbers have equal ranks. */
static int compare(const void *a, const void *b)
{
	real x = *(const real *)a, y = *(const real *)b;
	return (x > y) - (x < y);
}

static int ranks(lua_State *L)
{
	struct dense v = dense_check(L, 1, "ranks");
	int64_t n = v.rows * v.cols, distinct = 0;
	struct dense out = dense_push(L, "ranks", n, 0), sorted = dense_push(L, "ranks", n, 0);
	memcpy(sorted.v, v.v, (size_t)n * sizeof(real));
	qsort(sorted.v, (size_t)n, sizeof(real), compare);
	for (int64_t i = 0; i < n; i++)
		if (i == 0 || sorted.v[i] != sorted.v[distinct - 1])
			sorted.v[distinct++] = sorted.v[i];
	for (int64_t i = 0; i < n; i++) {
		const real *at = bsearch(&v.v[i], sorted.v, (size_t)distinct, sizeof(real), compare);
		out.v[i] = at ? (real)(at - sorted.v) : (real)NAN;
	}
	lua_pop(L, 1);
	return 1;
}

/* ---- opening ---- */

void linalg_open(lua_State *L)
{
	static const luaL_Reg meta[] = {{"__gc", sparse_gc}, {"__tostring", sparse_tostring}, {NULL, NULL}};
	static const luaL_Reg methods[] = {{"transpose", transpose}, {"map", map}, {"sums", sums}, {"counts", counts},
		{"times", times}, {"gram", gram}, {"neighbours", neighbours}, {"least_squares", least_squares},
		{"store", store}, {NULL, NULL}};
	static const luaL_Reg functions[] = {{"spd_inverse", spd_inverse}, {"spd_solve", spd_solve},
		{"add_diagonal", add_diagonal}, {"set_diagonal", set_diagonal}, {"diagonal", diagonal},
		{"scale_rows", scale_rows}, {"scale_cols", scale_cols}, {"product", product}, {"zeros", zeros},
		{"ranks", ranks}, {NULL, NULL}};
	luaL_newmetatable(L, SPARSE_TYPE);
	luaL_setfuncs(L, meta, 0);
	luaL_newlib(L, methods);
	lua_pushcclosure(L, sparse_index, 1);
	lua_setfield(L, -2, "__index");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_pop(L, 1);
	lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
	luaL_newlib(L, functions);
	lua_setfield(L, -2, "gusto.linalg");
	lua_pop(L, 1);
}
