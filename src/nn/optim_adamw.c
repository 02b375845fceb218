/* AdamW (Loshchilov and Hutter 2019, algorithm 2): Adam on the bare gradient, weights shrunk beside it.
 *
 *   w = w - lr decay w
 *   m = beta1 m + (1 - beta1) g          state 0
 *   v = beta2 v + (1 - beta2) g^2        state 1
 *   w = w - lr / (1 - beta1^t) * m / (sqrt(v / (1 - beta2^t)) + eps) */
#include "nn/optim_vector.h"

enum { LR, BETA1, BETA2, EPS };

static void begin(struct optim_step *s)
{
	const double *a = s->args->num;
	s->c[0] = s->lr / (1 - pow(a[BETA1], (double)s->t));
	s->c[1] = 1 / sqrt(1 - pow(a[BETA2], (double)s->t));
}

static void update(const struct optim_step *s, real *restrict w, const real *restrict g, real *const *state, int64_t n)
{
	const double *a = s->args->num;
	real *restrict m = state[0], *restrict v = state[1];
	const real b1 = (real)a[BETA1], b2 = (real)a[BETA2], a1 = (real)(1 - a[BETA1]), a2 = (real)(1 - a[BETA2]);
	const real rate = (real)s->c[0], vs = (real)s->c[1], eps = (real)a[EPS];
	const real clip = (real)s->clip, keep = (real)(1 - s->lr * s->decay);
	for (int64_t i = 0; i < n; i++) {
		real x = clip * g[i];
		m[i] = b1 * m[i] + a1 * x;
		v[i] = b2 * v[i] + a2 * x * x;
		w[i] = keep * w[i] - rate * m[i] / (real_sqrt(v[i]) * vs + eps);
	}
}

const struct optim_class optim_adamw = {
	.desc = {"adamw", "adamw { lr = 0.001, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, decay = 0.01 }",
		"AdamW (Loshchilov and Hutter 2019): Adam with weight decay apart from the gradient.",
		(const struct arg_spec[]){OPTIM_LR(1e-3),
			{"beta1", ARG_REAL, .9, 0, .999999, ARG_LIVE, "memory of the mean gradient"},
			{"beta2", ARG_REAL, .999, 0, .99999999, ARG_LIVE, "memory of the mean squared gradient"},
			{"eps", ARG_LOG, 1e-8, 1e-30, 1, ARG_LIVE, "added to the root of the squared gradient"},
			OPTIM_DECAY(
				.01, "weights shrink by lr * decay a step (touched rows only where a table is lazy)"),
			{0}}},
	.states = 2,
	.begin = begin,
	.update = update,
};
