/* Alias tables (Walker 1977, Vose 1991): a draw from any discrete distribution in one number and two reads. */
#ifndef GUSTO_DATA_ALIAS_H
#define GUSTO_DATA_ALIAS_H

#include "base/err.h"
#include "base/rng.h"

struct alias_cell {
	uint32_t cut;  /* the cell keeps its own index with probability cut / 2^32 */
	int32_t other; /* and gives this one otherwise */
};
struct alias {
	int32_t n;
	struct alias_cell *cell; /* [n] */
};

/* weight[n] >= 0 and finite, with a positive sum.  An index of weight 0 is never drawn. */
enum err_code alias_init(struct alias *a, const double *weight, int32_t n, struct err *e);
void alias_fini(struct alias *a);

static inline int32_t alias_draw(const struct alias *a, struct rng *r)
{
	__extension__ typedef unsigned __int128 wide;
	wide x = (wide)rng_u64(r) * (uint32_t)a->n;
	uint32_t i = (uint32_t)(x >> 64), fraction = (uint32_t)((uint64_t)x >> 32);
	struct alias_cell c = a->cell[i];
	return fraction < c.cut ? (int32_t)i : c.other;
}

#endif
