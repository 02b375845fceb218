/* Timing an experiment: the same batches, programs, optimizer and evaluation as in a run, without store, socket and schedule.
 * An experiment of no epochs is an evaluation: its passes over the test part are timed instead. */
#ifndef GUSTO_RUN_BENCH_H
#define GUSTO_RUN_BENCH_H

#include "run/experiment.h"

struct bench_options {
	double seconds; /* timed, after a warm-up */
	int threads;	/* 0: all cores */
	int64_t slice;	/* rows of a slice, 0: chosen */
};
/* A step is one round of the players where a model has players, one block of users where an evaluation is timed. */
struct bench_result {
	double steps_per_s, best_steps_per_s; /* median and best over the blocks of the timed part */
	double examples_per_s, epoch_s;
	double final_loss; /* mean of the last tenth; evaluations: the first metric */
	double loading;	   /* share of the time in which batches were assembled while the workers waited */
	int64_t steps;
	int threads;
};
enum err_code bench_run(struct experiment *x, const struct bench_options *o, struct bench_result *out, struct err *e);

/* The profile of `steps` training steps: a table on stdout of seconds per op. */
enum err_code bench_profile(struct experiment *x, const struct bench_options *o, int steps, struct err *e);

#endif
