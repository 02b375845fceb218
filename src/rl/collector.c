#include "rl/collector.h"

#include "base/mem.h"
#include "rl/acting.h"

#include <stdio.h>

struct collector {
	struct env *env;
	struct buffer *buffer;
	struct acting acting;
	struct episodes *now; /* [users] of the episode at hand */
	struct episodes ended;
};

static enum err_code open_parts(struct collector *c, const struct collector_options *o, struct err *e)
{
	TRY(env_new(&o->env, &c->env, e));
	TRY(buffer_new(&c->env->spec, &o->buffer, &c->buffer, e));
	TRY(acting_init(&c->acting, &c->env->spec, e));
	c->now = mem_calloc((size_t)c->env->spec.users, sizeof *c->now);
	if (!c->now)
		return err_set(e, ERR_NOMEM, "no memory for %d users", c->env->spec.users);
	buffer_begin(c->buffer, c->env);
	return OK;
}

enum err_code collector_new(const struct collector_options *o, struct collector **out, struct err *e)
{
	struct collector *c = mem_calloc(1, sizeof *c);
	*out = NULL;
	if (!c)
		return err_set(e, ERR_NOMEM, "no memory for a collector");
	enum err_code rc = open_parts(c, o, e);
	if (rc == OK)
		*out = c;
	else
		collector_free(c);
	return rc;
}

void collector_free(struct collector *c)
{
	if (!c)
		return;
	acting_fini(&c->acting);
	buffer_free(c->buffer);
	env_free(c->env);
	mem_free(c->now);
	mem_free(c);
}

const struct env *collector_env(const struct collector *c)
{
	return c->env;
}

struct buffer *collector_buffer(struct collector *c)
{
	return c->buffer;
}

/* ---- interaction ---- */

static void count(struct episodes *now, const struct outcome *o)
{
	now->reward += o->reward;
	now->clicks += o->clicks;
	now->shown += o->shown;
	now->steps += 1;
}

static void add(struct episodes *to, const struct episodes *x)
{
	to->reward += x->reward;
	to->clicks += x->clicks;
	to->shown += x->shown;
	to->steps += x->steps;
	to->n += 1;
}

static void count_episodes(struct collector *c)
{
	for (int32_t u = 0; u < c->env->spec.users; u++) {
		const struct outcome *o = &c->env->outcome[u];
		count(&c->now[u], o);
		if (!o->done)
			continue;
		add(&c->ended, &c->now[u]);
		c->now[u] = (struct episodes){0};
	}
}

enum err_code collector_interact(struct collector *c, struct engine *g, struct program *act, const struct policy *p,
	uint64_t seed, double gamma, struct err *e)
{
	struct acting *a = &c->acting;
	if (act)
		TRY(acting_infer(a, c->env, g, act, e));
	TRY(acting_choose(a, c->env, p, act != NULL, seed, (uint64_t)buffer_frames(c->buffer), e));
	TRY(env_step(c->env, a->slate, a->vector, e));
	buffer_push(c->buffer, c->env, a->slate, a->vector, a->propensity, gamma);
	count_episodes(c);
	return OK;
}

struct episodes collector_ended(struct collector *c)
{
	struct episodes e = c->ended;
	c->ended = (struct episodes){0};
	return e;
}

int collector_blocks(struct collector *c, struct env_block *out)
{
	int n = buffer_blocks(c->buffer, out);
	for (int i = 0; i < n; i++) {
		char name[32];
		snprintf(name, sizeof name, "buffer/%.24s", out[i].name);
		snprintf(out[i].name, sizeof out[i].name, "%s", name);
	}
	for (int i = 0; i < c->env->n_blocks; i++) {
		if (!c->env->block[i].bytes)
			continue;
		out[n] = c->env->block[i];
		snprintf(out[n++].name, sizeof out[n].name, "env/%.27s", c->env->block[i].name);
	}
	out[n++] = (struct env_block){"episodes", c->now, (size_t)c->env->spec.users * sizeof *c->now};
	out[n++] = (struct env_block){"episodes ended", &c->ended, sizeof c->ended};
	return n;
}

/* ---- evaluation ---- */

struct living {
	struct env *env;
	struct acting acting;
	int32_t open; /* users with episodes to go */
};

static void live(struct living *l, const struct rollout *r, struct episodes *sums)
{
	for (int32_t u = 0; u < l->env->spec.users; u++) {
		if (sums[u].n >= r->episodes)
			continue;
		count(&sums[u], &l->env->outcome[u]);
		if (!l->env->outcome[u].done)
			continue;
		sums[u].n += 1;
		l->env->rest[u] = sums[u].n >= r->episodes;
		l->open -= l->env->rest[u];
	}
}

static enum err_code roll(struct living *l, const struct rollout *r, struct episodes *sums, struct err *e)
{
	struct acting *a = &l->acting;
	for (uint64_t t = 0; l->open > 0; t++) {
		if (r->between && !r->between(r->between_ctx))
			return err_set(e, ERR_CANCELLED, "the evaluation was cancelled");
		if (r->score)
			TRY(r->score(r->score_ctx, l->env, a->out, e));
		else if (r->act)
			TRY(acting_infer(a, l->env, r->engine, r->act, e));
		TRY(acting_choose(a, l->env, &r->policy, r->score || r->act, r->seed, t, e));
		TRY(env_step(l->env, a->slate, a->vector, e));
		live(l, r, sums);
	}
	return OK;
}

enum err_code rollout_run(const struct rollout *r, struct episodes *sums, struct err *e)
{
	struct living l = {.open = r->env.users};
	for (int32_t u = 0; u < r->env.users; u++)
		sums[u] = (struct episodes){0};
	TRY(env_new(&r->env, &l.env, e));
	enum err_code rc = acting_init(&l.acting, &l.env->spec, e);
	if (rc == OK)
		rc = roll(&l, r, sums, e);
	acting_fini(&l.acting);
	env_free(l.env);
	return rc;
}
