/* Mean cross-entropy of the labels y under the predicted probabilities sigmoid(s):  log(1 + exp(s)) - y s. */
#include "eval/metric.h"

#include <math.h>

static enum err_code points(const float *label, const real *score, int64_t n, double *out, struct err *e)
{
	double sum = 0;
	for (int64_t i = 0; i < n; i++) {
		double s = (double)score[i];
		sum += (s > 0 ? s : 0) + log1p(exp(-fabs(s))) - (double)label[i] * s;
	}
	*out = n ? sum / (double)n : 0;
	return OK;
}

const struct metric_class metric_logloss = {
	.desc = {"logloss", "logloss", "Mean cross-entropy of clicks under the predicted probabilities.",
		(const struct arg_spec[]){{0}}},
	.needs = METRIC_POINTS,
	.points = points,
};
