/* Layer normalisation (Ba, Kiros and Hinton 2016) over the last dimension: gain (x - mean) / sqrt(var + eps) + bias. */
#include "nn/compose.h"

static enum err_code init(struct layer *l, struct paramset *s, struct err *e)
{
	struct shape v = shape_fixed(1, layer_int(l, "dim"), 0, 0);
	TRY(layer_make(l, s, "gain", v, &(struct init){.kind = "ones"}, true, false, e));
	return layer_make(l, s, "bias", v, &(struct init){.kind = "zeros"}, true, false, e);
}

static int apply(const struct layer *l, struct trace *t, const int *in, int n_in, struct err *e)
{
	int arg[3] = {in[0], trace_param(t, l->param[0], e), trace_param(t, l->param[1], e)};
	return compose_op(t, "layer_norm", arg, 3, (const struct attr[]){{"eps", layer_number(l, "eps")}, {0}}, e);
}

const struct layer_class layer_layer_norm = {
	.desc = {"layer_norm", "layer_norm { dim, eps = 1e-5 } (x)",
		"Layer normalisation (Ba et al. 2016) with a trained gain and bias.",
		(const struct arg_spec[]){{"dim", ARG_INT, 0, 1, 1 << 20, ARG_REQUIRED, "numbers per vector"},
			{"eps", ARG_LOG, 1e-5, 1e-30, 1, 0, "added to the variance"}, {0}}},
	.arity_min = 1,
	.arity_max = 1,
	.init = init,
	.apply = apply,
};
