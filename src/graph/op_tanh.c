#include "graph/op_unary.h"

static inline real f(real x, real c)
{
	return vm_tanh(x);
}

static inline real df(real x, real y, real g, real c)
{
	return g * (1 - y * y);
}

UNARY_OP(tanh, y, -2, 2, 0, .usage = "tanh(x)", .help = "The hyperbolic tangent.");
