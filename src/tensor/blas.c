#include "tensor/blas.h"

#include <cblas.h>
#include <lapacke.h>
#include <omp.h>

/* From OpenBLAS's own header, which CBLAS headers of other vendors lack. */
void openblas_set_num_threads(int n);

#ifdef GUSTO_DOUBLE
#define GEMM cblas_dgemm
#define POTRF LAPACKE_dpotrf
#define POTRI LAPACKE_dpotri
#define TRSM cblas_dtrsm
#else
#define GEMM cblas_sgemm
#define POTRF LAPACKE_spotrf
#define POTRI LAPACKE_spotri
#define TRSM cblas_strsm
#endif

void blas_gemm(bool trans_a, bool trans_b, int64_t m, int64_t n, int64_t k, real alpha, const real *a, int64_t lda,
	const real *b, int64_t ldb, real beta, real *c, int64_t ldc)
{
	if (m <= 0 || n <= 0)
		return;
	if (k <= 0) { /* an empty slice: C = beta C, and 0 even where C is not a number */
		for (int64_t i = 0; i < m; i++)
			for (int64_t j = 0; j < n; j++)
				c[i * ldc + j] = beta != 0 ? beta * c[i * ldc + j] : 0;
		return;
	}
	GEMM(CblasRowMajor, trans_a ? CblasTrans : CblasNoTrans, trans_b ? CblasTrans : CblasNoTrans, (int)m, (int)n,
		(int)k, alpha, a, (int)lda, b, (int)ldb, beta, c, (int)ldc);
}

void blas_set_threads(int n)
{
	openblas_set_num_threads(n);
}

/* OpenBLAS, built for OpenMP, asks OpenMP's setting of the calling thread. */
int blas_own_threads(int n)
{
	int before = omp_get_max_threads();
	omp_set_num_threads(n);
	return before;
}

/* A symmetric matrix is its own transpose: the lower triangle by rows is the upper one by columns, LAPACK's own order, in which
 * it works in place (by rows it would copy the whole matrix). */
static enum err_code factor(int32_t n, real *a, struct err *e)
{
	lapack_int info = POTRF(LAPACK_COL_MAJOR, 'U', n, a, n);
	if (info != 0)
		return err_set(e, ERR_NUMERIC,
			"a matrix of %d x %d is not positive definite (pivot %d); add to its diagonal", n, n,
			(int)info);
	return OK;
}

enum err_code blas_spd_inverse(int32_t n, real *a, struct err *e)
{
	enum { TILE = 64 };
	TRY(factor(n, a, e));
	if (POTRI(LAPACK_COL_MAJOR, 'U', n, a, n) != 0)
		return err_set(e, ERR_NUMERIC, "a matrix of %d x %d has no inverse; add to its diagonal", n, n);
	for (int64_t i0 = 0; i0 < n; i0 += TILE)
		for (int64_t j0 = i0; j0 < n; j0 += TILE)
			for (int64_t i = i0; i < n && i < i0 + TILE; i++)
				for (int64_t j = j0 > i ? j0 : i + 1; j < n && j < j0 + TILE; j++)
					a[i * n + j] = a[j * n + i];
	return OK;
}

/* A = L L' with L in the lower triangle by rows: L Z = B, then L' X = Z. */
enum err_code blas_spd_solve(int32_t n, int32_t m, real *a, real *b, struct err *e)
{
	TRY(factor(n, a, e));
	TRSM(CblasRowMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, n, m, 1, a, n, b, m);
	TRSM(CblasRowMajor, CblasLeft, CblasLower, CblasTrans, CblasNonUnit, n, m, 1, a, n, b, m);
	return OK;
}
