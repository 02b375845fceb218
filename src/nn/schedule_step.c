#include "nn/schedule.h"

#include <math.h>

enum { EVERY, FACTOR };

static double factor(const struct args *a, int64_t step)
{
	return pow(a->num[FACTOR], floor((double)step / a->num[EVERY]));
}

const struct schedule_class schedule_step = {
	.desc = {"step", "step { every, factor = 0.1 }", "The rate is multiplied by factor after every so many steps.",
		(const struct arg_spec[]){
			{"every", ARG_INT, 0, 1, 9e15, ARG_REQUIRED | ARG_LIVE, "steps between two cuts"},
			{"factor", ARG_REAL, .1, 0, 1, ARG_LIVE, "what each cut multiplies the rate by"}, {0}}},
	.factor = factor,
};
