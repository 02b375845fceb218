/* From what a program says to what is done: slates from scores or logits, vectors with noise.
 *
 *   rank     the slate is the K best by score; with probability epsilon a random slate
 *   sample   K items one after the other without replacement, in proportion to exp(logit / temperature) (the Gumbel trick);
 *            with probability epsilon a random slate
 *   vector   the program's numbers + noise * N(0, 1), within [-1, 1]
 * The propensity of an item is the probability of a random draw giving it (sample), or of its being in the slate (rank).  Candidates
 * that are not to be had (-1) are never shown.  Draws are keyed by (seed, RNG_EXPLORE, interaction, user). */
#ifndef GUSTO_RL_POLICY_H
#define GUSTO_RL_POLICY_H

#include "rl/env.h"

/* No environment has more. */
enum { POLICY_CANDIDATES = 4096, POLICY_SLATE = 1000 };

enum policy_kind { POLICY_RANK, POLICY_SAMPLE, POLICY_VECTOR };
struct policy {
	enum policy_kind kind;
	double epsilon, temperature, noise;
};

/* One user: scores[C] (NULL: a random slate), candidate[C] -> slate[K], propensity[K]. */
void policy_slate(const struct policy *p, const struct env_spec *s, const real *scores, const int32_t *candidate,
	struct rng *r, int32_t *slate, real *propensity);
/* numbers[A] (NULL: uniform in [-1, 1]). */
void policy_vector(const struct policy *p, const struct env_spec *s, const real *numbers, struct rng *r, real *vector);

#endif
