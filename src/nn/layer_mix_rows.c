/* Vertical filters of Caser over images [rows, d]: [.., rows, d] -> [.., out, d]. */
#include "nn/compose.h"
#include "nn/init.h"

static enum err_code init(struct layer *l, struct paramset *s, struct err *e)
{
	struct init w = {.kind = layer_text(l, "init"), .scale = layer_number(l, "std")};
	int32_t rows = layer_int(l, "rows"), out = layer_int(l, "out");
	TRY(layer_make(l, s, "weight", shape_fixed(2, out, rows, 0), &w, true, false, e));
	return layer_make(l, s, "bias", shape_fixed(1, out, 0, 0), &(struct init){.kind = "zeros"}, true, false, e);
}

static int apply(const struct layer *l, struct trace *t, const int *in, int n_in, struct err *e)
{
	int arg[3] = {in[0], trace_param(t, l->param[0], e), trace_param(t, l->param[1], e)};
	return compose_activation(t, layer_text(l, "act"), compose_op(t, "mix_rows", arg, 3, NULL, e), e);
}

const struct layer_class layer_mix_rows = {
	.desc = {"mix_rows", "mix_rows { rows, out, act = \"none\" } (x)",
		"Weighted sums of the rows of an image: [.., rows, d] -> [.., out, d] (the vertical convolution of "
		"Tang & Wang "
		"2018).",
		(const struct arg_spec[]){{"rows", ARG_INT, 0, 1, 1 << 12, ARG_REQUIRED, "rows of the image"},
			{"out", ARG_INT, 0, 1, 1 << 12, ARG_REQUIRED, "filters"},
			{"act", ARG_CHOICE, 0, 0, 0, 0, "activation of the output", "none", ACTIVATIONS},
			LAYER_INIT("xavier_uniform"), {0}}},
	.arity_min = 1,
	.arity_max = 1,
	.init = init,
	.apply = apply,
};
