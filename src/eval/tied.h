/* Private to metric_*.c: where a target may stand.
 *
 * A target shares its score with `targets` - 1 other targets and `others` other candidates; together they fill the
 * ranks above + 1 .. above + size in random order (every order equally likely).  The tie policies worst and best are
 * the same thing without others in the block: the targets then fill the last or the first ranks of it. */
#ifndef GUSTO_EVAL_TIED_H
#define GUSTO_EVAL_TIED_H

#include "eval/metric.h"

struct tied {
	int64_t above; /* candidates and targets that rank before the block */
	int64_t targets, others, size;
	int64_t targets_above;
};

static inline struct tied tied_of(const struct target_rank *r, enum tie_policy ties)
{
	int64_t above = (int64_t)r->above + r->targets_above + (ties == TIE_WORST ? r->equal : 0);
	int64_t targets = (int64_t)r->targets_equal + 1, others = ties == TIE_AVERAGE ? r->equal : 0;
	return (struct tied){above, targets, others, targets + others, r->targets_above};
}

/* How many ranks of the block are at most k (k = 0: no cut-off). */
static inline int64_t tied_within(const struct tied *b, int k)
{
	int64_t n = k ? k - b->above : b->size;
	return n < 0 ? 0 : n > b->size ? b->size : n;
}

/* The block of the user's best target: the first one. */
static inline struct tied tied_first(const struct user_ranks *r, enum tie_policy ties)
{
	struct tied best = tied_of(&r->target[0], ties);
	for (int32_t i = 1; i < r->n; i++) {
		struct tied b = tied_of(&r->target[i], ties);
		if (b.above < best.above)
			best = b;
	}
	return best;
}

/* Expected number of targets at ranks <= k: each of a block's ranks holds a given target with probability 1 / size. */
static inline double tied_hits(const struct user_ranks *r, int k, enum tie_policy ties)
{
	double sum = 0;
	for (int32_t i = 0; i < r->n; i++) {
		struct tied b = tied_of(&r->target[i], ties);
		sum += (double)tied_within(&b, k) / (double)b.size;
	}
	return sum;
}

#endif
