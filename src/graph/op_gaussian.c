/* The reparameterised draw of a diagonal Gaussian (Kingma and Welling 2014):  z = mu + exp(v / 2) eps,  eps ~ N(0, 1), in
 * training; z = mu otherwise.  v is the log of the variance.
 *   dmu = g,  dv = g exp(v / 2) eps / 2 = g (z - mu) / 2
 * eps is a function of the step's key and the number's place in the whole batch. */
#include "graph/op_util.h"

#include "base/rng.h"
#include "tensor/rows.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	TRY(op_need_real("gaussian", s, 0, "mu", e));
	TRY(op_need_real("gaussian", s, 1, "the log-variance", e));
	TRY(op_need_same("gaussian", s, 0, "mu", 1, "the log-variance", e));
	*out = s->shape[0];
	return OK;
}

/* Standard normals from two 64-bit numbers each (Box-Muller, the cosine). */
static real normal_at(uint64_t key, uint64_t index)
{
	double u = 1 - (double)(rng_at(key, 2 * index) >> 11) * 0x1p-53;
	double v = (double)(rng_at(key, 2 * index + 1) >> 11) * 0x1p-53;
	return (real)(sqrt(-2 * log(u)) * cos(6.283185307179586 * v));
}

static void forward(struct op_io *io)
{
	int64_t n = op_numbers(&io->out);
	const real *mu = io->in[0].v, *v = io->in[1].v;
	uint64_t first = (uint64_t)(io->in[0].first_row * shape_width(&io->in[0].shape));
	if (!io->train) {
		memcpy(io->out.v, mu, (size_t)n * sizeof *mu);
		return;
	}
	for (int64_t i = 0; i < n; i++)
		io->out.v[i] = mu[i] + vm_exp(v[i] / 2) * normal_at(io->key, first + (uint64_t)i);
}

static void backward(struct op_io *io)
{
	int64_t n = op_numbers(&io->out);
	const real *g = io->out.g, *z = io->out.v, *mu = io->in[0].v;
	GRAD_EACH(io->in[0], n, i, g[i]);
	GRAD_EACH(io->in[1], n, i, g[i] * (z[i] - mu[i]) / 2);
}

static const struct op_case cases[] = {
	{.name = "examples",
		.examples = 4,
		.n_in = 2,
		.in = {CASE_REAL(AXIS_EXAMPLE, 1, 5), CASE_REAL(AXIS_EXAMPLE, 1, 5)}},
	{.name = "tokens",
		.examples = 3,
		.lengths = {2, 0, 3},
		.n_in = 2,
		.in = {CASE_REAL(AXIS_TOKEN, 1, 3), CASE_REAL(AXIS_TOKEN, 1, 3)}},
	{0},
};

const struct op_class op_gaussian = {
	.desc = {.name = "gaussian",
		.usage = "gaussian(mu, logvar)",
		.help = "In training a draw from N(mu, exp(logvar)) through which gradients pass (mu + exp(logvar / 2) "
			"eps); "
			"otherwise mu."},
	.arity_min = 2,
	.arity_max = 2,
	.flags = OP_RANDOM,
	.need_in = 1,
	.need_out = true,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
