/* Interests that move with what is watched (RecSim's interest evolution; Ie et al., arXiv:1909.04847).
 *
 *   person     u ~ U[-1,1]^T, seen by the agent; budget 200 minutes
 *   document   topic c (one of T = 20, uniform), 4 minutes long; quality ~ N(mu_c, .1), unseen: the first 14 topics are trash
 *              (mu from -3 to 0), the other 6 nourish (0 to 3)
 *   choice     P(i) in proportion to u_c(i) + 1, nothing: 2
 *   click      reward = minutes watched m = min(budget, 4); budget -= m - (.9 / 3.4) m quality
 *              a = .3 (1 - |u_c|);  u_c += a (1 - u_c) with probability (u_c + 1) / 2, else -= ; clipped to [-1, 1]
 *   no click   budget -= .5
 * Candidates are drawn anew at every step.  What people like most is not what keeps them longest. */
#include "rl/env.h"

#include "base/mem.h"

enum { TOPICS = 20, TRASH = 14, SLATE_MAX = 64 };
static const double full_budget = 200, minutes = 4, penalty = 0.5, stretch = 0.9 / 3.4, none_mass = 2;

struct state {
	real *budget;
	double mu[TOPICS];
};

static enum err_code open_env(struct env *env, struct err *e)
{
	struct state *s = env->state = mem_calloc(1, sizeof *s);
	env->spec.observation = TOPICS;
	env->spec.items = TOPICS;
	env->spec.candidates = (int32_t)env_arg(env, "candidates");
	env->spec.slate = (int32_t)env_arg(env, "slate");
	if (!s || !(s->budget = env_reals(env, "budget", 1)))
		return err_set(e, ERR_NOMEM, "no memory for %d users", env->spec.users);
	for (int i = 0; i < TRASH; i++)
		s->mu[i] = -3 + 3.0 * i / (TRASH - 1);
	for (int i = TRASH; i < TOPICS; i++)
		s->mu[i] = 3.0 * (i - TRASH) / (TOPICS - TRASH - 1);
	return OK;
}

static void draw_candidates(struct env *env, int32_t u)
{
	struct rng r = env_stream(env, u, ENV_CANDIDATES);
	int32_t n = env->spec.candidates, *c = env->candidate + (int64_t)u * n;
	for (int32_t i = 0; i < n; i++)
		c[i] = (int32_t)rng_below(&r, TOPICS);
}

static void begin(struct env *env, int32_t u)
{
	const struct state *s = env->state;
	struct rng r = env_stream(env, u, ENV_PERSON);
	real *interest = env->observation + (int64_t)u * TOPICS;
	for (int i = 0; i < TOPICS; i++)
		interest[i] = (real)(2 * rng_unit(&r) - 1);
	s->budget[u] = (real)full_budget;
	draw_candidates(env, u);
}

/* The place of the slate that is clicked, or `slate`. */
static int32_t choose(const struct env *env, int32_t u, const int32_t *slate)
{
	const real *interest = env->observation + (int64_t)u * TOPICS;
	const int32_t *topic = env->candidate + (int64_t)u * env->spec.candidates;
	struct rng r = env_stream(env, u, ENV_CHOICE);
	double mass[SLATE_MAX];
	int32_t n = env->spec.slate;
	for (int32_t k = 0; k < n; k++)
		mass[k] = (double)interest[topic[slate[k]]] + 1;
	return env_choose(&r, mass, n, none_mass);
}

static void move_interest(real *u, struct rng *r)
{
	double x = (double)*u, step = 0.3 * (1 - (x < 0 ? -x : x)) * (1 - x);
	x += rng_unit(r) < (x + 1) / 2 ? step : -step;
	*u = (real)(x < -1 ? -1 : x > 1 ? 1 : x);
}

static void step(struct env *env, int32_t u, const int32_t *slate, const real *vector, struct outcome *out)
{
	const struct state *s = env->state;
	int32_t k = choose(env, u, slate);
	double budget = (double)s->budget[u];
	out->shown = 1;
	if (k < env->spec.slate) {
		struct rng r = env_stream(env, u, ENV_RESPONSE);
		out->chosen = slate[k];
		out->taken = env->candidate[(int64_t)u * env->spec.candidates + slate[k]];
		double watched = budget < minutes ? budget : minutes;
		double quality = s->mu[out->taken] + 0.1 * rng_normal(&r);
		out->reward = watched;
		out->clicks = 1;
		budget -= watched - stretch * watched * quality;
		move_interest(env->observation + (int64_t)u * TOPICS + out->taken, &r);
	} else {
		budget -= penalty;
	}
	s->budget[u] = (real)budget;
	out->done = budget <= 0;
	draw_candidates(env, u);
}

static const struct arg_spec args[] = {
	{"candidates", ARG_INT, 10, 1, 1000, 0, "documents to choose from at each step", NULL, NULL},
	{"slate", ARG_INT, 3, 1, SLATE_MAX, 0, "documents shown at once", NULL, NULL},
	{0},
};

const struct env_class env_interest_evolution = {
	.desc = {.name = "interest_evolution",
		.usage = "g.env { \"interest_evolution\", users = 64, candidates = 10, slate = 3 }",
		.help = "People whose interests (20 topics, seen) move with what they watch and whose time is "
			"stretched by "
			"quality (unseen) and wasted by trash. Reward: minutes watched. RecSim (Ie et al. 2019).",
		.args = args},
	.open = open_env,
	.begin = begin,
	.step = step,
};
