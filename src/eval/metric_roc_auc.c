/* Area under the ROC curve over all points together (Mann and Whitney 1947): the share of (positive, negative) pairs in the
 * right order, ties half.  With the ranks r of the positives P among all n points, equal scores sharing their mean rank:
 *   (sum r - |P| (|P| + 1) / 2) / (|P| |N|)
 * Without a positive or without a negative it is 1/2. */
#include "base/mem.h"
#include "eval/metric.h"

#include <stdlib.h>

struct scored {
	real score;
	float label;
};

static int by_score(const void *a, const void *b)
{
	real x = ((const struct scored *)a)->score, y = ((const struct scored *)b)->score;
	return (x > y) - (x < y);
}

static enum err_code points(const float *label, const real *score, int64_t n, double *out, struct err *e)
{
	struct scored *p = mem_alloc((size_t)n * sizeof *p);
	if (!p)
		return err_set(e, ERR_NOMEM, "no memory to sort %lld points", (long long)n);
	double positives = 0, ranks = 0;
	for (int64_t i = 0; i < n; i++) {
		p[i] = (struct scored){score[i], label[i]};
		positives += label[i] > 0;
	}
	qsort(p, (size_t)n, sizeof *p, by_score);
	for (int64_t i = 0, j; i < n; i = j) {
		double tied = 0;
		for (j = i; j < n && p[j].score == p[i].score; j++)
			tied += p[j].label > 0;
		ranks += tied * ((double)(i + j + 1) / 2);
	}
	mem_free(p);
	double pairs = positives * ((double)n - positives);
	*out = pairs > 0 ? (ranks - positives * (positives + 1) / 2) / pairs : .5;
	return OK;
}

const struct metric_class metric_roc_auc = {
	.desc = {"roc_auc", "roc_auc", "Area under the ROC curve over all interactions together (click-through).",
		(const struct arg_spec[]){{0}}},
	.needs = METRIC_POINTS,
	.larger_is_better = true,
	.points = points,
};
