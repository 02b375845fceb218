#include "run/arena.h"

#include "base/mem.h"
#include "base/fs.h"
#include "rl/log.h"
#include "run/agent.h"
#include "run/returns.h"
#include "run/scorer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct contest {
	struct experiment *world;
	struct returns *returns;
	float *first; /* [users] of the first contestant, the first metric */
	int32_t users;
};

/* ---- a model that ranks items by what a person took ---- */

struct ranker {
	struct rig *rig;
	int32_t *from_env; /* [items of the environment] the data's item, -1: it has none */
	int32_t *history, *offsets, *who;
	real *scores; /* [users, items of the data] */
};

static void ranker_fini(struct ranker *k)
{
	mem_free(k->from_env);
	mem_free(k->history);
	mem_free(k->offsets);
	mem_free(k->who);
	mem_free(k->scores);
}

static enum err_code ranker_init(struct ranker *k, struct rig *rig, const struct env_spec *s, struct err *e)
{
	const struct dataset *d = rig->x->split->data;
	int32_t known = 0;
	*k = (struct ranker){.rig = rig};
	k->from_env = mem_calloc((size_t)s->items + 1, sizeof *k->from_env);
	k->history = mem_calloc((size_t)s->users * (size_t)(s->history + 1), sizeof *k->history);
	k->offsets = mem_calloc((size_t)s->users + 1, sizeof *k->offsets);
	k->who = mem_calloc((size_t)s->users, sizeof *k->who);
	k->scores = mem_calloc((size_t)s->users * (size_t)d->n_items, sizeof *k->scores);
	if (!k->from_env || !k->history || !k->offsets || !k->who || !k->scores)
		return err_set(e, ERR_NOMEM, "no memory for the scores of %d people", s->users);
	for (int32_t i = 0; i < s->items; i++)
		k->from_env[i] = -1;
	for (int32_t i = 0; i < d->n_items; i++) {
		int32_t of_env = log_item(d, i, s->items);
		if (of_env >= 0)
			k->from_env[of_env] = i;
		known += of_env >= 0;
	}
	return known ? OK
		     : err_set(e, ERR_ARG,
			       "the items of %s are not those of the environment (0..%d): train it on its log", d->name,
			       s->items - 1);
}

static enum err_code ranker_score(void *ctx, const struct env *env, real *scores, struct err *e)
{
	struct ranker *k = ctx;
	const struct env_spec *s = &env->spec;
	int64_t items = k->rig->x->split->data->n_items;
	int32_t n = 0;
	for (int32_t u = 0; u < s->users; u++) {
		k->offsets[u] = n;
		for (int32_t h = 0; h < s->history; h++) {
			int32_t item = env->history[(int64_t)u * s->history + h];
			if (item >= 0 && k->from_env[item] >= 0)
				k->history[n++] = k->from_env[item];
		}
	}
	k->offsets[s->users] = n;
	TRY(scorer_histories(k->rig, k->history, k->offsets, s->users, k->who, k->scores, e));
	for (int32_t u = 0; u < s->users; u++)
		for (int32_t c = 0; c < s->candidates; c++) {
			int64_t at = (int64_t)u * s->candidates + c;
			int32_t item = env->candidate[at] < 0 ? -1 : k->from_env[env->candidate[at]];
			scores[at] = item < 0 ? (real)-1e30 : k->scores[u * items + item];
		}
	return OK;
}

/* ---- contestants ---- */

static enum err_code by_ranking(struct contest *a, struct rig *rig, struct evaluation_result *out, struct err *e)
{
	struct ranker k = {0};
	struct env_spec spec = a->world->world->spec;
	spec.users = a->users;
	enum err_code rc = ranker_init(&k, rig, &spec, e);
	struct rollout r = {.policy = {.kind = POLICY_RANK}, .score = ranker_score, .score_ctx = &k};
	if (rc == OK)
		rc = returns_run(a->returns, rig, &r, NULL, NULL, out, e);
	ranker_fini(&k);
	return rc;
}

static bool same_world(const struct world_options *a, const struct world_options *b)
{
	if (a->spec.vector || b->spec.vector) /* the same people, other actions */
		return strcmp(a->env.name, b->env.name) == 0;
	return strcmp(a->env.name, b->env.name) == 0 && a->spec.slate == b->spec.slate &&
	       a->spec.observation == b->spec.observation && a->spec.candidates == b->spec.candidates &&
	       a->spec.features == b->spec.features && a->spec.items == b->spec.items;
}

static enum err_code by_acting(
	struct contest *a, struct experiment *x, struct rig *rig, struct evaluation_result *out, struct err *e)
{
	const struct rig_program *act;
	if (!same_world(x->world, a->world->world))
		return err_set(e, ERR_ARG, "%s acts in %s with other sights or actions than this arena's", x->name,
			x->world->env.name);
	TRY(rig_program(rig, MODEL_ACT, PROGRAM_INFER, 0, a->users, &act, e));
	struct rollout r = {
		.env = x->world->env, .policy = agent_greedy(x), .engine = rig->engine, .act = act->program};
	return returns_run(a->returns, rig, &r, NULL, NULL, out, e);
}

static enum err_code fight(struct contest *a, const struct contestant *c, struct arena_row *row, struct err *e)
{
	if (!c->run_dir) {
		struct rollout chance = {.policy = agent_greedy(a->world)};
		snprintf(row->name, sizeof row->name, "random");
		return returns_run(a->returns, NULL, &chance, NULL, NULL, &row->result, e);
	}
	struct session *s = NULL;
	snprintf(row->name, sizeof row->name, "%s", path_base(c->run_dir));
	snprintf(row->model, sizeof row->model, "%s", c->x->model);
	TRY(session_open(c->x, c->run_dir, -1, 1, &s, e));
	enum err_code rc = c->x->world ? by_acting(a, c->x, session_rig(s), &row->result, e)
				       : by_ranking(a, session_rig(s), &row->result, e);
	session_close(s);
	return rc == OK ? OK : err_prefix(e, "%s", row->name);
}

/* Mean and 95 % half-width of what the people got more than from the first contestant. */
static void compare(struct contest *a, int i, struct arena_row *row)
{
	const float *mine = row->result.per_user[0];
	double mean = 0, square = 0;
	if (i == 0)
		memcpy(a->first, mine, (size_t)a->users * sizeof *mine);
	for (int32_t u = 0; u < a->users; u++)
		mean += (double)(mine[u] - a->first[u]) / a->users;
	for (int32_t u = 0; u < a->users; u++)
		square += pow((double)(mine[u] - a->first[u]) - mean, 2);
	row->better = mean;
	row->half = a->users > 1 ? 1.96 * sqrt(square / (a->users - 1) / a->users) : 0;
}

enum err_code arena_run(struct experiment *world, const struct contestant *c, int n, int32_t users, int32_t episodes,
	struct arena_row *rows, struct err *e)
{
	struct contest a = {.world = world};
	if (!world->world)
		return err_set(
			e, ERR_ARG, "%s learns from data: an arena needs an experiment in an environment", world->name);
	struct world_options *w = world->world;
	w->eval_users = users > 0 ? users : w->eval_users;
	w->eval_episodes = episodes > 0 ? episodes : w->eval_episodes;
	w->env.history = w->spec.history = w->env.history > 50 ? w->env.history : 50;
	a.users = w->eval_users;
	a.first = mem_calloc((size_t)a.users, sizeof *a.first);
	enum err_code rc = a.first ? returns_new(world, PART_TEST, &a.returns, e)
				   : err_set(e, ERR_NOMEM, "no memory for %d people", a.users);
	for (int i = 0; i < n && rc == OK; i++) {
		rows[i] = (struct arena_row){0};
		rc = fight(&a, &c[i], &rows[i], e);
		if (rc == OK)
			compare(&a, i, &rows[i]);
	}
	returns_free(a.returns);
	mem_free(a.first);
	return rc;
}
