#include "rl/ope.h"

#include "base/mem.h"
#include "base/rng.h"

#include <math.h>
#include <stdlib.h>

#define OPE(name) extern const struct ope_class ope_##name;
#include "rl/opes.def"
#undef OPE

static const struct desc *const rows[] = {
#define OPE(name) &ope_##name.desc,
#include "rl/opes.def"
#undef OPE
};

const struct registry ope_registry = {.kind = "estimator", .rows = rows, .n = sizeof rows / sizeof *rows};

enum err_code ope_options_default(const char *name, struct ope_options *o, struct err *e)
{
	const struct desc *d = registry_need(&ope_registry, name, e);
	if (!d)
		return ERR_NOTFOUND;
	*o = (struct ope_options){.name = d->name, .bootstrap = 1000, .level = 0.95, .seed = 1};
	args_default(d, &o->args);
	return OK;
}

static enum err_code check_row(const struct ope_log *l, int64_t i, unsigned needs, struct err *e)
{
	if (!isfinite(l->reward[i]))
		return err_set(e, ERR_NUMERIC, "row %lld of the log: the reward is not a finite number", (long long)i);
	if (!(needs & OPE_WEIGHTS))
		return OK;
	if (!(l->behaviour[i] > 0 && l->behaviour[i] <= 1))
		return err_set(e, ERR_ARG,
			"row %lld of the log: the propensity must be in (0, 1], got %g: what was logged was possible",
			(long long)i, l->behaviour[i]);
	if (!(l->target[i] >= 0 && l->target[i] <= 1))
		return err_set(e, ERR_ARG, "row %lld of the log: the policy's probability must be in [0, 1], got %g",
			(long long)i, l->target[i]);
	return OK;
}

static enum err_code check_log(const struct ope_class *c, const struct ope_log *l, struct err *e)
{
	const char *name = c->desc.name;
	if (l->n < 1 || !l->reward)
		return err_set(e, ERR_ARG, "%s: the log is empty", name);
	if ((c->needs & OPE_WEIGHTS) && !l->behaviour)
		return err_set(e, ERR_ARG,
			"%s: the log has no propensities (the probability with which each action was chosen); without "
			"them only the direct method (dm) can be used",
			name);
	if ((c->needs & OPE_WEIGHTS) && !l->target)
		return err_set(e, ERR_ARG, "%s needs the policy's probability of every logged action", name);
	if ((c->needs & OPE_MODEL) && (!l->q_policy || ((c->needs & OPE_WEIGHTS) && !l->q_action)))
		return err_set(e, ERR_ARG, "%s needs a model of the rewards: q_action and q_policy of every row", name);
	for (int64_t i = 0; i < l->n; i++)
		TRY(check_row(l, i, c->needs, e));
	return OK;
}

static double value_of(double n, const struct ope_terms *s)
{
	return s->base / n + (s->den != 0 ? s->num / s->den : 0);
}

static void add(struct ope_terms *sum, const struct ope_terms *t)
{
	sum->base += t->base;
	sum->num += t->num;
	sum->den += t->den;
}

static void fill_terms(const struct ope_class *c, const struct ope_log *l, const struct args *a, struct ope_terms *t,
	struct ope_result *out)
{
	double sum = 0, square = 0;
	struct ope_terms total = {0, 0, 0};
	for (int64_t i = 0; i < l->n; i++) {
		struct ope_row r = {.w = (c->needs & OPE_WEIGHTS) ? l->target[i] / l->behaviour[i] : 1,
			.reward = l->reward[i],
			.q_action = l->q_action ? l->q_action[i] : 0,
			.q_policy = l->q_policy ? l->q_policy[i] : 0};
		t[i] = c->row(&r, a);
		add(&total, &t[i]);
		sum += r.w;
		square += r.w * r.w;
		out->max_weight = r.w > out->max_weight ? r.w : out->max_weight;
	}
	out->value = value_of((double)l->n, &total);
	out->ess = square > 0 ? sum * sum / square : 0;
	out->mean_weight = sum / (double)l->n;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

/* Percentiles of the estimator over samples of n rows drawn with replacement. */
static void bootstrap(
	const struct ope_terms *t, int64_t n, const struct ope_options *o, double *value, struct ope_result *out)
{
	double mean = 0, square = 0;
	for (int b = 0; b < o->bootstrap; b++) {
		struct rng r = rng_stream(o->seed, RNG_BOOTSTRAP, (uint64_t)b, 0);
		struct ope_terms s = {0, 0, 0};
		for (int64_t i = 0; i < n; i++)
			add(&s, &t[rng_below(&r, (uint64_t)n)]);
		value[b] = value_of((double)n, &s);
		mean += value[b] / o->bootstrap;
	}
	for (int b = 0; b < o->bootstrap; b++)
		square += (value[b] - mean) * (value[b] - mean) / o->bootstrap;
	qsort(value, (size_t)o->bootstrap, sizeof *value, by_value);
	int cut = (int)floor((1 - o->level) / 2 * o->bootstrap);
	out->low = value[cut];
	out->high = value[o->bootstrap - 1 - cut];
	out->se = sqrt(square);
}

enum err_code ope_estimate(const struct ope_log *l, const struct ope_options *o, struct ope_result *out, struct err *e)
{
	const struct ope_class *c = (const struct ope_class *)registry_need(&ope_registry, o->name, e);
	*out = (struct ope_result){.low = (double)NAN, .high = (double)NAN, .se = (double)NAN};
	if (!c)
		return ERR_NOTFOUND;
	TRY(check_log(c, l, e));
	struct ope_terms *t = mem_calloc((size_t)l->n, sizeof *t);
	double *value = mem_calloc((size_t)o->bootstrap + 1, sizeof *value);
	enum err_code rc = t && value ? OK : err_set(e, ERR_NOMEM, "no memory for %lld rows", (long long)l->n);
	if (rc == OK)
		fill_terms(c, l, &o->args, t, out);
	if (rc == OK && o->bootstrap > 1)
		bootstrap(t, l->n, o, value, out);
	mem_free(t);
	mem_free(value);
	return rc;
}
