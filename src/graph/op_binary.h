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

#endif
