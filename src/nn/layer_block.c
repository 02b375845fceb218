/* A transformer block.  `order` says where the norms and the residuals stand:
 *
 *   sasrec  q = LN(x);  y = q + attention(q, x, x);  z = LN(y);  z + ffn(z)        (Kang and McAuley 2018, their code)
 *   pre     h = LN(x);  y = x + attention(h, h, h);  y + ffn(LN(y))                (Xiong et al. 2020)
 *   post    y = LN(x + attention(x, x, x));  LN(y + ffn(y))                        (Vaswani et al. 2017)
 *
 * SASRec's code drops attention weights, not the attention's output; the other two drop both. */
#include "nn/compose.h"
#include "nn/init.h"

#include <string.h>

enum { NORM1, ATTENTION, NORM2, FFN };

static enum err_code norm(struct layer *l, struct paramset *s, const char *name, struct err *e)
{
	return layer_sub(l, s, "layer_norm", name,
		(const struct sub_arg[]){{"dim", layer_number(l, "dim")}, {"eps", layer_number(l, "eps")}, {0}}, e);
}

static enum err_code init(struct layer *l, struct paramset *s, struct err *e)
{
	double dim = layer_number(l, "dim"), rate = layer_number(l, "dropout"), std = layer_number(l, "std");
	double attention_rate = layer_number(l, "attention_dropout");
	const char *kind = layer_text(l, "init");
	TRY(norm(l, s, "norm 1", e));
	TRY(layer_sub(l, s, "attention", "attention",
		(const struct sub_arg[]){{"dim", dim}, {"heads", layer_number(l, "heads")},
			{"causal", layer_number(l, "causal")}, {"dropout", attention_rate < 0 ? rate : attention_rate},
			{"out", layer_number(l, "out")}, {"init", 0, kind}, {"std", std}, {0}},
		e));
	TRY(norm(l, s, "norm 2", e));
	return layer_sub(l, s, "feed_forward", "ffn",
		(const struct sub_arg[]){{"dim", dim}, {"hidden", layer_number(l, "hidden")},
			{"act", 0, layer_text(l, "act")}, {"dropout", rate}, {"init", 0, kind}, {"std", std}, {0}},
		e);
}

static int attend(const struct layer *l, struct trace *t, int q, int kv, struct err *e)
{
	return q < 0 || kv < 0 ? -1 : layer_apply(l->sub[ATTENTION], t, (const int[]){q, kv}, 2, e);
}

static int add(struct trace *t, int x, int y, struct err *e)
{
	return compose2(t, "add", x, y, e);
}

static int apply_sasrec(const struct layer *l, struct trace *t, int x, struct err *e)
{
	int q = compose_sub(l, NORM1, t, x, e);
	int y = add(t, q, attend(l, t, q, x, e), e);
	int z = compose_sub(l, NORM2, t, y, e);
	return add(t, z, compose_sub(l, FFN, t, z, e), e);
}

static int apply_pre(const struct layer *l, struct trace *t, int x, double rate, struct err *e)
{
	int h = compose_sub(l, NORM1, t, x, e);
	int y = add(t, x, compose_dropout(t, attend(l, t, h, h, e), rate, e), e);
	return add(t, y, compose_sub(l, FFN, t, compose_sub(l, NORM2, t, y, e), e), e);
}

static int apply_post(const struct layer *l, struct trace *t, int x, double rate, struct err *e)
{
	int a = compose_dropout(t, attend(l, t, x, x, e), rate, e);
	int y = compose_sub(l, NORM1, t, add(t, x, a, e), e);
	return compose_sub(l, NORM2, t, add(t, y, compose_sub(l, FFN, t, y, e), e), e);
}

static int apply(const struct layer *l, struct trace *t, const int *in, int n_in, struct err *e)
{
	const char *order = layer_text(l, "order");
	double rate = layer_number(l, "dropout");
	if (strcmp(order, "sasrec") == 0)
		return apply_sasrec(l, t, in[0], e);
	return (strcmp(order, "pre") == 0 ? apply_pre : apply_post)(l, t, in[0], rate, e);
}

const struct layer_class layer_block = {
	.desc = {"block",
		"block { dim, heads = 1, hidden = dim, order = \"sasrec\", act = \"relu\", dropout = 0, causal = true, "
		"out = false "
		"} (x)",
		"A transformer block: attention and feed-forward network with norms and residuals.",
		(const struct arg_spec[]){{"dim", ARG_INT, 0, 1, 1 << 20, ARG_REQUIRED, "numbers per token"},
			{"heads", ARG_INT, 1, 1, 1024, 0, "attention heads; must divide dim"},
			{"hidden", ARG_INT, 0, 0, 1 << 20, 0, "numbers inside the feed-forward network; 0: dim"},
			{"order", ARG_CHOICE, 0, 0, 0, 0, "where norms and residuals stand", "sasrec",
				"sasrec|pre|post"},
			{"act", ARG_CHOICE, 0, 0, 0, 0, "activation of the feed-forward network", "relu", ACTIVATIONS},
			{"dropout", ARG_REAL, 0, 0, .99, ARG_LIVE, "share dropped in training"},
			{"attention_dropout", ARG_REAL, -1, -1, .99, ARG_LIVE,
				"share of attention weights dropped; -1: as dropout"},
			{"causal", ARG_BOOL, 1, 0, 1, 0, "a token sees itself and what came before"},
			{"out", ARG_BOOL, 0, 0, 1, 0, "project the attention's output (SASRec: no)"},
			{"eps", ARG_LOG, 1e-8, 1e-30, 1, 0, "of the norms"}, LAYER_INIT("xavier_uniform"), {0}}},
	.arity_min = 1,
	.arity_max = 1,
	.init = init,
	.apply = apply,
};
