/* Off-policy evaluation: what would a policy pi_e earn, from a log that another policy pi_b wrote?  One estimator is one file
 * ope_<name>.c and one row in opes.def.
 *
 * Every estimator is a mean of rows plus a ratio of sums,
 *
 *     value = 1/n sum_i base_i + sum_i num_i / sum_i den_i         with w_i = pi_e(a_i|x_i) / pi_b(a_i|x_i)
 *
 * and differs in what a row contributes.  With the value come the effective sample size (sum w)^2 / sum w^2, the largest and the mean
 * weight (its expectation is 1; less says that pi_e does what the log never shows), and an interval from bootstrap samples
 * of the rows. */
#ifndef GUSTO_RL_OPE_H
#define GUSTO_RL_OPE_H

#include "base/desc.h"

#include <stdint.h>

struct ope_log {
	int64_t n;
	const double *reward;
	const double *behaviour; /* pi_b(a|x) > 0, or NULL: the log has no propensities */
	const double *target;	 /* pi_e(a|x) >= 0 */
	const double *q_action;	 /* the model's reward q^(x, a), or NULL */
	const double *q_policy;	 /* sum_a pi_e(a|x) q^(x, a), or NULL */
};

struct ope_row {
	double w, reward, q_action, q_policy;
};
struct ope_terms {
	double base, num, den;
};
enum ope_needs { OPE_WEIGHTS = 1, OPE_MODEL = 2 };
struct ope_class {
	struct desc desc;
	unsigned needs;
	struct ope_terms (*row)(const struct ope_row *r, const struct args *a);
};
extern const struct registry ope_registry;

struct ope_options {
	const char *name;
	struct args args; /* of the class: clip, switch, ... */
	int bootstrap;	  /* samples; 0: no interval */
	double level;	  /* .95 */
	uint64_t seed;
};
/* The class's defaults, 1000 samples, level .95, seed 1. */
enum err_code ope_options_default(const char *name, struct ope_options *o, struct err *e);

struct ope_result {
	double value, low, high, se; /* NaN without bootstrap */
	double ess, max_weight, mean_weight;
};
/* ERR_ARG names what the log lacks ("the log has no propensities ..."), or the row of a propensity that is not in (0, 1]. */
enum err_code ope_estimate(
	const struct ope_log *log, const struct ope_options *o, struct ope_result *out, struct err *e);

#endif
