/* Stochastic gradient descent with momentum (Sutskever et al. 2013, in the form of torch.optim.SGD):
 *
 *   g = clip * g + decay * w
 *   b = momentum b + g                   state 0
 *   w = w - lr b                         (nesterov: w - lr (g + momentum b)) */
#include "nn/optim_vector.h"

enum { LR, MOMENTUM, NESTEROV };

static void plain(const struct optim_step *s, real *restrict w, const real *restrict g, int64_t n)
{
	const real rate = (real)s->lr, clip = (real)s->clip, decay = (real)s->decay;
	for (int64_t i = 0; i < n; i++)
		w[i] -= rate * (clip * g[i] + decay * w[i]);
}

static void update(const struct optim_step *s, real *restrict w, const real *restrict g, real *const *state, int64_t n)
{
	const real momentum = (real)s->args->num[MOMENTUM];
	const real rate = (real)s->lr, clip = (real)s->clip, decay = (real)s->decay;
	/* the step is rate * (fresh * g + kept * b) */
	const bool nesterov = s->args->num[NESTEROV] != 0;
	const real fresh = nesterov ? 1 : 0, kept = nesterov ? momentum : 1;
	real *restrict b = state[0];
	if (momentum == 0) {
		plain(s, w, g, n);
		return;
	}
	for (int64_t i = 0; i < n; i++) {
		real x = clip * g[i] + decay * w[i];
		b[i] = momentum * b[i] + x;
		w[i] -= rate * (fresh * x + kept * b[i]);
	}
}

const struct optim_class optim_sgd = {
	.desc = {"sgd", "sgd { lr = 0.01, momentum = 0, nesterov = false, decay = 0 }",
		"Stochastic gradient descent, with momentum where asked for.",
		(const struct arg_spec[]){OPTIM_LR(1e-2),
			{"momentum", ARG_REAL, 0, 0, .999999, ARG_LIVE, "memory of the step"},
			{"nesterov", ARG_BOOL, 0, 0, 1, ARG_LIVE, "look ahead: the step uses the gradient once more"},
			OPTIM_DECAY(0, OPTIM_COUPLED), {0}}},
	.states = 1,
	.update = update,
};
