#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

/* SplitMix64 with state 0: the first outputs printed by the reference program of Vigna (prng.di.unimi.it). */
static void mixer_is_splitmix64(void **state)
{
	static const uint64_t want[] = {
		UINT64_C(0xe220a8397b1dcdaf), UINT64_C(0x6e789e6aa1b965f4), UINT64_C(0x06c45d188009454f)};
	for (uint64_t i = 0; i < 3; i++)
		assert_true(rng_at(0, i) == want[i]);
}

static void numbers_depend_on_nothing_but_the_key(void **state)
{
	struct rng a = rng_stream(7, RNG_DROPOUT, 3, 4), b = a;
	for (uint64_t i = 0; i < 100; i++) {
		uint64_t x = rng_u64(&a);
		assert_true(x == rng_at(b.key, i));
	}
	const uint64_t keys[] = {rng_key(7, RNG_DROPOUT, 3, 4), rng_key(8, RNG_DROPOUT, 3, 4),
		rng_key(7, RNG_INIT, 3, 4), rng_key(7, RNG_DROPOUT, 4, 3), rng_key(7, RNG_DROPOUT, 3, 5),
		rng_key(7, RNG_DROPOUT, 0, 0)};
	for (int i = 0; i < 6; i++)
		for (int k = 0; k < i; k++)
			assert_true(keys[i] != keys[k]);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

/* Seeds, purposes, steps and examples that lie next to each other give different streams. */
static void keys_do_not_collide(void **state)
{
	enum { N = 20 * 4 * 40 * 40 };
	uint64_t *key = malloc(N * sizeof *key);
	size_t n = 0;
	for (uint64_t seed = 0; seed < 20; seed++)
		for (int p = 1; p <= 4; p++)
			for (uint64_t step = 0; step < 40; step++)
				for (uint64_t example = 0; example < 40; example++)
					key[n++] = rng_key(seed, (enum rng_purpose)p, step, example);
	qsort(key, n, sizeof *key, compare);
	for (size_t i = 1; i < n; i++)
		assert_true(key[i] != key[i - 1]);
	free(key);
}

/* Chi-square of 64 cells: mean 63, standard deviation sqrt(126) = 11.2; 6 of them is beyond chance. */
static void below_is_uniform(void **state)
{
	enum { CELLS = 64, DRAWS = 64 * 2000 };
	for (uint64_t example = 0; example < 10; example++) {
		/* One draw from each of many neighbouring streams, as a batch draws its negatives. */
		int count[CELLS] = {0};
		double chi = 0;
		for (uint64_t i = 0; i < DRAWS; i++) {
			struct rng r = rng_stream(1, RNG_NEGATIVE, i, example);
			count[rng_below(&r, CELLS)]++;
		}
		for (int c = 0; c < CELLS; c++)
			chi += (count[c] - 2000.) * (count[c] - 2000.) / 2000.;
		assert_true(chi > 63 - 6 * 11.2 && chi < 63 + 6 * 11.2);
	}
	struct rng r = rng_stream(1, RNG_TEST, 0, 0);
	for (int i = 0; i < 100; i++)
		assert_true(rng_below(&r, 1) == 0);
}

static void unit_and_normal_have_their_moments(void **state)
{
	enum { N = 200000 };
	struct rng r = rng_stream(2, RNG_TEST, 0, 0);
	double unit = 0, unit2 = 0, normal = 0, normal2 = 0, normal4 = 0;
	for (int i = 0; i < N; i++) {
		double u = rng_unit(&r), z = rng_normal(&r);
		assert_true(u >= 0 && u < 1 && isfinite(z));
		unit += u;
		unit2 += u * u;
		normal += z;
		normal2 += z * z;
		normal4 += z * z * z * z;
	}
	/* Six standard errors each. */
	assert_true(fabs(unit / N - .5) < 6 * sqrt(1. / 12 / N));
	assert_true(fabs(unit2 / N - 1. / 3) < 6 * sqrt(4. / 45 / N));
	assert_true(fabs(normal / N) < 6 * sqrt(1. / N));
	assert_true(fabs(normal2 / N - 1) < 6 * sqrt(2. / N));
	assert_true(fabs(normal4 / N - 3) < 6 * sqrt(96. / N));
}

static void names_hash_as_fnv(void **state)
{
	assert_true(rng_hash_name("") == UINT64_C(0xcbf29ce484222325));
	assert_true(rng_hash_name("a") == UINT64_C(0xaf63dc4c8601ec8c));
	assert_true(rng_hash_name("foobar") == UINT64_C(0x85944171f73967e8));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mixer_is_splitmix64),
		cmocka_unit_test(numbers_depend_on_nothing_but_the_key),
		cmocka_unit_test(keys_do_not_collide),
		cmocka_unit_test(below_is_uniform),
		cmocka_unit_test(unit_and_normal_have_their_moments),
		cmocka_unit_test(names_hash_as_fnv),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
