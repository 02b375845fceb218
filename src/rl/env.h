/* Environments: simulated (or replayed) people to whom an agent recommends.  One file env_<name>.c, one row in envs.def.
 *
 * An environment holds `users` people at once, as a struct of arrays.  All of them are at some step of an episode of their own;
 * when one ends, the next begins within the same call.  At each step the agent sees
 *
 *     observation [users, observation]   what is known of the person
 *     candidate   [users, candidates]    ids (0..items-1) of what may be shown; -1: not to be had
 *     feature     [users, candidates, features]
 *     history     [users, history]       the last items that the person took, newest last; -1: none
 *
 * and acts with a slate (`slate` different positions in the person's candidates) or, where `vector` > 0, with so many numbers in
 * [-1, 1].  The outcome: reward, whether the episode is over, and which position of the candidates the person chose.
 *
 * Everything random is drawn from one stream per (environment, user, purpose), keyed by the user's tick: results depend neither
 * on threads nor on other users, and `tick` is all the generator state there is.  What else must survive a resume is listed in
 * `block`: saving and loading these bytes continues bit-identically. */
#ifndef GUSTO_RL_ENV_H
#define GUSTO_RL_ENV_H

#include "base/desc.h"
#include "base/real.h"
#include "base/rng.h"
#include "data/dataset.h"

struct env;

/* One step of one person. */
struct outcome {
	double reward;
	double clicks, shown; /* of which a click-through rate is made */
	int32_t chosen;	      /* position in the candidates, -1: nothing */
	int32_t taken;	      /* the item that the person took (it joins the history), -1: none */
	bool done;
};

struct env_class {
	struct desc desc;
	bool takes_data; /* replays a data set */
	/* Sets env->spec (users is set), checks the arguments, allocates state (env_reals, env_ints). */
	enum err_code (*open)(struct env *env, struct err *e);
	void (*close)(struct env *env); /* NULL: nothing beyond the arrays */
	/* A new episode of user u: its hidden state, observation and candidates. */
	void (*begin)(struct env *env, int32_t u);
	/* slate[spec.slate], or vector[spec.vector]; moves u on: state, observation, candidates. */
	void (*step)(struct env *env, int32_t u, const int32_t *slate, const real *vector, struct outcome *out);
};
extern const struct registry env_registry;

struct env_spec {
	int32_t users;
	int32_t observation, candidates, features, items;
	int32_t slate, vector; /* one of them is 0 */
	int32_t history;       /* items of the history that are seen */
	bool fixed;	       /* candidates and features are the same for all, always */
};

struct env_block {
	char name[32];
	void *data;
	size_t bytes;
};
enum { ENV_BLOCKS_MAX = 16 };

struct env {
	const struct env_class *class;
	struct env_spec spec;
	struct args args;
	uint64_t seed;
	struct dataset *data; /* a reference, or NULL */
	/* what agents see */
	real *observation, *feature;
	int32_t *candidate, *history;
	/* outcomes of the last env_step */
	struct outcome *outcome; /* [users] */
	int64_t *tick;		 /* [users] steps and beginnings so far */
	int32_t *length;	 /* [users] steps of this episode */
	bool *rest;		 /* [users] whom env_step passes over */
	void *state;		 /* the class's own struct, mem_free'd */
	int n_blocks;
	struct env_block block[ENV_BLOCKS_MAX];
	int threads;
};

/* What an environment is made of; args in the order of the class's desc.args. */
struct env_options {
	const char *name;
	struct args args;     /* texts are not kept beyond env_new */
	struct dataset *data; /* for replay; NULL otherwise */
	int32_t users;
	int32_t history; /* how many of the items that a person took are seen */
	uint64_t seed;
	int threads; /* 0: one */
};
/* Every user at the beginning of its first episode.  ERR_ARG names a slate that is larger than its candidates, ...; ERR_NOTFOUND
 * a file that is missing. */
enum err_code env_new(const struct env_options *o, struct env **out, struct err *e);
void env_free(struct env *env);

/* All users act once: slate[users, slate] or vector[users, vector], the other NULL.  ERR_ARG names user and position of
 * an action that is not there, appears twice, or is not a number; nothing has moved then.  Never allocates. */
enum err_code env_step(struct env *env, const int32_t *slate, const real *vector, struct err *e);

/* ---- for the classes ---- */

/* [users * width] zeroed numbers that are part of the saved state; NULL: no memory. */
real *env_reals(struct env *env, const char *name, int64_t width);
int32_t *env_ints(struct env *env, const char *name, int64_t width);
/* Puts an item at the end of the user's history (env_step does, for outcome.taken). */
void env_take(struct env *env, int32_t u, int32_t item);
double env_arg(const struct env *env, const char *name);

/* What a stream is for. */
enum env_purpose { ENV_PERSON, ENV_CANDIDATES, ENV_CHOICE, ENV_RESPONSE, ENV_DYNAMICS, ENV_PURPOSES };
/* The stream of user u at its present tick. */
static inline struct rng env_stream(const struct env *env, int32_t u, enum env_purpose p)
{
	return rng_stream(env->seed, RNG_ENV, (uint64_t)env->tick[u] * ENV_PURPOSES + (uint64_t)p, (uint64_t)u);
}
/* Index drawn in proportion to mass[n] and `none` (n: none of them). */
int32_t env_choose(struct rng *r, const double *mass, int32_t n, double none);

#endif
