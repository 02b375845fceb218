/* hard_swish(x) = x min(max(x + 3, 0), 6) / 6 (Howard et al. 2019, MobileNetV3).
 *   dx = g (2 x + 3) / 6 between -3 and 3, g above, 0 below */
#include "graph/op_unary.h"

static inline real f(real x, real c)
{
	real y = x + 3;
	return x * (y < 0 ? 0 : y > 6 ? 6 : y) / 6;
}

static inline real df(real x, real y, real g, real c)
{
	return x <= -3 ? 0 : x < 3 ? g * (2 * x + 3) / 6 : g;
}

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	return op_shape_like_first("hard_swish", s, out, e);
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
	{.name = "tokens", .examples = 3, .lengths = {3, 1, 2}, .n_in = 1, .in = {CASE_RANGE(-5, 5, AXIS_TOKEN, 1, 5)}},
	{.name = "column", .examples = 5, .n_in = 1, .in = {CASE_RANGE(-5, 5, AXIS_EXAMPLE, 0, 0)}},
	{0},
};

const struct op_class op_hard_swish = {
	.desc = {.name = "hard_swish", .usage = "hard_swish(x)", .help = "x hard_sigmoid(x) (Howard et al. 2019)."},
	.arity_min = 1,
	.arity_max = 1,
	.need_in = 1,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
