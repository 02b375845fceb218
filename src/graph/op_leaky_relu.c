#include "graph/op_unary.h"

static inline real f(real x, real c)
{
	return x < 0 ? c * x : x;
}

static inline real df(real x, real y, real g, real c)
{
	return x > 0 ? g : c * g;
}

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	return op_shape_like_first("leaky_relu", s, out, e);
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
	{"slope", ARG_REAL, 0.01, 0, 1, ARG_LIVE, "factor of negative numbers", NULL, NULL},
	{0},
};

static const struct op_case cases[] = {
	{.name = "tokens",
		.examples = 3,
		.lengths = {3, 1, 2},
		.n_in = 1,
		.in = {CASE_RANGE(-2, 2, AXIS_TOKEN, 1, 5)},
		.attr = {0.2}},
	{.name = "column", .examples = 5, .n_in = 1, .in = {CASE_RANGE(-2, 2, AXIS_EXAMPLE, 0, 0)}, .attr = {0.2}},
	{0},
};

const struct op_class op_leaky_relu = {
	.desc = {.name = "leaky_relu",
		.usage = "leaky_relu(x, { slope = 0.01 })",
		.help = "x above 0, slope * x below.",
		.args = args},
	.arity_min = 1,
	.arity_max = 1,
	.need_in = 1,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
