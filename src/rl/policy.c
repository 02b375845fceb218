#include "rl/policy.h"

#include <math.h>

/* The next best candidate that is neither taken nor absent; ties go to the first. */
static int32_t best_left(const double *score, int32_t n)
{
	int32_t best = -1;
	for (int32_t i = 0; i < n; i++)
		if (!isnan(score[i]) && (best < 0 || score[i] > score[best]))
			best = i;
	return best;
}

/* The K best by score; what is taken is struck out with NaN. */
static void take_best(double *score, int32_t n, int32_t k, int32_t *slate)
{
	for (int32_t j = 0; j < k; j++) {
		slate[j] = best_left(score, n);
		if (slate[j] >= 0)
			score[slate[j]] = (double)NAN;
	}
}

/* exp(logit / temperature) over its sum, of one candidate. */
static double share(const real *logit, const int32_t *candidate, int32_t n, double temperature, int32_t which)
{
	double most = -INFINITY, sum = 0;
	for (int32_t i = 0; i < n; i++)
		if (candidate[i] >= 0 && (double)logit[i] > most)
			most = (double)logit[i];
	for (int32_t i = 0; i < n; i++)
		if (candidate[i] >= 0)
			sum += exp(((double)logit[i] - most) / temperature);
	return exp(((double)logit[which] - most) / temperature) / sum;
}

static bool holds(const int32_t *slate, int32_t k, int32_t place)
{
	for (int32_t j = 0; j < k; j++)
		if (slate[j] == place)
			return true;
	return false;
}

void policy_slate(const struct policy *p, const struct env_spec *s, const real *scores, const int32_t *candidate,
	struct rng *r, int32_t *slate, real *propensity)
{
	double key[POLICY_CANDIDATES];
	int32_t n = s->candidates, k = s->slate, legal = 0, best[POLICY_SLATE];
	CHECK(n <= POLICY_CANDIDATES && k <= POLICY_SLATE, "%d candidates, slates of %d", n, k);
	double epsilon = scores ? p->epsilon : 1;
	bool random = rng_unit(r) < epsilon || !scores, sample = scores && p->kind == POLICY_SAMPLE;
	for (int32_t i = 0; i < n; i++) {
		bool gumbel = random || sample;
		double noise = gumbel ? -log(-log(rng_unit(r))) : 0;
		double base = random ? 0 : (double)scores[i] / (sample ? p->temperature : 1);
		key[i] = candidate[i] < 0 ? (double)NAN : base + noise;
		legal += candidate[i] >= 0;
	}
	take_best(key, n, k, slate);
	if (scores && !sample) {
		for (int32_t i = 0; i < n; i++)
			key[i] = candidate[i] < 0 ? (double)NAN : (double)scores[i];
		take_best(key, n, k, best);
	}
	double uniform = (double)(sample ? 1 : k) / legal;
	for (int32_t j = 0; j < k && slate[j] >= 0; j++) {
		double chance = sample	 ? share(scores, candidate, n, p->temperature, slate[j])
				: scores ? holds(best, k, slate[j])
					 : 0;
		propensity[j] = (real)((1 - epsilon) * chance + epsilon * uniform);
	}
}

void policy_vector(const struct policy *p, const struct env_spec *s, const real *numbers, struct rng *r, real *vector)
{
	for (int32_t k = 0; k < s->vector; k++) {
		double x = numbers ? (double)numbers[k] + (p->noise > 0 ? p->noise * rng_normal(r) : 0)
				   : 2 * rng_unit(r) - 1;
		vector[k] = (real)(x < -1 ? -1 : x > 1 ? 1 : x);
	}
}
