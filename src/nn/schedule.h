/* Learning-rate schedules: a factor on the base rate as a function of the step; one file schedule_<name>.c, one row. */
#ifndef GUSTO_NN_SCHEDULE_H
#define GUSTO_NN_SCHEDULE_H

#include "base/desc.h"
#include <stdint.h>

struct schedule_class {
	struct desc
		desc; /* "constant" {}, "step" {every, factor}, "cosine" {steps, floor}, "warmup" {steps} (then constant),
	                   * "warmup_cosine" {warmup, steps, floor} */
	double (*factor)(const struct args *a, int64_t step); /* step 0 is the first */
};
extern const struct registry schedule_registry;

#endif
