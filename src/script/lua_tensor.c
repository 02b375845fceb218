/* Tensors: numbers made by hand, as constants of a trace too. */
#include "script/lua_value.h"

#include <math.h>
#include <string.h>

struct tensor_box *tensor_push(lua_State *L, enum field_type type, const struct shape *shape, int64_t rows)
{
	struct tensor_box *t = lua_newuserdatauv(L, sizeof(*t), 0);
	memset(t, 0, sizeof(*t));
	luaL_setmetatable(L, TENSOR_TYPE);
	t->type = type;
	t->shape = *shape;
	t->rows = rows;
	size_t n = (size_t)tensor_numbers(t);
	if (type == FIELD_INT)
		t->i = mem_calloc(n ? n : 1, sizeof(*t->i));
	else
		t->v = mem_calloc(n ? n : 1, sizeof(*t->v));
	if (!t->i && !t->v)
		script_no_memory(L);
	return t;
}

int tensor_gc(lua_State *L)
{
	struct tensor_box *t = luaL_checkudata(L, 1, TENSOR_TYPE);
	mem_free(t->i);
	mem_free(t->v);
	param_unref(t->constant);
	t->i = NULL;
	t->v = NULL;
	t->constant = NULL;
	t->rows = 0;
	return 0;
}

enum err_code tensor_constant(struct tensor_box *t, struct param **out, struct err *e)
{
	if (t->type != FIELD_REAL || t->shape.axis != AXIS_FIXED || !t->v)
		return err_set(e, ERR_ARG,
			"inside a model only tensors of real numbers that belong to no batch can be "
			"used (g.tensor); columns of the batch are batch.<name>");
	if (!t->constant) {
		struct param *p;
		TRY(param_new("constant", &t->shape, &p, e));
		p->trainable = false;
		memcpy(p->value, t->v, (size_t)p->n * sizeof(real));
		t->constant = p;
	}
	*out = t->constant;
	return OK;
}

/* ---- by hand ---- */

/* The dimensions of nested tables, by their first entries. */
static int table_dims(lua_State *L, int idx, int64_t *dim)
{
	int n = 0;
	lua_pushvalue(L, idx);
	while (lua_istable(L, -1)) {
		if (n == SHAPE_DIMS)
			script_fail(L, "a tensor has at most %d dimensions", SHAPE_DIMS);
		dim[n++] = (int64_t)lua_rawlen(L, -1);
		if (dim[n - 1] == 0)
			script_fail(L, "a tensor cannot be empty");
		if (dim[n - 1] > INT32_MAX)
			script_fail(L, "a tensor's dimension is at most %d", INT32_MAX);
		lua_rawgeti(L, -1, 1);
		lua_remove(L, -2);
	}
	lua_pop(L, 1);
	return n;
}

static void set_one(lua_State *L, struct tensor_box *t, int64_t at)
{
	if (lua_type(L, -1) != LUA_TNUMBER) {
		script_fail(L, "a tensor is made of numbers, got %s", luaL_typename(L, -1));
		return;
	}
	double v = lua_tonumber(L, -1);
	if (t->type == FIELD_REAL)
		t->v[at] = (real)v;
	else if (v == floor(v) && fabs(v) <= INT32_MAX)
		t->i[at] = (int32_t)v;
	else
		script_fail(L, "ids are whole numbers, got %g", v);
}

static void fill(lua_State *L, struct tensor_box *t, const int64_t *dim, int depth, int64_t *at)
{
	luaL_checkstack(L, 4, "nested tables");
	if (depth == 0) {
		set_one(L, t, (*at)++);
		return;
	}
	if (!lua_istable(L, -1) || (int64_t)lua_rawlen(L, -1) != *dim) {
		script_fail(L, "the rows of a tensor must be tables of the same length");
		return;
	}
	for (int64_t k = 1; k <= *dim; k++) {
		lua_rawgeti(L, -1, (lua_Integer)k);
		fill(L, t, dim + 1, depth - 1, at);
		lua_pop(L, 1);
	}
}

static int make_tensor(lua_State *L, enum field_type type, enum axis axis)
{
	int64_t dim[SHAPE_DIMS + 1] = {0}, at = 0, total = 1;
	if (lua_type(L, 1) != LUA_TTABLE && lua_type(L, 1) != LUA_TNUMBER)
		return script_fail(L, "a tensor is made from a (nested) table of numbers, got %s", luaL_typename(L, 1));
	lua_settop(L, 1);
	int n = table_dims(L, 1, dim);
	for (int k = 0; k < n; k++)
		if ((total *= dim[k]) > INT32_MAX)
			return script_fail(L, "a tensor by hand has at most %d numbers", INT32_MAX);
	if (axis != AXIS_FIXED && n == 0)
		return script_fail(L, "one row per entry: expected a table");
	int skip = axis != AXIS_FIXED;
	struct shape shape = {.axis = axis, .ndim = n - skip};
	for (int k = skip; k < n; k++)
		shape.dim[k - skip] = (int32_t)dim[k];
	struct tensor_box *t = tensor_push(L, type, &shape, skip ? dim[0] : 1);
	lua_pushvalue(L, 1);
	fill(L, t, dim, n, &at);
	lua_settop(L, 2);
	return 1;
}

static int make_fixed(lua_State *L)
{
	return make_tensor(L, FIELD_REAL, AXIS_FIXED);
}
static int make_rows(lua_State *L)
{
	return make_tensor(L, FIELD_REAL, AXIS_EXAMPLE);
}
static int make_ids(lua_State *L)
{
	return make_tensor(L, FIELD_INT, AXIS_EXAMPLE);
}
static int make_tokens(lua_State *L)
{
	return make_tensor(L, FIELD_REAL, AXIS_TOKEN);
}

void tensor_open(lua_State *L, int core)
{
	static const luaL_Reg functions[] = {
		{"tensor", make_fixed}, {"rows", make_rows}, {"ids", make_ids}, {"tokens", make_tokens}, {NULL, NULL}};
	lua_pushvalue(L, core);
	luaL_setfuncs(L, functions, 0);
	lua_pop(L, 1);
}
