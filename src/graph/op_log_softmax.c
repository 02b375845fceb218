/* y = x - log sum exp(x) over the last dimension.   dx = g - exp(y) sum(g) */
#include "graph/op_util.h"
#include "tensor/rows.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	return op_shape_like_first("log_softmax", s, out, e);
}

static void forward(struct op_io *io)
{
	int64_t n = op_vectors(&io->out), d = shape_last(&io->out.shape);
	for (int64_t i = 0; i < n; i++) {
		const real *x = io->in[0].v + i * d;
		real *restrict y = io->out.v + i * d, top = rows_max(x, d);
		real lse = top + vm_log(rows_exp_sum(x, top, y, d));
		for (int64_t j = 0; j < d; j++)
			y[j] = x[j] - lse;
	}
}

static void backward(struct op_io *io)
{
	int64_t n = op_vectors(&io->out), d = shape_last(&io->out.shape);
	for (int64_t i = 0; io->in[0].g && i < n; i++) {
		const real *y = io->out.v + i * d, *g = io->out.g + i * d;
		real *restrict to = io->in[0].g + i * d, sum = rows_sum(g, d);
		if (io->in[0].add)
			for (int64_t j = 0; j < d; j++)
				to[j] += g[j] - vm_exp(y[j]) * sum;
		else
			for (int64_t j = 0; j < d; j++)
				to[j] = g[j] - vm_exp(y[j]) * sum;
	}
}

static const struct op_case cases[] = {
	{.name = "tokens",
		.examples = 3,
		.lengths = {4, 1, 3},
		.n_in = 1,
		.in = {CASE_RANGE(-3, 3, AXIS_TOKEN, 1, 21)}},
	{0},
};

const struct op_class op_log_softmax = {
	.desc = {.name = "log_softmax",
		.usage = "log_softmax(x)",
		.help = "x - log sum exp(x) over the last dimension."},
	.arity_min = 1,
	.arity_max = 1,
	.need_out = true,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
