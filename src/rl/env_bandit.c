/* A stateless bandit, for tests: arm i (from 1 to n) pays i, or, with `rewards = "step"`, 10, 9, 1, 1, ...; deterministic or,
 * with `noise`, normal around it.  Every episode is one step.  A person shown a slate chooses one of its arms uniformly. */
#include "rl/env.h"

#include "base/mem.h"

struct state {
	double noise;
	bool linear;
};

static enum err_code open_env(struct env *env, struct err *e)
{
	struct state *s = env->state = mem_calloc(1, sizeof *s);
	if (!s)
		return err_set(e, ERR_NOMEM, "no memory for a bandit");
	s->noise = env_arg(env, "noise");
	s->linear = env_arg(env, "rewards") == 0;
	env->spec.observation = 1;
	env->spec.items = env->spec.candidates = (int32_t)env_arg(env, "arms");
	env->spec.slate = (int32_t)env_arg(env, "slate");
	env->spec.fixed = true;
	return OK;
}

static void begin(struct env *env, int32_t u)
{
	env->observation[u] = 1;
	for (int32_t i = 0; i < env->spec.candidates; i++)
		env->candidate[(int64_t)u * env->spec.candidates + i] = i;
}

static double mean_of(const struct state *s, int32_t arm)
{
	return s->linear ? arm + 1 : arm == 0 ? 10 : arm == 1 ? 9 : 1;
}

static void step(struct env *env, int32_t u, const int32_t *slate, const real *vector, struct outcome *out)
{
	const struct state *s = env->state;
	struct rng choice = env_stream(env, u, ENV_CHOICE), r = env_stream(env, u, ENV_RESPONSE);
	out->chosen = out->taken = slate[rng_below(&choice, (uint64_t)env->spec.slate)];
	out->reward = mean_of(s, out->chosen) + (s->noise > 0 ? s->noise * rng_normal(&r) : 0);
	out->clicks = out->shown = 1;
	out->done = true;
}

static const struct arg_spec args[] = {
	{"arms", ARG_INT, 10, 1, 4096, 0, "arms", NULL, NULL},
	{"slate", ARG_INT, 1, 1, 1000, 0, "arms shown at once", NULL, NULL},
	{"noise", ARG_REAL, 0, 0, 1e6, 0, "deviation of the rewards", NULL, NULL},
	{"rewards", ARG_CHOICE, 0, 0, 0, 0, "linear: 1, 2, 3, ...; step: 10, 9, 1, 1, ...", "linear", "linear|step"},
	{0},
};

const struct env_class env_bandit = {
	.desc = {.name = "bandit",
		.usage = "g.env { \"bandit\", users = 64, arms = 10 }",
		.help = "Arms without states: for tests of learning.",
		.args = args},
	.open = open_env,
	.begin = begin,
	.step = step,
};
