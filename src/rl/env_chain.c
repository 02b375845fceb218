/* A chain of states 0..n-1, for tests: action 0 goes back to state 0 with reward `small`; action 1 goes on, with reward 1 (and
 * the end) from the last state.  With probability `slip` the other action happens.  Starts are uniform over the states, so
 * that every value is learned.  An episode is cut off after `steps`.  The observation is one-hot. */
#include "rl/env.h"

#include "base/mem.h"

struct state {
	int32_t *at, n, most;
	double slip, small;
};

static enum err_code open_env(struct env *env, struct err *e)
{
	struct state *s = env->state = mem_calloc(1, sizeof *s);
	if (!s || !(s->at = env_ints(env, "at", 1)))
		return err_set(e, ERR_NOMEM, "no memory for %d users", env->spec.users);
	s->n = (int32_t)env_arg(env, "states");
	s->most = (int32_t)env_arg(env, "steps");
	s->slip = env_arg(env, "slip");
	s->small = env_arg(env, "small");
	env->spec.observation = s->n;
	env->spec.items = env->spec.candidates = 2;
	env->spec.slate = 1;
	env->spec.fixed = true;
	return OK;
}

static void observe(struct env *env, int32_t u)
{
	const struct state *s = env->state;
	for (int32_t i = 0; i < s->n; i++)
		env->observation[(int64_t)u * s->n + i] = i == s->at[u];
}

static void begin(struct env *env, int32_t u)
{
	const struct state *s = env->state;
	struct rng r = env_stream(env, u, ENV_PERSON);
	s->at[u] = (int32_t)rng_below(&r, (uint64_t)s->n);
	env->candidate[2 * u] = 0;
	env->candidate[2 * u + 1] = 1;
	observe(env, u);
}

static void step(struct env *env, int32_t u, const int32_t *slate, const real *vector, struct outcome *out)
{
	const struct state *s = env->state;
	struct rng r = env_stream(env, u, ENV_DYNAMICS);
	bool on = (slate[0] == 1) != (rng_unit(&r) < s->slip);
	out->chosen = out->taken = slate[0];
	bool end = on && s->at[u] == s->n - 1;
	out->done = end || env->length[u] + 1 >= s->most;
	out->reward = end ? 1 : on ? 0 : s->small;
	s->at[u] = on && !out->done ? s->at[u] + 1 : 0;
	observe(env, u);
}

static const struct arg_spec args[] = {
	{"states", ARG_INT, 5, 2, 1000, 0, "states of the chain", NULL, NULL},
	{"steps", ARG_INT, 200, 1, 1e6, 0, "the most steps of an episode", NULL, NULL},
	{"slip", ARG_REAL, 0, 0, 1, 0, "probability that the other action happens", NULL, NULL},
	{"small", ARG_REAL, 0.02, 0, 1, 0, "reward for going back", NULL, NULL},
	{0},
};

const struct env_class env_chain = {
	.desc = {.name = "chain",
		.usage = "g.env { \"chain\", users = 16, states = 5 }",
		.help = "A chain of states of which the values are known: for tests of learning.",
		.args = args},
	.open = open_env,
	.begin = begin,
	.step = step,
};
