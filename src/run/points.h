/* Click-through evaluation: scores every interaction of a part and feeds the evaluation. */
#ifndef GUSTO_RUN_POINTS_H
#define GUSTO_RUN_POINTS_H

#include "run/rig.h"

/* Traces what points_run will need; ERR_SCRIPT where the model has no click function. */
enum err_code points_prepare(struct rig *r, struct err *e);
/* *scratch is made when needed; `between` as in evaluator_run. */
enum err_code points_run(struct rig *r, enum part part, struct evaluation *v, struct eval_scratch **scratch,
	bool (*between)(void *ctx), void *ctx, struct err *e);

#endif
