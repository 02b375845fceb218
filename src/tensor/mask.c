#include "tensor/mask.h"

#include "base/rng.h"

enum { BLOCK = 512 }; /* elements whose lanes are made at a time */

struct mask mask_new(uint64_t key, double rate)
{
	double cut = rint(rate * 65536);
	if (!(cut > 0))
		cut = 0;
	if (cut > 65535)
		cut = 65535;
	return (struct mask){key, (uint32_t)cut, (real)(65536 / (65536 - cut))};
}

real mask_at(const struct mask *m, uint64_t index)
{
	uint32_t lane = (uint32_t)(rng_at(m->key, index / 4) >> (16 * (index % 4))) & 0xffff;
	return lane >= m->cut ? m->scale : 0;
}

/* The factors of elements first..first+n-1; first is a multiple of 4, n <= BLOCK. */
static void factors(const struct mask *m, uint64_t first, int64_t n, real *f)
{
	uint64_t word[BLOCK / 4];
	int64_t words = (n + 3) / 4;
	uint64_t start = first / 4;
	for (int64_t w = 0; w < words; w++)
		word[w] = rng_at(m->key, start + (uint64_t)w);
	const real scale = m->scale;
	const uint32_t cut = m->cut;
	for (int64_t w = 0; w < words; w++)
		for (int l = 0; l < 4; l++)
			f[4 * w + l] = ((uint32_t)(word[w] >> (16 * l)) & 0xffff) >= cut ? scale : 0;
}

void mask_apply(const struct mask *m, uint64_t first, int64_t n, const real *x, real *y, bool add)
{
	real f[BLOCK];
	int64_t done = 0;
	for (; done < n && (first + (uint64_t)done) % 4; done++)
		y[done] = (add ? y[done] : 0) + x[done] * mask_at(m, first + (uint64_t)done);
	while (done < n) {
		int64_t count = n - done < BLOCK ? n - done : BLOCK;
		factors(m, first + (uint64_t)done, count, f);
		const real *from = x + done;
		real *to = y + done;
		if (add)
			for (int64_t i = 0; i < count; i++)
				to[i] += from[i] * f[i];
		else
			for (int64_t i = 0; i < count; i++)
				to[i] = from[i] * f[i];
		done += count;
	}
}
