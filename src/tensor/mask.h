/* Dropout masks as a pure function of (key, element index), four elements from one 64-bit number of base/rng.h.
 *
 * Element i is dropped where the 16-bit lane i mod 4 of rng_at(key, i / 4) is below `cut`; the kept ones are multiplied
 * by `scale`, so that the mean is exact for the quantised rate cut / 65536. */
#ifndef GUSTO_TENSOR_MASK_H
#define GUSTO_TENSOR_MASK_H

#include "base/real.h"

#include <stdbool.h>
#include <stdint.h>

struct mask {
	uint64_t key;
	uint32_t cut; /* 0..65535 */
	real scale;   /* 65536 / (65536 - cut) */
};

struct mask mask_new(uint64_t key, double rate);
/* The factor of one element: 0 or scale. */
real mask_at(const struct mask *m, uint64_t index);
/* y[i] = x[i] * factor(first + i), and y[i] += ... where `add`.  x may be y. */
void mask_apply(const struct mask *m, uint64_t first, int64_t n, const real *x, real *y, bool add);

#endif
