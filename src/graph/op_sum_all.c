/* sum x over the whole batch: a scalar. */
#include "graph/op_util.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	TRY(op_need_real("sum_all", s, 0, "x", e));
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
		sum += (double)x[i];
	io->out.v[0] = (real)(sum);
}

static void backward(struct op_io *io)
{
	const real g = io->out.g[0];
	GRAD_EACH(io->in[0], op_numbers(&io->in[0]), i, g);
}

static const struct op_case cases[] = {
	{.name = "tokens", .examples = 3, .lengths = {4, 1, 3}, .n_in = 1, .in = {CASE_REAL(AXIS_TOKEN, 1, 5)}},
	{.name = "parameter", .examples = 2, .n_in = 1, .in = {CASE_REAL(AXIS_FIXED, 2, 3, 4)}},
	{0},
};

const struct op_class op_sum_all = {
	.desc = {.name = "sum_all", .usage = "sum_all(x)", .help = "The sum of all numbers of the batch."},
	.arity_min = 1,
	.arity_max = 1,
	.flags = OP_REDUCES | OP_LINEAR,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
