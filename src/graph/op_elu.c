#include "graph/op_unary.h"

static inline real f(real x, real c)
{
	return x < 0 ? c * (vm_exp(x) - 1) : x;
}

static inline real df(real x, real y, real g, real c)
{
	return x < 0 ? g * (y + c) : g;
}

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	return op_shape_like_first("elu", s, out, e);
}

static void forward(struct op_io *io)
{
	unary_forward(io, (real)io->attr[0], f);
}

static void backward(struct op_io *io)
{
	unary_backward_xy(io, (real)io->attr[0], df);
}

static const struct arg_spec args[] = {
	{"alpha", ARG_REAL, 1, 0, 100, ARG_LIVE, "limit of very negative numbers is -alpha", NULL, NULL},
	{0},
};

static const struct op_case cases[] = {
	{.name = "tokens",
		.examples = 3,
		.lengths = {3, 1, 2},
		.n_in = 1,
		.in = {CASE_RANGE(-2, 2, AXIS_TOKEN, 1, 5)},
		.attr = {0.7}},
	{.name = "column", .examples = 5, .n_in = 1, .in = {CASE_RANGE(-2, 2, AXIS_EXAMPLE, 0, 0)}, .attr = {0.7}},
	{0},
};

const struct op_class op_elu = {
	.desc = {.name = "elu",
		.usage = "elu(x, { alpha = 1 })",
		.help = "x above 0, alpha (exp(x) - 1) below (Clevert et al. 2016).",
		.args = args},
	.arity_min = 1,
	.arity_max = 1,
	.need_in = 1,
	.need_out = true,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
