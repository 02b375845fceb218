/* A curve: every sample of a series, and a pyramid of {min, max, bad} over it, so that any span is summed up exactly in
 * logarithmic time.  Nothing is sampled away: a single spike in ten million points is in the column that it falls into.
 * The smoothed companion is the bias-corrected exponential average over ALL finite samples (never over a subset). */
#ifndef GUSTO_TUI_CURVE_H
#define GUSTO_TUI_CURVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bucket {
	double min, max; /* over finite values; min > max: none */
	size_t n, bad;	 /* samples; not finite ones */
};

enum { PYRAMID_BASE = 8, PYRAMID_LEVELS = 10 };
struct pyramid {
	struct bucket *level[PYRAMID_LEVELS];
	size_t n[PYRAMID_LEVELS], cap[PYRAMID_LEVELS];
};

struct curve {
	int64_t *step; /* ascending */
	double *value;
	double *smooth; /* NaN where there was no finite sample yet */
	size_t n, cap, smooth_cap, value_cap;
	struct pyramid raw, ema;
	double alpha; /* weight of the past, 0 <= alpha < 1; 0: no smoothing */
	double e, w;  /* its state: sum, and sum of weights */
	size_t bad;
	int64_t first_bad;
};

/* Zero-initialise to start. */
void curve_free(struct curve *c);
void curve_clear(struct curve *c);
bool curve_append(struct curve *c, const int64_t *step, const double *value, size_t n); /* false: memory */
bool curve_smooth(struct curve *c, double alpha);

size_t curve_index(const struct curve *c, double step); /* the first sample with step >= `step`, or n */
/* What samples [from, to) hold: raw, or smoothed. */
struct bucket curve_span(const struct curve *c, bool smooth, size_t from, size_t to);
/* The last finite value at or before `step`, or NaN. */
double curve_at(const struct curve *c, bool smooth, double step);

#endif
