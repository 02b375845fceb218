#include "graph/op_unary.h"

static inline real f(real x, real c)
{
	return vm_sqrt(x);
}

static inline real df(real x, real y, real g, real c)
{
	return g / (2 * y);
}

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	return op_shape_like_first("sqrt", s, out, e);
}

static void forward(struct op_io *io)
{
	unary_forward(io, 0, f);
}

static void backward(struct op_io *io)
{
	unary_backward_y(io, 0, df);
}

static const struct op_case cases[] = {
	{.name = "tokens",
		.examples = 3,
		.lengths = {3, 1, 2},
		.n_in = 1,
		.in = {CASE_RANGE(0.1, 3, AXIS_TOKEN, 1, 5)}},
	{.name = "column", .examples = 5, .n_in = 1, .in = {CASE_RANGE(0.1, 3, AXIS_EXAMPLE, 0, 0)}},
	{0},
};

const struct op_class op_sqrt = {
	.desc = {.name = "sqrt", .usage = "sqrt(x)", .help = "The square root; NaN below 0."},
	.arity_min = 1,
	.arity_max = 1,
	.need_out = true,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
