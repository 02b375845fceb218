/* hard_swish(x) = x min(max(x + 3, 0), 6) / 6 (Howard et al. 2019, MobileNetV3).
 *   dx = g (2 x + 3) / 6 between -3 and 3, g above, 0 below */
#include "graph/op_unary.h"

static inline real f(real x, real c)
{
	real y = x + 3;
	return x * (y < 0 ? 0 : y > 6 ? 6 : y) / 6;
}

static inline real df(real x, real y, real g, real c)
{
	return x <= -3 ? 0 : x < 3 ? g * (2 * x + 3) / 6 : g;
}

UNARY_OP(hard_swish, x, -5, 5, 0, .usage = "hard_swish(x)", .help = "x hard_sigmoid(x) (Howard et al. 2019).");
