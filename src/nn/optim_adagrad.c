/* Adagrad (Duchi, Hazan and Singer 2011):
 *
 *   g = clip * g + decay * w
 *   a = a + g^2                          state 0
 *   w = w - lr g / (sqrt(initial + a) + eps) */
#include "nn/optim_vector.h"

enum { LR, INITIAL, EPS };

static void update(const struct optim_step *s, real *restrict w, const real *restrict g, real *const *state, int64_t n)
{
	const real rate = (real)s->lr, clip = (real)s->clip, decay = (real)s->decay;
	const real initial = (real)s->args->num[INITIAL], eps = (real)s->args->num[EPS];
	real *restrict a = state[0];
	for (int64_t i = 0; i < n; i++) {
		real x = clip * g[i] + decay * w[i];
		a[i] += x * x;
		w[i] -= rate * x / (real_sqrt(initial + a[i]) + eps);
	}
}

const struct optim_class optim_adagrad = {
	.desc = {"adagrad", "adagrad { lr = 0.01, initial = 0, eps = 1e-10, decay = 0 }",
		"Adagrad (Duchi et al. 2011): each number's step shrinks with the sum of its squared gradients.",
		(const struct arg_spec[]){OPTIM_LR(1e-2),
			{"initial", ARG_REAL, 0, 0, 1e6, ARG_LIVE, "what the sum of squares starts from"},
			{"eps", ARG_LOG, 1e-10, 1e-30, 1, ARG_LIVE, "added to the root of the sum"},
			OPTIM_DECAY(0, OPTIM_COUPLED), {0}}},
	.states = 1,
	.update = update,
};
