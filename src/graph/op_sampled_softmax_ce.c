/* Softmax cross-entropy over the target and k sampled negatives, corrected for how often they are sampled
 * (Bengio and Senecal 2008); see graph/sampled.h for z and how f' goes back.
 *   f(z) = log sum_j exp(z_j) - z_0,  f'_j = p_j - [j = 0],  p = softmax(z) */
#include "graph/sampled.h"

static double row(real *z, real *room, int64_t n, const double *attr)
{
	real first = z[0], top = rows_max(z, n), sum = rows_exp_sum(z, top, z, n);
	rows_scale(1 / sum, z, n);
	z[0] -= 1;
	return (double)(top + vm_log(sum)) - (double)first;
}

static const struct op_case cases[] = {
	{.name = "tokens", .examples = 3, .lengths = {4, 0, 3}, .n_in = 4, .in = {CASE_SAMPLED(AXIS_TOKEN, 9, 5, 6)}},
	{.name = "logq",
		.examples = 4,
		.n_in = 5,
		.in = {CASE_SAMPLED(AXIS_EXAMPLE, 7, 3, 4), CASE_RANGE(-4, -1, AXIS_FIXED, 1, 7)}},
	{.name = "shared", .examples = 3, .lengths = {4, 0, 3}, .n_in = 4, .in = {CASE_SHARED(AXIS_TOKEN, 9, 5, 6)}},
	{.name = "shared_logq",
		.examples = 4,
		.n_in = 5,
		.in = {CASE_SHARED(AXIS_EXAMPLE, 7, 3, 9), CASE_RANGE(-4, -1, AXIS_FIXED, 1, 7)}},
	{0},
};

SAMPLED_OP(sampled_softmax_ce, .usage = "sampled_softmax_ce(h, table, targets, negatives [, logq])",
	.help = "Mean cross-entropy of the softmax over the target and the sampled negatives (of each row, or shared "
		"by all), with logits reduced by logq (the logarithm of each id's sampling probability); negatives "
		"that hit the target are left out.");
