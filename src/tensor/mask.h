/* Dropout masks as a pure function of (key, element index), four elements from one 64-bit number of base/rng.h.
 *
 * Element i is dropped where the 16-bit lane i mod 4 of rng_at(key, i / 4) is below `cut`; the kept ones are multiplied
 * by `scale`, so that the mean is exact for the quantised rate cut / 65536. */
#ifndef GUSTO_TENSOR_MASK_H
#define GUSTO_TENSOR_MASK_H

#include "base/real.h"
#include "base/rng.h"

#include <stdbool.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "lanes of a word are read as an array, lowest first");

struct mask {
	uint64_t key;
	uint32_t cut; /* 0..65535 */
	real scale;   /* 65536 / (65536 - cut) */
};

enum { MASK_BLOCK = 512 };

struct mask mask_new(uint64_t key, double rate);
/* The factor of one element: 0 or scale. */
real mask_at(const struct mask *m, uint64_t index);
/* y[i] = x[i] * factor(first + i), and y[i] += ... where `add`.  x may be y. */
void mask_apply(const struct mask *m, uint64_t first, int64_t n, const real *x, real *y, bool add);

/* The factors of elements first..first+n-1 into f, rounded up to a multiple of 4; first is one too, n <= MASK_BLOCK. */
static inline __attribute__((always_inline)) void mask_factors(
	const struct mask *m, uint64_t first, int64_t n, real *restrict f)
{
	union {
		uint64_t word[MASK_BLOCK / 4];
		uint16_t lane[MASK_BLOCK];
	} bits;
	int64_t words = (n + 3) / 4;
	const uint64_t key = m->key + RNG_WEYL * (first / 4 + 1);
	for (int64_t w = 0; w < words; w++)
		bits.word[w] = rng_mix(key + RNG_WEYL * (uint64_t)w);
	const real scale = m->scale;
	const uint16_t cut = (uint16_t)m->cut;
	for (int64_t i = 0; i < 4 * words; i++)
		f[i] = bits.lane[i] >= cut ? scale : 0;
}

#endif
