/* NDCG@k (Jarvelin and Kekalainen 2002) with binary gains: sum over targets of 1 / log2(rank + 1), divided by that of a
 * list that begins with all targets.  A tied target has the mean discount of the ranks of its block. */
#include "eval/tied.h"

#include <math.h>

/* sum of 1 / log2(rank + 1) over first..first + n - 1 */
static double discounts(int64_t first, int64_t n)
{
	double sum = 0;
	for (int64_t i = 0; i < n; i++)
		sum += 1 / log2((double)(first + i + 1));
	return sum;
}

static double user(const struct user_ranks *r, int k, enum tie_policy ties)
{
	double dcg = 0;
	for (int32_t i = 0; i < r->n; i++) {
		struct tied b = tied_of(&r->target[i], ties);
		int64_t within = tied_within(&b, k);
		if (within)
			dcg += discounts(b.above + 1, within) / (double)b.size;
	}
	return dcg / discounts(1, k && k < r->n ? k : r->n);
}

const struct metric_class metric_ndcg = {
	.desc = {"ndcg", "ndcg@k", "Normalised discounted cumulative gain with binary gains.",
		(const struct arg_spec[]){{0}}},
	.needs = METRIC_RANKS,
	.larger_is_better = true,
	.cutoff = true,
	.user = user,
};
