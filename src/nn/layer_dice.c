/* Dice (Zhou et al. 2018, Deep Interest Network, equation 3): a PReLU whose bend follows the data,
 *   p = sigmoid(batch_norm(x)),  y = p x + (1 - p) a x,  with a trained slope a for each number */
#include "nn/compose.h"

static enum err_code init(struct layer *l, struct paramset *s, struct err *e)
{
	double dim = layer_number(l, "dim");
	TRY(layer_make(
		l, s, "slope", shape_fixed(1, (int32_t)dim, 0, 0), &(struct init){.kind = "zeros"}, true, false, e));
	return layer_sub(l, s, "batch_norm", "norm",
		(const struct sub_arg[]){{"dim", dim}, {"eps", layer_number(l, "eps")},
			{"momentum", layer_number(l, "momentum")}, {"affine", 0}, {0}},
		e);
}

static int apply(const struct layer *l, struct trace *t, const int *in, int n_in, struct err *e)
{
	int x = in[0], p = compose1(t, "sigmoid", compose_sub(l, 0, t, x, e), e);
	int above = compose2(t, "mul", p, x, e), below = compose2(t, "sub", x, above, e);
	return compose2(t, "add", above, compose2(t, "mul", below, trace_param(t, l->param[0], e), e), e);
}

const struct layer_class layer_dice = {
	.desc = {"dice", "dice { dim, eps = 1e-8, momentum = 0.1 } (x)",
		"Data-adaptive activation of the Deep Interest Network (Zhou et al. 2018).",
		(const struct arg_spec[]){{"dim", ARG_INT, 0, 1, 1 << 20, ARG_REQUIRED, "numbers per vector"},
			{"eps", ARG_LOG, 1e-8, 1e-30, 1, 0, "added to the variance"},
			{"momentum", ARG_REAL, .1, 0, 1, ARG_LIVE, "how far a step moves the running statistics"},
			{0}}},
	.arity_min = 1,
	.arity_max = 1,
	.init = init,
	.apply = apply,
};
