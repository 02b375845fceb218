/* Elementwise ops of two inputs with broadcasting.
 *
 * One input (the big one) has the shape of the output; the other has the same shape or is one of
 *   []          a scalar, on AXIS_FIXED
 *   [d], [C,d]  on AXIS_FIXED: the last dimensions of the big one, repeated over its rows
 *   [rows]      one number per row, over [rows, ...]
 *   [rows, d]   over [rows, C, d]: repeated C times
 * Both are walked as [n0, n1, n2] with strides that are 0 where the small one repeats. */
#ifndef GUSTO_GRAPH_OP_BINARY_H
#define GUSTO_GRAPH_OP_BINARY_H

#include "graph/op_util.h"
#include "tensor/rows.h"

struct binary_walk {
	int64_t n[3];
	int64_t stride[2][3]; /* of input 0 and 1 */
};

enum err_code binary_shape(const char *op, const struct op_sig *s, struct shape *out, struct err *e);
void binary_walk_init(struct binary_walk *w, const struct op_io *io);

typedef real (*binary_fn)(real x, real y);
typedef real (*binary_grad)(real x, real y, real g); /* d loss / d input */

static inline __attribute__((always_inline)) void binary_forward(struct op_io *io, binary_fn f)
{
	struct binary_walk w;
	binary_walk_init(&w, io);
	real *restrict out = io->out.v;
	int64_t n = w.n[2], sx = w.stride[0][2], sy = w.stride[1][2];
	for (int64_t a = 0; a < w.n[0]; a++)
		for (int64_t b = 0; b < w.n[1]; b++, out += n) {
			const real *x = io->in[0].v + a * w.stride[0][0] + b * w.stride[0][1];
			const real *y = io->in[1].v + a * w.stride[1][0] + b * w.stride[1][1];
			if (sx && sy)
				for (int64_t i = 0; i < n; i++)
					out[i] = f(x[i], y[i]);
			else if (sx)
				for (int64_t i = 0; i < n; i++)
					out[i] = f(x[i], y[0]);
			else
				for (int64_t i = 0; i < n; i++)
					out[i] = f(x[0], y[i]);
		}
}

/* The gradient of input k (0 or 1): what the small one repeats is summed. */
static inline __attribute__((always_inline)) void binary_backward(struct op_io *io, int k, binary_grad df)
{
	struct binary_walk w;
	binary_walk_init(&w, io);
	if (!io->in[k].g)
		return;
	int64_t n = w.n[2], sx = w.stride[0][2], sy = w.stride[1][2];
	const real *g = io->out.g;
	if (w.n[0] == 1 && w.n[1] == 1 && sx && sy) {
		const real *x = io->in[0].v, *y = io->in[1].v;
		GRAD_EACH(io->in[k], n, i, df(x[i], y[i], g[i]));
		return;
	}
	op_grad_begin(&io->in[k]);
	for (int64_t a = 0; a < w.n[0]; a++)
		for (int64_t b = 0; b < w.n[1]; b++, g += n) {
			const real *x = io->in[0].v + a * w.stride[0][0] + b * w.stride[0][1];
			const real *y = io->in[1].v + a * w.stride[1][0] + b * w.stride[1][1];
			real *d = io->in[k].g + a * w.stride[k][0] + b * w.stride[k][1];
			if (w.stride[k][2]) {
				if (sx && sy)
#pragma omp simd
					for (int64_t i = 0; i < n; i++)
						d[i] += df(x[i], y[i], g[i]);
				else
#pragma omp simd
					for (int64_t i = 0; i < n; i++)
						d[i] += df(x[i * sx], y[i * sy], g[i]);
				continue;
			}
			real sum = 0;
			if (sx)
#pragma omp simd reduction(+ : sum)
				for (int64_t i = 0; i < n; i++)
					sum += df(x[i], y[0], g[i]);
			else
#pragma omp simd reduction(+ : sum)
				for (int64_t i = 0; i < n; i++)
					sum += df(x[0], y[i], g[i]);
			d[0] += sum;
		}
}

/* clang-format off */
#define BINARY_READS_none .flags = OP_LINEAR
#define BINARY_READS_both .need_in = 3
/* clang-format on */

#define BINARY_CASE(name_, ...)                                                                                        \
	{                                                                                                              \
		.name = name_, .examples = 3, .lengths = {3, 1, 2}, .n_in = 2, .in = { __VA_ARGS__ }                   \
	}

/* The op name_ over f, dx and dy of its file.  reads_: what dx and dy look at beside g, both inputs or none (the op is linear).
 * Gradients are checked with x in xlo_..xhi_ and y in ylo_..yhi_.  Then usage and help of its struct desc. */
#define BINARY_OP(name_, reads_, xlo_, xhi_, ylo_, yhi_, ...)                                                          \
	static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)                           \
	{                                                                                                              \
		return binary_shape(#name_, s, out, e);                                                                \
	}                                                                                                              \
	static void forward(struct op_io *io)                                                                          \
	{                                                                                                              \
		binary_forward(io, f);                                                                                 \
	}                                                                                                              \
	static void backward(struct op_io *io)                                                                         \
	{                                                                                                              \
		binary_backward(io, 0, dx);                                                                            \
		binary_backward(io, 1, dy);                                                                            \
	}                                                                                                              \
	static const struct op_case cases[] = {                                                                        \
		BINARY_CASE(                                                                                           \
			"same", CASE_RANGE(xlo_, xhi_, AXIS_TOKEN, 1, 5), CASE_RANGE(ylo_, yhi_, AXIS_TOKEN, 1, 5)),   \
		BINARY_CASE(                                                                                           \
			"scalar", CASE_RANGE(xlo_, xhi_, AXIS_TOKEN, 1, 5), CASE_RANGE(ylo_, yhi_, AXIS_FIXED, 0, 0)), \
		BINARY_CASE("scalar_first", CASE_RANGE(xlo_, xhi_, AXIS_FIXED, 0, 0),                                  \
			CASE_RANGE(ylo_, yhi_, AXIS_TOKEN, 1, 5)),                                                     \
		BINARY_CASE(                                                                                           \
			"row", CASE_RANGE(xlo_, xhi_, AXIS_TOKEN, 1, 5), CASE_RANGE(ylo_, yhi_, AXIS_FIXED, 1, 5)),    \
		BINARY_CASE("row_first", CASE_RANGE(xlo_, xhi_, AXIS_FIXED, 1, 5),                                     \
			CASE_RANGE(ylo_, yhi_, AXIS_TOKEN, 1, 5)),                                                     \
		BINARY_CASE("repeated", CASE_RANGE(xlo_, xhi_, AXIS_EXAMPLE, 2, 3, 4),                                 \
			CASE_RANGE(ylo_, yhi_, AXIS_EXAMPLE, 1, 4)),                                                   \
		BINARY_CASE("repeated_first", CASE_RANGE(xlo_, xhi_, AXIS_EXAMPLE, 1, 4),                              \
			CASE_RANGE(ylo_, yhi_, AXIS_EXAMPLE, 2, 3, 4)),                                                \
		BINARY_CASE("per_row", CASE_RANGE(xlo_, xhi_, AXIS_TOKEN, 1, 5),                                       \
			CASE_RANGE(ylo_, yhi_, AXIS_TOKEN, 0, 0)),                                                     \
		BINARY_CASE("per_row_first", CASE_RANGE(xlo_, xhi_, AXIS_TOKEN, 0, 0),                                 \
			CASE_RANGE(ylo_, yhi_, AXIS_TOKEN, 1, 5)),                                                     \
		BINARY_CASE("fixed", CASE_RANGE(xlo_, xhi_, AXIS_FIXED, 2, 2, 3),                                      \
			CASE_RANGE(ylo_, yhi_, AXIS_FIXED, 2, 2, 3)),                                                  \
		{0},                                                                                                   \
	};                                                                                                             \
	const struct op_class op_##name_ = {                                                                           \
		.desc = {.name = #name_, __VA_ARGS__},                                                                 \
		.arity_min = 2,                                                                                        \
		.arity_max = 2,                                                                                        \
		BINARY_READS_##reads_,                                                                                 \
		.shape = shape,                                                                                        \
		.forward = forward,                                                                                    \
		.backward = backward,                                                                                  \
		.cases = cases,                                                                                        \
	}

#endif
