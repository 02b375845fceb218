/* A row's system is the same Y'Y for all plus the observed y_j, which are gathered in blocks so that a product of matrices adds
 * them (Hu, Koren, Volinsky 2008, section 4).  Rows are independent: one thread each. */
#include "tensor/sparse.h"

#include "base/mem.h"
#include "tensor/blas.h"
#include "tensor/rows.h"

#include <math.h>
#include <string.h>

enum { BLOCK = 128 };

/* Of one thread. */
struct work {
	real *a; /* [dim, dim] */
	real *y; /* [BLOCK, dim] the observed vectors ... */
	real *w; /* [BLOCK, dim] ... and each times its confidence - 1 */
};

static enum err_code solve_row(const struct sparse *c, const real *y, int64_t dim, const real *gram, double reg,
	int32_t r, struct work *w, real *x, struct err *e)
{
	int64_t from = c->start[r], to = c->start[r + 1];
	memset(x, 0, (size_t)dim * sizeof *x);
	if (from == to)
		return OK;
	memcpy(w->a, gram, (size_t)(dim * dim) * sizeof *w->a);
	for (int64_t at = from; at < to; at += BLOCK) {
		int64_t n = to - at < BLOCK ? to - at : BLOCK;
		for (int64_t i = 0; i < n; i++) {
			const real *row = y + c->col[at + i] * dim;
			memcpy(w->y + i * dim, row, (size_t)dim * sizeof *row);
			for (int64_t k = 0; k < dim; k++)
				w->w[i * dim + k] = (c->value[at + i] - 1) * row[k];
			rows_axpy(c->value[at + i], row, x, dim);
		}
		blas_gemm(true, false, dim, dim, n, 1, w->y, dim, w->w, dim, 1, w->a, dim);
	}
	for (int64_t k = 0; k < dim; k++)
		w->a[k * dim + k] += (real)reg;
	return blas_spd_solve((int32_t)dim, 1, w->a, x, e);
}

static double row_reg(const struct sparse *c, int32_t r, double reg, double nu)
{
	return nu == 0 ? reg : reg * pow((double)(c->start[r + 1] - c->start[r]), nu);
}

enum err_code sparse_least_squares(
	const struct sparse *c, const real *y, int32_t dim, double reg, double nu, real *x, struct err *e)
{
	int64_t d = dim;
	enum err_code rc = OK;
	real *gram = mem_aligned((size_t)(d * d) * sizeof *gram);
	if (!gram)
		return err_set(e, ERR_NOMEM, "no memory for vectors of %d numbers", dim);
	blas_gemm(true, false, d, d, c->cols, 1, y, d, y, d, 0, gram, d);
#pragma omp parallel
	{
		struct work w = {mem_aligned((size_t)(d * d) * sizeof(real)),
			mem_aligned((size_t)(BLOCK * d) * sizeof(real)),
			mem_aligned((size_t)(BLOCK * d) * sizeof(real))};
		struct err mine;
		enum err_code code = w.a && w.y && w.w ? OK : err_set(&mine, ERR_NOMEM, "no memory for least squares");
#pragma omp for schedule(dynamic, 16)
		for (int32_t r = 0; r < c->rows; r++)
			if (code == OK)
				code = solve_row(c, y, d, gram, row_reg(c, r, reg, nu), r, &w, x + r * d, &mine);
#pragma omp critical(sparse_least_squares)
		if (code != OK && rc == OK) {
			rc = code;
			if (e)
				*e = mine;
		}
		mem_aligned_free(w.a);
		mem_aligned_free(w.y);
		mem_aligned_free(w.w);
	}
	mem_aligned_free(gram);
	return rc;
}
