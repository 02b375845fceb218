/* selu(x) = scale (x above 0, alpha (exp(x) - 1) below), with the constants that keep mean 0 and variance 1 through deep
 * towers (Klambauer et al. 2017, section 2). */
#include "graph/op_unary.h"

static const real scale = (real)1.0507009873554805, alpha = (real)1.6732632423543772;

static inline real f(real x, real c)
{
	return scale * (x < 0 ? alpha * (vm_exp(x) - 1) : x);
}

static inline real df(real x, real y, real g, real c)
{
	return x < 0 ? g * (y + scale * alpha) : g * scale;
}

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	return op_shape_like_first("selu", s, out, e);
}

static void forward(struct op_io *io)
{
	unary_forward(io, 0, f);
}

static void backward(struct op_io *io)
{
	unary_backward_xy(io, 0, df);
}

static const struct op_case cases[] = {
	{.name = "tokens", .examples = 3, .lengths = {3, 1, 2}, .n_in = 1, .in = {CASE_RANGE(-2, 2, AXIS_TOKEN, 1, 5)}},
	{.name = "column", .examples = 5, .n_in = 1, .in = {CASE_RANGE(-2, 2, AXIS_EXAMPLE, 0, 0)}},
	{0},
};

const struct op_class op_selu = {
	.desc = {.name = "selu",
		.usage = "selu(x)",
		.help = "Scaled exponential linear unit: keeps mean 0 and variance 1 (Klambauer et al. 2017)."},
	.arity_min = 1,
	.arity_max = 1,
	.need_in = 1,
	.need_out = true,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
