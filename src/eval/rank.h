/* Rank counting over one row of scores. */
#ifndef GUSTO_EVAL_RANK_H
#define GUSTO_EVAL_RANK_H

#include "base/real.h"
#include "eval/metric.h"

#include <stdbool.h>

/* For each target score t[i] (at least one): above[i] = how many of s[n] are > t[i], equal[i] = how many are == t[i].
 * Returns the index of a NaN in s, or -1 (the counts mean nothing where there is one). */
int32_t rank_count(const real *s, int32_t n, const real *t, int32_t n_targets, int32_t *above, int32_t *equal);

/* Turns counts over all items into ranks among the candidates: takes out items (distinct, none a target) and the
 * targets themselves, which are then counted in targets_above and targets_equal. */
void rank_exclude(const real *s, const int32_t *items, int32_t n_items, const real *t, int32_t n_targets,
	int32_t *above, int32_t *equal);
void rank_targets(const real *t, int32_t n_targets, const int32_t *above, const int32_t *equal, bool counted,
	struct target_rank *out);

/* Candidates and where they stand in the catalogue. */
struct rank_row {
	const real *s;	     /* [n] */
	const int32_t *item; /* [n] numbers in the catalogue, or NULL: place i is item i */
	int32_t n;
	const int32_t *skip; /* [n_skip] items that do not compete, ascending, none of them a target */
	int32_t n_skip;
};
/* A target that is not recommended (minus infinity) goes behind its equals.  Of the others, where `first` is set, equals with a
 * lower number in the catalogue go above and the rest below: no tie is left.  `row` holds the targets too where item is NULL. */
void rank_settle(const struct rank_row *row, bool first, const int32_t *target, const real *t, int32_t n_targets,
	struct target_rank *rank);

#endif
