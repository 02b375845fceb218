#include "graph/op_binary.h"

static inline real f(real x, real y)
{
	return x * y;
}

static inline real dx(real x, real y, real g)
{
	return g * y;
}

static inline real dy(real x, real y, real g)
{
	return g * x;
}

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	return binary_shape("mul", s, out, e);
}

static void forward(struct op_io *io)
{
	binary_forward(io, f);
}

static void backward(struct op_io *io)
{
	binary_backward(io, 0, dx);
	binary_backward(io, 1, dy);
}

static const struct op_case cases[] = {
	{.name = "same",
		.examples = 3,
		.lengths = {3, 1, 2},
		.n_in = 2,
		.in = {CASE_RANGE(-1, 1, AXIS_TOKEN, 1, 5), CASE_RANGE(-1, 1, AXIS_TOKEN, 1, 5)}},
	{.name = "scalar",
		.examples = 3,
		.lengths = {3, 1, 2},
		.n_in = 2,
		.in = {CASE_RANGE(-1, 1, AXIS_TOKEN, 1, 5), CASE_RANGE(-1, 1, AXIS_FIXED, 0, 0)}},
	{.name = "scalar_first",
		.examples = 3,
		.lengths = {3, 1, 2},
		.n_in = 2,
		.in = {CASE_RANGE(-1, 1, AXIS_FIXED, 0, 0), CASE_RANGE(-1, 1, AXIS_TOKEN, 1, 5)}},
	{.name = "row",
		.examples = 3,
		.lengths = {3, 1, 2},
		.n_in = 2,
		.in = {CASE_RANGE(-1, 1, AXIS_TOKEN, 1, 5), CASE_RANGE(-1, 1, AXIS_FIXED, 1, 5)}},
	{.name = "row_first",
		.examples = 3,
		.lengths = {3, 1, 2},
		.n_in = 2,
		.in = {CASE_RANGE(-1, 1, AXIS_FIXED, 1, 5), CASE_RANGE(-1, 1, AXIS_TOKEN, 1, 5)}},
	{.name = "repeated",
		.examples = 3,
		.lengths = {3, 1, 2},
		.n_in = 2,
		.in = {CASE_RANGE(-1, 1, AXIS_EXAMPLE, 2, 3, 4), CASE_RANGE(-1, 1, AXIS_EXAMPLE, 1, 4)}},
	{.name = "repeated_first",
		.examples = 3,
		.lengths = {3, 1, 2},
		.n_in = 2,
		.in = {CASE_RANGE(-1, 1, AXIS_EXAMPLE, 1, 4), CASE_RANGE(-1, 1, AXIS_EXAMPLE, 2, 3, 4)}},
	{.name = "per_row",
		.examples = 3,
		.lengths = {3, 1, 2},
		.n_in = 2,
		.in = {CASE_RANGE(-1, 1, AXIS_TOKEN, 1, 5), CASE_RANGE(-1, 1, AXIS_TOKEN, 0, 0)}},
	{.name = "per_row_first",
		.examples = 3,
		.lengths = {3, 1, 2},
		.n_in = 2,
		.in = {CASE_RANGE(-1, 1, AXIS_TOKEN, 0, 0), CASE_RANGE(-1, 1, AXIS_TOKEN, 1, 5)}},
	{.name = "fixed",
		.examples = 3,
		.lengths = {3, 1, 2},
		.n_in = 2,
		.in = {CASE_RANGE(-1, 1, AXIS_FIXED, 2, 2, 3), CASE_RANGE(-1, 1, AXIS_FIXED, 2, 2, 3)}},
	{0},
};

const struct op_class op_mul = {
	.desc = {.name = "mul",
		.usage = "mul(x, y)",
		.help = "x * y, element by element. The smaller value may be a scalar, a row [d], one number per row, "
			"or [rows, d] over [rows, C, d]."},
	.arity_min = 2,
	.arity_max = 2,
	.need_in = 3,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
