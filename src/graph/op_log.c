#include "graph/op_unary.h"

static inline real f(real x, real c)
{
	return vm_log(x);
}

static inline real df(real x, real y, real g, real c)
{
	return g / x;
}

UNARY_OP(log, x, 0.1, 3, 0, .usage = "log(x)", .help = "The natural logarithm: -inf at 0, NaN below.");
