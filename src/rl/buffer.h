/* A replay buffer: the last `frames` steps of all users, and batches of transitions drawn from them.
 *
 * A frame is one step of every user: what was seen, what was done, what came of it.  Frames stand in a ring, so that what is seen
 * next is the next frame's and is stored once.  Training columns (those of width 0 are left out):
 *
 *   observation [E,O]  candidate [E,C]  feature [E,C*F]  history [E,H]         before the action
 *   action      [E,K] places in the candidates, or [E,A] numbers
 *   item        [E,K] the ids of the candidates at these places
 *   chosen      [E] place in the candidates of what the person chose, -1: nothing
 *   reward [E]  discount [E] = gamma, 0 at the end of an episode              propensity [E] of what was chosen (of the first, where nothing was)
 *   value  [E]  discounted return from here to the end of the episode (only where asked for)
 *   next_observation, next_candidate, next_feature, next_history              after it; of no meaning where discount is 0 */
#ifndef GUSTO_RL_BUFFER_H
#define GUSTO_RL_BUFFER_H

#include "base/batch.h"
#include "rl/env.h"

struct buffer_options {
	int32_t frames; /* capacity */
	bool values;	/* keep returns; only transitions of finished episodes are drawn */
};
struct buffer;
enum err_code buffer_new(const struct env_spec *s, const struct buffer_options *o, struct buffer **out, struct err *e);
void buffer_free(struct buffer *b);

/* What was seen at the beginning; the env is at its first step. */
void buffer_begin(struct buffer *b, const struct env *env);
/* After env_step: the action (propensity[users, K], NULL: 1), the env's outcomes, and what is seen now.  gamma discounts the returns of episodes that ended. */
void buffer_push(struct buffer *b, const struct env *env, const int32_t *slate, const real *vector,
	const real *propensity, double gamma);

int64_t buffer_frames(const struct buffer *b); /* pushed so far, also those that were forgotten */
bool buffer_ready(const struct buffer *b);     /* there is something to draw */

/* The columns of the batches of such a buffer. */
void transitions_signature(const struct env_spec *s, bool values, struct batch *out);
/* How stored transitions are read: the discount of those that go on, and what rewards and returns are multiplied by. */
struct reading {
	double gamma, scale;
};
/* Draws n transitions uniformly, keyed by (seed, step); pointers stay valid until the next call with the same `room`. */
struct buffer_room;
enum err_code buffer_room_new(const struct buffer *b, int32_t batch, struct buffer_room **out, struct err *e);
void buffer_room_free(struct buffer_room *r);
void buffer_draw(const struct buffer *b, struct buffer_room *r, int32_t n, uint64_t seed, uint64_t step,
	struct reading how, struct batch *out);
/* The transitions of the last frame, one per user. */
void buffer_last(const struct buffer *b, struct buffer_room *r, struct reading how, struct batch *out);

/* What must be saved; returns how many (at most ENV_BLOCKS_MAX). */
int buffer_blocks(struct buffer *b, struct env_block *out);

#endif
