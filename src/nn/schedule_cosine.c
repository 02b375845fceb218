/* Cosine decay (Loshchilov and Hutter 2017, equation 5, without restarts):
 * floor + (1 - floor) (1 + cos(pi step / steps)) / 2, then floor. */
#include "nn/schedule.h"

#include <math.h>

enum { STEPS, FLOOR };

static double factor(const struct args *a, int64_t step)
{
	double x = (double)step / a->num[STEPS], low = a->num[FLOOR];
	return low + (1 - low) * .5 * (1 + cos(3.141592653589793 * (x < 1 ? x : 1)));
}

const struct schedule_class schedule_cosine = {
	.desc = {"cosine", "cosine { steps, floor = 0 }",
		"The rate falls along half a cosine to floor, and stays there.",
		(const struct arg_spec[]){
			{"steps", ARG_INT, 0, 1, 9e15, ARG_REQUIRED | ARG_LIVE, "steps until the floor is reached"},
			{"floor", ARG_REAL, 0, 0, 1, ARG_LIVE, "share of the base rate that remains"}, {0}}},
	.factor = factor,
};
