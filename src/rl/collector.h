/* A collector lets a policy act in an environment and keeps what happens in a replay buffer: the source of an agent's training
 * batches.  Its state (environment, buffer, sums of the episodes at hand) is a list of blocks. */
#ifndef GUSTO_RL_COLLECTOR_H
#define GUSTO_RL_COLLECTOR_H

#include "base/episodes.h"
#include "graph/program.h"
#include "rl/buffer.h"
#include "rl/policy.h"

struct collector;
struct collector_options {
	struct env_options env;
	struct buffer_options buffer;
};
enum err_code collector_new(const struct collector_options *o, struct collector **out, struct err *e);
void collector_free(struct collector *c);
const struct env *collector_env(const struct collector *c);
struct buffer *collector_buffer(struct collector *c);

/* The columns that an acting program sees: observation, candidate, feature, history. */
void acting_signature(const struct env_spec *s, struct batch *out);

/* All users act once.  act: the program that scores ([users, candidates]) or gives vectors ([users, vector]); NULL: at random.
 * ERR_NUMERIC names the user whose scores are no numbers. */
enum err_code collector_interact(struct collector *c, struct engine *g, struct program *act, const struct policy *p,
	uint64_t seed, double gamma, struct err *e);

/* The episodes that have ended since the last call. */
struct episodes collector_ended(struct collector *c);

enum { COLLECTOR_BLOCKS_MAX = 2 * ENV_BLOCKS_MAX + 2 };
int collector_blocks(struct collector *c, struct env_block *out);

/* ---- evaluation ---- */

/* Lets every user of a fresh environment live `episodes` episodes under the policy; sums[users] by user.  score (may be NULL)
 * replaces the program: it fills scores[users, candidates] from the environment.  between as in run/evaluator.h. */
struct rollout {
	struct env_options env;
	int32_t episodes;
	struct policy policy;
	uint64_t seed; /* of what the policy draws */
	struct engine *engine;
	struct program *act;
	enum err_code (*score)(void *ctx, const struct env *env, real *scores, struct err *e);
	void *score_ctx;
	bool (*between)(void *ctx);
	void *between_ctx;
};
enum err_code rollout_run(const struct rollout *r, struct episodes *sums, struct err *e);

#endif
