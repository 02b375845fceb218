/* Values, parameters, and what a call may be given.  Inside a trace a call records an op and answers with a value: an index and
 * the generation of its trace.  Outside, lua_eager.c computes it at once. */
#include "script/lua_value.h"

#include <math.h>
#include <string.h>

/* ---- boxes ---- */

static int box_gc(lua_State *L)
{
	struct box *b = luaL_checkudata(L, 1, BOX_TYPE);
	if (b->p && b->free)
		b->free(b->p);
	b->p = NULL;
	return 0;
}

struct box *box_new(lua_State *L, void (*free_it)(void *))
{
	struct box *b = lua_newuserdatauv(L, sizeof(*b), 0);
	b->p = NULL;
	b->free = free_it;
	luaL_setmetatable(L, BOX_TYPE);
	return b;
}

/* ---- parameters ---- */

void param_push(lua_State *L, struct param *p)
{
	struct param_box *b = lua_newuserdatauv(L, sizeof(*b), 0);
	memset(b, 0, sizeof(*b));
	luaL_setmetatable(L, PARAM_TYPE);
	b->p = param_ref(p);
	b->shape = p->shape;
}

/* ---- operands ---- */

bool operand_is_object(lua_State *L, int idx)
{
	return luaL_testudata(L, idx, VALUE_TYPE) || luaL_testudata(L, idx, TENSOR_TYPE) ||
	       luaL_testudata(L, idx, PARAM_TYPE);
}

bool operand_is(lua_State *L, int idx)
{
	return lua_type(L, idx) == LUA_TNUMBER || operand_is_object(L, idx);
}

static void read_value(lua_State *L, const struct value_box *v, const char *what, struct operand_ref *out)
{
	const struct script *s = script_of(L);
	if (!s->trace || v->generation != s->generation || v->index < 0)
		script_fail(L, "%s: this value belongs to a finished trace; values live in one call of loss or score",
			what);
	out->kind = REF_VALUE;
	out->index = v->index;
	out->below = v->below;
}

void operand_read(lua_State *L, int idx, const char *what, struct operand_ref *out)
{
	void *p;
	memset(out, 0, sizeof(*out));
	if ((p = luaL_testudata(L, idx, VALUE_TYPE))) {
		read_value(L, p, what, out);
	} else if ((p = luaL_testudata(L, idx, TENSOR_TYPE))) {
		out->kind = REF_TENSOR;
		out->tensor = p;
	} else if ((p = luaL_testudata(L, idx, PARAM_TYPE))) {
		out->kind = REF_PARAM;
		out->param = p;
		if (!out->param->p)
			script_fail(L, "%s: this parameter has no name yet: assign it to self in build", what);
	} else if (lua_type(L, idx) == LUA_TNUMBER) {
		out->kind = REF_NUMBER;
		out->number = lua_tonumber(L, idx);
		if (!isfinite(out->number))
			script_fail(L, "%s: a number must be finite, got %g", what, out->number);
	} else {
		script_fail(L, "%s: expected a value, got %s", what, luaL_typename(L, idx));
	}
}

const struct shape *operand_table(const struct operand_ref *ref)
{
	return ref->kind == REF_PARAM ? &ref->param->shape : ref->kind == REF_TENSOR ? &ref->tensor->shape : NULL;
}

void operand_check_ids(lua_State *L, const char *what, const struct operand_ref *ref, int n, int32_t rows)
{
	for (int k = 0; k < n; k++)
		if (ref[k].kind == REF_VALUE && ref[k].below > rows)
			script_fail(L, "%s: the table has %d rows, but these ids go up to %d: is it the right table?",
				what, rows, ref[k].below - 1);
}

static const char no_box[] = "an operand that lost its object";

int operand_index(struct trace *t, const struct operand_ref *r, struct err *e)
{
	struct param *p = NULL;
	switch (r->kind) {
	case REF_VALUE:
		return r->index;
	case REF_PARAM:
		CHECK(r->param, "%s", no_box);
		return trace_param(t, r->param->p, e);
	case REF_NUMBER:
		return trace_number(t, r->number, e);
	case REF_TENSOR:
		CHECK(r->tensor, "%s", no_box);
		return tensor_constant(r->tensor, &p, e) == OK ? trace_param(t, p, e) : -1;
	}
	return -1;
}

/* ---- recording ---- */

static struct value_box *value_box_push(lua_State *L)
{
	struct value_box *v = lua_newuserdatauv(L, sizeof(*v), 0);
	v->index = -1;
	v->below = 0;
	v->generation = script_of(L)->generation;
	luaL_setmetatable(L, VALUE_TYPE);
	return v;
}

int value_push(lua_State *L, int index, const struct err *e)
{
	if (index < 0)
		return script_raise(L, e);
	value_box_push(L)->index = index;
	return 1;
}

int value_index(lua_State *L, int idx, const char *what)
{
	struct script *s = script_of(L);
	struct operand_ref r;
	struct err e;
	if (!operand_is(L, idx))
		script_fail(L, "%s must be a value, got %s", what, luaL_typename(L, idx));
	operand_read(L, idx, what, &r);
	int index = s->trace ? operand_index(s->trace, &r, &e) : -1;
	if (index < 0)
		script_raise(L, &e);
	return index;
}

static int record_here(lua_State *L, record_fn record, const void *ctx, const struct operand_ref *ref, int n)
{
	struct trace *t = script_of(L)->trace;
	int in[OP_IN_MAX];
	struct err e;
	struct value_box *v = value_box_push(L);
	for (int k = 0; k < n; k++)
		if ((in[k] = operand_index(t, &ref[k], &e)) < 0)
			return script_raise(L, &e);
	v->index = record(ctx, t, in, n, &e);
	return v->index < 0 ? script_raise(L, &e) : 1;
}

int value_apply(lua_State *L, record_fn record, const void *ctx, const struct operand_ref *ref, int n)
{
	if (n > OP_IN_MAX)
		return script_fail(L, "at most %d values can go into one call, got %d", OP_IN_MAX, n);
	return (script_of(L)->trace ? record_here : value_compute)(L, record, ctx, ref, n);
}

/* ---- opening ---- */

void value_open(lua_State *L, int core)
{
	luaL_newmetatable(L, BOX_TYPE);
	lua_pushcfunction(L, box_gc);
	lua_setfield(L, -2, "__gc");
	lua_pop(L, 1);
	object_open(L, core);
	batch_open(L);
	tensor_open(L, core);
}
