/* Numbers from..to-1 of the last dimension. */
#include "graph/op_util.h"
#include "tensor/rows.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	TRY(op_need_real("slice", s, 0, "x", e));
	const struct shape *x = &s->shape[0];
	if (!x->ndim || s->attr[1] > shape_last(x) || s->attr[0] >= s->attr[1])
		return err_set(e, ERR_SHAPE, "slice: from=%g to=%g is not a part of the last dimension of %s",
			s->attr[0], s->attr[1], shape_text(x, text, sizeof text));
	*out = *x;
	out->dim[out->ndim - 1] = (int32_t)(s->attr[1] - s->attr[0]);
	return OK;
}

static void forward(struct op_io *io)
{
	int64_t n = op_vectors(&io->out), d = shape_last(&io->out.shape), width = shape_last(&io->in[0].shape);
	const real *x = io->in[0].v + (int64_t)io->attr[0];
	if (d == 1) {
		real *y = io->out.v;
		for (int64_t i = 0; i < n; i++)
			y[i] = x[i * width];
		return;
	}
	for (int64_t i = 0; i < n; i++)
		memcpy(io->out.v + i * d, x + i * width, (size_t)d * sizeof *x);
}

static void backward(struct op_io *io)
{
	int64_t n = op_vectors(&io->out), d = shape_last(&io->out.shape), width = shape_last(&io->in[0].shape);
	if (!io->in[0].g)
		return;
	op_grad_begin(&io->in[0]);
	real *to = io->in[0].g + (int64_t)io->attr[0];
	for (int64_t i = 0; i < n; i++)
		rows_add(io->out.g + i * d, to + i * width, d);
}

static const struct arg_spec args[] = {
	{"from", ARG_INT, 0, 0, 1 << 30, ARG_REQUIRED, "first number, from 0", NULL, NULL},
	{"to", ARG_INT, 0, 1, 1 << 30, ARG_REQUIRED, "one behind the last", NULL, NULL},
	{0},
};

static const struct op_case cases[] = {
	{.name = "middle",
		.examples = 3,
		.lengths = {4, 1, 3},
		.n_in = 1,
		.in = {CASE_REAL(AXIS_TOKEN, 1, 5)},
		.attr = {1, 4}},
	{.name = "end", .examples = 2, .n_in = 1, .in = {CASE_REAL(AXIS_EXAMPLE, 2, 3, 4)}, .attr = {2, 4}},
	{0},
};

const struct op_class op_slice = {
	.desc = {.name = "slice",
		.usage = "slice(x, { from, to })",
		.help = "Numbers from..to-1 (from 0) of the last dimension.",
		.args = args},
	.arity_min = 1,
	.arity_max = 1,
	.flags = OP_LINEAR,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
