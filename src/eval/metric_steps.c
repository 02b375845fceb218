/* The mean number of steps of an episode. */
#include "eval/metric.h"

static void episodes(const struct episodes *x, double *num, double *den)
{
	*num = x->steps;
	*den = x->n;
}

const struct metric_class metric_steps = {
	.desc = {"steps", "steps", "The mean number of steps of an episode.", (const struct arg_spec[]){{0}}},
	.needs = METRIC_EPISODES,
	.larger_is_better = true,
	.episodes = episodes,
};
