/* [rows, d] -> [rows, C, d], a plain column [rows] -> [rows, C].   dx = sum over C */
#include "graph/op_util.h"
#include "tensor/rows.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	TRY(op_need_real("repeat", s, 0, "x", e));
	const struct shape *x = &s->shape[0];
	if (x->ndim > 2)
		return err_set(e, ERR_SHAPE, "repeat: x has too many dimensions: %s", shape_text(x, text, sizeof text));
	*out = (struct shape){x->axis, x->ndim + 1, {(int32_t)s->attr[0], x->dim[0], x->dim[1]}};
	return OK;
}

static void forward(struct op_io *io)
{
	int64_t d = shape_width(&io->in[0].shape), times = io->out.shape.dim[0];
	real *y = io->out.v;
	for (int64_t r = 0; r < io->in[0].rows; r++)
		for (int64_t c = 0; c < times; c++, y += d)
			memcpy(y, io->in[0].v + r * d, (size_t)d * sizeof *y);
}

static void backward(struct op_io *io)
{
	int64_t d = shape_width(&io->in[0].shape), times = io->out.shape.dim[0];
	const real *g = io->out.g;
	if (!io->in[0].g)
		return;
	op_grad_begin(&io->in[0]);
	for (int64_t r = 0; r < io->in[0].rows; r++)
		for (int64_t c = 0; c < times; c++, g += d)
			rows_add(g, io->in[0].g + r * d, d);
}

static const struct arg_spec args[] = {
	{"times", ARG_INT, 1, 1, 1 << 30, ARG_REQUIRED, "how often", NULL, NULL},
	{0},
};

static const struct op_case cases[] = {
	{.name = "vectors",
		.examples = 3,
		.lengths = {4, 1, 3},
		.n_in = 1,
		.in = {CASE_REAL(AXIS_TOKEN, 1, 5)},
		.attr = {3}},
	{.name = "column", .examples = 3, .n_in = 1, .in = {CASE_REAL(AXIS_EXAMPLE, 0, 0)}, .attr = {4}},
	{0},
};

const struct op_class op_repeat = {
	.desc = {.name = "repeat",
		.usage = "repeat(x, { times })",
		.help = "[rows, d] -> [rows, times, d]: every row several times.",
		.args = args},
	.arity_min = 1,
	.arity_max = 1,
	.flags = OP_LINEAR,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
