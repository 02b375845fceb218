/* The text CNN of Kim (2014), one number per filter and text: act(b + max over time of the filters over word vectors), which
 * is graph/op_conv_text.c. */
#include "nn/compose.h"
#include "nn/init.h"

enum { VECTORS, WEIGHT, BIAS };

static enum err_code init(struct layer *l, struct paramset *s, struct err *e)
{
	int32_t words = layer_int(l, "words"), dim = layer_int(l, "dim"), filters = layer_int(l, "filters");
	int64_t taps = (int64_t)layer_int(l, "width") * filters;
	struct init vectors = {.kind = "normal", .scale = layer_number(l, "word_std")};
	struct init w = {.kind = layer_text(l, "init"), .scale = layer_number(l, "std")};
	if (taps > 1 << 20)
		return err_set(
			e, ERR_ARG, "%s: %d filters of %d words are too many", l->name, filters, layer_int(l, "width"));
	TRY(layer_make(l, s, "vectors", shape_fixed(2, words, dim, 0), &vectors, true, false, e));
	TRY(layer_make(l, s, "weight", shape_fixed(2, (int32_t)taps, dim, 0), &w, true, false, e));
	return layer_make(l, s, "bias", shape_fixed(1, filters, 0, 0), &(struct init){.kind = "zeros"}, true, false, e);
}

static int apply(const struct layer *l, struct trace *t, const int *in, int n_in, struct err *e)
{
	int arg[] = {trace_param(t, l->param[VECTORS], e), trace_param(t, l->param[WEIGHT], e), in[0], in[1], in[2],
		trace_param(t, l->param[BIAS], e)};
	const struct attr attr[] = {{"width", layer_number(l, "width")}, {0}};
	return compose_activation(t, layer_text(l, "act"), compose_op(t, "conv_text", arg, 6, attr, e), e);
}

const struct layer_class layer_text_cnn = {
	.desc = {"text_cnn", "text_cnn { words, dim, filters, width = 3, act = \"relu\" } (texts, word, start)",
		"Texts of a corpus to one number per filter: the filters over word vectors and their maximum over time "
		"(Kim "
		"2014).",
		(const struct arg_spec[]){{"words", ARG_INT, 0, 1, 1 << 24, ARG_REQUIRED, "words of the vocabulary"},
			{"dim", ARG_INT, 0, 1, 1 << 16, ARG_REQUIRED, "numbers per word vector"},
			{"filters", ARG_INT, 0, 1, 1 << 16, ARG_REQUIRED, "filters: numbers per text"},
			{"width", ARG_INT, 3, 1, 64, 0, "words of a window"},
			{"act", ARG_CHOICE, 0, 0, 0, 0, "activation of the maximum", "relu", ACTIVATIONS},
			{"word_std", ARG_REAL, .1, 0, 1e6, 0, "deviation of the word vectors' start"},
			LAYER_INIT("xavier_uniform"), {0}}},
	.arity_min = 3,
	.arity_max = 3,
	.init = init,
	.apply = apply,
};
