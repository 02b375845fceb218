/* y = act(x W^T + b), W [out, in], b [out] = 0. */
#include "nn/compose.h"
#include "nn/init.h"

static enum err_code init(struct layer *l, struct paramset *s, struct err *e)
{
	struct init w = {.kind = layer_text(l, "init"), .scale = layer_number(l, "std")};
	struct shape weight = shape_fixed(2, layer_int(l, "out"), layer_int(l, "in"), 0);
	struct shape bias = shape_fixed(1, layer_int(l, "out"), 0, 0);
	TRY(layer_make(l, s, "weight", weight, &w, true, false, e));
	if (!layer_flag(l, "bias"))
		return OK;
	return layer_make(l, s, "bias", bias, &(struct init){.kind = "zeros"}, true, false, e);
}

static int apply(const struct layer *l, struct trace *t, const int *in, int n_in, struct err *e)
{
	int arg[3] = {in[0]};
	for (int i = 0; i < l->n_params; i++)
		arg[1 + i] = trace_param(t, l->param[i], e);
	return compose_activation(t, layer_text(l, "act"), compose_op(t, "linear", arg, 1 + l->n_params, NULL, e), e);
}

const struct layer_class layer_linear = {
	.desc = {"linear", "linear { in, out, bias = true, act = \"none\", init = \"xavier_uniform\" } (x)",
		"act(x W^T + b), with weight [out, in] and bias [out].",
		(const struct arg_spec[]){{"in", ARG_INT, 0, 1, 1 << 24, ARG_REQUIRED, "numbers per row that come in"},
			{"out", ARG_INT, 0, 1, 1 << 24, ARG_REQUIRED, "numbers per row that go out"},
			{"bias", ARG_BOOL, 1, 0, 1, 0, "add a trained vector, which starts at 0"},
			{"act", ARG_CHOICE, 0, 0, 0, 0, "activation of the output", "none", ACTIVATIONS},
			LAYER_INIT("xavier_uniform"), {0}}},
	.arity_min = 1,
	.arity_max = 1,
	.init = init,
	.apply = apply,
};
