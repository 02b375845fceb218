#include "graph/op_binary.h"

static inline real f(real x, real y)
{
	return x - y;
}

static inline real dx(real x, real y, real g)
{
	return g;
}

static inline real dy(real x, real y, real g)
{
	return -g;
}

BINARY_OP(sub, none, -1, 1, -1, 1, .usage = "sub(x, y)",
	.help = "x - y. The smaller value may be a scalar, a row [d], one number per row, or [rows, d] over [rows, C, "
		"d].");
