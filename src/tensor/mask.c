#include "tensor/mask.h"

#include <math.h>

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

void mask_apply(const struct mask *m, uint64_t first, int64_t n, const real *x, real *y, bool add)
{
	real f[MASK_BLOCK];
	int64_t done = 0;
	for (; done < n && (first + (uint64_t)done) % 4; done++)
		y[done] = (add ? y[done] : 0) + x[done] * mask_at(m, first + (uint64_t)done);
	while (done < n) {
		int64_t count = n - done < MASK_BLOCK ? n - done : MASK_BLOCK;
		mask_factors(m, first + (uint64_t)done, count, f);
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
