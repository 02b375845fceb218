/* Where the time of training steps went: op by op, from the first worker's clocks. */
#ifndef GUSTO_RUN_PROFILE_H
#define GUSTO_RUN_PROFILE_H

#include "run/rig.h"

/* A table on stdout: microseconds a step forward and backward, their share of the step and, of ops that tell their work
 * (op_class.work), how much of it a second.  seconds: of all `steps`, batches and
 * optimizer included; loading: of them spent on assembling batches. */
void profile_print(const struct rig *r, int64_t steps, double seconds, double loading);

#endif
