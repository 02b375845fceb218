/* Which ratings are asked for in which example.  Targets stand in the order of the evaluation, user by user; the examples are
 * those users, or the items of the targets where the model reads columns of items. */
#ifndef GUSTO_RUN_RATING_PLAN_H
#define GUSTO_RUN_RATING_PLAN_H

#include "base/real.h"
#include "data/split.h"

/* Example x (a user or an item) asks for query[start[x]..start[x + 1]) (items or users); query q predicts target place[q]. */
struct rating_plan {
	int32_t examples;
	int32_t *example, *query;
	int64_t *start; /* [examples + 1] */
	int64_t targets, *place;
	int64_t *of_user; /* [users + 1] where a user's targets begin */
	real *predicted;  /* [targets] room for the predictions */
};

/* part: PART_VALID or PART_TEST, whose targets. */
enum err_code rating_plan_init(struct rating_plan *p, const struct split *s, enum part part, const int32_t *users,
	int32_t n_users, bool by_item, struct err *e);
void rating_plan_fini(struct rating_plan *p);

#endif
