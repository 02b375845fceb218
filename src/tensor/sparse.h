/* Sparse matrices by rows (CSR), and what closed-form models ask of them.
 *
 * Within a row columns ascend and are distinct.  Everything here is computed row of the result by row of the result, each by
 * one thread in a fixed order: the number of threads (those of OpenMP) changes no bit. */
#ifndef GUSTO_TENSOR_SPARSE_H
#define GUSTO_TENSOR_SPARSE_H

#include "base/err.h"
#include "base/real.h"

#include <stdbool.h>
#include <stdint.h>

struct sparse {
	int32_t rows, cols;
	int64_t *start; /* [rows + 1] */
	int32_t *col;	/* [start[rows]] */
	real *value;	/* [start[rows]] */
};

/* No entries yet (start is zero), room for `entries`.  ERR_NOMEM says how much was wanted. */
enum err_code sparse_new(int32_t rows, int32_t cols, int64_t entries, struct sparse **out, struct err *e);
void sparse_free(struct sparse *s); /* NULL is legal */
static inline int64_t sparse_entries(const struct sparse *s)
{
	return s->start[s->rows];
}

/* From rows in which columns come in any order and more than once: out has each pair once, with the sum of its values or, of
 * `last`, the last one.  value NULL: every one is 1. */
enum err_code sparse_collect(int32_t rows, int32_t cols, const int64_t *start, const int32_t *col, const float *value,
	bool last, struct sparse **out, struct err *e);

enum err_code sparse_transpose(const struct sparse *a, struct sparse **out, struct err *e);

/* g[cols, cols] = A' A, dense and symmetric; t is the transpose of A. */
void sparse_gram(const struct sparse *a, const struct sparse *t, real *g);

/* y[rows, width] = A x[cols, width]. */
void sparse_times(const struct sparse *a, const real *x, int64_t width, real *y);

/* How alike two columns i and j of A are, from d = sum_r a_ri a_rj and the squared norms n_i, n_j; s = shrink >= 0:
 *   cosine      d / (sqrt(n_i n_j) + s)
 *   asymmetric  d / (n_i^alpha n_j^(1 - alpha) + s)                    (Aiolli 2013)
 *   jaccard     d / (n_i + n_j - d + s)                                of the pattern
 *   dice        2 d / (n_i + n_j + s)                                  of the pattern
 *   tversky     d / (d + alpha (n_i - d) + beta (n_j - d) + s)         of the pattern
 *   dot         d / (1 + s) */
#define SIMILARITIES "cosine|asymmetric|jaccard|dice|tversky|dot"
enum similarity { SIM_COSINE, SIM_ASYMMETRIC, SIM_JACCARD, SIM_DICE, SIM_TVERSKY, SIM_DOT };
struct similarity_options {
	enum similarity kind;
	int32_t k; /* neighbours kept per column, 1 or more: the most similar, ties by lower column */
	double shrink, alpha, beta;
};
/* out[cols, cols]: row i holds the k columns that are most similar to column i, i itself left out; similarities that are not
 * above 0 are none. */
enum err_code sparse_neighbours(
	const struct sparse *a, const struct similarity_options *o, struct sparse **out, struct err *e);

/* One half-step of alternating least squares for weighted implicit feedback (Hu, Koren, Volinsky 2008, equation 4).  Row r of c
 * has confidences c_rj >= 1 of what was observed; all else has confidence 1 and preference 0.  For each row
 *   x_r = (Y'Y + sum_j (c_rj - 1) y_j y_j' + reg n_r^nu I)^-1 sum_j c_rj y_j,     n_r = entries of the row
 * y[cols, dim], x[rows, dim]; rows without entries become 0.  ERR_NUMERIC where a system cannot be solved. */
enum err_code sparse_least_squares(
	const struct sparse *c, const real *y, int32_t dim, double reg, double nu, real *x, struct err *e);

#endif
