/* Private to eval/: drawing evaluation candidates. */
#ifndef GUSTO_EVAL_CANDIDATES_H
#define GUSTO_EVAL_CANDIDATES_H

#include "base/rng.h"
#include "data/split.h"

/* What is drawn from: items with whole weights. */
struct candidate_pool {
	int32_t n_items;
	int64_t *until; /* [n_items + 1] running sums of the weights */
};

/* Weights 1 or, `popularity`, the number of training interactions. */
enum err_code candidate_pool_init(struct candidate_pool *p, const struct split *s, bool popularity, struct err *e);
void candidate_pool_fini(struct candidate_pool *p);

/* Draws up to n distinct items one after the other, each in proportion to its weight among those left; items whose
 * bit in `taken` (a bitmap over items) is set are left out, and drawn ones get theirs set.  Returns how many there
 * were. */
int32_t candidate_draw(const struct candidate_pool *p, struct rng *r, uint64_t *taken, int32_t n, int32_t *out);

#endif
