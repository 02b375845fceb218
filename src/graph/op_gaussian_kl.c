/* KL(N(mu, exp(v)) || N(0, 1)) summed over the numbers of a row, mean over the rows of the batch:
 *   loss = mean_r sum_j (exp(v) + mu^2 - 1 - v) / 2      (Kingma and Welling 2014, appendix B)
 *   dmu = mu / rows,  dv = (exp(v) - 1) / (2 rows) */
#include "graph/op_util.h"
#include "tensor/rows.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	TRY(op_need_real("gaussian_kl", s, 0, "mu", e));
	TRY(op_need_real("gaussian_kl", s, 1, "the log-variance", e));
	TRY(op_need_same("gaussian_kl", s, 0, "mu", 1, "the log-variance", e));
	op_shape_scalar(out);
	return OK;
}

static double row_factor(const struct op_io *io)
{
	return io->in[0].total_rows > 0 ? 1 / (double)io->in[0].total_rows : 0;
}

static void forward(struct op_io *io)
{
	int64_t n = op_numbers(&io->in[0]);
	const real *mu = io->in[0].v, *v = io->in[1].v;
	double sum = 0;
#pragma omp simd reduction(+ : sum)
	for (int64_t i = 0; i < n; i++)
		sum += (double)(vm_exp(v[i]) + mu[i] * mu[i] - 1 - v[i]);
	io->out.v[0] = (real)(sum / 2 * row_factor(io));
}

static void backward(struct op_io *io)
{
	int64_t n = op_numbers(&io->in[0]);
	const real *mu = io->in[0].v, *v = io->in[1].v, g = (real)(io->out.g[0] * row_factor(io));
	GRAD_EACH(io->in[0], n, i, g * mu[i]);
	GRAD_EACH(io->in[1], n, i, g * (vm_exp(v[i]) - 1) / 2);
}

static const struct op_case cases[] = {
	{.name = "examples",
		.examples = 4,
		.n_in = 2,
		.in = {CASE_REAL(AXIS_EXAMPLE, 1, 5), CASE_REAL(AXIS_EXAMPLE, 1, 5)}},
	{.name = "column",
		.examples = 3,
		.n_in = 2,
		.in = {CASE_REAL(AXIS_EXAMPLE, 0, 0), CASE_REAL(AXIS_EXAMPLE, 0, 0)}},
	{0},
};

const struct op_class op_gaussian_kl = {
	.desc = {.name = "gaussian_kl",
		.usage = "gaussian_kl(mu, logvar)",
		.help = "The divergence of N(mu, exp(logvar)) from N(0, 1): sum over the numbers of a row, mean over "
			"rows."},
	.arity_min = 2,
	.arity_max = 2,
	.flags = OP_REDUCES,
	.need_in = 3,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
