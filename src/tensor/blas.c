#include "tensor/blas.h"

#include <cblas.h>
#include <lapacke.h>

/* From OpenBLAS's own header, which CBLAS headers of other vendors lack. */
void openblas_set_num_threads(int n);

#ifdef GUSTO_DOUBLE
#define GEMM cblas_dgemm
#define POTRF LAPACKE_dpotrf
#define POTRI LAPACKE_dpotri
#define POTRS LAPACKE_dpotrs
#else
#define GEMM cblas_sgemm
#define POTRF LAPACKE_spotrf
#define POTRI LAPACKE_spotri
#define POTRS LAPACKE_spotrs
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

static enum err_code factor(int32_t n, real *a, struct err *e)
{
	lapack_int info = POTRF(LAPACK_ROW_MAJOR, 'L', n, a, n);
	if (info != 0)
		return err_set(e, ERR_NUMERIC,
			"a matrix of %d x %d is not positive definite (pivot %d); add to its diagonal", n, n,
			(int)info);
	return OK;
}

enum err_code blas_spd_inverse(int32_t n, real *a, struct err *e)
{
	TRY(factor(n, a, e));
	if (POTRI(LAPACK_ROW_MAJOR, 'L', n, a, n) != 0)
		return err_set(e, ERR_NUMERIC, "a matrix of %d x %d has no inverse; add to its diagonal", n, n);
	for (int32_t i = 0; i < n; i++)
		for (int32_t j = i + 1; j < n; j++)
			a[(int64_t)i * n + j] = a[(int64_t)j * n + i];
	return OK;
}

enum err_code blas_spd_solve(int32_t n, int32_t m, real *a, real *b, struct err *e)
{
	TRY(factor(n, a, e));
	if (POTRS(LAPACK_ROW_MAJOR, 'L', n, m, a, n, b, m) != 0)
		return err_set(e, ERR_NUMERIC, "a system of %d equations could not be solved", n);
	return OK;
}
