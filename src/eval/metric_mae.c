#include "eval/metric.h"

#include <math.h>

static double pair(double predicted, double truth)
{
	return fabs(predicted - truth);
}

static double finish(double mean)
{
	return mean;
}

const struct metric_class metric_mae = {
	.desc = {"mae", "mae", "Mean absolute error of predicted ratings.", (const struct arg_spec[]){{0}}},
	.needs = METRIC_RATINGS,
	.pair = pair,
	.finish = finish,
};
