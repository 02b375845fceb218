/* What scripts see of values, tensors and parameters: shapes, numbers, and ops as methods. */
#include "script/lua_value.h"

#include <string.h>

static int param_gc(lua_State *L)
{
	struct param_box *b = luaL_checkudata(L, 1, PARAM_TYPE);
	param_unref(b->p);
	b->p = NULL;
	return 0;
}

static const struct shape *shape_of(lua_State *L, int idx, bool *ints)
{
	struct operand_ref r;
	operand_read(L, idx, "shape", &r);
	const struct script *s = script_of(L);
	*ints = r.kind == REF_TENSOR  ? r.tensor->type == FIELD_INT
		: r.kind == REF_VALUE ? trace_type(s->trace, r.index) == FIELD_INT
				      : false;
	return r.kind == REF_VALUE    ? trace_shape(s->trace, r.index)
	       : r.kind == REF_TENSOR ? &r.tensor->shape
	       : r.kind == REF_PARAM  ? &r.param->shape
				      : NULL;
}

/* g.shape(x): "[tokens, 50]". */
static int shape_text_of(lua_State *L)
{
	char text[128];
	bool ints;
	luaL_checkany(L, 1);
	const struct shape *s = shape_of(L, 1, &ints);
	lua_pushstring(L, s ? shape_text(s, text, sizeof(text)) : "[]");
	return 1;
}

/* ---- as text ---- */

static int value_tostring(lua_State *L)
{
	const struct value_box *v = luaL_checkudata(L, 1, VALUE_TYPE);
	const struct script *s = script_of(L);
	char text[128];
	if (!s->trace || v->generation != s->generation || v->index < 0)
		lua_pushliteral(L, "value of a finished trace");
	else
		lua_pushfstring(L, "value %s", shape_text(trace_shape(s->trace, v->index), text, sizeof(text)));
	return 1;
}

static int param_tostring(lua_State *L)
{
	const struct param_box *b = luaL_checkudata(L, 1, PARAM_TYPE);
	char text[128];
	lua_pushfstring(L, "parameter %s %s", b->p ? b->p->name : "(without a name)",
		shape_text(&b->shape, text, sizeof(text)));
	return 1;
}

static void add_number(luaL_Buffer *b, const struct tensor_box *t, int64_t k)
{
	char text[32];
	snprintf(text, sizeof(text), t->i ? "%.0f" : "%.5g", t->i ? (double)t->i[k] : (double)t->v[k]);
	luaL_addstring(b, text);
}

static int tensor_tostring(lua_State *L)
{
	enum { SHOWN = 12 };
	const struct tensor_box *t = luaL_checkudata(L, 1, TENSOR_TYPE);
	char text[128];
	luaL_Buffer b;
	luaL_buffinit(L, &b);
	int64_t last = shape_last(&t->shape), n = t->v || t->i ? tensor_numbers(t) : 0;
	bool column = t->shape.ndim == 0 && t->shape.axis != AXIS_FIXED;
	int64_t width = column ? n : last, lines = width ? n / width : 0;
	if (n == 1 && t->shape.axis == AXIS_FIXED) {
		add_number(&b, t, 0);
		luaL_pushresult(&b);
		return 1;
	}
	luaL_addstring(&b, shape_text(&t->shape, text, sizeof(text)));
	for (int64_t r = 0; r < lines && r < SHOWN; r++) {
		luaL_addstring(&b, lines > 1 ? "\n " : " ");
		for (int64_t c = 0; c < width && c < SHOWN; c++) {
			luaL_addchar(&b, ' ');
			add_number(&b, t, r * width + c);
		}
		if (width > SHOWN)
			luaL_addstring(&b, " ...");
	}
	if (lines > SHOWN)
		luaL_addstring(&b, "\n  ...");
	luaL_pushresult(&b);
	return 1;
}

/* ---- numbers ---- */

/* Where the numbers of a tensor or a parameter stand; raises for others. */
static real *numbers_of(lua_State *L, int idx, int64_t *n, struct tensor_box **tensor)
{
	struct operand_ref r;
	operand_read(L, idx, "numbers", &r);
	*tensor = r.kind == REF_TENSOR ? r.tensor : NULL;
	if (r.kind == REF_PARAM) {
		CHECK(r.param->p->value, "parameter %s has no numbers", r.param->p->name);
		*n = r.param->p->n;
		return r.param->p->value;
	}
	if (r.kind != REF_TENSOR)
		script_fail(L, "the numbers of a value are known only when its program runs");
	CHECK(r.tensor, "an operand that lost its object");
	*n = r.tensor->v || r.tensor->i ? tensor_numbers(r.tensor) : 0;
	return r.tensor->v;
}

/* x:numbers(): a flat Lua table of them all. */
static int numbers(lua_State *L)
{
	int64_t n;
	struct tensor_box *t;
	const real *v = numbers_of(L, 1, &n, &t);
	lua_createtable(L, n < INT32_MAX ? (int)n : 0, 0);
	for (int64_t k = 0; k < n; k++) {
		if (v)
			lua_pushnumber(L, (lua_Number)v[k]);
		else
			lua_pushinteger(L, t->i[k]);
		lua_rawseti(L, -2, (lua_Integer)k + 1);
	}
	return 1;
}

/* x:set(y): y is a tensor or parameter of as many numbers, a flat table of them, or one number for all. */
static int set_numbers(lua_State *L)
{
	int64_t n, m;
	struct tensor_box *t, *other;
	real *v = numbers_of(L, 1, &n, &t);
	if (!v)
		return script_fail(L, "set: only real numbers can be set");
	if (lua_type(L, 2) == LUA_TNUMBER) {
		for (int64_t k = 0; k < n; k++)
			v[k] = (real)lua_tonumber(L, 2);
	} else if (lua_istable(L, 2)) {
		if ((int64_t)lua_rawlen(L, 2) != n)
			return script_fail(L, "set: %lld numbers are wanted, the table has %lld", (long long)n,
				(long long)lua_rawlen(L, 2));
		for (int64_t k = 0; k < n; k++) {
			if (lua_rawgeti(L, 2, (lua_Integer)k + 1) != LUA_TNUMBER)
				return script_fail(L, "set: entry %lld must be a number, got %s", (long long)k + 1,
					luaL_typename(L, -1));
			v[k] = (real)lua_tonumber(L, -1);
			lua_pop(L, 1);
		}
	} else {
		const real *from = numbers_of(L, 2, &m, &other);
		if (m != n)
			return script_fail(L, "set: %lld numbers are wanted, got %lld", (long long)n, (long long)m);
		for (int64_t k = 0; k < n; k++)
			v[k] = from ? from[k] : (real)other->i[k];
	}
	if (t && t->constant)
		memcpy(t->constant->value, v, (size_t)n * sizeof(*v));
	lua_settop(L, 1);
	return 1;
}

/* x:tensor(): a copy of a parameter's numbers. */
static int to_tensor(lua_State *L)
{
	int64_t n;
	struct tensor_box *t;
	const struct param_box *b = luaL_testudata(L, 1, PARAM_TYPE);
	const real *v = numbers_of(L, 1, &n, &t);
	if (!b) {
		lua_settop(L, 1);
		return 1;
	}
	memcpy(tensor_push(L, FIELD_REAL, &b->p->shape, 1)->v, v, (size_t)n * sizeof(*v));
	return 1;
}

/* ---- the types ---- */

/* __index of all three: the methods (upvalue 1: ops and the functions above), then a few facts. */
static int object_index(lua_State *L)
{
	const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
	lua_pushvalue(L, 2);
	if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL)
		return 1;
	bool ints;
	if (strcmp(key, "shape") == 0)
		return lua_settop(L, 1), shape_text_of(L);
	if (strcmp(key, "width") == 0) {
		const struct shape *s = shape_of(L, 1, &ints);
		lua_pushinteger(L, s ? shape_last(s) : 1);
		return 1;
	}
	const struct param_box *b = luaL_testudata(L, 1, PARAM_TYPE);
	if (b && b->p && strcmp(key, "name") == 0) {
		lua_pushstring(L, b->p->name);
		return 1;
	}
	struct err e;
	registry_need(&op_registry, key, &e);
	return script_raise(L, &e);
}

static void object_type(lua_State *L, const char *type, lua_CFunction gc, lua_CFunction tostring, int methods)
{
	luaL_newmetatable(L, type);
	lua_pushcfunction(L, tostring);
	lua_setfield(L, -2, "__tostring");
	if (gc) {
		lua_pushcfunction(L, gc);
		lua_setfield(L, -2, "__gc");
	}
	lua_pushvalue(L, methods);
	lua_pushcclosure(L, object_index, 1);
	lua_setfield(L, -2, "__index");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_pop(L, 1);
}

void object_open(lua_State *L, int core)
{
	static const luaL_Reg methods[] = {
		{"numbers", numbers}, {"set", set_numbers}, {"tensor", to_tensor}, {NULL, NULL}};
	lua_newtable(L);
	int m = lua_gettop(L);
	luaL_setfuncs(L, methods, 0);
	object_type(L, VALUE_TYPE, NULL, value_tostring, m);
	object_type(L, TENSOR_TYPE, tensor_gc, tensor_tostring, m);
	object_type(L, PARAM_TYPE, param_gc, param_tostring, m);
	lua_setfield(L, core, "methods");
	lua_pushcfunction(L, shape_text_of);
	lua_setfield(L, core, "shape");
}
