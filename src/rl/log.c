#include "rl/log.h"

#include "base/mem.h"
#include "rl/policy.h"

#include <stdio.h>
#include <stdlib.h>

/* What the people took in the episode at hand. */
struct taking {
	int32_t *item, *when; /* [users, most] */
	float *reward;
	int32_t *n, *episode; /* [users] */
	int32_t most;
};

enum { MOST = 1000, STEPS_MAX = 10000000 };

static bool taking_init(struct taking *t, int32_t users)
{
	size_t n = (size_t)users * MOST;
	t->most = MOST;
	t->item = mem_calloc(n, sizeof *t->item);
	t->when = mem_calloc(n, sizeof *t->when);
	t->reward = mem_calloc(n, sizeof *t->reward);
	t->n = mem_calloc((size_t)users, sizeof *t->n);
	t->episode = mem_calloc((size_t)users, sizeof *t->episode);
	return t->item && t->when && t->reward && t->n && t->episode;
}

static void taking_fini(struct taking *t)
{
	mem_free(t->item);
	mem_free(t->when);
	mem_free(t->reward);
	mem_free(t->n);
	mem_free(t->episode);
}

static enum err_code write_episode(struct builder *b, struct taking *t, int32_t u, int64_t *rows, struct err *e)
{
	char user[32], item[16];
	for (int32_t k = 0; k < t->n[u]; k++) {
		int64_t i = (int64_t)u * t->most + k;
		struct builder_row row = {.user = user, .item = item, .rating = t->reward[i], .time = t->when[i]};
		row.user_len = (size_t)snprintf(user, sizeof user, "%d.%d", u + 1, t->episode[u] + 1);
		row.item_len = (size_t)snprintf(item, sizeof item, "%d", t->item[i]);
		TRY(builder_add(b, &row, e));
	}
	*rows += t->n[u];
	t->n[u] = 0;
	t->episode[u]++;
	return OK;
}

static void draw_slates(const struct env *env, uint64_t when, int32_t *slate, real *propensity)
{
	const struct policy random = {.kind = POLICY_RANK};
	const struct env_spec *s = &env->spec;
	for (int32_t u = 0; u < s->users; u++) {
		struct rng r = rng_stream(env->seed, RNG_EXPLORE, when, (uint64_t)u);
		policy_slate(&random, s, NULL, env->candidate + (int64_t)u * s->candidates, &r,
			slate + (int64_t)u * s->slate, propensity);
	}
}

static enum err_code collect(
	struct env *env, struct builder *b, struct taking *t, int32_t *slate, int64_t wanted, struct err *e)
{
	int64_t rows = 0;
	real propensity[POLICY_SLATE];
	for (uint64_t when = 0; rows < wanted; when++) {
		if (when > STEPS_MAX)
			return err_set(e, ERR_ARG, "the log of %s does not fill: nobody takes anything",
				env->class->desc.name);
		draw_slates(env, when, slate, propensity);
		TRY(env_step(env, slate, NULL, e));
		for (int32_t u = 0; u < env->spec.users; u++) {
			const struct outcome *o = &env->outcome[u];
			if (o->taken >= 0 && t->n[u] < t->most) {
				int64_t i = (int64_t)u * t->most + t->n[u]++;
				t->item[i] = o->taken;
				t->when[i] = (int32_t)when;
				t->reward[i] = (float)o->reward;
			}
			if (o->done)
				TRY(write_episode(b, t, u, &rows, e));
		}
	}
	return OK;
}

enum err_code log_dataset(const struct env_options *o, int64_t interactions, struct dataset **out, struct err *e)
{
	struct env *env = NULL;
	struct taking t = {0};
	*out = NULL;
	TRY(env_new(o, &env, e));
	if (!env->spec.slate) {
		env_free(env);
		return err_set(e, ERR_ARG, "environment %s takes vectors: its log names no items", o->name);
	}
	struct builder *b = builder_new(o->name);
	int32_t *slate = mem_calloc((size_t)o->users * (size_t)env->spec.slate, sizeof *slate);
	enum err_code rc = b && slate && taking_init(&t, o->users) ? OK : err_set(e, ERR_NOMEM, "no memory for a log");
	if (rc == OK)
		rc = collect(env, b, &t, slate, interactions, e);
	if (rc == OK)
		rc = builder_finish(b, out, e);
	builder_free(b);
	taking_fini(&t);
	mem_free(slate);
	env_free(env);
	return rc;
}

int32_t log_item(const struct dataset *d, int32_t item, int32_t items)
{
	char id[32], *end;
	long n = strtol(strtab_copy(&d->items, item, id, sizeof id), &end, 10);
	return *end || n < 0 || n >= items ? -1 : (int32_t)n;
}
