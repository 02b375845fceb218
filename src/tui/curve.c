#include "tui/curve.h"

#include "base/mem.h"

#include <math.h>

static const struct bucket none = {INFINITY, -INFINITY, 0, 0};

static void merge(struct bucket *a, const struct bucket *b)
{
	a->min = b->min < a->min ? b->min : a->min;
	a->max = b->max > a->max ? b->max : a->max;
	a->n += b->n;
	a->bad += b->bad;
}

static void add(struct bucket *b, double v)
{
	b->n++;
	if (!isfinite(v)) {
		b->bad++;
		return;
	}
	b->min = v < b->min ? v : b->min;
	b->max = v > b->max ? v : b->max;
}

static void pyramid_free(struct pyramid *p)
{
	for (int l = 0; l < PYRAMID_LEVELS; l++)
		mem_free(p->level[l]);
	*p = (struct pyramid){0};
}

/* Sample i goes into bucket i / 8^(l+1) of level l; a level exists once the one below has a full bucket. */
static bool pyramid_add(struct pyramid *p, size_t i, double v)
{
	size_t size = PYRAMID_BASE;
	for (int l = 0; l < PYRAMID_LEVELS; l++, size *= PYRAMID_BASE) {
		size_t at = i / size;
		if (at == p->n[l]) {
			if (!mem_grow(&p->level[l], &p->cap[l], at + 1, sizeof **p->level))
				return false;
			p->level[l][p->n[l]++] = none;
		}
		add(&p->level[l][at], v);
	}
	return true;
}

static void pyramid_truncate(struct pyramid *p)
{
	for (int l = 0; l < PYRAMID_LEVELS; l++)
		p->n[l] = 0;
}

/* Whole buckets of the highest fitting level in the middle, smaller ones towards both ends. */
static struct bucket pyramid_span(const struct pyramid *p, const double *v, size_t from, size_t to)
{
	struct bucket sum = none;
	while (from < to) {
		size_t size = 1;
		int l = -1;
		while (l + 1 < PYRAMID_LEVELS && from % (size * PYRAMID_BASE) == 0 &&
			from + size * PYRAMID_BASE <= to) {
			size *= PYRAMID_BASE;
			l++;
		}
		if (l < 0)
			add(&sum, v[from]);
		else
			merge(&sum, &p->level[l][from / size]);
		from += size;
	}
	return sum;
}

void curve_free(struct curve *c)
{
	mem_free(c->step);
	mem_free(c->value);
	mem_free(c->smooth);
	pyramid_free(&c->raw);
	pyramid_free(&c->ema);
	*c = (struct curve){0};
}

void curve_clear(struct curve *c)
{
	pyramid_truncate(&c->raw);
	pyramid_truncate(&c->ema);
	c->n = c->bad = 0;
	c->e = c->w = 0;
}

/* e_t = alpha e_{t-1} + (1 - alpha) v;  w likewise with 1 in place of v;  smooth = e / w. */
static bool smooth_one(struct curve *c, size_t i)
{
	double v = c->value[i];
	if (isfinite(v)) {
		c->e = c->alpha * c->e + (1 - c->alpha) * v;
		c->w = c->alpha * c->w + (1 - c->alpha);
	}
	c->smooth[i] = c->w > 0 ? c->e / c->w : NAN;
	return pyramid_add(&c->ema, i, c->smooth[i]);
}

bool curve_append(struct curve *c, const int64_t *step, const double *value, size_t n)
{
	if (!mem_grow(&c->step, &c->cap, c->n + n, sizeof *c->step) ||
		!mem_grow(&c->value, &c->value_cap, c->n + n, sizeof *c->value) ||
		!mem_grow(&c->smooth, &c->smooth_cap, c->n + n, sizeof *c->smooth))
		return false;
	for (size_t k = 0; k < n; k++) {
		size_t i = c->n;
		if (i > 0 && step[k] < c->step[i - 1])
			continue; /* out of order: cannot be searched */
		c->step[i] = step[k];
		c->value[i] = value[k];
		if (!pyramid_add(&c->raw, i, value[k]) || !smooth_one(c, i))
			return false;
		if (!isfinite(value[k]) && c->bad++ == 0)
			c->first_bad = step[k];
		c->n++;
	}
	return true;
}

bool curve_smooth(struct curve *c, double alpha)
{
	if (c->alpha == alpha)
		return true;
	c->alpha = alpha;
	c->e = c->w = 0;
	pyramid_truncate(&c->ema);
	for (size_t i = 0; i < c->n; i++)
		if (!smooth_one(c, i))
			return false;
	return true;
}

size_t curve_index(const struct curve *c, double step)
{
	size_t lo = 0, hi = c->n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if ((double)c->step[mid] < step)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct bucket curve_span(const struct curve *c, bool smooth, size_t from, size_t to)
{
	to = to < c->n ? to : c->n;
	return pyramid_span(smooth ? &c->ema : &c->raw, smooth ? c->smooth : c->value, from, to);
}

double curve_at(const struct curve *c, bool smooth, double step)
{
	for (size_t i = curve_index(c, step + 0.5); i > 0; i--) {
		double v = smooth ? c->smooth[i - 1] : c->value[i - 1];
		if (isfinite(v))
			return v;
	}
	return NAN;
}
