/* Elementwise ops of one input: a file gives y = f(x, c) and dx = df(x, y, g, c) with c its first argument (0: it has none), and
 * UNARY_OP makes the op of it: vectorised loops, cases for the gradient check, and the row's description. */
#ifndef GUSTO_GRAPH_OP_UNARY_H
#define GUSTO_GRAPH_OP_UNARY_H

#include "graph/op_util.h"
#include "tensor/vmath.h"

typedef real (*unary_fn)(real x, real c);
typedef real (*unary_grad)(real x, real y, real g, real c);

static inline real unary_c(const struct op_io *io)
{
	return io->class->desc.args ? (real)io->attr[0] : 0;
}

static inline __attribute__((always_inline)) void unary_forward(struct op_io *io, unary_fn f)
{
	const real *x = io->in[0].v, c = unary_c(io);
	real *restrict y = io->out.v;
	int64_t n = op_numbers(&io->out);
	for (int64_t i = 0; i < n; i++)
		y[i] = f(x[i], c);
}

/* Backward, by what df looks at beside g; the others are 0. */
static inline __attribute__((always_inline)) void unary_backward_x(struct op_io *io, unary_grad df)
{
	const real *x = io->in[0].v, *g = io->out.g, c = unary_c(io);
	GRAD_EACH(io->in[0], op_numbers(&io->out), i, df(x[i], 0, g[i], c));
}

static inline __attribute__((always_inline)) void unary_backward_y(struct op_io *io, unary_grad df)
{
	const real *y = io->out.v, *g = io->out.g, c = unary_c(io);
	GRAD_EACH(io->in[0], op_numbers(&io->out), i, df(0, y[i], g[i], c));
}

static inline __attribute__((always_inline)) void unary_backward_xy(struct op_io *io, unary_grad df)
{
	const real *x = io->in[0].v, *y = io->out.v, *g = io->out.g, c = unary_c(io);
	GRAD_EACH(io->in[0], op_numbers(&io->out), i, df(x[i], y[i], g[i], c));
}

static inline __attribute__((always_inline)) void unary_backward_g(struct op_io *io, unary_grad df)
{
	const real *g = io->out.g, c = unary_c(io);
	GRAD_EACH(io->in[0], op_numbers(&io->out), i, df(0, 0, g[i], c));
}

/* clang-format off */
#define UNARY_NEEDS_x  .need_in = 1
#define UNARY_NEEDS_y  .need_out = true
#define UNARY_NEEDS_xy .need_in = 1, .need_out = true
#define UNARY_NEEDS_g  .flags = OP_LINEAR
/* clang-format on */

/* The op name_ over f and df of this file.  reads_: x, y, xy or g, what df looks at (g: the op is linear).  Gradients are checked
 * between lo_ and hi_ with c = c_.  Then usage, help and args of its struct desc. */
#define UNARY_OP(name_, reads_, lo_, hi_, c_, ...)                                                                     \
	static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)                           \
	{                                                                                                              \
		return op_shape_like_first(#name_, s, out, e);                                                         \
	}                                                                                                              \
	static void forward(struct op_io *io)                                                                          \
	{                                                                                                              \
		unary_forward(io, f);                                                                                  \
	}                                                                                                              \
	static void backward(struct op_io *io)                                                                         \
	{                                                                                                              \
		unary_backward_##reads_(io, df);                                                                       \
	}                                                                                                              \
	static const struct op_case cases[] = {                                                                        \
		{.name = "tokens",                                                                                     \
			.examples = 3,                                                                                 \
			.lengths = {3, 1, 2},                                                                          \
			.n_in = 1,                                                                                     \
			.in = {CASE_RANGE(lo_, hi_, AXIS_TOKEN, 1, 5)},                                                \
			.attr = {c_}},                                                                                 \
		{.name = "column",                                                                                     \
			.examples = 5,                                                                                 \
			.n_in = 1,                                                                                     \
			.in = {CASE_RANGE(lo_, hi_, AXIS_EXAMPLE, 0, 0)},                                              \
			.attr = {c_}},                                                                                 \
		{0},                                                                                                   \
	};                                                                                                             \
	const struct op_class op_##name_ = {                                                                           \
		.desc = {.name = #name_, __VA_ARGS__},                                                                 \
		.arity_min = 1,                                                                                        \
		.arity_max = 1,                                                                                        \
		UNARY_NEEDS_##reads_,                                                                                  \
		.shape = shape,                                                                                        \
		.forward = forward,                                                                                    \
		.backward = backward,                                                                                  \
		.cases = cases,                                                                                        \
	}

#endif
