/* Pseudo-random permutations of 0..n-1 that need no memory: any place can be asked for, in any order. */
#ifndef GUSTO_DATA_SHUFFLE_H
#define GUSTO_DATA_SHUFFLE_H

#include <stdint.h>

enum { SHUFFLE_ROUNDS_MAX = 16 };

struct shuffle {
	uint64_t n;
	uint32_t left, right; /* left * right >= n */
	int rounds;
	uint32_t key[SHUFFLE_ROUNDS_MAX];
};

/* 1 <= n < 2^62; each key names a permutation. */
void shuffle_init(struct shuffle *s, int64_t n, uint64_t key);

/* out[i] = the element at place first + i, for i < count. */
void shuffle_range(const struct shuffle *s, int64_t first, int32_t count, int64_t *out);

#endif
