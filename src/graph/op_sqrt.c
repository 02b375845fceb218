#include "graph/op_unary.h"

static inline real f(real x, real c)
{
	return vm_sqrt(x);
}

static inline real df(real x, real y, real g, real c)
{
	return g / (2 * y);
}

UNARY_OP(sqrt, y, 0.1, 3, 0, .usage = "sqrt(x)", .help = "The square root; NaN below 0.");
