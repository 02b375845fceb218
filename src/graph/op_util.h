/* What op files share: shape checks, sizes, cases, and how a gradient is written. */
#ifndef GUSTO_GRAPH_OP_UTIL_H
#define GUSTO_GRAPH_OP_UTIL_H

#include "base/rng.h"
#include "graph/op.h"
#include "tensor/rows.h"

#include <string.h>

/* Rows of test data in op_case.in: a real in [-1, 1], a real in [lo, hi], an id below `n` (or -1). */
#define CASE_REAL(axis_, ndim_, ...)                                                                                   \
	{                                                                                                              \
		.type = FIELD_REAL, .shape = {axis_, ndim_, {__VA_ARGS__}}, .lo = -1, .hi = 1                          \
	}
#define CASE_RANGE(lo_, hi_, axis_, ndim_, ...)                                                                        \
	{                                                                                                              \
		.type = FIELD_REAL, .shape = {axis_, ndim_, {__VA_ARGS__}}, .lo = (lo_), .hi = (hi_)                   \
	}
#define CASE_FIXED_RANGE(lo_, hi_, axis_, ndim_, ...)                                                                  \
	{                                                                                                              \
		.type = FIELD_REAL, .shape = {axis_, ndim_, {__VA_ARGS__}}, .lo = (lo_), .hi = (hi_), .no_grad = true  \
	}
#define CASE_ABSENT(n_, axis_, ndim_, ...)                                                                             \
	{                                                                                                              \
		.type = FIELD_INT, .shape = {axis_, ndim_, {__VA_ARGS__}}, .below = (n_), .lo = -1                     \
	}
#define CASE_INT(n_, axis_, ndim_, ...)                                                                                \
	{                                                                                                              \
		.type = FIELD_INT, .shape = {axis_, ndim_, {__VA_ARGS__}}, .below = (n_)                               \
	}

/* The random stream of example e of the slice: a function of its place in the batch, so that slices do not matter. */
static inline struct rng op_stream(const struct op_io *io, int32_t e)
{
	return (struct rng){rng_at(io->key, (uint64_t)io->first_example + (uint64_t)e), 0};
}

static inline int64_t op_numbers(const struct operand *x)
{
	return x->rows * shape_width(&x->shape);
}

/* How many vectors of the last dimension the slice holds. */
static inline int64_t op_vectors(const struct operand *x)
{
	return x->rows * shape_vectors(&x->shape);
}

/* 1 / (numbers in the whole batch), 0 for an empty batch: the factor of a mean. */
static inline double op_mean_factor(const struct operand *x)
{
	double n = (double)x->total_rows * (double)shape_width(&x->shape);
	return n > 0 ? 1 / n : 0;
}

/* Statement over i in 0..n-1 that adds or writes `expr` to the gradient of an input. */
#define GRAD_EACH(operand_, n_, i_, expr_)                                                                             \
	do {                                                                                                           \
		real *restrict grad_ = (operand_).g;                                                                   \
		const int64_t count_ = (n_);                                                                           \
		if (!grad_)                                                                                            \
			break;                                                                                         \
		if ((operand_).add)                                                                                    \
			for (int64_t i_ = 0; i_ < count_; i_++)                                                        \
				grad_[i_] += (expr_);                                                                  \
		else                                                                                                   \
			for (int64_t i_ = 0; i_ < count_; i_++)                                                        \
				grad_[i_] = (expr_);                                                                   \
	} while (0)

/* For ops that accumulate in any order: the gradient starts at zero unless it is to be added to. */
static inline void op_grad_begin(struct operand *x)
{
	if (x->g && !x->add)
		memset(x->g, 0, (size_t)op_numbers(x) * sizeof *x->g);
}

/* Does anybody want a gradient of this input? */
static inline bool op_wants(const struct operand *x)
{
	return x->g || x->sparse;
}

/* Ahead of adding to the gradient row of `id` (-1: none): first the place that says where it stands, later the row. */
static ROWS_INLINE void op_prefetch_slot(const struct operand *table, int32_t id)
{
	if (table->sparse && id >= 0)
		__builtin_prefetch(&table->sparse->slot[id]);
}
static ROWS_INLINE void op_prefetch_grad(const struct operand *table, int32_t id, int64_t d)
{
	if (id < 0)
		return;
	if (table->g)
		rows_prefetch(table->g + id * d, d);
	else if (table->sparse && table->sparse->slot[id] < table->sparse->n)
		rows_prefetch(table->sparse->g + table->sparse->slot[id] * d, d);
}

/* Gradient of row `id` of a table [n, d] += c x. */
static ROWS_INLINE void op_row_axpy(struct operand *table, int32_t id, real c, const real *x, int64_t d)
{
	bool fresh = false;
	real *g = table->sparse ? rowgrad_find(table->sparse, id, &fresh) : table->g ? table->g + id * d : NULL;
	if (!g)
		return;
#pragma omp simd
	for (int64_t j = 0; j < d; j++)
		g[j] = (fresh ? 0 : g[j]) + c * x[j];
}

/* The gradient of number `id` of a table [n, 1], or of a vector [n], which as a parameter is one row. */
static inline real *op_row_number(struct operand *table, int32_t id)
{
	if (!table->sparse)
		return table->g + id;
	return table->shape.ndim == 1 ? rowgrad_row(table->sparse, 0) + id : rowgrad_row(table->sparse, id);
}

/* y = max(x, y) over d numbers; best[j] = place where x's number is the larger one.  Of equal ones the earlier stays, a NaN
 * wins. */
static inline void op_keep_larger(const real *x, int32_t place, real *y, int32_t *best, int64_t d)
{
	for (int64_t j = 0; j < d; j++) {
		bool larger = x[j] > y[j] || x[j] != x[j];
		y[j] = larger ? x[j] : y[j];
		best[j] = larger ? place : best[j];
	}
}

/* Sentences: "tanh: x must be numbers, got a column of ids". */
enum err_code op_need_real(const char *op, const struct op_sig *s, int k, const char *what, struct err *e);
enum err_code op_need_int(const char *op, const struct op_sig *s, int k, const char *what, struct err *e);
/* All inputs real; out = the shape of input 0. */
enum err_code op_shape_like_first(const char *op, const struct op_sig *s, struct shape *out, struct err *e);
/* out = a scalar. */
void op_shape_scalar(struct shape *out);
/* Inputs a and b have the same axis and width. */
enum err_code op_need_same(
	const char *op, const struct op_sig *s, int a, const char *a_name, int b, const char *b_name, struct err *e);
/* Input k is on AXIS_FIXED with `ndim` dimensions. */
enum err_code op_need_fixed(const char *op, const struct op_sig *s, int k, const char *what, int ndim, struct err *e);

#endif
