#include "graph/op_unary.h"

static inline real f(real x, real c)
{
	return -x;
}

static inline real df(real x, real y, real g, real c)
{
	return -g;
}

UNARY_OP(neg, g, -2, 2, 0, .usage = "neg(x)", .help = "The negative of x.");
