#include "graph/op_unary.h"

static inline real f(real x, real c)
{
	return x < -1 ? -1 : x > 1 ? 1 : x;
}

static inline real df(real x, real y, real g, real c)
{
	return x > -1 && x < 1 ? g : 0;
}

UNARY_OP(hard_tanh, x, -2, 2, 0, .usage = "hard_tanh(x)", .help = "x, cut at -1 and 1.");
