/* y = exp(x) / sum exp(x) over the last dimension.   dx = y (g - y . g) */
#include "graph/op_util.h"
#include "tensor/rows.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	return op_shape_like_first("softmax", s, out, e);
}

static void forward(struct op_io *io)
{
	int64_t n = op_vectors(&io->out), d = shape_last(&io->out.shape);
	for (int64_t i = 0; i < n; i++)
		rows_softmax(io->in[0].v + i * d, io->out.v + i * d, d);
}

static void backward(struct op_io *io)
{
	int64_t n = op_vectors(&io->out), d = shape_last(&io->out.shape);
	for (int64_t i = 0; io->in[0].g && i < n; i++) {
		const real *y = io->out.v + i * d, *g = io->out.g + i * d;
		real *restrict to = io->in[0].g + i * d, dot = rows_dot(y, g, d);
		if (io->in[0].add)
			for (int64_t j = 0; j < d; j++)
				to[j] += y[j] * (g[j] - dot);
		else
			for (int64_t j = 0; j < d; j++)
				to[j] = y[j] * (g[j] - dot);
	}
}

static const struct op_case cases[] = {
	{.name = "tokens",
		.examples = 3,
		.lengths = {4, 1, 3},
		.n_in = 1,
		.in = {CASE_RANGE(-3, 3, AXIS_TOKEN, 1, 21)}},
	{.name = "matrix", .examples = 2, .n_in = 1, .in = {CASE_RANGE(-3, 3, AXIS_EXAMPLE, 2, 3, 4)}},
	{0},
};

const struct op_class op_softmax = {
	.desc = {.name = "softmax", .usage = "softmax(x)", .help = "exp(x) / sum exp(x) over the last dimension."},
	.arity_min = 1,
	.arity_max = 1,
	.need_out = true,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
