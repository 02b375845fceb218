/* Multi-head attention (Vaswani et al. 2017) over the tokens of each example:
 *
 *   Q = q Wq, K = k Wk, V = v Wv           [tokens, dim], heads split the dim
 *   y = softmax(Q K^T / sqrt(dim / heads)) V, per head and example; causal: no look ahead
 *   y Wo                                   where an output projection is asked for */
#include "nn/compose.h"
#include "nn/init.h"

enum { QUERY, KEY, VALUE, OUT };

static enum err_code project(struct layer *l, struct paramset *s, const char *name, const char *bias, struct err *e)
{
	double dim = layer_number(l, "dim");
	return layer_sub(l, s, "linear", name,
		(const struct sub_arg[]){{"in", dim}, {"out", dim}, {"bias", layer_number(l, bias)},
			{"init", 0, layer_text(l, "init")}, {"std", layer_number(l, "std")}, {0}},
		e);
}

static enum err_code init(struct layer *l, struct paramset *s, struct err *e)
{
	int32_t dim = layer_int(l, "dim"), heads = layer_int(l, "heads");
	if (dim % heads)
		return err_set(e, ERR_ARG, "%s: heads=%d does not divide dim=%d", l->name, heads, dim);
	TRY(project(l, s, "query", "bias", e));
	TRY(project(l, s, "key", "bias", e));
	TRY(project(l, s, "value", "bias", e));
	return layer_flag(l, "out") ? project(l, s, "out", "out_bias", e) : OK;
}

static int apply(const struct layer *l, struct trace *t, const int *in, int n_in, struct err *e)
{
	int key = n_in > 1 ? in[1] : in[0], value = n_in > 2 ? in[2] : key;
	int q = compose_sub(l, QUERY, t, in[0], e);
	int k = q < 0 ? -1 : compose_sub(l, KEY, t, key, e);
	int v = k < 0 ? -1 : compose_sub(l, VALUE, t, value, e);
	const struct attr attr[] = {{"heads", layer_number(l, "heads")}, {"causal", layer_number(l, "causal")},
		{"dropout", layer_number(l, "dropout")}, {0}};
	int y = compose_op(t, "attention", (const int[]){q, k, v}, 3, attr, e);
	return layer_flag(l, "out") ? compose_sub(l, OUT, t, y, e) : y;
}

const struct layer_class layer_attention = {
	.desc = {"attention",
		"attention { dim, heads = 1, causal = true, dropout = 0, bias = true, out = true, out_bias = true } "
		"(query, key = query, value = key)",
		"Multi-head attention (Vaswani et al. 2017) over the tokens of each example.",
		(const struct arg_spec[]){{"dim", ARG_INT, 0, 1, 1 << 20, ARG_REQUIRED, "numbers per token"},
			{"heads", ARG_INT, 1, 1, 1024, 0, "heads; must divide dim"},
			{"causal", ARG_BOOL, 1, 0, 1, 0, "a token sees itself and what came before"},
			{"dropout", ARG_REAL, 0, 0, .99, ARG_LIVE, "share of attention weights dropped in training"},
			{"bias", ARG_BOOL, 1, 0, 1, 0, "biases of the query, key and value projections"},
			{"out", ARG_BOOL, 1, 0, 1, 0, "project the output (SASRec: no)"},
			{"out_bias", ARG_BOOL, 1, 0, 1, 0, "bias of the output projection"},
			LAYER_INIT("xavier_uniform"), {0}}},
	.arity_min = 1,
	.arity_max = 3,
	.init = init,
	.apply = apply,
};
