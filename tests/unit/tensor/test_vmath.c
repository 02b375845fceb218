/* The inline functions against libm in long double, and what they do with NaN and infinity. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tensor/rows.h"

static const double ulp = sizeof(real) == sizeof(double) ? 2.3e-16 : 1.2e-7;

static long double exact_softplus(long double x)
{
	return x > 0 ? x + log1pl(expl(-x)) : log1pl(expl(x));
}

static long double exact_sigmoid(long double x)
{
	return 1 / (1 + expl(-x));
}

static void compare(real (*f)(real), long double (*exact)(long double), double lo, double hi, double ulps)
{
	for (int i = 0; i <= 100000; i++) {
		real x = (real)(lo + (hi - lo) * i / 100000);
		long double want = exact((long double)x), got = (long double)f(x);
		if (!(fabsl(got - want) <= (long double)(ulps * ulp) * fabsl(want)))
			fail_msg("at %.9g: got %.17Lg, expected %.17Lg", (double)x, got, want);
	}
}

static void functions_are_exact_to_a_few_units(void **state)
{
	compare(vm_exp, expl, -86, 88, 3);
	compare(vm_log, logl, 1e-30, 100, 4);
	compare(vm_log, logl, 0.4, 2.5, 4);
	compare(vm_softplus, exact_softplus, -50, 50, 5);
	compare(vm_sigmoid, exact_sigmoid, -50, 50, 4);
	compare(vm_tanh, tanhl, -12, 12, 4);
	compare(vm_erf, erfl, -7, 7, 4);
}

static void limits_are_reached_and_nan_passes(void **state)
{
	real (*const all[])(real) = {vm_exp, vm_log, vm_softplus, vm_sigmoid, vm_tanh, vm_erf};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		assert_true(isnan(all[i]((real)NAN)));
	real inf = (real)INFINITY;
	assert_true(vm_exp(inf) == inf && vm_exp(-inf) == 0 && vm_exp(0) == 1);
	assert_true(vm_exp(1000) == inf && vm_exp(-1000) == 0);
	assert_true(vm_log(0) == -inf && vm_log(inf) == inf && isnan(vm_log(-1)) && vm_log(1) == 0);
	assert_true(vm_softplus(inf) == inf && vm_softplus(-inf) == 0);
	assert_true(vm_sigmoid(inf) == 1 && vm_sigmoid(-inf) == 0 && vm_sigmoid(0) == (real)0.5);
	assert_true(vm_tanh(inf) == 1 && vm_tanh(-inf) == -1 && vm_tanh(0) == 0);
	assert_true(vm_erf(inf) == 1 && vm_erf(-inf) == -1 && vm_erf(0) == 0);
}

static void rows_agree_with_plain_loops(void **state)
{
	real x[70], y[70], z[70];
	for (int n = 1; n < 70; n++) {
		double sum = 0, dot = 0;
		real top = -100;
		for (int i = 0; i < n; i++) {
			x[i] = (real)((i * 37) % 23 - 11) / 8;
			y[i] = (real)((i * 17) % 19 - 9) / 4;
			sum += (double)x[i];
			dot += (double)x[i] * (double)y[i];
			top = x[i] > top ? x[i] : top;
		}
		/* small multiples of 1/32: sums are exact in any order */
		assert_true(rows_sum(x, n) == (real)sum);
		assert_true(rows_dot(x, y, n) == (real)dot);
		assert_true(rows_max(x, n) == top);
		rows_softmax(x, z, n);
		assert_true(fabs((double)rows_sum(z, n) - 1) < 20 * ulp);
		z[n - 1] = (real)NAN;
		rows_softmax(z, z, n);
		for (int i = 0; i < n; i++)
			assert_true(isnan(z[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_are_exact_to_a_few_units),
		cmocka_unit_test(limits_are_reached_and_nan_passes),
		cmocka_unit_test(rows_agree_with_plain_loops),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
