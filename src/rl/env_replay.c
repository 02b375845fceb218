/* The log of any data set, replayed: an episode walks through one person's interactions from `start` on, oldest first.
 *
 * At each step the candidates are the item that the person took next and others drawn uniformly that are not it, in random
 * order.  The reward of a slate is 1 (or, with `ratings`, the rating) where it holds the item taken; the log moves on either way,
 * so that this measures prediction, not influence.  The observation is how far the log has come; what the person did is in the
 * history.  Users of the data with too short a log are passed over. */
#include "rl/env.h"

#include "base/mem.h"

struct state {
	int32_t *who, *at; /* [users] user of the data; place in its log */
	int32_t *able, n;  /* users with a log that is long enough */
	int32_t start, most;
	bool ratings;
};

static void close_env(struct env *env)
{
	struct state *s = env->state;
	mem_free(s->able);
}

static enum err_code find_able(struct state *s, const struct dataset *d, struct err *e)
{
	s->able = mem_calloc((size_t)d->n_users + 1, sizeof *s->able);
	if (!s->able)
		return err_set(e, ERR_NOMEM, "no memory for the users of %s", d->name);
	for (int32_t u = 0; u < d->n_users; u++)
		if (d->start[u + 1] - d->start[u] > s->start)
			s->able[s->n++] = u;
	return s->n ? OK
		    : err_set(e, ERR_ARG, "replay: no user of %s has more than start = %d interactions", d->name,
			      s->start);
}

static enum err_code open_env(struct env *env, struct err *e)
{
	struct state *s = env->state = mem_calloc(1, sizeof *s);
	const struct dataset *d = env->data;
	if (!s || !(s->who = env_ints(env, "who", 1)) || !(s->at = env_ints(env, "at", 1)))
		return err_set(e, ERR_NOMEM, "no memory for %d users", env->spec.users);
	s->start = (int32_t)env_arg(env, "start");
	s->most = (int32_t)env_arg(env, "steps");
	s->ratings = env_arg(env, "ratings") != 0;
	if (s->ratings && !d->rating)
		return err_set(e, ERR_ARG, "replay: %s has no ratings to pay; leave out ratings = true", d->name);
	env->spec.observation = 1;
	env->spec.items = d->n_items;
	env->spec.candidates = (int32_t)env_arg(env, "candidates");
	env->spec.slate = (int32_t)env_arg(env, "slate");
	if (env->spec.candidates > d->n_items)
		return err_set(e, ERR_ARG, "replay: candidates = %d, but %s has only %d items", env->spec.candidates,
			d->name, d->n_items);
	return find_able(s, d, e);
}

static int32_t next_item(const struct env *env, int32_t u)
{
	const struct state *s = env->state;
	return env->data->item[env->data->start[s->who[u]] + s->at[u]];
}

static void draw_candidates(struct env *env, int32_t u)
{
	struct rng r = env_stream(env, u, ENV_CANDIDATES);
	int32_t n = env->spec.candidates, *c = env->candidate + (int64_t)u * n, next = next_item(env, u);
	int32_t place = (int32_t)rng_below(&r, (uint64_t)n);
	for (int32_t k = 0; k < n; k++) {
		int32_t other = (int32_t)rng_below(&r, (uint64_t)env->spec.items - 1);
		c[k] = k == place ? next : other + (other >= next);
	}
}

static void begin(struct env *env, int32_t u)
{
	const struct state *s = env->state;
	struct rng r = env_stream(env, u, ENV_PERSON);
	s->who[u] = s->able[rng_below(&r, (uint64_t)s->n)];
	s->at[u] = s->start;
	const int32_t *item = env->data->item + env->data->start[s->who[u]];
	for (int32_t k = 0; k < s->start; k++)
		env_take(env, u, item[k]);
	env->observation[u] = 0;
	draw_candidates(env, u);
}

static void step(struct env *env, int32_t u, const int32_t *slate, const real *vector, struct outcome *out)
{
	const struct state *s = env->state;
	const struct dataset *d = env->data;
	int64_t row = d->start[s->who[u]] + s->at[u];
	out->taken = d->item[row];
	out->shown = 1;
	for (int32_t k = 0; k < env->spec.slate; k++)
		if (env->candidate[(int64_t)u * env->spec.candidates + slate[k]] == out->taken) {
			out->chosen = slate[k];
			out->clicks = 1;
			out->reward = s->ratings ? (double)d->rating[row] : 1;
		}
	s->at[u]++;
	out->done = row + 1 >= d->start[s->who[u] + 1] || env->length[u] + 1 >= s->most;
	if (out->done)
		return;
	env->observation[u] = (real)(env->length[u] + 1) / (real)s->most;
	draw_candidates(env, u);
}

static const struct arg_spec args[] = {
	{"candidates", ARG_INT, 100, 2, 4096, 0, "the item taken next, and others", NULL, NULL},
	{"slate", ARG_INT, 1, 1, 1000, 0, "items shown at once", NULL, NULL},
	{"start", ARG_INT, 5, 0, 1e6, 0, "interactions that are history when an episode begins", NULL, NULL},
	{"steps", ARG_INT, 50, 1, 1e6, 0, "the most steps of an episode", NULL, NULL},
	{"ratings", ARG_BOOL, 0, 0, 1, 0, "reward: the rating; else 1", NULL, NULL},
	{0},
};

const struct env_class env_replay = {
	.desc = {.name = "replay",
		.usage = "g.env { \"replay\", data = g.data \"ml-100k\", candidates = 100 }",
		.help = "Walks through the log of a data set; a slate that holds the item taken next is rewarded.",
		.args = args},
	.takes_data = true,
	.open = open_env,
	.close = close_env,
	.begin = begin,
	.step = step,
};
