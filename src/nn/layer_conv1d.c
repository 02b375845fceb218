/* Convolution over the tokens of each example: y_t = act(b + sum_j W_j x_{t + j dilation - before}), W [out, width * in]. */
#include "nn/compose.h"
#include "nn/init.h"

static enum err_code init(struct layer *l, struct paramset *s, struct err *e)
{
	struct init w = {.kind = layer_text(l, "init"), .scale = layer_number(l, "std")};
	int64_t taps = (int64_t)layer_int(l, "width") * layer_int(l, "in");
	if (taps > 1 << 24)
		return err_set(e, ERR_ARG, "%s: a window of %d tokens of %d numbers is too large", l->name,
			layer_int(l, "width"), layer_int(l, "in"));
	TRY(layer_make(l, s, "weight", shape_fixed(2, layer_int(l, "out"), (int32_t)taps, 0), &w, true, false, e));
	if (!layer_flag(l, "bias"))
		return OK;
	return layer_make(l, s, "bias", shape_fixed(1, layer_int(l, "out"), 0, 0), &(struct init){.kind = "zeros"},
		true, false, e);
}

static int apply(const struct layer *l, struct trace *t, const int *in, int n_in, struct err *e)
{
	static const char *const aligns = "causal|same|valid";
	int arg[3] = {in[0]};
	const struct attr attr[] = {{"dilation", layer_number(l, "dilation")},
		{"align", arg_choice_index(aligns, layer_text(l, "align"))}, {0}};
	for (int i = 0; i < l->n_params; i++)
		arg[1 + i] = trace_param(t, l->param[i], e);
	return compose_activation(t, layer_text(l, "act"), compose_op(t, "conv1d", arg, 1 + l->n_params, attr, e), e);
}

const struct layer_class layer_conv1d = {
	.desc = {"conv1d",
		"conv1d { in, out, width, dilation = 1, align = \"causal\", bias = true, act = \"none\" } (x)",
		"Convolution over the tokens of each example, with zeros beyond its ends; weight [out, width * in].",
		(const struct arg_spec[]){
			{"in", ARG_INT, 0, 1, 1 << 20, ARG_REQUIRED, "numbers per token that come in"},
			{"out", ARG_INT, 0, 1, 1 << 20, ARG_REQUIRED, "filters: numbers per token that go out"},
			{"width", ARG_INT, 0, 1, 1 << 12, ARG_REQUIRED, "tokens of a window"},
			{"dilation", ARG_INT, 1, 1, 1 << 20, 0, "distance between the tokens of a window"},
			{"align", ARG_CHOICE, 0, 0, 0, 0,
				"which tokens a window holds: up to its own, around it, from it on", "causal",
				"causal|same|valid"},
			{"bias", ARG_BOOL, 1, 0, 1, 0, "add a trained vector, which starts at 0"},
			{"act", ARG_CHOICE, 0, 0, 0, 0, "activation of the output", "none", ACTIVATIONS},
			LAYER_INIT("xavier_uniform"), {0}}},
	.arity_min = 1,
	.arity_max = 1,
	.init = init,
	.apply = apply,
};
