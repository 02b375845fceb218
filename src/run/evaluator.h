/* Evaluates a model under the experiment's protocol: feeds an evaluation (eval/evaluate.h) with the scores of a rig. */
#ifndef GUSTO_RUN_EVALUATOR_H
#define GUSTO_RUN_EVALUATOR_H

#include "run/rig.h"

struct evaluator;
/* all_users: not only the protocol's subset. */
enum err_code evaluator_new(
	const struct experiment *x, enum part part, bool all_users, int threads, struct evaluator **out, struct err *e);
void evaluator_free(struct evaluator *v);

/* Traces what evaluator_run will need, so that a model that cannot be evaluated is refused before it is used. */
enum err_code evaluator_prepare(struct evaluator *v, struct rig *r, struct err *e);

/* `between` (may be NULL) is called between batches; where it returns false, ERR_CANCELLED comes back.
 * out->per_user is the evaluator's, until the next run. */
enum err_code evaluator_run(struct evaluator *v, struct rig *r, bool (*between)(void *ctx), void *ctx,
	struct evaluation_result *out, struct err *e);

const char *part_name(enum part part); /* "train", "valid", "test" */
/* The part that training is watched on: validation where there is one, else test. */
enum part evaluator_monitor_part(const struct experiment *x);
/* Whether there is anything to evaluate on. */
bool evaluator_has_part(const struct experiment *x, enum part part);

#endif
