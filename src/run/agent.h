/* An agent's side of a run: it acts in an environment now and then, and its batches are drawn from what it has seen.
 *
 * One step of the trainer is one update of one player.  Every `updates` rounds of the players the agent acts: `collect` times all
 * users together, by the policy that the model's act(batch) and the knobs give,
 *
 *   epsilon       share of random slates; with epsilon_steps it comes down to that from 1
 *   temperature   of a policy that samples
 *   noise         deviation around the numbers of a policy that gives vectors
 *   gamma         discount
 *   reward_scale  what rewards and returns are multiplied by in batches (not in what is reported)
 * all of them read anew each time.  A model's observe(batch) sees the transitions of each interaction; what it returns is added to
 * the parameters of these names (running sums; NAME_low, where it is there, keeps what rounding takes).  Environment, buffer and sums are blocks of the checkpoint. */
#ifndef GUSTO_RUN_AGENT_H
#define GUSTO_RUN_AGENT_H

#include "nn/checkpoint.h"
#include "rl/collector.h"
#include "run/rig.h"

struct agent;
enum err_code agent_new(const struct experiment *x, struct agent **out, struct err *e);
void agent_free(struct agent *a); /* NULL is legal */

/* Acts where step and the knobs say so, then draws the batch of this step.  turns: length of a round. */
enum err_code agent_batch(
	struct agent *a, struct rig *r, int64_t step, int64_t turns, struct batch *out, struct err *e);
/* The episodes that ended since the last call. */
struct episodes agent_ended(struct agent *a);

enum { AGENT_BLOCKS_MAX = COLLECTOR_BLOCKS_MAX };
int agent_blocks(struct agent *a, struct checkpoint_block *out);

/* How the model acts without exploring, for evaluations. */
struct policy agent_greedy(const struct experiment *x);

#endif
