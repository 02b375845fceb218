#include "graph/op_unary.h"

static inline real f(real x, real c)
{
	return x < 0 ? c * x : x;
}

static inline real df(real x, real y, real g, real c)
{
	return x > 0 ? g : c * g;
}

static const struct arg_spec args[] = {
	{"slope", ARG_REAL, 0.01, 0, 1, ARG_LIVE, "factor of negative numbers", NULL, NULL},
	{0},
};

UNARY_OP(leaky_relu, x, -2, 2, 0.2, .usage = "leaky_relu(x, { slope = 0.01 })", .help = "x above 0, slope * x below.",
	.args = args);
