/* hard_sigmoid(x) = min(max(x / 6 + 1 / 2, 0), 1), the straight-line form of the logistic function (as torch has it). */
#include "graph/op_unary.h"

static inline real f(real x, real c)
{
	real y = x / 6 + (real).5;
	return y < 0 ? 0 : y > 1 ? 1 : y;
}

static inline real df(real x, real y, real g, real c)
{
	return x > -3 && x < 3 ? g / 6 : 0;
}

UNARY_OP(hard_sigmoid, x, -5, 5, 0, .usage = "hard_sigmoid(x)", .help = "x / 6 + 1 / 2, cut at 0 and 1.");
