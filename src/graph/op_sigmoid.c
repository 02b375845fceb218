#include "graph/op_unary.h"

static inline real f(real x, real c)
{
	return vm_sigmoid(x);
}

static inline real df(real x, real y, real g, real c)
{
	return g * y * (1 - y);
}

UNARY_OP(sigmoid, y, -2, 2, 0, .usage = "sigmoid(x)", .help = "1 / (1 + exp(-x)).");
