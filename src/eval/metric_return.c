/* The mean reward of an episode. */
#include "eval/metric.h"

static void episodes(const struct episodes *x, double *num, double *den)
{
	*num = x->reward;
	*den = x->n;
}

const struct metric_class metric_return = {
	.desc = {"return", "return", "The mean reward of an episode.", (const struct arg_spec[]){{0}}},
	.needs = METRIC_EPISODES,
	.larger_is_better = true,
	.episodes = episodes,
};
