/* The log of an environment as a data set: what people took while slates were drawn at random.  What supervised models learn from
 * before they are compared with agents.
 *
 * Every episode is a user of its own ("<person>.<episode>"), items are called by their ids ("0", "1", ...), times are steps, ratings
 * the rewards.  Episodes that were going on at the end are left out. */
#ifndef GUSTO_RL_LOG_H
#define GUSTO_RL_LOG_H

#include "rl/env.h"

/* At least `interactions` rows.  ERR_ARG where the environment takes vectors, or nobody takes anything. */
enum err_code log_dataset(const struct env_options *o, int64_t interactions, struct dataset **out, struct err *e);

/* The item of the environment that a data set's item is, -1: none of `items`. */
int32_t log_item(const struct dataset *d, int32_t item, int32_t items);

#endif
