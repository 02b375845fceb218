/* Dense products, one thread each (slices of the batch are the parallelism).  The only door to BLAS and LAPACK. */
#ifndef GUSTO_TENSOR_BLAS_H
#define GUSTO_TENSOR_BLAS_H

#include "base/err.h"
#include "base/real.h"

#include <stdbool.h>
#include <stdint.h>

/* C[m,n] = alpha * op(A)[m,k] op(B)[k,n] + beta * C, all row-major; lda etc. are row strides of the stored matrices. */
void blas_gemm(bool trans_a, bool trans_b, int64_t m, int64_t n, int64_t k, real alpha, const real *a, int64_t lda,
	const real *b, int64_t ldb, real beta, real *c, int64_t ldc);

/* How many threads a product may use that is called outside of parallel work (very large dense layers, closed forms). */
void blas_set_threads(int n);

/* The same for the products of the calling thread alone: 1 while it is one of many that work.  Returns what it was before. */
int blas_own_threads(int n);

/* In place: a[n,n] symmetric positive definite -> its inverse.  ERR_NUMERIC where it is not. */
enum err_code blas_spd_inverse(int32_t n, real *a, struct err *e);
/* Solves A X = B for symmetric positive definite A[n,n]; B[n,m] row-major becomes X; A is destroyed. */
enum err_code blas_spd_solve(int32_t n, int32_t m, real *a, real *b, struct err *e);

#endif
