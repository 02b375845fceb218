#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

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

/* With "first" a target stands behind everything that a stable sort puts before it, over a masked row and over a list. */
static int32_t stands_before(const real *s, const bool *masked, int32_t target, bool is_target[N], bool of_targets)
{
	int32_t n = 0;
	for (int i = 0; i < N; i++)
		if (i != target && !masked[i] && is_target[i] == of_targets)
			n += s[i] > s[target] || (s[i] == s[target] && (i < target || s[target] == (real)-INFINITY));
	return n;
}

static void test_settled(void **state)
{
	enum { T = 6, M = 300 };
	static real s[N], list_s[N];
	static bool masked[N], is_target[N];
	static int32_t list[N], mask[M];
	for (uint64_t round = 0; round < 20; round++) {
		int32_t target[T], above[T], equal[T], m = 0, n = 0;
		real t[T];
		struct target_rank rank[T], listed[T];
		fill(s, round, round % 2 ? 5 : 300);
		memset(masked, 0, sizeof masked);
		memset(is_target, 0, sizeof is_target);
		for (int i = 0; i < T; i++)
			is_target[target[i] = (i == 5 ? N / 3 : (i * 997 + (int)round * 31 + 1) % N)] = true;
		for (int i = 0; i < N; i++)
			if (i % 17 == 3 && !is_target[i] && m < M)
				masked[mask[m++] = i] = true;
		for (int i = N; i-- > 0;)
			if (!masked[i] && !is_target[i]) {
				list[n] = i;
				list_s[n++] = s[i];
			}
		for (int i = 0; i < T; i++)
			t[i] = s[target[i]];
		rank_count(s, N, t, T, above, equal);
		rank_exclude(s, mask, m, t, T, above, equal);
		rank_targets(t, T, above, equal, true, rank);
		rank_settle(&(struct rank_row){s, NULL, N, mask, m}, true, target, t, T, rank);
		rank_count(list_s, n, t, T, above, equal);
		rank_targets(t, T, above, equal, false, listed);
		rank_settle(&(struct rank_row){list_s, list, n, NULL, 0}, true, target, t, T, listed);
		for (int k = 0; k < T; k++) {
			struct target_rank want = {.above = stands_before(s, masked, target[k], is_target, false),
				.targets_above = stands_before(s, masked, target[k], is_target, true)};
			assert_memory_equal(&rank[k], &want, sizeof want);
			assert_memory_equal(&listed[k], &want, sizeof want);
		}
	}
}

/* Not recommended is last under every policy; other ties are left to the metrics. */
static void test_never_recommended(void **state)
{
	real s[4] = {(real)-INFINITY, 2, 2, (real)-INFINITY}, t[2] = {(real)-INFINITY, 2};
	int32_t target[2] = {0, 1}, above[2], equal[2];
	struct target_rank rank[2];
	rank_count(s, 4, t, 2, above, equal);
	rank_targets(t, 2, above, equal, true, rank);
	rank_settle(&(struct rank_row){s, NULL, 4, NULL, 0}, false, target, t, 2, rank);
	assert_memory_equal(&rank[0], (&(struct target_rank){2, 0, 1, 0}), sizeof *rank);
	assert_memory_equal(&rank[1], (&(struct target_rank){0, 1, 0, 0}), sizeof *rank);
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
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_ranks), cmocka_unit_test(test_settled),
		cmocka_unit_test(test_never_recommended), cmocka_unit_test(test_nan), cmocka_unit_test(test_top_k)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
