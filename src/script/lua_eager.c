/* Computing at once, outside of a trace: a call makes a program of its one op, in which fixed tensors stand as parameters and
 * the others as columns of a batch, looks at it, and answers with a tensor. */
#include "script/lua_value.h"

#include <string.h>

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

int value_compute(lua_State *L, record_fn record, const void *ctx, const struct operand_ref *ref, int n)
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
