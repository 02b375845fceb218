/* Horizontal filters of Caser over images [rows, d]: [.., rows, d] -> [.., rows - height + 1, out]. */
#include "nn/compose.h"
#include "nn/init.h"

static enum err_code init(struct layer *l, struct paramset *s, struct err *e)
{
	struct init w = {.kind = layer_text(l, "init"), .scale = layer_number(l, "std")};
	int64_t taps = (int64_t)layer_int(l, "height") * layer_int(l, "in");
	if (taps > 1 << 24)
		return err_set(e, ERR_ARG, "%s: a filter of %d rows of %d numbers is too large", l->name,
			layer_int(l, "height"), layer_int(l, "in"));
	TRY(layer_make(l, s, "weight", shape_fixed(2, layer_int(l, "out"), (int32_t)taps, 0), &w, true, false, e));
	return layer_make(l, s, "bias", shape_fixed(1, layer_int(l, "out"), 0, 0), &(struct init){.kind = "zeros"},
		true, false, e);
}

static int apply(const struct layer *l, struct trace *t, const int *in, int n_in, struct err *e)
{
	int arg[3] = {in[0], trace_param(t, l->param[0], e), trace_param(t, l->param[1], e)};
	return compose_activation(t, layer_text(l, "act"), compose_op(t, "conv_rows", arg, 3, NULL, e), e);
}

const struct layer_class layer_conv_rows = {
	.desc = {"conv_rows", "conv_rows { in, out, height, act = \"none\" } (x)",
		"Filters over `height` rows of an image at a time: [.., L, in] -> [.., L - height + 1, out] (the "
		"horizontal "
		"convolution of Tang & Wang 2018).",
		(const struct arg_spec[]){{"in", ARG_INT, 0, 1, 1 << 20, ARG_REQUIRED, "numbers per row of the image"},
			{"out", ARG_INT, 0, 1, 1 << 20, ARG_REQUIRED, "filters"},
			{"height", ARG_INT, 0, 1, 1 << 12, ARG_REQUIRED, "rows that a filter sees"},
			{"act", ARG_CHOICE, 0, 0, 0, 0, "activation of the output", "none", ACTIVATIONS},
			LAYER_INIT("xavier_uniform"), {0}}},
	.arity_min = 1,
	.arity_max = 1,
	.init = init,
	.apply = apply,
};
