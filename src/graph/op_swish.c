/* swish(x) = x s(beta x), s the logistic function (Ramachandran et al. 2017); with beta = 1 also called SiLU.
 *   dx = g (s + beta x s (1 - s)) */
#include "graph/op_unary.h"

static inline real f(real x, real c)
{
	return x * vm_sigmoid(c * x);
}

static inline real df(real x, real y, real g, real c)
{
	real s = vm_sigmoid(c * x);
	return g * (s + c * x * s * (1 - s));
}

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	return op_shape_like_first("swish", s, out, e);
}

static void forward(struct op_io *io)
{
	unary_forward(io, (real)io->attr[0], f);
}

static void backward(struct op_io *io)
{
	unary_backward_x(io, (real)io->attr[0], df);
}

static const struct arg_spec args[] = {
	{"beta", ARG_REAL, 1, 0, 100, ARG_LIVE, "how sharp the gate is", NULL, NULL},
	{0},
};

static const struct op_case cases[] = {
	{.name = "tokens",
		.examples = 3,
		.lengths = {3, 1, 2},
		.n_in = 1,
		.in = {CASE_RANGE(-2, 2, AXIS_TOKEN, 1, 5)},
		.attr = {1.3}},
	{.name = "column", .examples = 5, .n_in = 1, .in = {CASE_RANGE(-2, 2, AXIS_EXAMPLE, 0, 0)}, .attr = {1.3}},
	{0},
};

const struct op_class op_swish = {
	.desc = {.name = "swish",
		.usage = "swish(x, { beta = 1 })",
		.help = "x sigmoid(beta x) (Ramachandran et al. 2017); SiLU with beta = 1.",
		.args = args},
	.arity_min = 1,
	.arity_max = 1,
	.need_in = 1,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
