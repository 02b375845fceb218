/* Products in panels against sums written down, at sizes around whole panels, vectors and register tiles. */
#include "base/mem.h"
#include "base/rng.h"
#include "tensor/panels.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static real *draw(int64_t n, uint64_t key)
{
	struct rng r = rng_stream(1, RNG_TEST, key, 0);
	real *x = mem_calloc((size_t)n + 1, sizeof *x);
	assert_non_null(x);
	for (int64_t i = 0; i < n; i++)
		x[i] = (real)(rng_unit(&r) - 0.5);
	return x;
}

static real at(const real *z, int64_t w, int64_t r, int64_t j)
{
	return z[(r / PANEL * w + j) * PANEL + r % PANEL];
}

static void same(double got, double want)
{
	if (!(fabs(got - want) <= 1e-4))
		fail_msg("got %.9g, expected %.9g", got, want);
}

static void products(int64_t m, int64_t d, int64_t w)
{
	real *x = draw(m * d, 1), *t = draw(w * d, 2), *bias = draw(w, 3), *y = draw(m * d, 4), *g = draw(w * d, 5);
	real *y0 = draw(m * d, 4), *g0 = draw(w * d, 5), *sums = draw(w, 6), *sums0 = draw(w, 6);
	real *packed = draw(panels_rows(m) * d, 7), *z = draw(panels_rows(m) * w, 8);
	panels_pack(x, m, d, packed);
	panels_dots(packed, m, d, t, w, NULL, z);
	for (int64_t r = 0; r < panels_rows(m); r++)
		for (int64_t j = 0; r >= m && j < w; j++)
			same((double)at(z, w, r, j), 0);
	panels_dots(packed, m, d, t, w, bias, z);
	for (int64_t r = 0; r < m; r++)
		for (int64_t j = 0; j < w; j++) {
			double s = (double)bias[j];
			for (int64_t k = 0; k < d; k++)
				s += (double)(x[r * d + k] * t[j * d + k]);
			same((double)at(z, w, r, j), s);
		}
	panels_combine(z, m, w, t, d, y);
	panels_outer(z, m, w, x, d, g);
	panels_sums(z, m, w, sums);
	for (int64_t k = 0; k < d; k++) {
		for (int64_t r = 0; r < m; r++) {
			double s = (double)y0[r * d + k];
			for (int64_t j = 0; j < w; j++)
				s += (double)(at(z, w, r, j) * t[j * d + k]);
			same((double)y[r * d + k], s);
		}
		for (int64_t j = 0; j < w; j++) {
			double s = (double)g0[j * d + k];
			for (int64_t r = 0; r < m; r++)
				s += (double)(at(z, w, r, j) * x[r * d + k]);
			same((double)g[j * d + k], s);
		}
	}
	for (int64_t j = 0; j < w; j++) {
		double s = (double)sums0[j];
		for (int64_t r = 0; r < panels_rows(m); r++)
			s += (double)at(z, w, r, j);
		same((double)sums[j], s);
	}
	real *all[] = {x, t, bias, y, g, y0, g0, sums, sums0, packed, z};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		mem_free(all[i]);
}

static void all_sizes(void **state)
{
	const int64_t rows[] = {1, 7, 16, 17, 50, 64}, widths[] = {1, 3, 8, 21, 50, 100}, tiles[] = {1, 5, 8, 13, 64};
	for (int i = 0; i < 6; i++)
		for (int j = 0; j < 6; j++)
			for (int k = 0; k < 5; k++)
				products(rows[i], widths[j], tiles[k]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(all_sizes)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
