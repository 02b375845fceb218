#include "graph/op_unary.h"

static inline real f(real x, real c)
{
	return c * x;
}

static inline real df(real x, real y, real g, real c)
{
	return c * g;
}

static const struct arg_spec args[] = {
	{"by", ARG_REAL, 1, -1e30, 1e30, ARG_REQUIRED | ARG_LIVE, "the factor", NULL, NULL},
	{0},
};

UNARY_OP(scale, g, -2, 2, -1.7, .usage = "scale(x, { by })", .help = "by * x; `by` may change between steps.",
	.args = args);
