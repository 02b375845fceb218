/* BPR-max over k sampled negatives (Hidasi and Karatzoglou, CIKM 2018, eq. 17-18); see graph/sampled.h for z and how f' goes
 * back.  r = z or elu(z), 0 the target, s = softmax(r_1..k), q_j = sigmoid(r_0 - r_j), P = sum s_j q_j, R = sum s_j r_j^2:
 *   f = -log P + reg R
 *   df/dr_0 = -sum s_j q_j (1 - q_j) / P
 *   df/dr_j = -s_j (q_j - P - q_j (1 - q_j)) / P + reg s_j (r_j^2 - R + 2 r_j) */
#include "graph/sampled.h"

enum { ARG_REG, ARG_ELU };
#define SMALLEST ((real)1e-24) /* of P, as in the authors' code */

/* P and R; a negative that takes no part has s = 0. */
static void sums(const real *r, const real *s, int64_t n, real *p, real *reg)
{
	real sp = 0, sr = 0;
#pragma omp simd reduction(+ : sp, sr)
	for (int64_t j = 1; j < n; j++) {
		sp += s[j] * vm_sigmoid(r[0] - r[j]);
		sr += s[j] > 0 ? s[j] * r[j] * r[j] : 0;
	}
	*p = sp;
	*reg = sr;
}

static double row(real *z, real *s, int64_t n, const double *attr)
{
	const real alpha = (real)attr[ARG_ELU], reg = (real)attr[ARG_REG];
	real p, squares, first = 0;
	if (!sampled_activate(z, s, n, alpha))
		return 0;
	sums(z, s, n, &p, &squares);
	const real top = z[0], over = 1 / (p > SMALLEST ? p : SMALLEST);
#pragma omp simd reduction(+ : first)
	for (int64_t j = 1; j < n; j++) {
		real r = s[j] > 0 ? z[j] : 0, q = vm_sigmoid(top - r), slope = q * (1 - q);
		first -= s[j] * slope * over;
		real d = s[j] * ((p + slope - q) * over + reg * (r * r - squares + 2 * r));
		z[j] = d * sampled_elu_grad(r, alpha);
	}
	z[0] = first * sampled_elu_grad(top, alpha);
	return (double)(reg * squares - vm_log(p > SMALLEST ? p : SMALLEST));
}

static const struct arg_spec args[] = {
	{"reg", ARG_REAL, 0, 0, 1e6, ARG_LIVE, "weight of the negatives' squared scores", NULL, NULL},
	{"elu", ARG_REAL, 0, 0, 1e3, ARG_LIVE, "scores pass an elu of this alpha; 0: they do not", NULL, NULL},
	{0},
};

static const struct op_case cases[] = {
	{.name = "tokens",
		.examples = 3,
		.lengths = {4, 0, 3},
		.n_in = 4,
		.in = {CASE_SAMPLED(AXIS_TOKEN, 9, 5, 6)},
		.attr = {0, 0}},
	{.name = "shared",
		.examples = 3,
		.lengths = {4, 0, 3},
		.n_in = 4,
		.in = {CASE_SHARED(AXIS_TOKEN, 9, 5, 6)},
		.attr = {1.5, 0}},
	{.name = "elu", .examples = 5, .n_in = 4, .in = {CASE_SHARED(AXIS_EXAMPLE, 9, 3, 20)}, .attr = {0.7, 0.5}},
	{.name = "logq",
		.examples = 4,
		.n_in = 5,
		.in = {CASE_SAMPLED(AXIS_EXAMPLE, 7, 3, 4), CASE_RANGE(-2, -1, AXIS_FIXED, 1, 7)},
		.attr = {1, 1}},
	{0},
};

SAMPLED_OP(bpr_max, .usage = "bpr_max(h, table, targets, negatives [, logq], { reg = 0, elu = 0 })",
	.help = "BPR-max (Hidasi and Karatzoglou 2018): -log of the softmax-weighted probability that the target beats "
		"a sampled negative, plus reg times their weighted squared scores; mean over rows.",
	.args = args);
