#include "graph/op_unary.h"

static inline real f(real x, real c)
{
	return x < -1 ? -1 : x > 1 ? 1 : x;
}

static inline real df(real x, real y, real g, real c)
{
	return x > -1 && x < 1 ? g : 0;
}

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	return op_shape_like_first("hard_tanh", s, out, e);
}

static void forward(struct op_io *io)
{
	unary_forward(io, 0, f);
}

static void backward(struct op_io *io)
{
	unary_backward_x(io, 0, df);
}

static const struct op_case cases[] = {
	{.name = "tokens", .examples = 3, .lengths = {3, 1, 2}, .n_in = 1, .in = {CASE_RANGE(-2, 2, AXIS_TOKEN, 1, 5)}},
	{.name = "column", .examples = 5, .n_in = 1, .in = {CASE_RANGE(-2, 2, AXIS_EXAMPLE, 0, 0)}},
	{0},
};

const struct op_class op_hard_tanh = {
	.desc = {.name = "hard_tanh", .usage = "hard_tanh(x)", .help = "x, cut at -1 and 1."},
	.arity_min = 1,
	.arity_max = 1,
	.need_in = 1,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
