/* AUC: share of (target, other candidate) pairs in which the target scores higher; ties count 1/2 (worst 0, best 1).
 * A user without other candidates has 1/2. */
#include "eval/metric.h"

static double user(const struct user_ranks *r, int k, enum tie_policy ties)
{
	double others = (double)r->candidates - r->n, won = 0;
	double tie = ties == TIE_AVERAGE ? .5 : ties == TIE_BEST ? 1 : 0;
	if (others <= 0)
		return .5;
	for (int32_t i = 0; i < r->n; i++)
		won += others - r->target[i].above - (1 - tie) * r->target[i].equal;
	return won / (others * r->n);
}

const struct metric_class metric_auc = {
	.desc = {"auc", "auc", "Share of (target, other) pairs in the right order.", (const struct arg_spec[]){{0}}},
	.needs = METRIC_RANKS,
	.larger_is_better = true,
	.user = user,
};
