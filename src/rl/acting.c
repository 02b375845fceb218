#include "rl/acting.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum err_code acting_init(struct acting *a, const struct env_spec *s, struct err *e)
{
	size_t n = (size_t)s->users, width = (size_t)(s->slate ? s->candidates : s->vector);
	a->room = (int64_t)width;
	a->out = mem_calloc(n * width, sizeof *a->out);
	a->slate = s->slate ? mem_calloc(n * (size_t)s->slate, sizeof *a->slate) : NULL;
	a->vector = s->vector ? mem_calloc(n * (size_t)s->vector, sizeof *a->vector) : NULL;
	a->propensity = mem_calloc(n * (size_t)(s->slate ? s->slate : 1), sizeof *a->propensity);
	bool ok = a->out && a->propensity && (a->slate || a->vector);
	return ok ? OK : err_set(e, ERR_NOMEM, "no memory for the actions of %d users", s->users);
}

void acting_fini(struct acting *a)
{
	mem_free(a->out);
	mem_free(a->slate);
	mem_free(a->vector);
	mem_free(a->propensity);
}

static void add_column(
	struct batch *b, const char *name, enum field_type type, int32_t width, int32_t below, const void *column)
{
	if (width < 1)
		return;
	b->column[b->nfields] = column;
	struct field_spec *f = &b->spec[b->nfields++];
	*f = (struct field_spec){.type = type, .axis = AXIS_EXAMPLE, .width = width, .below = below};
	snprintf(f->name, sizeof f->name, "%s", name);
}

static void seen(const struct env_spec *s, const struct env *env, struct batch *out)
{
	*out = (struct batch){.examples = s->users};
	add_column(out, "observation", FIELD_REAL, s->observation, 0, env ? env->observation : NULL);
	add_column(out, "candidate", FIELD_INT, s->candidates, s->items, env ? env->candidate : NULL);
	add_column(out, "feature", FIELD_REAL, s->candidates * s->features, 0, env ? env->feature : NULL);
	add_column(out, "history", FIELD_INT, s->history, s->items, env ? env->history : NULL);
}

void acting_signature(const struct env_spec *s, struct batch *out)
{
	seen(s, NULL, out);
}

static void sink(void *ctx, int worker, int32_t first, int32_t n, const struct operand *o)
{
	struct acting *a = ctx;
	int64_t width = shape_width(&o[0].shape);
	if (width != a->room)
		a->misfit = width; /* the same from every worker */
	else
		memcpy(a->out + first * width, o[0].v, (size_t)(n * width) * sizeof(real));
}

enum err_code acting_infer(
	struct acting *a, const struct env *env, struct engine *g, struct program *act, struct err *e)
{
	struct batch b;
	seen(&env->spec, env, &b);
	b.seed = env->seed;
	b.step = (uint64_t)env->tick[0];
	TRY(program_infer(g, act, &b, sink, a, e));
	return a->misfit ? err_set(e, ERR_SHAPE, "act(batch) gave %lld numbers for each user, expected %lld",
				   (long long)a->misfit, (long long)a->room)
			 : OK;
}

static enum err_code check_numbers(const struct acting *a, const struct env_spec *s, struct err *e)
{
	int32_t width = s->slate ? s->candidates : s->vector;
	for (int64_t i = 0; i < (int64_t)s->users * width; i++)
		if (isnan((double)a->out[i]))
			return err_set(e, ERR_NUMERIC, "act(batch): user %d: number %d is NaN; lower the learning rate",
				(int32_t)(i / width), (int32_t)(i % width));
	return OK;
}

enum err_code acting_choose(struct acting *a, const struct env *env, const struct policy *p, bool told, uint64_t seed,
	uint64_t when, struct err *e)
{
	const struct env_spec *s = &env->spec;
	if (told)
		TRY(check_numbers(a, s, e));
	for (int32_t u = 0; u < s->users; u++) {
		struct rng r = rng_stream(seed, RNG_EXPLORE, when, (uint64_t)u);
		if (s->slate)
			policy_slate(p, s, told ? a->out + (int64_t)u * s->candidates : NULL,
				env->candidate + (int64_t)u * s->candidates, &r, a->slate + (int64_t)u * s->slate,
				a->propensity + (int64_t)u * s->slate);
		else
			policy_vector(p, s, told ? a->out + (int64_t)u * s->vector : NULL, &r,
				a->vector + (int64_t)u * s->vector);
		if (!s->slate)
			a->propensity[u] = 1;
	}
	return OK;
}
