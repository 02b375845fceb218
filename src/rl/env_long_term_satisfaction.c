/* Sweets now or health later (RecSim's long-term satisfaction; Ie et al., arXiv:1909.04847).
 *
 * Documents have a clickbait score c in [0, 1]; the person takes the first of the slate.  A hidden net positive exposure n:
 *
 *   n_0 ~ U[-.5, .5] / (1 - .7)        n' = .7 n - 2 (c - .5) + N(0, .05)        satisfaction s = 1 / (1 + exp(-sensitivity n))
 *   reward = engagement = exp N((5 c + 4 (1 - c)) s, 1), with the satisfaction before this document;  60 steps
 *
 * At RecSim's own sensitivity .01 satisfaction hardly moves and clickbait is always best; from .1 on it is worst.
 * The observation is what the agent knows of its own past: the share of the session that is over, and n without its noise and
 * its beginning. */
#include "rl/env.h"

#include "base/mem.h"

#include <math.h>

enum { STEPS = 60, LEVELS = 10 };
static const double memory = 0.7, noise = 0.05, sweet = 5, kale = 4;

struct state {
	real *npe;
	double sensitivity;
	bool even;
};

static enum err_code open_env(struct env *env, struct err *e)
{
	struct state *s = env->state = mem_calloc(1, sizeof *s);
	if (!s || !(s->npe = env_reals(env, "net positive exposure", 1)))
		return err_set(e, ERR_NOMEM, "no memory for %d users", env->spec.users);
	s->sensitivity = env_arg(env, "sensitivity");
	s->even = env_arg(env, "even") != 0;
	env->spec.observation = 2;
	env->spec.features = 1;
	env->spec.candidates = (int32_t)env_arg(env, "candidates");
	env->spec.slate = (int32_t)env_arg(env, "slate");
	env->spec.items = s->even ? env->spec.candidates : LEVELS;
	env->spec.fixed = s->even;
	return OK;
}

static void draw_candidates(struct env *env, int32_t u)
{
	const struct state *s = env->state;
	struct rng r = env_stream(env, u, ENV_CANDIDATES);
	int32_t n = env->spec.candidates;
	for (int32_t k = 0; k < n; k++) {
		int64_t i = (int64_t)u * n + k;
		double c = !s->even ? rng_unit(&r) : n > 1 ? (double)k / (n - 1) : 0.5;
		env->feature[i] = (real)c;
		env->candidate[i] = s->even ? k : (int32_t)(c * LEVELS);
	}
}

static void begin(struct env *env, int32_t u)
{
	const struct state *s = env->state;
	struct rng r = env_stream(env, u, ENV_PERSON);
	s->npe[u] = (real)((rng_unit(&r) - 0.5) / (1 - memory));
	env->observation[2 * u] = env->observation[2 * u + 1] = 0;
	draw_candidates(env, u);
}

static void step(struct env *env, int32_t u, const int32_t *slate, const real *vector, struct outcome *out)
{
	const struct state *s = env->state;
	int64_t i = (int64_t)u * env->spec.candidates + slate[0];
	real *known = env->observation + 2 * (int64_t)u;
	struct rng r = env_stream(env, u, ENV_RESPONSE);
	double c = (double)env->feature[i];
	double satisfaction = 1 / (1 + exp(-s->sensitivity * (double)s->npe[u]));
	out->chosen = slate[0];
	out->taken = env->candidate[i];
	out->clicks = out->shown = 1;
	out->reward = exp((sweet * c + kale * (1 - c)) * satisfaction + rng_normal(&r));
	s->npe[u] = (real)(memory * (double)s->npe[u] - 2 * (c - 0.5) + noise * rng_normal(&r));
	known[1] = (real)(memory * (double)known[1] - 2 * (c - 0.5));
	known[0] = (real)(env->length[u] + 1) / STEPS;
	out->done = env->length[u] + 1 >= STEPS;
	draw_candidates(env, u);
}

static const struct arg_spec args[] = {
	{"sensitivity", ARG_REAL, 0.1, 0, 100, 0, "of satisfaction to what was shown; RecSim's own is .01", NULL, NULL},
	{"candidates", ARG_INT, 10, 1, 1000, 0, "documents to choose from at each step", NULL, NULL},
	{"slate", ARG_INT, 1, 1, 64, 0, "documents shown at once; the first is taken", NULL, NULL},
	{"even", ARG_BOOL, 0, 0, 1, 0, "the same documents always, from c = 0 to 1 in even steps", NULL, NULL},
	{0},
};

const struct env_class env_long_term_satisfaction = {
	.desc = {.name = "long_term_satisfaction",
		.usage = "g.env { \"long_term_satisfaction\", users = 64, sensitivity = 0.1 }",
		.help = "Clickbait is enjoyed at once and spoils the appetite for later. Reward: engagement. RecSim "
			"(Ie et "
			"al. 2019).",
		.args = args},
	.open = open_env,
	.begin = begin,
	.step = step,
};
