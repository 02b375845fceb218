#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rng.h"
#include "eval/evaluate.h"
#include "eval/rank.h"

enum { N = 5003 };

static void fill(real *s, uint64_t round, uint64_t levels)
{
	struct rng r = rng_stream(3, RNG_TEST, round, 0);
	for (int i = 0; i < N; i++)
		s[i] = (real)rng_below(&r, levels) / 7 - 1;
	s[N / 2] = (real)INFINITY;
	s[N / 3] = (real)-INFINITY;
}

/* Ranks with masked items and several targets against going through the candidates one by one. */
static void test_ranks(void **state)
{
	static real s[N];
	for (uint64_t round = 0; round < 20; round++) {
		enum { T = 5, M = 300 };
		static bool masked[N];
		int32_t target[T], mask[M], above[T], equal[T];
		real t[T];
		struct target_rank rank[T];
		fill(s, round, round % 2 ? 5 : 100000);
		for (int i = 0; i < N; i++)
			masked[i] = false;
		for (int i = 0; i < T; i++)
			t[i] = s[target[i] = (i * 997 + (int)round * 31) % N];
		for (int i = 0; i < M; i++)
			masked[mask[i] = (i * 13 + 5000) % N] = true;
		assert_int_equal(rank_count(s, N, t, T, above, equal), -1);
		int m = 0;
		for (int i = 0; i < M; i++) {
			bool is_target = false;
			for (int k = 0; k < T; k++)
				is_target |= mask[i] == target[k];
			if (!is_target)
				mask[m++] = mask[i];
			else
				masked[mask[i]] = false;
		}
		rank_exclude(s, mask, m, t, T, above, equal);
		rank_targets(t, T, above, equal, true, rank);
		for (int k = 0; k < T; k++) {
			struct target_rank want = {0};
			for (int i = 0; i < N; i++) {
				bool is_target = false;
				for (int j = 0; j < T; j++)
					is_target |= i == target[j];
				if (masked[i] || i == target[k])
					continue;
				*(is_target ? &want.targets_above : &want.above) += s[i] > t[k];
				*(is_target ? &want.targets_equal : &want.equal) += s[i] == t[k];
			}
			assert_memory_equal(&rank[k], &want, sizeof want);
		}
	}
}

static void test_nan(void **state)
{
	static real s[N];
	int32_t above, equal;
	for (int at = 0; at < N; at += 311) {
		fill(s, 1, 10);
		s[at] = (real)NAN;
		if (at + 100 < N)
			s[at + 100] = (real)NAN;
		assert_int_equal(rank_count(s, N, s, 1, &above, &equal), at);
	}
}

static const real *sorting;

static int better(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
	if (sorting[x] != sorting[y])
		return sorting[x] > sorting[y] ? -1 : 1;
	return x < y ? -1 : 1;
}

static void test_top_k(void **state)
{
	static real s[N], value[N];
	static int32_t item[N], all[N], skip[N];
	for (uint64_t round = 0; round < 40; round++) {
		struct rng r = rng_stream(4, RNG_TEST, round, 0);
		int32_t k = round % 10 == 9 ? N : (int32_t)rng_below(&r, 50), n_skip = 0, n = 0;
		uint64_t share = rng_below(&r, 5);
		fill(s, round, round % 2 ? 5 : 100000);
		for (int32_t i = 0; i < N; i++) {
			if (rng_below(&r, 5) < share)
				skip[n_skip++] = i;
			else
				all[n++] = i;
		}
		sorting = s;
		qsort(all, (size_t)n, sizeof *all, better);
		int32_t found = top_k(s, N, skip, n_skip, k, item, value);
		assert_int_equal(found, k < n ? k : n);
		for (int32_t i = 0; i < found; i++) {
			assert_int_equal(item[i], all[i]);
			assert_true(value[i] == s[all[i]]);
		}
	}
	assert_int_equal(top_k(s, N, NULL, 0, 0, item, value), 0);
	assert_int_equal(top_k(s, 0, NULL, 0, 5, item, value), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranks), cmocka_unit_test(test_nan), cmocka_unit_test(test_top_k)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
