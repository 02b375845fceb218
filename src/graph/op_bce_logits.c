/* Binary cross-entropy of logits x and labels y in [0, 1], mean over the batch:
 *   loss = mean(softplus(x) - x y),  dx = (sigmoid(x) - y) / n,  dy = -x / n */
#include "graph/op_util.h"
#include "tensor/vmath.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	TRY(op_need_real("bce_logits", s, 0, "the logits", e));
	TRY(op_need_real("bce_logits", s, 1, "the labels", e));
	TRY(op_need_same("bce_logits", s, 0, "the logits", 1, "the labels", e));
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
		sum += (double)(vm_softplus(x[i]) - x[i] * y[i]);
	io->out.v[0] = (real)(sum * op_mean_factor(&io->in[0]));
}

static void backward(struct op_io *io)
{
	int64_t n = op_numbers(&io->in[0]);
	const real *x = io->in[0].v, *y = io->in[1].v;
	const real g = (real)(io->out.g[0] * op_mean_factor(&io->in[0]));
	GRAD_EACH(io->in[0], n, i, g * (vm_sigmoid(x[i]) - y[i]));
	GRAD_EACH(io->in[1], n, i, -g * x[i]);
}

static const struct op_case cases[] = {
	{.name = "column",
		.examples = 6,
		.n_in = 2,
		.in = {CASE_RANGE(-3, 3, AXIS_EXAMPLE, 0, 0), CASE_RANGE(0, 1, AXIS_EXAMPLE, 0, 0)}},
	{.name = "tokens",
		.examples = 3,
		.lengths = {2, 0, 3},
		.n_in = 2,
		.in = {CASE_RANGE(-3, 3, AXIS_TOKEN, 1, 4), CASE_RANGE(0, 1, AXIS_TOKEN, 1, 4)}},
	{0},
};

const struct op_class op_bce_logits = {
	.desc = {.name = "bce_logits",
		.usage = "bce_logits(logits, labels)",
		.help = "Mean binary cross-entropy: softplus(x) - x y."},
	.arity_min = 2,
	.arity_max = 2,
	.flags = OP_REDUCES,
	.need_in = 3,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
