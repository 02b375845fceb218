/* x Phi(x) (Hendrycks and Gimpel 2016), Phi the normal distribution function by erf, or their approximation
 *   x / 2 (1 + tanh(u)),  u = sqrt(2 / pi) (x + 0.044715 x^3) */
#include "graph/op_unary.h"

static const real root_2_pi = (real)0.79788456080286535588, cubic = (real)0.044715;

static inline real exact(real x, real c)
{
	return (real)0.5 * x * (1 + vm_erf(x * (real)0.70710678118654752440));
}

static inline real exact_grad(real x, real y, real g, real c)
{
	real phi = (real)0.39894228040143267794 * vm_exp(-(real)0.5 * x * x);
	return g * ((real)0.5 * (1 + vm_erf(x * (real)0.70710678118654752440)) + x * phi);
}

static inline real approximate(real x, real c)
{
	return (real)0.5 * x * (1 + vm_tanh(root_2_pi * (x + cubic * x * x * x)));
}

static inline real approximate_grad(real x, real y, real g, real c)
{
	real t = vm_tanh(root_2_pi * (x + cubic * x * x * x));
	real du = root_2_pi * (1 + 3 * cubic * x * x);
	return g * (real)0.5 * (1 + t + x * (1 - t * t) * du);
}

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	return op_shape_like_first("gelu", s, out, e);
}

static void forward(struct op_io *io)
{
	if (io->attr[0] == 0)
		unary_forward(io, exact);
	else
		unary_forward(io, approximate);
}

static void backward(struct op_io *io)
{
	if (io->attr[0] == 0)
		unary_backward_x(io, exact_grad);
	else
		unary_backward_x(io, approximate_grad);
}

static const struct arg_spec args[] = {
	{"form", ARG_CHOICE, 0, 0, 0, 0, "exact (erf) or the tanh approximation", "erf", "erf|tanh"},
	{0},
};

static const struct op_case cases[] = {
	{.name = "erf",
		.examples = 3,
		.lengths = {3, 1, 2},
		.n_in = 1,
		.in = {CASE_RANGE(-4, 4, AXIS_TOKEN, 1, 7)},
		.attr = {0}},
	{.name = "tanh",
		.examples = 3,
		.lengths = {3, 1, 2},
		.n_in = 1,
		.in = {CASE_RANGE(-4, 4, AXIS_TOKEN, 1, 7)},
		.attr = {1}},
	{0},
};

const struct op_class op_gelu = {
	.desc = {.name = "gelu",
		.usage = "gelu(x, { form = 'erf' })",
		.help = "x Phi(x), exact or by the tanh approximation (Hendrycks and Gimpel 2016).",
		.args = args},
	.arity_min = 1,
	.arity_max = 1,
	.need_in = 1,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
