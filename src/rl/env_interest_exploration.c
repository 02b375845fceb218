/* Tastes that must be found out (RecSim's interest exploration; Ie et al., arXiv:1909.04847).
 *
 *   person     type 0 or 1 with probability .3 or .7; affinity to the two topics a ~ exp N(m, .1) with m = (.1, .7) or (.7, .1);
 *              neither is seen, and nothing of it moves
 *   document   topic 0 or 1 with probability .2 or .8; quality q ~ exp N(m, .1) with m = .8 or .2, seen
 *   choice     P(i) in proportion to exp(a_topic(i) + q_i), nothing: exp(5)
 *   reward     1 for a click
 * The observation is what a person's own past says: documents shown and clicked by topic in this episode.  Topic 0 is clicked
 * more on average, so that a myopic agent never learns who would like topic 1 better. */
#include "rl/env.h"

#include "base/mem.h"

#include <math.h>

enum { TOPICS = 2, SLATE_MAX = 64 };
static const double type_0 = 0.3, topic_0 = 0.2, spread = 0.1, none_logit = 5;
static const double taste[2][TOPICS] = {{0.1, 0.7}, {0.7, 0.1}}, production[TOPICS] = {0.8, 0.2};

struct state {
	real *affinity; /* [users, TOPICS] */
	int32_t horizon;
};

static enum err_code open_env(struct env *env, struct err *e)
{
	struct state *s = env->state = mem_calloc(1, sizeof *s);
	env->spec.observation = 2 * TOPICS;
	env->spec.items = TOPICS;
	env->spec.features = 1;
	env->spec.candidates = (int32_t)env_arg(env, "candidates");
	env->spec.slate = (int32_t)env_arg(env, "slate");
	if (!s || !(s->affinity = env_reals(env, "affinity", TOPICS)))
		return err_set(e, ERR_NOMEM, "no memory for %d users", env->spec.users);
	s->horizon = (int32_t)env_arg(env, "steps");
	return OK;
}

static void draw_candidates(struct env *env, int32_t u)
{
	struct rng r = env_stream(env, u, ENV_CANDIDATES);
	int32_t n = env->spec.candidates;
	for (int64_t i = (int64_t)u * n; i < (int64_t)(u + 1) * n; i++) {
		env->candidate[i] = rng_unit(&r) < topic_0 ? 0 : 1;
		env->feature[i] = (real)exp(production[env->candidate[i]] + spread * rng_normal(&r));
	}
}

static void begin(struct env *env, int32_t u)
{
	const struct state *s = env->state;
	struct rng r = env_stream(env, u, ENV_PERSON);
	int type = rng_unit(&r) < type_0 ? 0 : 1;
	for (int i = 0; i < TOPICS; i++)
		s->affinity[u * TOPICS + i] = (real)exp(taste[type][i] + spread * rng_normal(&r));
	for (int i = 0; i < 2 * TOPICS; i++)
		env->observation[u * 2 * TOPICS + i] = 0;
	draw_candidates(env, u);
}

static void step(struct env *env, int32_t u, const int32_t *slate, const real *vector, struct outcome *out)
{
	const struct state *s = env->state;
	const int64_t first = (int64_t)u * env->spec.candidates;
	real *shown = env->observation + (int64_t)u * 2 * TOPICS, *clicked = shown + TOPICS;
	struct rng r = env_stream(env, u, ENV_CHOICE);
	double mass[SLATE_MAX];
	int32_t n = env->spec.slate;
	for (int32_t k = 0; k < n; k++) {
		int32_t topic = env->candidate[first + slate[k]];
		mass[k] = exp((double)(s->affinity[u * TOPICS + topic] + env->feature[first + slate[k]]));
		shown[topic] += 1;
	}
	int32_t k = env_choose(&r, mass, n, exp(none_logit));
	out->shown = 1;
	if (k < n) {
		out->chosen = slate[k];
		out->taken = env->candidate[first + slate[k]];
		out->reward = out->clicks = 1;
		clicked[out->taken] += 1;
	}
	out->done = env->length[u] + 1 >= s->horizon;
	draw_candidates(env, u);
}

static const struct arg_spec args[] = {
	{"candidates", ARG_INT, 10, 1, 1000, 0, "documents to choose from at each step", NULL, NULL},
	{"slate", ARG_INT, 1, 1, SLATE_MAX, 0, "documents shown at once", NULL, NULL},
	{"steps", ARG_INT, 100, 1, 1e6, 0, "steps of an episode", NULL, NULL},
	{0},
};

const struct env_class env_interest_exploration = {
	.desc = {.name = "interest_exploration",
		.usage = "g.env { \"interest_exploration\", users = 64, candidates = 10, slate = 1 }",
		.help = "People of two hidden types whose taste only clicks reveal. Reward: clicks. RecSim (Ie et al. "
			"2019).",
		.args = args},
	.open = open_env,
	.begin = begin,
	.step = step,
};
