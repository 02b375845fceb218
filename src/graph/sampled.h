/* What losses over a target and k sampled negatives share (sampled_softmax_ce, bpr_max, top1_max): the logits, and how the
 * derivative of a row's loss by its logits goes back.
 *   h [rows, d], table [n, d], target [rows], negatives [rows, k] of each row or [k] shared by all, logq [n]?
 *   z_j = h . T[id_j] - logq[id_j],  j = 0 the target;  loss = mean_r f(z_r)
 *   c_j = g f'(z)_j / rows:  dh = sum c_j T[id_j],  dT[id_j] += c_j h,  dlogq[id_j] -= c_j
 * Negatives equal to the target, and those of -1, take no part: z = -inf.  A target of -1 leaves its row out (it still counts
 * in the mean's denominator).  aux: f'(z) [rows, 1 + k].
 *
 * Negatives of each row are gathered row by row; shared ones become a matrix, so that logits and both gradients are
 * products (Hidasi and Karatzoglou 2018 share them for that). */
#ifndef GUSTO_GRAPH_SAMPLED_H
#define GUSTO_GRAPH_SAMPLED_H

#include "graph/op_util.h"

/* f and f' of one row: z[0..n), target first, becomes f'(z), 0 where z is -inf.  room: [n] numbers. */
typedef double (*sampled_row)(real *z, real *room, int64_t n, const double *attr);

enum { SAMPLED_NEED = 31, SAMPLED_SPARSE = 2 };

enum err_code sampled_shape(const char *op, const struct op_sig *s, struct shape *out, struct err *e);
size_t sampled_aux(const struct op_io *io);
size_t sampled_scratch(const struct op_io *io);
void sampled_forward(struct op_io *io, sampled_row f);
void sampled_backward(struct op_io *io);

/* For f over the negatives alone: r = z or elu(z) = max(z, 0) + min(0, alpha (exp(z) - 1)) in place (alpha 0: z; -inf stays);
 * s[1..n) = softmax of r[1..n).  False: no negative takes part; then f = 0 and z is made f' = 0. */
bool sampled_activate(real *z, real *s, int64_t n, real alpha);
/* dr / dz of a score r = elu(z). */
static inline real sampled_elu_grad(real r, real alpha)
{
	return alpha > 0 && r < 0 ? r + alpha : 1;
}

/* Rows of op_case.in: h, table of `n_`, targets, `k_` negatives, of each row or shared. */
#define CASE_SAMPLED(axis_, n_, d_, k_)                                                                                \
	CASE_RANGE(-2, 2, axis_, 1, d_), CASE_RANGE(-1, 1, AXIS_FIXED, 2, n_, d_), CASE_ABSENT(n_, axis_, 0, 0),       \
		CASE_ABSENT(n_, axis_, 1, k_)
#define CASE_SHARED(axis_, n_, d_, k_)                                                                                 \
	CASE_RANGE(-2, 2, axis_, 1, d_), CASE_RANGE(-1, 1, AXIS_FIXED, 2, n_, d_), CASE_ABSENT(n_, axis_, 0, 0),       \
		CASE_ABSENT(n_, AXIS_FIXED, 1, k_)

/* The op name_ over `row` (a sampled_row) and `cases` of its file.  Then usage, help and args of its struct desc. */
#define SAMPLED_OP(name_, ...)                                                                                         \
	static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)                           \
	{                                                                                                              \
		return sampled_shape(#name_, s, out, e);                                                               \
	}                                                                                                              \
	static void forward(struct op_io *io)                                                                          \
	{                                                                                                              \
		sampled_forward(io, row);                                                                              \
	}                                                                                                              \
	const struct op_class op_##name_ = {                                                                           \
		.desc = {.name = #name_, __VA_ARGS__},                                                                 \
		.arity_min = 4,                                                                                        \
		.arity_max = 5,                                                                                        \
		.flags = OP_REDUCES,                                                                                   \
		.need_in = SAMPLED_NEED,                                                                               \
		.takes_sparse = SAMPLED_SPARSE,                                                                        \
		.shape = shape,                                                                                        \
		.aux = sampled_aux,                                                                                    \
		.scratch = sampled_scratch,                                                                            \
		.forward = forward,                                                                                    \
		.backward = sampled_backward,                                                                          \
		.cases = cases,                                                                                        \
	}

#endif
