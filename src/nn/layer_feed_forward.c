/* Point-wise feed-forward network: drop(W2 drop(act(W1 x))), without the residual. */
#include "nn/compose.h"
#include "nn/init.h"

static enum err_code init(struct layer *l, struct paramset *s, struct err *e)
{
	double dim = layer_number(l, "dim"), hidden = layer_number(l, "hidden"), std = layer_number(l, "std");
	const char *kind = layer_text(l, "init");
	hidden = hidden ? hidden : dim;
	TRY(layer_sub(l, s, "linear", "inner",
		(const struct sub_arg[]){{"in", dim}, {"out", hidden}, {"act", 0, layer_text(l, "act")},
			{"init", 0, kind}, {"std", std}, {0}},
		e));
	return layer_sub(l, s, "linear", "outer",
		(const struct sub_arg[]){{"in", hidden}, {"out", dim}, {"init", 0, kind}, {"std", std}, {0}}, e);
}

static int apply(const struct layer *l, struct trace *t, const int *in, int n_in, struct err *e)
{
	double rate = layer_number(l, "dropout");
	int h = compose_dropout(t, compose_sub(l, 0, t, in[0], e), rate, e);
	return compose_dropout(t, compose_sub(l, 1, t, h, e), rate, e);
}

const struct layer_class layer_feed_forward = {
	.desc = {"feed_forward", "feed_forward { dim, hidden = dim, act = \"relu\", dropout = 0 } (x)",
		"Two linear layers with an activation between them, applied to every token; no residual.",
		(const struct arg_spec[]){{"dim", ARG_INT, 0, 1, 1 << 20, ARG_REQUIRED, "numbers per token"},
			{"hidden", ARG_INT, 0, 0, 1 << 20, 0, "numbers between the two; 0: dim"},
			{"act", ARG_CHOICE, 0, 0, 0, 0, "activation", "relu", ACTIVATIONS},
			{"dropout", ARG_REAL, 0, 0, .99, ARG_LIVE, "share dropped after each linear layer"},
			LAYER_INIT("xavier_uniform"), {0}}},
	.arity_min = 1,
	.arity_max = 1,
	.init = init,
	.apply = apply,
};
