/* Values, tensors and parameters as userdata; and computing at once outside of a trace.
 *
 * Inside a trace a call records an op and answers with a value: an index and the generation of its trace.  Outside, the
 * same call makes a program of that one op, in which fixed tensors stand as parameters and the others as columns of a batch,
 * looks at it, and answers with a tensor. */
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

/* ---- tensors ---- */

static int64_t tensor_numbers(const struct tensor_box *t)
{
	return t->rows * shape_width(&t->shape);
}

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

static int tensor_gc(lua_State *L)
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

/* The tensor as a parameter that is not trained. */
static enum err_code tensor_constant(struct tensor_box *t, struct param **out, struct err *e)
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

/* ---- parameters ---- */

void param_push(lua_State *L, struct param *p)
{
	struct param_box *b = lua_newuserdatauv(L, sizeof(*b), 0);
	memset(b, 0, sizeof(*b));
	luaL_setmetatable(L, PARAM_TYPE);
	b->p = param_ref(p);
	b->shape = p->shape;
}

static int param_gc(lua_State *L)
{
	struct param_box *b = luaL_checkudata(L, 1, PARAM_TYPE);
	param_unref(b->p);
	b->p = NULL;
	return 0;
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

static int operand_index(struct trace *t, const struct operand_ref *r, struct err *e)
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

/* ---- computing at once ---- */

struct eager {
	struct batch batch;
	int32_t offsets[2]; /* of the one sequence, where there are tokens */
	int32_t *none;	    /* [examples + 1] zeros, for the token axes that are not there */
	int in[OP_IN_MAX];
};

/* Makes a column of the tensor; rows of the same axis must agree. */
static enum err_code add_column(struct eager *g, const struct tensor_box *t, int k, struct err *e)
{
	struct batch *b = &g->batch;
	if (t->shape.ndim > 1)
		return err_set(e, ERR_SHAPE, "a tensor over examples or tokens can have one dimension per row, not %d",
			t->shape.ndim);
	if (shape_width(&t->shape) > INT32_MAX || t->rows > INT32_MAX)
		return err_set(e, ERR_SHAPE, "the tensor is too large");
	for (int i = 0; i < b->nfields; i++)
		if (b->spec[i].axis == t->shape.axis && t->shape.axis != AXIS_FIXED &&
			batch_rows(b, t->shape.axis) != t->rows)
			return err_set(e, ERR_SHAPE, "the tensors have %lld and %lld rows",
				(long long)batch_rows(b, t->shape.axis), (long long)t->rows);
	if (t->shape.axis == AXIS_EXAMPLE) {
		b->examples = (int32_t)t->rows;
	} else if (t->shape.axis != AXIS_FIXED) {
		g->offsets[1] = (int32_t)t->rows;
		b->offsets[t->shape.axis] = g->offsets;
	}
	struct field_spec *f = &b->spec[b->nfields];
	*f = (struct field_spec){.type = t->type, .axis = t->shape.axis, .width = (int32_t)shape_width(&t->shape)};
	snprintf(f->name, sizeof(f->name), "x%d", k);
	b->column[b->nfields++] = t->type == FIELD_INT ? (const void *)t->i : t->v;
	return OK;
}

static bool is_column(const struct operand_ref *r)
{
	return r->kind == REF_TENSOR && (r->tensor->type == FIELD_INT || r->tensor->shape.axis != AXIS_FIXED);
}

static enum err_code eager_batch(struct eager *g, const struct operand_ref *ref, int n, struct err *e)
{
	memset(g, 0, sizeof(*g));
	g->batch.examples = 1;
	for (int k = 0; k < n; k++)
		if (is_column(&ref[k]))
			TRY(add_column(g, ref[k].tensor, k, e));
	if (g->batch.examples != 1 && (g->batch.offsets[AXIS_TOKEN] || g->batch.offsets[AXIS_TOKEN2]))
		return err_set(e, ERR_SHAPE, "tokens made by hand are one sequence: use one example beside them");
	g->none = mem_calloc((size_t)g->batch.examples + 1, sizeof(*g->none));
	if (!g->none)
		return err_set(e, ERR_NOMEM, "no memory for a batch by hand");
	for (int a = AXIS_TOKEN; a < AXIS_N; a++)
		if (!g->batch.offsets[a])
			g->batch.offsets[a] = g->none;
	return OK;
}

static enum err_code eager_record(struct trace *t, struct eager *g, record_fn record, const void *ctx,
	const struct operand_ref *ref, int n, struct program **out, struct err *e)
{
	for (int k = 0; k < n; k++) {
		char name[16];
		snprintf(name, sizeof(name), "x%d", k);
		g->in[k] = is_column(&ref[k]) ? trace_input(t, name, e) : operand_index(t, &ref[k], e);
		if (g->in[k] < 0)
			return e->code;
	}
	int y = record(ctx, t, g->in, n, e);
	return y < 0 ? e->code : trace_finish(t, PROGRAM_KEEP, &y, 1, out, e);
}

/* Ids made by hand must lie within the tables that they meet. */
static enum err_code check_ids(const struct program *p, const struct operand_ref *ref, int n, struct err *e)
{
	struct param *const *param;
	int n_params = program_params(p, &param);
	int32_t rows = INT32_MAX;
	for (int i = 0; i < n_params; i++)
		if (param[i]->shape.ndim > 0 && param[i]->shape.dim[0] < rows)
			rows = param[i]->shape.dim[0];
	for (int k = 0; k < n; k++) {
		const struct tensor_box *t = ref[k].kind == REF_TENSOR ? ref[k].tensor : NULL;
		for (int64_t j = 0; t && t->i && j < tensor_numbers(t); j++)
			if (t->i[j] >= rows || t->i[j] < -1)
				return err_set(e, ERR_ARG, "id %d is not in a table of %d rows", t->i[j], rows);
	}
	return OK;
}

static enum err_code eager_run(struct script *s, record_fn record, const void *ctx, const struct operand_ref *ref,
	int n, struct program **out, struct err *e)
{
	struct eager g;
	struct trace *t = NULL;
	enum err_code code = eager_batch(&g, ref, n, e);
	if (code == OK && !s->engine)
		code = engine_new(&(struct engine_options){.threads = 1}, &s->engine, e);
	if (code == OK)
		code = trace_new(&g.batch, &t, e);
	if (code == OK)
		code = eager_record(t, &g, record, ctx, ref, n, out, e);
	trace_free(t);
	if (code == OK)
		code = check_ids(*out, ref, n, e);
	if (code == OK)
		code = program_look(s->engine, *out, &g.batch, e);
	mem_free(g.none);
	return code;
}

static void free_program(void *p)
{
	program_free(p);
}

static int compute(lua_State *L, record_fn record, const void *ctx, const struct operand_ref *ref, int n)
{
	struct err e;
	struct operand out;
	for (int k = 0; k < n; k++)
		if (ref[k].kind == REF_TENSOR && !ref[k].tensor->v && !ref[k].tensor->i)
			return script_fail(L, "this tensor is gone");
	struct box *box = box_new(L, free_program);
	struct program *p = NULL;
	enum err_code code = eager_run(script_of(L), record, ctx, ref, n, &p, &e);
	box->p = p;
	if (code != OK)
		return script_raise(L, &e);
	program_output(p, 0, &out);
	struct tensor_box *t = tensor_push(L, out.type, &out.shape, out.rows);
	size_t count = (size_t)tensor_numbers(t);
	CHECK(count == 0 || out.i || out.v, "an output of %zu numbers has no place", count);
	if (count && t->type == FIELD_INT)
		memcpy(t->i, out.i, count * sizeof(*t->i));
	else if (count)
		memcpy(t->v, out.v, count * sizeof(*t->v));
	lua_remove(L, -2);
	return 1;
}

int value_apply(lua_State *L, record_fn record, const void *ctx, const struct operand_ref *ref, int n)
{
	if (n > OP_IN_MAX)
		return script_fail(L, "at most %d values can go into one call, got %d", OP_IN_MAX, n);
	return (script_of(L)->trace ? record_here : compute)(L, record, ctx, ref, n);
}

/* ---- what scripts see of them ---- */

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
	CHECK(r.tensor, "%s", no_box);
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

/* ---- tensors by hand ---- */

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

/* ---- batches ---- */

#define BATCH_TYPE "gusto.batch"

void value_batch_push(lua_State *L)
{
	uint64_t *generation = lua_newuserdatauv(L, sizeof(*generation), 0);
	*generation = script_of(L)->generation;
	luaL_setmetatable(L, BATCH_TYPE);
}

static struct trace *batch_trace(lua_State *L)
{
	const uint64_t *generation = luaL_checkudata(L, 1, BATCH_TYPE);
	struct script *s = script_of(L);
	if (!s->trace || *generation != s->generation)
		script_fail(L, "this batch belongs to a finished trace");
	return s->trace;
}

/* batch:has "negative" */
static int batch_has(lua_State *L)
{
	struct trace *t = batch_trace(L);
	struct err e;
	lua_pushboolean(L, trace_input(t, luaL_checkstring(L, 2), &e) >= 0);
	return 1;
}

static int batch_index(lua_State *L)
{
	struct trace *t = batch_trace(L);
	const char *key = luaL_checkstring(L, 2);
	struct err e;
	if (strcmp(key, "has") == 0) {
		lua_pushcfunction(L, batch_has);
		return 1;
	}
	value_push(L, trace_input(t, key, &e), &e);
	struct value_box *v = lua_touserdata(L, -1);
	v->below = trace_below(t, v->index);
	return 1;
}

/* ---- opening ---- */

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

void value_open(lua_State *L, int core)
{
	static const luaL_Reg functions[] = {{"tensor", make_fixed}, {"rows", make_rows}, {"ids", make_ids},
		{"tokens", make_tokens}, {"shape", shape_text_of}, {NULL, NULL}};
	static const luaL_Reg methods[] = {
		{"numbers", numbers}, {"set", set_numbers}, {"tensor", to_tensor}, {NULL, NULL}};
	luaL_newmetatable(L, BOX_TYPE);
	lua_pushcfunction(L, box_gc);
	lua_setfield(L, -2, "__gc");
	lua_pop(L, 1);
	lua_newtable(L);
	int m = lua_gettop(L);
	luaL_setfuncs(L, methods, 0);
	object_type(L, VALUE_TYPE, NULL, value_tostring, m);
	object_type(L, TENSOR_TYPE, tensor_gc, tensor_tostring, m);
	object_type(L, PARAM_TYPE, param_gc, param_tostring, m);
	lua_setfield(L, core, "methods");
	luaL_newmetatable(L, BATCH_TYPE);
	lua_pushcfunction(L, batch_index);
	lua_setfield(L, -2, "__index");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_pop(L, 1);
	lua_pushvalue(L, core);
	luaL_setfuncs(L, functions, 0);
	lua_pop(L, 1);
}
