/* HR@k: probability that any target ranks <= k.
 *
 * Only the first block that holds targets matters: later blocks begin after it.  Of its first c ranks (those <= k) none
 * holds a target with probability prod_{i<c} (others - i) / (size - i). */
#include "eval/tied.h"

static double user(const struct user_ranks *r, int k, enum tie_policy ties)
{
	struct tied b = tied_first(r, ties);
	int64_t c = tied_within(&b, k);
	double none = 1;
	for (int64_t i = 0; i < c && none > 0; i++)
		none *= (double)(b.others - i) / (double)(b.size - i);
	return 1 - none;
}

const struct metric_class metric_hr = {
	.desc = {"hr", "hr@k",
		"Hit rate: share of users with a target among the first k (P@k of session papers, PHR@k of basket "
		"papers).",
		(const struct arg_spec[]){{0}}},
	.needs = METRIC_RANKS,
	.larger_is_better = true,
	.cutoff = true,
	.user = user,
};
