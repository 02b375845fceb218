/* Scores of the whole catalogue for histories given by hand, through whatever the model offers. */
#ifndef GUSTO_RUN_SCORER_H
#define GUSTO_RUN_SCORER_H

#include "run/rig.h"

/* scores[n, n_items]; history h is items[offsets[h]..offsets[h+1]) of users[h], oldest first. */
enum err_code scorer_histories(struct rig *r, const int32_t *items, const int32_t *offsets, int32_t n,
	const int32_t *users, real *scores, struct err *e);

#endif
