/* TOP1-max over k sampled negatives (Hidasi and Karatzoglou, CIKM 2018, eq. 9); see graph/sampled.h for z and how f' goes back.
 * r = z or elu(z), 0 the target, s = softmax(r_1..k), q_j = sigmoid(r_j - r_0), w_j = sigmoid(r_j^2):
 *   f = sum s_j (q_j + w_j)
 *   df/dr_0 = -sum s_j q_j (1 - q_j)
 *   df/dr_j = s_j (q_j + w_j - f + q_j (1 - q_j) + 2 r_j w_j (1 - w_j)) */
#include "graph/sampled.h"

enum { ARG_ELU };

static double row(real *z, real *s, int64_t n, const double *attr)
{
	const real alpha = (real)attr[ARG_ELU];
	real f = 0, first = 0;
	if (!sampled_activate(z, s, n, alpha))
		return 0;
	const real top = z[0];
#pragma omp simd reduction(+ : f)
	for (int64_t j = 1; j < n; j++) {
		real r = s[j] > 0 ? z[j] : 0;
		f += s[j] * (vm_sigmoid(r - top) + vm_sigmoid(r * r));
	}
#pragma omp simd reduction(+ : first)
	for (int64_t j = 1; j < n; j++) {
		real r = s[j] > 0 ? z[j] : 0, q = vm_sigmoid(r - top), w = vm_sigmoid(r * r), slope = q * (1 - q);
		first -= s[j] * slope;
		z[j] = s[j] * (q + w - f + slope + 2 * r * w * (1 - w)) * sampled_elu_grad(r, alpha);
	}
	z[0] = first * sampled_elu_grad(top, alpha);
	return (double)f;
}

static const struct arg_spec args[] = {
	{"elu", ARG_REAL, 0, 0, 1e3, ARG_LIVE, "scores pass an elu of this alpha; 0: they do not", NULL, NULL},
	{0},
};

static const struct op_case cases[] = {
	{.name = "tokens", .examples = 3, .lengths = {4, 0, 3}, .n_in = 4, .in = {CASE_SAMPLED(AXIS_TOKEN, 9, 5, 6)}},
	{.name = "shared",
		.examples = 3,
		.lengths = {4, 0, 3},
		.n_in = 4,
		.in = {CASE_SHARED(AXIS_TOKEN, 9, 5, 6)},
		.attr = {0.5}},
	{0},
};

SAMPLED_OP(top1_max, .usage = "top1_max(h, table, targets, negatives [, logq], { elu = 0 })",
	.help = "TOP1-max (Hidasi and Karatzoglou 2018): the softmax-weighted probability that a sampled negative "
		"beats the target, plus sigmoid of its squared score; mean over rows.",
	.args = args);
