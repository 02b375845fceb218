/* Clicks over what was shown, all steps together. */
#include "eval/metric.h"

static void episodes(const struct episodes *x, double *num, double *den)
{
	*num = x->clicks;
	*den = x->shown;
}

const struct metric_class metric_ctr = {
	.desc = {"ctr", "ctr", "Clicks over what was shown, all steps together.", (const struct arg_spec[]){{0}}},
	.needs = METRIC_EPISODES,
	.larger_is_better = true,
	.episodes = episodes,
};
