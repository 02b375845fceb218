/* MRR@k: 1 / rank of the best target where that is <= k.
 *
 * The first target of a block of size s with m targets stands at its j-th rank with probability
 * P(1) = m / s,  P(j + 1) = P(j) (s - j - m + 1) / (s - j). */
#include "eval/tied.h"

static double user(const struct user_ranks *r, int k, enum tie_policy ties)
{
	struct tied b = tied_first(r, ties);
	int64_t within = tied_within(&b, k);
	double s = (double)b.size, m = (double)b.targets, p = m / s, sum = 0;
	for (int64_t j = 1; j <= within && j <= b.others + 1; j++) {
		sum += p / (double)(b.above + j);
		p *= (s - (double)j - m + 1) / (s - (double)j);
	}
	return sum;
}

const struct metric_class metric_mrr = {
	.desc = {"mrr", "mrr@k", "Mean reciprocal rank of a user's best target.", (const struct arg_spec[]){{0}}},
	.needs = METRIC_RANKS,
	.larger_is_better = true,
	.cutoff = true,
	.user = user,
};
