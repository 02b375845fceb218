#include "graph/op_unary.h"

static inline real f(real x, real c)
{
	return -x;
}

static inline real df(real x, real y, real g, real c)
{
	return -g;
}

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	return op_shape_like_first("neg", s, out, e);
}

static void forward(struct op_io *io)
{
	unary_forward(io, 0, f);
}

static void backward(struct op_io *io)
{
	unary_backward_const(io, 0, df);
}

static const struct op_case cases[] = {
	{.name = "tokens", .examples = 3, .lengths = {3, 1, 2}, .n_in = 1, .in = {CASE_RANGE(-2, 2, AXIS_TOKEN, 1, 5)}},
	{.name = "column", .examples = 5, .n_in = 1, .in = {CASE_RANGE(-2, 2, AXIS_EXAMPLE, 0, 0)}},
	{0},
};

const struct op_class op_neg = {
	.desc = {.name = "neg", .usage = "neg(x)", .help = "The negative of x."},
	.arity_min = 1,
	.arity_max = 1,
	.flags = OP_LINEAR,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
