#include "nn/schedule.h"

#include <math.h>

enum { WARMUP, STEPS, FLOOR };

static double factor(const struct args *a, int64_t step)
{
	double warm = a->num[WARMUP], low = a->num[FLOOR], rest = a->num[STEPS] - warm;
	if ((double)step < warm)
		return (double)(step + 1) / warm;
	double x = rest > 0 ? ((double)step - warm) / rest : 1;
	return low + (1 - low) * .5 * (1 + cos(3.141592653589793 * (x < 1 ? x : 1)));
}

const struct schedule_class schedule_warmup_cosine = {
	.desc = {"warmup_cosine", "warmup_cosine { warmup, steps, floor = 0 }",
		"Linear growth for warmup steps, then half a cosine down to floor at step `steps`.",
		(const struct arg_spec[]){
			{"warmup", ARG_INT, 0, 0, 9e15, ARG_REQUIRED | ARG_LIVE, "steps until the full rate"},
			{"steps", ARG_INT, 0, 1, 9e15, ARG_REQUIRED | ARG_LIVE, "steps in all, warm-up included"},
			{"floor", ARG_REAL, 0, 0, 1, ARG_LIVE, "share of the base rate that remains"}, {0}}},
	.factor = factor,
};
