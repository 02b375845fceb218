#include "rl/acting.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum err_code acting_init(struct acting *a, const struct env_spec *s, struct err *e)
{
	size_t n = (size_t)s->users, width = (size_t)(s->slate ? s->candidates : s->vector);
	a->out = mem_calloc(n * width, sizeof *a->out);
	a->slate = s->slate ? mem_calloc(n * (size_t)s->slate, sizeof *a->slate) : NULL;
	a->vector = s->vector ? mem_calloc(n * (size_t)s->vector, sizeof *a->vector) : NULL;
	a->propensity = mem_calloc(n, sizeof *a->propensity);
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

static void add_column(struct batch *b, const char *name, enum field_type type, int32_t width, const void *column)
{
	if (width < 1)
		return;
	b->column[b->nfields] = column;
	struct field_spec *f = &b->spec[b->nfields++];
	*f = (struct field_spec){.type = type, .axis = AXIS_EXAMPLE, .width = width};
	snprintf(f->name, sizeof f->name, "%s", name);
}

static void seen(const struct env_spec *s, const struct env *env, struct batch *out)
{
	*out = (struct batch){.examples = s->users};
	add_column(out, "observation", FIELD_REAL, s->observation, env ? env->observation : NULL);
	add_column(out, "candidate", FIELD_INT, s->candidates, env ? env->candidate : NULL);
	add_column(out, "feature", FIELD_REAL, s->candidates * s->features, env ? env->feature : NULL);
	add_column(out, "history", FIELD_INT, s->history, env ? env->history : NULL);
}

void acting_signature(const struct env_spec *s, struct batch *out)
{
	seen(s, NULL, out);
}

static void sink(void *ctx, int worker, int32_t first, int32_t n, const struct operand *o)
{
	const struct acting *a = ctx;
	int64_t width = shape_width(&o[0].shape);
	memcpy(a->out + first * width, o[0].v, (size_t)(n * width) * sizeof(real));
}

static enum err_code check_width(const struct env_spec *s, struct program *act, struct err *e)
{
	struct operand out;
	char text[80];
	program_output(act, 0, &out);
	int32_t want = s->slate ? s->candidates : s->vector;
	if (out.shape.axis == AXIS_EXAMPLE && shape_width(&out.shape) == want)
		return OK;
	return err_set(e, ERR_SHAPE, "act(batch) returned %s; this environment needs [examples, %d]: %s",
		shape_text(&out.shape, text, sizeof text), want,
		s->slate ? "a score of every candidate" : "the numbers of the action");
}

enum err_code acting_infer(
	struct acting *a, const struct env *env, struct engine *g, struct program *act, struct err *e)
{
	struct batch b;
	TRY(check_width(&env->spec, act, e));
	seen(&env->spec, env, &b);
	b.seed = env->seed;
	b.step = (uint64_t)env->tick[0];
	return program_infer(g, act, &b, sink, a, e);
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
		a->propensity[u] = 1;
		if (s->slate)
			policy_slate(p, s, told ? a->out + (int64_t)u * s->candidates : NULL,
				env->candidate + (int64_t)u * s->candidates, &r, a->slate + (int64_t)u * s->slate,
				&a->propensity[u]);
		else
			policy_vector(p, s, told ? a->out + (int64_t)u * s->vector : NULL, &r,
				a->vector + (int64_t)u * s->vector);
	}
	return OK;
}
