/* Batch normalisation (Ioffe and Szegedy 2015): by the batch in training, by running statistics in evaluation.  These are
 * parameters that take no gradient, so checkpoints, replay and resume have them. */
#include "nn/compose.h"

static enum err_code init(struct layer *l, struct paramset *s, struct err *e)
{
	struct shape v = shape_fixed(1, layer_int(l, "dim"), 0, 0);
	const struct init zeros = {.kind = "zeros"}, ones = {.kind = "ones"};
	TRY(layer_make(l, s, "mean", v, &zeros, false, false, e));
	TRY(layer_make(l, s, "var", v, &ones, false, false, e));
	if (!layer_flag(l, "affine"))
		return OK;
	TRY(layer_make(l, s, "gain", v, &ones, true, false, e));
	return layer_make(l, s, "bias", v, &zeros, true, false, e);
}

static int apply(const struct layer *l, struct trace *t, const int *in, int n_in, struct err *e)
{
	int arg[5] = {in[0]};
	for (int i = 0; i < l->n_params; i++)
		arg[i + 1] = trace_param(t, l->param[i], e);
	return compose_op(t, "batch_norm", arg, l->n_params + 1,
		(const struct attr[]){{"eps", layer_number(l, "eps")}, {"momentum", layer_number(l, "momentum")}, {0}},
		e);
}

const struct layer_class layer_batch_norm = {
	.desc = {"batch_norm", "batch_norm { dim, eps = 1e-5, momentum = 0.1, affine = true } (x)",
		"Batch normalisation (Ioffe, Szegedy 2015), with a trained gain and bias where affine.",
		(const struct arg_spec[]){{"dim", ARG_INT, 0, 1, 1 << 20, ARG_REQUIRED, "numbers per vector"},
			{"eps", ARG_LOG, 1e-5, 1e-30, 1, 0, "added to the variance"},
			{"momentum", ARG_REAL, .1, 0, 1, ARG_LIVE, "how far a step moves the running statistics"},
			{"affine", ARG_BOOL, 1, 0, 1, 0, "trained gain and bias"}, {0}}},
	.arity_min = 1,
	.arity_max = 1,
	.init = init,
	.apply = apply,
};
