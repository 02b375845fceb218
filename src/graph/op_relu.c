#include "graph/op_unary.h"

static inline real f(real x, real c)
{
	return x < 0 ? 0 : x;
}

static inline real df(real x, real y, real g, real c)
{
	return y > 0 ? g : 0;
}

UNARY_OP(relu, y, -2, 2, 0, .usage = "relu(x)", .help = "max(x, 0); the gradient at 0 is 0.");
