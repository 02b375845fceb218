/* swish(x) = x s(beta x), s the logistic function (Ramachandran et al. 2017); with beta = 1 also called SiLU.
 *   dx = g (s + beta x s (1 - s)) */
#include "graph/op_unary.h"

static inline real f(real x, real c)
{
	return x * vm_sigmoid(c * x);
}

static inline real df(real x, real y, real g, real c)
{
	real s = vm_sigmoid(c * x);
	return g * (s + c * x * s * (1 - s));
}

static const struct arg_spec args[] = {
	{"beta", ARG_REAL, 1, 0, 100, ARG_LIVE, "how sharp the gate is", NULL, NULL},
	{0},
};

UNARY_OP(swish, x, -2, 2, 1.3, .usage = "swish(x, { beta = 1 })",
	.help = "x sigmoid(beta x) (Ramachandran et al. 2017); SiLU with beta = 1.", .args = args);
