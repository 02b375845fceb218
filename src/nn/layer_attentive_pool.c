/* The tokens of each example become one vector, weighed by additive attention (Bahdanau et al. 2015; over reviews, with the
 * vector of who wrote them as the context c: Chen et al. 2018, eq. 5 to 7):
 *   a = softmax over the example's tokens of (h' act(W x + U c + b1) + b2),  out = sum a x
 * x [tokens, dim], c [tokens, context] (or none), out [examples, dim]; zeros where there are no tokens. */
#include "nn/compose.h"
#include "nn/init.h"

enum { INNER, SCORE, CONTEXT };

static enum err_code init(struct layer *l, struct paramset *s, struct err *e)
{
	double dim = layer_number(l, "dim"), hidden = layer_number(l, "hidden"), std = layer_number(l, "std");
	const char *kind = layer_text(l, "init");
	TRY(layer_sub(l, s, "linear", "inner",
		(const struct sub_arg[]){{"in", dim}, {"out", hidden}, {"init", 0, kind}, {"std", std}, {0}}, e));
	TRY(layer_sub(l, s, "linear", "score",
		(const struct sub_arg[]){{"in", hidden}, {"out", 1}, {"init", 0, kind}, {"std", std}, {0}}, e));
	if (layer_number(l, "context") == 0)
		return OK;
	return layer_sub(l, s, "linear", "context",
		(const struct sub_arg[]){{"in", layer_number(l, "context")}, {"out", hidden}, {"bias", 0},
			{"init", 0, kind}, {"std", std}, {0}},
		e);
}

static int apply(const struct layer *l, struct trace *t, const int *in, int n_in, struct err *e)
{
	if (n_in - 1 != l->n_subs - CONTEXT) {
		err_set(e, ERR_ARG, "%s: attentive_pool was made with context=%d but got %s", l->name,
			layer_int(l, "context"), n_in == 2 ? "a context" : "none");
		return -1;
	}
	int h = compose_sub(l, INNER, t, in[0], e);
	if (n_in == 2)
		h = compose2(t, "add", h, compose_sub(l, CONTEXT, t, in[1], e), e);
	h = compose_activation(t, layer_text(l, "act"), h, e);
	int weights = compose1(t, "softmax_tokens", compose_sub(l, SCORE, t, h, e), e);
	int weighed = compose2(t, "mul", in[0], weights, e);
	const double sum = 1;
	return compose_op(t, "pool", &weighed, 1, (const struct attr[]){{"over", sum}, {0}}, e);
}

const struct layer_class layer_attentive_pool = {
	.desc = {"attentive_pool", "attentive_pool { dim, hidden, context = 0, act = \"relu\" } (x [, context])",
		"The tokens of each example as one vector, weighed by softmax(h' act(W x + U context + b1) + b2) (Chen "
		"et al. "
		"2018); the weights can be probed.",
		(const struct arg_spec[]){{"dim", ARG_INT, 0, 1, 1 << 20, ARG_REQUIRED, "numbers per token"},
			{"hidden", ARG_INT, 0, 1, 1 << 20, ARG_REQUIRED, "numbers in which tokens are weighed"},
			{"context", ARG_INT, 0, 0, 1 << 20, 0, "numbers per token of the context; 0: no context"},
			{"act", ARG_CHOICE, 0, 0, 0, 0, "activation", "relu", ACTIVATIONS},
			LAYER_INIT("xavier_uniform"), {0}}},
	.arity_min = 1,
	.arity_max = 2,
	.init = init,
	.apply = apply,
};
