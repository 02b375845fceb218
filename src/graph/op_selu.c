/* selu(x) = scale (x above 0, alpha (exp(x) - 1) below), with the constants that keep mean 0 and variance 1 through deep
 * towers (Klambauer et al. 2017, section 2). */
#include "graph/op_unary.h"

static const real scale = (real)1.0507009873554805, alpha = (real)1.6732632423543772;

static inline real f(real x, real c)
{
	return scale * (x < 0 ? alpha * (vm_exp(x) - 1) : x);
}

static inline real df(real x, real y, real g, real c)
{
	return x < 0 ? g * (y + scale * alpha) : g * scale;
}

UNARY_OP(selu, xy, -2, 2, 0, .usage = "selu(x)",
	.help = "Scaled exponential linear unit: keeps mean 0 and variance 1 (Klambauer et al. 2017).");
