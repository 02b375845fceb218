/* An arena: agents, models that learned from data, and chance act for the same people of one environment and are compared by one
 * reward. */
#ifndef GUSTO_RUN_ARENA_H
#define GUSTO_RUN_ARENA_H

#include "run/runner.h"

/* One contestant: an experiment (loaded from the snapshot of its run) and its run directory; both NULL: chance. */
struct contestant {
	struct experiment *x;
	const char *run_dir;
};
struct arena_row {
	char name[96], model[64];
	struct evaluation_result result; /* per_user: the arena's, until the next row */
	double better, half; /* first metric: mean difference from the first contestant, person by person; 95 % */
};

/* world: the experiment whose environment and protocol it is.  users, episodes: 0 keeps the protocol's.  A model without act(batch) scores the
 * items by what a person took (its data must call items by the environment's ids, see rl/log.h).  rows[n]. */
enum err_code arena_run(struct experiment *world, const struct contestant *c, int n, int32_t users, int32_t episodes,
	struct arena_row *rows, struct err *e);

#endif
