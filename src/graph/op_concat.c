/* Joins 2 to 8 values along the last dimension; plain columns count as one number. */
#include "graph/op_util.h"
#include "tensor/rows.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char ta[80], tb[80];
	int64_t width = 0;
	*out = s->shape[0];
	for (int k = 0; k < s->n_in; k++) {
		const struct shape *x = &s->shape[k];
		TRY(op_need_real("concat", s, k, "every value", e));
		if (x->axis != s->shape[0].axis || shape_vectors(x) != shape_vectors(&s->shape[0]))
			return err_set(e, ERR_SHAPE, "concat: %s and %s differ in more than the last dimension",
				shape_text(&s->shape[0], ta, sizeof ta), shape_text(x, tb, sizeof tb));
		if (x->ndim > out->ndim)
			*out = *x;
		width += shape_last(x);
	}
	out->ndim = out->ndim ? out->ndim : 1;
	out->dim[out->ndim - 1] = (int32_t)width;
	return OK;
}

static void forward(struct op_io *io)
{
	int64_t n = op_vectors(&io->out), width = shape_last(&io->out.shape), at = 0;
	for (int k = 0; k < io->n_in; k++) {
		int64_t d = shape_last(&io->in[k].shape);
		const real *x = io->in[k].v;
		for (int64_t i = 0; i < n; i++)
			rows_copy(x + i * d, io->out.v + i * width + at, d);
		at += d;
	}
}

static void backward(struct op_io *io)
{
	int64_t n = op_vectors(&io->out), width = shape_last(&io->out.shape), at = 0;
	for (int k = 0; k < io->n_in; k++) {
		int64_t d = shape_last(&io->in[k].shape);
		const real *g = io->out.g + at;
		real *to = io->in[k].g;
		at += d;
		if (!to)
			continue;
		for (int64_t i = 0; i < n; i++)
			if (io->in[k].add)
				rows_add(g + i * width, to + i * d, d);
			else
				rows_copy(g + i * width, to + i * d, d);
	}
}

static const struct op_case cases[] = {
	{.name = "three",
		.examples = 3,
		.lengths = {4, 1, 3},
		.n_in = 3,
		.in = {CASE_REAL(AXIS_TOKEN, 1, 5), CASE_REAL(AXIS_TOKEN, 1, 2), CASE_REAL(AXIS_TOKEN, 0, 0)}},
	{.name = "matrices",
		.examples = 2,
		.n_in = 2,
		.in = {CASE_REAL(AXIS_EXAMPLE, 2, 3, 2), CASE_REAL(AXIS_EXAMPLE, 2, 3, 4)}},
	{0},
};

const struct op_class op_concat = {
	.desc = {.name = "concat",
		.usage = "concat(x, y, ...)",
		.help = "Joins 2 to 8 values along the last dimension."},
	.arity_min = 2,
	.arity_max = OP_IN_MAX,
	.flags = OP_LINEAR,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
