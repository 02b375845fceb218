/* loss = mean((x - y)^2),  dx = 2 (x - y) / n = -dy */
#include "graph/op_util.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	TRY(op_need_real("mse", s, 0, "x", e));
	TRY(op_need_real("mse", s, 1, "y", e));
	TRY(op_need_same("mse", s, 0, "x", 1, "y", e));
	op_shape_scalar(out);
	return OK;
}

static void forward(struct op_io *io)
{
	int64_t n = op_numbers(&io->in[0]);
	const real *x = io->in[0].v, *y = io->in[1].v;
	double sum = 0;
#pragma omp simd reduction(+ : sum)
	for (int64_t i = 0; i < n; i++)
		sum += (double)((x[i] - y[i]) * (x[i] - y[i]));
	io->out.v[0] = (real)(sum * op_mean_factor(&io->in[0]));
}

static void backward(struct op_io *io)
{
	int64_t n = op_numbers(&io->in[0]);
	const real *x = io->in[0].v, *y = io->in[1].v;
	const real g = (real)(2 * io->out.g[0] * op_mean_factor(&io->in[0]));
	GRAD_EACH(io->in[0], n, i, g * (x[i] - y[i]));
	GRAD_EACH(io->in[1], n, i, g * (y[i] - x[i]));
}

static const struct op_case cases[] = {
	{.name = "column",
		.examples = 6,
		.n_in = 2,
		.in = {CASE_REAL(AXIS_EXAMPLE, 0, 0), CASE_REAL(AXIS_EXAMPLE, 0, 0)}},
	{.name = "tokens",
		.examples = 3,
		.lengths = {2, 0, 3},
		.n_in = 2,
		.in = {CASE_REAL(AXIS_TOKEN, 1, 4), CASE_REAL(AXIS_TOKEN, 1, 4)}},
	{0},
};

const struct op_class op_mse = {
	.desc = {.name = "mse", .usage = "mse(x, y)", .help = "The mean squared difference."},
	.arity_min = 2,
	.arity_max = 2,
	.flags = OP_REDUCES,
	.need_in = 3,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
