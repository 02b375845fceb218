#include "graph/op_unary.h"

static inline real f(real x, real c)
{
	return vm_softplus(x);
}

static inline real df(real x, real y, real g, real c)
{
	return g * vm_sigmoid(x);
}

UNARY_OP(softplus, x, -2, 2, 0, .usage = "softplus(x)", .help = "log(1 + exp(x)).");
