/* Dense matrices of gusto.linalg: most functions change their first argument, a tensor or a parameter, in place and answer with
 * it; those that make a matrix first compare the memory it needs with what is free. */
#include "base/room.h"
#include "script/lua_linalg.h"
#include "tensor/blas.h"
#include "tensor/rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct dense dense_check(lua_State *L, int idx, const char *what)
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

struct dense dense_shaped(lua_State *L, int idx, const char *what, int64_t rows, int64_t cols)
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

struct dense dense_push(lua_State *L, const char *what, int64_t rows, int64_t cols)
{
	struct err e;
	if (room_for((double)rows * (double)cols * sizeof(real), &e, "%s: a matrix [%lld, %lld]", what, (long long)rows,
		    (long long)cols) != OK)
		script_raise(L, &e);
	struct shape shape = shape_fixed(cols > 0 ? 2 : 1, (int32_t)rows, (int32_t)cols, 0);
	struct tensor_box *t = tensor_push(L, FIELD_REAL, &shape, 1);
	return (struct dense){t->v, rows, cols > 0 ? cols : 1};
}

int linalg_answer(lua_State *L, enum err_code code, const struct err *e)
{
	return code == OK ? 1 : script_raise(L, e);
}

static int spd_inverse(lua_State *L)
{
	struct dense a = square_check(L, 1, "spd_inverse");
	struct err e;
	lua_settop(L, 1);
	return linalg_answer(L, blas_spd_inverse((int32_t)a.rows, a.v, &e), &e);
}

/* spd_solve(a, b): b becomes the x of a x = b; a is destroyed. */
static int spd_solve(lua_State *L)
{
	struct dense a = square_check(L, 1, "spd_solve"), b = dense_check(L, 2, "spd_solve");
	struct err e;
	if (b.rows != a.rows)
		return script_fail(L, "spd_solve: a has %lld rows, b has %lld", (long long)a.rows, (long long)b.rows);
	lua_settop(L, 2);
	return linalg_answer(L, blas_spd_solve((int32_t)a.rows, (int32_t)b.cols, a.v, b.v, &e), &e);
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

/* bordered(a, v, c): [[a, v], [v', c]] for a symmetric a[n, n] and v[n]. */
static int bordered(lua_State *L)
{
	struct dense a = square_check(L, 1, "bordered"), v = dense_shaped(L, 2, "bordered", a.rows, 1);
	real c = (real)luaL_checknumber(L, 3);
	int64_t n = a.rows;
	struct dense to = dense_push(L, "bordered", n + 1, n + 1);
	for (int64_t i = 0; i < n; i++) {
		memcpy(to.v + i * (n + 1), a.v + i * n, (size_t)n * sizeof(real));
		to.v[i * (n + 1) + n] = to.v[n * (n + 1) + i] = v.v[i];
	}
	to.v[n * (n + 1) + n] = c;
	return 1;
}

/* rows(a, first, n), columns(a, first, n): a copy; counted from 0. */
static struct dense part(lua_State *L, const char *what, bool rows, int64_t *first, int64_t *n)
{
	struct dense a = dense_check(L, 1, what);
	int64_t all = rows ? a.rows : a.cols;
	*first = luaL_checkinteger(L, 2);
	*n = luaL_checkinteger(L, 3);
	if (*first < 0 || *n < 1 || *first > all - *n)
		script_fail(L, "%s: %lld from %lld on are not within %lld", what, (long long)*n, (long long)*first,
			(long long)all);
	return a;
}

static int rows(lua_State *L)
{
	int64_t first, n;
	struct dense a = part(L, "rows", true, &first, &n), to = dense_push(L, "rows", n, a.cols);
	memcpy(to.v, a.v + first * a.cols, (size_t)(n * a.cols) * sizeof(real));
	return 1;
}

static int columns(lua_State *L)
{
	int64_t first, n;
	struct dense a = part(L, "columns", false, &first, &n), to = dense_push(L, "columns", a.rows, n);
	for (int64_t i = 0; i < a.rows; i++)
		memcpy(to.v + i * n, a.v + i * a.cols + first, (size_t)n * sizeof(real));
	return 1;
}

/* add_row(a, v): v to every row of a. */
static int add_row(lua_State *L)
{
	struct dense a = dense_check(L, 1, "add_row"), v = dense_shaped(L, 2, "add_row", a.cols, 1);
	for (int64_t i = 0; i < a.rows; i++)
		rows_add(v.v, a.v + i * a.cols, a.cols);
	lua_settop(L, 1);
	return 1;
}

static int hyperbolic(lua_State *L)
{
	struct dense a = dense_check(L, 1, "tanh");
#pragma omp parallel for
	for (int64_t i = 0; i < a.rows; i++)
		for (int64_t j = 0; j < a.cols; j++)
			a.v[i * a.cols + j] = vm_tanh(a.v[i * a.cols + j]);
	lua_settop(L, 1);
	return 1;
}

/* column_sums(a) */
static int column_sums(lua_State *L)
{
	struct dense a = dense_check(L, 1, "column_sums"), to = dense_push(L, "column_sums", a.cols, 0);
	rows_column_sums(a.v, a.rows, a.cols, to.v);
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

void dense_open(lua_State *L)
{
	static const luaL_Reg functions[] = {{"spd_inverse", spd_inverse}, {"spd_solve", spd_solve},
		{"add_diagonal", add_diagonal}, {"set_diagonal", set_diagonal}, {"diagonal", diagonal},
		{"scale_rows", scale_rows}, {"scale_cols", scale_cols}, {"product", product}, {"zeros", zeros},
		{"bordered", bordered}, {"rows", rows}, {"columns", columns}, {"add_row", add_row},
		{"tanh", hyperbolic}, {"column_sums", column_sums}, {"ranks", ranks}, {NULL, NULL}};
	lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
	luaL_newlib(L, functions);
	lua_setfield(L, -2, "gusto.linalg");
	lua_pop(L, 1);
}
