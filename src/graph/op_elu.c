#include "graph/op_unary.h"

static inline real f(real x, real c)
{
	return x < 0 ? c * (vm_exp(x) - 1) : x;
}

static inline real df(real x, real y, real g, real c)
{
	return x < 0 ? g * (y + c) : g;
}

static const struct arg_spec args[] = {
	{"alpha", ARG_REAL, 1, 0, 100, ARG_LIVE, "limit of very negative numbers is -alpha", NULL, NULL},
	{0},
};

UNARY_OP(elu, xy, -2, 2, 0.7, .usage = "elu(x, { alpha = 1 })",
	.help = "x above 0, alpha (exp(x) - 1) below (Clevert et al. 2016).", .args = args);
