#include "graph/op_unary.h"

static inline real f(real x, real c)
{
	return vm_exp(x);
}

static inline real df(real x, real y, real g, real c)
{
	return g * y;
}

UNARY_OP(exp, y, -2, 2, 0, .usage = "exp(x)", .help = "e to the power of x.");
