/* precision@k: targets in the top k / k (k = all candidates where there is no cut-off). */
#include "eval/tied.h"

static double user(const struct user_ranks *r, int k, enum tie_policy ties)
{
	return tied_hits(r, k, ties) / (k ? k : r->candidates);
}

const struct metric_class metric_precision = {
	.desc = {"precision", "precision@k", "Targets among the first k, divided by k.",
		(const struct arg_spec[]){{0}}},
	.needs = METRIC_RANKS,
	.larger_is_better = true,
	.cutoff = true,
	.user = user,
};
