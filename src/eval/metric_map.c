/* MAP@k: sum over targets at rank p <= k of (targets at ranks <= p) / p, divided by min(targets, k).
 *
 * In a block of size s with m targets, a target stands at the j-th rank with probability m / s, and then the j - 1
 * ranks before it hold (j - 1) (m - 1) / (s - 1) further targets on average. */
#include "eval/tied.h"

static double user(const struct user_ranks *r, int k, enum tie_policy ties)
{
	double sum = 0;
	for (int32_t i = 0; i < r->n; i++) {
		struct tied b = tied_of(&r->target[i], ties);
		int64_t within = tied_within(&b, k);
		double share = b.size > 1 ? (double)(b.targets - 1) / (double)(b.size - 1) : 0, block = 0;
		for (int64_t j = 1; j <= within; j++)
			block += ((double)b.targets_above + 1 + (double)(j - 1) * share) / (double)(b.above + j);
		/* every target of the block comes by once, hence 1 / s and not m / s */
		sum += block / (double)b.size;
	}
	return sum / (k && k < r->n ? k : r->n);
}

const struct metric_class metric_map = {
	.desc = {"map", "map@k", "Mean average precision.", (const struct arg_spec[]){{0}}},
	.needs = METRIC_RANKS,
	.larger_is_better = true,
	.cutoff = true,
	.user = user,
};
