/* Rank counting and top 10 over catalogues of the size of ML-1M, Beauty and larger: microseconds a user.
 * (To compare with the GEMM that makes the scores: at dim 50, 3416 items are 0.34 Mflop a user.) */
#include "base/mem.h"
#include "base/rng.h"
#include "eval/evaluate.h"
#include "eval/rank.h"

#include <stdio.h>
#include <time.h>

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void run(int32_t n, int32_t history, int32_t targets)
{
	enum { USERS = 64 };
	real *s = mem_aligned((size_t)n * USERS * sizeof(real)), t[64], value[16];
	int32_t *mask = mem_alloc((size_t)history * sizeof(int32_t)), above[64], equal[64], item[16];
	int64_t rounds = 200000000 / ((int64_t)n * USERS * targets) + 1, check = 0;
	struct rng r = rng_stream(1, RNG_TEST, 0, 0);
	for (int64_t i = 0; i < (int64_t)n * USERS; i++)
		s[i] = (real)rng_unit(&r);
	for (int32_t i = 0; i < history; i++)
		mask[i] = i * (n / history);
	for (int k = 0; k < targets; k++)
		t[k] = (real)rng_unit(&r);
	double begun = now();
	for (int64_t i = 0; i < rounds; i++)
		for (int64_t u = 0; u < USERS; u++) {
			rank_count(s + u * n, n, t, targets, above, equal);
			rank_exclude(s + u * n, mask, history, t, targets, above, equal);
			check += above[0];
		}
	double vector = (now() - begun) / (double)(rounds * USERS);
	begun = now();
	for (int64_t i = 0; i < rounds; i++)
		for (int64_t u = 0; u < USERS; u++)
			check += top_k(s + u * n, n, mask, history, 10, item, value);
	double top = (now() - begun) / (double)(rounds * USERS);
	printf("items %7d  seen %4d  targets %2d   ranks %8.2f us/user (%5.2f scores/ns)   top "
	       "10 %8.2f us   (%lld)\n",
		n, history, targets, vector * 1e6, n * targets / vector * 1e-9, top * 1e6, (long long)check);
	mem_aligned_free(s);
	mem_free(mask);
}

int main(void)
{
	run(3416, 165, 1);
	run(3416, 165, 30);
	run(12101, 9, 1);
	run(12101, 9, 4);
	run(100000, 50, 1);
	return 0;
}
