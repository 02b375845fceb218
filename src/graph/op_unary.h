/* Elementwise ops of one input: a file gives y = f(x, c) and dx = df(x, y, g, c) with c its first attribute, and gets
 * vectorised forward and backward loops. */
#ifndef GUSTO_GRAPH_OP_UNARY_H
#define GUSTO_GRAPH_OP_UNARY_H

#include "graph/op_util.h"
#include "tensor/vmath.h"

typedef real (*unary_fn)(real x, real c);
typedef real (*unary_grad)(real x, real y, real g, real c);

static inline __attribute__((always_inline)) void unary_forward(struct op_io *io, real c, unary_fn f)
{
	const real *x = io->in[0].v;
	real *restrict y = io->out.v;
	int64_t n = op_numbers(&io->out);
	for (int64_t i = 0; i < n; i++)
		y[i] = f(x[i], c);
}

/* x or y is passed as 0 where the class does not declare that backward needs it. */
static inline __attribute__((always_inline)) void unary_backward_x(struct op_io *io, real c, unary_grad df)
{
	const real *x = io->in[0].v, *g = io->out.g;
	GRAD_EACH(io->in[0], op_numbers(&io->out), i, df(x[i], 0, g[i], c));
}

static inline __attribute__((always_inline)) void unary_backward_y(struct op_io *io, real c, unary_grad df)
{
	const real *y = io->out.v, *g = io->out.g;
	GRAD_EACH(io->in[0], op_numbers(&io->out), i, df(0, y[i], g[i], c));
}

static inline __attribute__((always_inline)) void unary_backward_xy(struct op_io *io, real c, unary_grad df)
{
	const real *x = io->in[0].v, *y = io->out.v, *g = io->out.g;
	GRAD_EACH(io->in[0], op_numbers(&io->out), i, df(x[i], y[i], g[i], c));
}

/* The gradient is a multiple of g that depends on neither. */
static inline __attribute__((always_inline)) void unary_backward_const(struct op_io *io, real c, unary_grad df)
{
	const real *g = io->out.g;
	GRAD_EACH(io->in[0], op_numbers(&io->out), i, df(0, 0, g[i], c));
}

#endif
