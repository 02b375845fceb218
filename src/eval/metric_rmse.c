#include "eval/metric.h"

#include <math.h>

static double pair(double predicted, double truth)
{
	return (predicted - truth) * (predicted - truth);
}

static double finish(double mean)
{
	return sqrt(mean);
}

const struct metric_class metric_rmse = {
	.desc = {"rmse", "rmse", "Root of the mean squared error of predicted ratings.",
		(const struct arg_spec[]){{0}}},
	.needs = METRIC_RATINGS,
	.pair = pair,
	.finish = finish,
};
