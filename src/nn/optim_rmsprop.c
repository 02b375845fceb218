/* RMSprop (Hinton 2012, lecture 6e; centered form: Graves 2013, equations 38-40; in the form of torch.optim.RMSprop):
 *
 *   g = clip * g + decay * w
 *   v = alpha v + (1 - alpha) g^2        state 0
 *   a = alpha a + (1 - alpha) g          state 1 (centered)
 *   d = g / (sqrt(v - a^2) + eps)        (a = 0 where not centered)
 *   b = momentum b + d                   state 2
 *   w = w - lr b */
#include "nn/optim_vector.h"

enum { LR, ALPHA, MOMENTUM, CENTERED, EPS };

static void update(const struct optim_step *s, real *restrict w, const real *restrict g, real *const *state, int64_t n)
{
	const double *arg = s->args->num;
	const real rate = (real)s->lr, clip = (real)s->clip, decay = (real)s->decay, eps = (real)arg[EPS];
	const real keep = (real)arg[ALPHA], fresh = (real)(1 - arg[ALPHA]), momentum = (real)arg[MOMENTUM];
	const real centered = arg[CENTERED] != 0 ? 1 : 0;
	real *restrict v = state[0], *restrict a = state[1], *restrict b = state[2];
	for (int64_t i = 0; i < n; i++) {
		real x = clip * g[i] + decay * w[i];
		v[i] = keep * v[i] + fresh * x * x;
		a[i] = keep * a[i] + fresh * x;
		real spread = v[i] - centered * a[i] * a[i];
		/* rounding may leave a variance just below zero */
		spread = spread > 0 ? spread : 0;
		b[i] = momentum * b[i] + x / (real_sqrt(spread) + eps);
		w[i] -= rate * b[i];
	}
}

const struct optim_class optim_rmsprop = {
	.desc = {"rmsprop",
		"rmsprop { lr = 0.01, alpha = 0.99, momentum = 0, centered = false, eps = 1e-8, decay = 0 }",
		"RMSprop (Hinton 2012): steps divided by the root of a running mean of squared gradients.",
		(const struct arg_spec[]){OPTIM_LR(1e-2),
			{"alpha", ARG_REAL, .99, 0, .99999999, ARG_LIVE, "memory of the mean squared gradient"},
			{"momentum", ARG_REAL, 0, 0, .999999, ARG_LIVE, "memory of the step"},
			{"centered", ARG_BOOL, 0, 0, 1, ARG_LIVE,
				"divide by the deviation instead of the root mean square"},
			{"eps", ARG_LOG, 1e-8, 1e-30, 1, ARG_LIVE, "added to the root"}, OPTIM_DECAY(0, OPTIM_COUPLED),
			{0}}},
	.states = 3,
	.update = update,
};
