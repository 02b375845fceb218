/* sum x^2 (no 1/2) of a parameter or of all numbers of a value.   dx = 2 g x */
#include "graph/op_util.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	TRY(op_need_real("l2", s, 0, "x", e));
	op_shape_scalar(out);
	return OK;
}

static void forward(struct op_io *io)
{
	int64_t n = op_numbers(&io->in[0]);
	const real *x = io->in[0].v;
	double sum = 0;
#pragma omp simd reduction(+ : sum)
	for (int64_t i = 0; i < n; i++)
		sum += (double)(x[i] * x[i]);
	io->out.v[0] = (real)sum;
}

static void backward(struct op_io *io)
{
	const real *x = io->in[0].v, g = 2 * io->out.g[0];
	GRAD_EACH(io->in[0], op_numbers(&io->in[0]), i, g * x[i]);
}

static const struct op_case cases[] = {
	{.name = "tokens", .examples = 3, .lengths = {2, 0, 3}, .n_in = 1, .in = {CASE_REAL(AXIS_TOKEN, 1, 4)}},
	{.name = "parameter", .examples = 1, .n_in = 1, .in = {CASE_REAL(AXIS_FIXED, 2, 3, 4)}},
	{0},
};

const struct op_class op_l2 = {
	.desc = {.name = "l2",
		.usage = "l2(x)",
		.help = "The sum of squares of a parameter or of a value over the batch."},
	.arity_min = 1,
	.arity_max = 1,
	.flags = OP_REDUCES,
	.need_in = 1,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
