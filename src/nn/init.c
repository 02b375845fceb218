/* Initialisers.  A matrix [out, in] has fan_in = in (the product of all but the first dimension) and fan_out = out;
 * a vector of n has both = n.
 *
 *   kind            draws                     own rule (scale 0)
 *   normal          N(mean, scale^2)          .01
 *   uniform         mean + U(-scale, scale)   1 / sqrt(fan_in)
 *   xavier_uniform  U(-b, b) * scale          b = sqrt(6 / (fan_in + fan_out))      (Glorot and Bengio 2010)
 *   xavier_normal   N(0, s^2) * scale         s = sqrt(2 / (fan_in + fan_out))
 *   he_uniform      U(-b, b) * scale          b = sqrt(6 / fan_in)                  (He et al. 2015)
 *   he_normal       N(0, s^2) * scale         s = sqrt(2 / fan_in)
 *   lecun           U(-b, b) * scale          b = sqrt(3 / fan_in)                  (LeCun et al. 1998)
 *   constant        scale
 * `truncate` redraws normal numbers that lie beyond so many standard deviations. */
#include "nn/init.h"

#include "base/rng.h"

#include <math.h>
#include <string.h>

enum draw { DRAW_NORMAL, DRAW_UNIFORM, DRAW_VALUE };

struct rule {
	enum draw draw;
	double mean, spread; /* spread: standard deviation, bound or value */
	double truncate;
};

static double or_default(double v, double def)
{
	return v != 0 ? v : def;
}

static enum err_code rule_of(const struct init *in, const struct param *p, struct rule *r, struct err *e)
{
	double fan_out = p->shape.ndim > 1 ? p->rows : p->width, fan_in = p->width, gain = or_default(in->scale, 1);
	const struct {
		const char *kind;
		struct rule rule;
	} table[] = {
		{"normal", {DRAW_NORMAL, in->mean, or_default(in->scale, .01)}},
		{"uniform", {DRAW_UNIFORM, in->mean, or_default(in->scale, 1 / sqrt(fan_in))}},
		{"xavier_uniform", {DRAW_UNIFORM, 0, gain * sqrt(6 / (fan_in + fan_out))}},
		{"xavier_normal", {DRAW_NORMAL, 0, gain * sqrt(2 / (fan_in + fan_out))}},
		{"he_uniform", {DRAW_UNIFORM, 0, gain * sqrt(6 / fan_in)}},
		{"he_normal", {DRAW_NORMAL, 0, gain * sqrt(2 / fan_in)}},
		{"lecun", {DRAW_UNIFORM, 0, gain * sqrt(3 / fan_in)}},
		{"zeros", {DRAW_VALUE, 0, 0}},
		{"ones", {DRAW_VALUE, 0, 1}},
		{"constant", {DRAW_VALUE, 0, in->scale}},
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		if (strcmp(in->kind, table[i].kind) == 0) {
			*r = table[i].rule;
			r->truncate = in->truncate;
			return OK;
		}
	}
	return err_set(e, ERR_ARG, "there is no initialiser '%s'; there are %s", in->kind, INIT_CHOICES);
}

static double draw_normal(const struct rule *rule, struct rng *r)
{
	double z = rng_normal(r);
	while (rule->truncate > 0 && fabs(z) > rule->truncate)
		z = rng_normal(r);
	return rule->mean + rule->spread * z;
}

static double draw(const struct rule *rule, uint64_t key, int64_t i)
{
	if (rule->draw == DRAW_VALUE)
		return rule->spread;
	if (rule->draw == DRAW_UNIFORM)
		return rule->mean + rule->spread * (2 * ((double)(rng_at(key, (uint64_t)i) >> 11) * 0x1p-53) - 1);
	struct rng r = {rng_at(key, (uint64_t)i), 0};
	return draw_normal(rule, &r);
}

enum err_code init_fill(const struct init *in, uint64_t key, struct param *p, struct err *e)
{
	struct rule rule;
	TRY(rule_of(in, p, &rule, e));
	/* A bound below half a deviation would redraw nearly for ever. */
	if (rule.truncate < 0 || (rule.truncate > 0 && rule.truncate < .5))
		return err_set(e, ERR_ARG, "%s: truncate must be 0 (never) or at least .5 deviations, got %g", p->name,
			rule.truncate);
	real *v = p->value;
	int64_t n = p->n;
#pragma omp parallel for schedule(static) if (n > 1 << 16)
	for (int64_t i = 0; i < n; i++)
		v[i] = (real)draw(&rule, key, i);
	return OK;
}
