/* Timing an experiment's training step: the same batches, program and optimizer as the trainer's, without store, socket and
 * evaluation. */
#ifndef GUSTO_RUN_BENCH_H
#define GUSTO_RUN_BENCH_H

#include "run/experiment.h"

struct bench_result {
	double steps_per_s, best_steps_per_s; /* median and best over the blocks of the timed part */
	double examples_per_s, epoch_s;
	double final_loss; /* mean of the last tenth */
	int64_t steps;
	int threads;
};
enum err_code bench_training(
	struct experiment *x, double seconds, int threads, int64_t slice_rows, struct bench_result *out, struct err *e);

/* The profile of the same: seconds per op over `steps` steps, printed as a table on stdout. */
enum err_code bench_profile(struct experiment *x, int steps, int threads, int64_t slice_rows, struct err *e);

#endif
