/* coverage@k: items that stand in the top k of at least one user / items. */
#include "eval/metric.h"

static double lists(const int32_t *count, int32_t n_items)
{
	int64_t shown = 0;
	for (int32_t i = 0; i < n_items; i++)
		shown += count[i] > 0;
	return n_items ? (double)shown / n_items : 0;
}

const struct metric_class metric_coverage = {
	.desc = {"coverage", "coverage@k", "Share of the catalogue that stands in some user's first k.",
		(const struct arg_spec[]){{0}}},
	.needs = METRIC_LISTS,
	.larger_is_better = true,
	.cutoff = true,
	.lists = lists,
};
