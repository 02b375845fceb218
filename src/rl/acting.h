/* Private to rl/: one acting step of all users. */
#ifndef GUSTO_RL_ACTING_H
#define GUSTO_RL_ACTING_H

#include "rl/collector.h"

struct acting {
	real *out;	      /* [users, candidates or vector] what the program said */
	int64_t room, misfit; /* numbers of a user; what a program gave instead, 0: nothing wrong */
	int32_t *slate;	      /* [users, K] or NULL */
	real *vector;	      /* [users, A] or NULL */
	real *propensity;     /* [users, K], or [users] of vectors: 1 */
};
enum err_code acting_init(struct acting *a, const struct env_spec *s, struct err *e);
void acting_fini(struct acting *a);

/* Fills a->out from the program. */
enum err_code acting_infer(
	struct acting *a, const struct env *env, struct engine *g, struct program *act, struct err *e);
/* From a->out (random where !told) to the actions; `when` keys the draws. */
enum err_code acting_choose(struct acting *a, const struct env *env, const struct policy *p, bool told, uint64_t seed,
	uint64_t when, struct err *e);

#endif
