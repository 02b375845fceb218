#include "graph/op_unary.h"

static inline real f(real x, real c)
{
	return x * x;
}

static inline real df(real x, real y, real g, real c)
{
	return 2 * x * g;
}

UNARY_OP(square, x, -2, 2, 0, .usage = "square(x)", .help = "x * x.");
