#include "nn/schedule.h"

enum { STEPS };

/* (step + 1) / steps: the first step is not lost, step `steps` - 1 has the full rate. */
static double factor(const struct args *a, int64_t step)
{
	double x = (double)(step + 1) / a->num[STEPS];
	return x < 1 ? x : 1;
}

const struct schedule_class schedule_warmup = {
	.desc = {"warmup", "warmup { steps }", "The rate grows linearly to the base rate, and stays there.",
		(const struct arg_spec[]){
			{"steps", ARG_INT, 0, 1, 9e15, ARG_REQUIRED | ARG_LIVE, "steps until the full rate"}, {0}}},
	.factor = factor,
};
