/* Evaluation in an environment: people of its own, always the same ones for a part, live some episodes under the agent, which does
 * not explore.  The people depend on the part alone, not on the run's seed, so that runs can be compared person by person. */
#ifndef GUSTO_RUN_RETURNS_H
#define GUSTO_RUN_RETURNS_H

#include "rl/collector.h"
#include "run/rig.h"

struct returns;
enum err_code returns_new(const struct experiment *x, enum part part, struct returns **out, struct err *e);
void returns_free(struct returns *r);
/* Under the rig's act(batch); where `rollout` is not NULL, as it says instead (its env, where it names one, with the people of this
 * evaluation). */
enum err_code returns_run(struct returns *v, struct rig *r, const struct rollout *rollout, bool (*between)(void *ctx),
	void *ctx, struct evaluation_result *out, struct err *e);

/* Metrics (of episodes) over people: values, per person, and half of a 95 % interval each. */
void returns_measure(const struct protocol *p, const struct episodes *person, int32_t n, float *const *per_user,
	struct evaluation_result *out);

#endif
