/* Parametric ReLU (He et al. 2015): a trained slope below 0, one for each number, or one for all. */
#include "nn/compose.h"

static enum err_code init(struct layer *l, struct paramset *s, struct err *e)
{
	struct shape v = shape_fixed(1, layer_flag(l, "shared") ? 1 : layer_int(l, "dim"), 0, 0);
	return layer_make(l, s, "slope", v, &(struct init){.kind = "constant", .scale = layer_number(l, "slope")}, true,
		false, e);
}

static int apply(const struct layer *l, struct trace *t, const int *in, int n_in, struct err *e)
{
	return compose2(t, "prelu", in[0], trace_param(t, l->param[0], e), e);
}

const struct layer_class layer_prelu = {
	.desc = {"prelu", "prelu { dim, slope = 0.25, shared = false } (x)",
		"ReLU with a trained slope below 0 (He et al. 2015).",
		(const struct arg_spec[]){{"dim", ARG_INT, 0, 1, 1 << 20, ARG_REQUIRED, "numbers per vector"},
			{"slope", ARG_REAL, .25, -1, 1, 0, "where the slopes start"},
			{"shared", ARG_BOOL, 0, 0, 1, 0, "one slope for all numbers"}, {0}}},
	.arity_min = 1,
	.arity_max = 1,
	.init = init,
	.apply = apply,
};
