/* Products and solves against loops; masks against the stream they are defined by. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/rng.h"
#include "tensor/blas.h"
#include "tensor/mask.h"

#include <string.h>

enum { N = 7, MAX = 64 * 64 };

static const double tolerance = sizeof(real) == sizeof(double) ? 1e-10 : 1e-3;

static void fill(struct rng *r, real *x, int n)
{
	for (int i = 0; i < n; i++)
		x[i] = (real)(2 * rng_unit(r) - 1);
}

static void products_agree_with_loops(void **state)
{
	struct rng r = rng_stream(1, RNG_TEST, 0, 0);
	for (int round = 0; round < 200; round++) {
		static const int sizes[] = {1, 2, 3, 8, 17, 50, 64, 0};
		real a[MAX], b[MAX], c[MAX], before[MAX];
		int m = sizes[rng_below(&r, 7)], n = sizes[rng_below(&r, 7)], k = sizes[rng_below(&r, 8)];
		bool ta = rng_below(&r, 2), tb = rng_below(&r, 2);
		real beta = (real)rng_below(&r, 2), alpha = 2;
		fill(&r, a, m * k);
		fill(&r, b, k * n);
		fill(&r, c, m * n);
		memcpy(before, c, sizeof c);
		blas_gemm(ta, tb, m, n, k, alpha, a, ta ? m : k + !k, b, tb ? k + !k : n, beta, c, n);
		for (int i = 0; i < m; i++)
			for (int j = 0; j < n; j++) {
				double want = (double)beta * (double)before[i * n + j];
				for (int l = 0; l < k; l++)
					want += 2 * (double)a[ta ? l * m + i : i * k + l] *
						(double)b[tb ? j * k + l : l * n + j];
				assert_true(fabs(want - (double)c[i * n + j]) < tolerance);
			}
	}
}

/* A = M M^T + I: A (A^-1) = 1, and A X = B is solved. */
static void positive_definite_systems_are_solved(void **state)
{
	struct rng r = rng_stream(2, RNG_TEST, 0, 0);
	real m[N * N], a[N * N], inverse[N * N], b[N * 3], x[N * 3];
	struct err e;
	fill(&r, m, N * N);
	fill(&r, b, N * 3);
	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++) {
			a[i * N + j] = i == j;
			for (int k = 0; k < N; k++)
				a[i * N + j] += m[i * N + k] * m[j * N + k];
		}
	memcpy(inverse, a, sizeof a);
	memcpy(x, b, sizeof b);
	assert_int_equal(blas_spd_inverse(N, inverse, &e), OK);
	real factor[N * N];
	memcpy(factor, a, sizeof a);
	assert_int_equal(blas_spd_solve(N, 3, factor, x, &e), OK);
	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++) {
			double one = 0, back = 0;
			for (int k = 0; k < N; k++) {
				one += (double)a[i * N + k] * (double)inverse[k * N + j];
				back += j < 3 ? (double)a[i * N + k] * (double)x[k * 3 + j] : 0;
			}
			assert_true(fabs(one - (i == j)) < tolerance);
			if (j < 3)
				assert_true(fabs(back - (double)b[i * 3 + j]) < tolerance);
		}
	a[0] = -1;
	assert_int_equal(blas_spd_inverse(N, a, &e), ERR_NUMERIC);
}

static void masks_depend_on_the_element_alone(void **state)
{
	enum { LENGTH = 1100 };
	struct mask m = mask_new(77, 0.3);
	real x[LENGTH], y[LENGTH], sum[LENGTH];
	for (int i = 0; i < LENGTH; i++)
		x[i] = (real)(i + 1);
	for (uint64_t first = 0; first < 9; first++) {
		int n = LENGTH - (int)first * 13;
		for (int i = 0; i < LENGTH; i++)
			sum[i] = 1;
		mask_apply(&m, first, n, x, y, false);
		mask_apply(&m, first, n, x, sum, true);
		for (int i = 0; i < n; i++) {
			assert_true(y[i] == x[i] * mask_at(&m, first + (uint64_t)i));
			assert_true(fabs((double)(sum[i] - y[i]) - 1) < 1e-3);
		}
		if (n < LENGTH)
			assert_true(sum[n] == 1);
	}
	m = mask_new(77, 0);
	mask_apply(&m, 5, LENGTH, x, y, false);
	assert_memory_equal(x, y, sizeof x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(products_agree_with_loops),
		cmocka_unit_test(positive_definite_systems_are_solved),
		cmocka_unit_test(masks_depend_on_the_element_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
