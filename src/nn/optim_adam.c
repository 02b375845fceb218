/* Adam (Kingma and Ba 2015, algorithm 1), with the weight decay of an L2 penalty:
 *
 *   g = clip * g + decay * w
 *   m = beta1 m + (1 - beta1) g          state 0
 *   v = beta2 v + (1 - beta2) g^2        state 1
 *   w = w - lr / (1 - beta1^t) * m / (sqrt(v / (1 - beta2^t)) + eps)
 *
 * The rows of a lazy table use the step count of the run, and their m and v rest while they are not touched. */
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
	const real clip = (real)s->clip, decay = (real)s->decay;
	for (int64_t i = 0; i < n; i++) {
		real x = clip * g[i] + decay * w[i];
		m[i] = b1 * m[i] + a1 * x;
		v[i] = b2 * v[i] + a2 * x * x;
		w[i] -= rate * m[i] / (real_sqrt(v[i]) * vs + eps);
	}
}

const struct optim_class optim_adam = {
	.desc = {"adam", "adam { lr = 0.001, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, decay = 0 }",
		"Adam (Kingma and Ba 2015): steps scaled by running means of the gradient and of its square.",
		(const struct arg_spec[]){OPTIM_LR(1e-3),
			{"beta1", ARG_REAL, .9, 0, .999999, ARG_LIVE, "memory of the mean gradient"},
			{"beta2", ARG_REAL, .999, 0, .99999999, ARG_LIVE, "memory of the mean squared gradient"},
			{"eps", ARG_LOG, 1e-8, 1e-30, 1, ARG_LIVE, "added to the root of the squared gradient"},
			OPTIM_DECAY(0, OPTIM_COUPLED), {0}}},
	.states = 2,
	.begin = begin,
	.update = update,
};
