/* recall@k: targets in the top k / targets. */
#include "eval/tied.h"

static double user(const struct user_ranks *r, int k, enum tie_policy ties)
{
	return tied_hits(r, k, ties) / r->n;
}

const struct metric_class metric_recall = {
	.desc = {"recall", "recall@k", "Share of a user's targets among the first k.", (const struct arg_spec[]){{0}}},
	.needs = METRIC_RANKS,
	.larger_is_better = true,
	.cutoff = true,
	.user = user,
};
