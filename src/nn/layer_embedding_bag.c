/* Vectors of a set of ids, pooled per example: one lookup and one pooling without the rows in between. */
#include "nn/compose.h"
#include "nn/init.h"

static enum err_code init(struct layer *l, struct paramset *s, struct err *e)
{
	struct init w = {.kind = layer_text(l, "init"), .scale = layer_number(l, "std")};
	struct shape table = shape_fixed(2, layer_int(l, "rows"), layer_int(l, "dim"), 0);
	return layer_make(l, s, "weight", table, &w, true, layer_flag(l, "lazy"), e);
}

static int apply(const struct layer *l, struct trace *t, const int *in, int n_in, struct err *e)
{
	int arg[2] = {trace_param(t, l->param[0], e), in[0]};
	return compose_op(t, "embedding_bag", arg, 2, (const struct attr[]){{"over", layer_number(l, "over")}, {0}}, e);
}

const struct layer_class layer_embedding_bag = {
	.desc = {"embedding_bag", "embedding_bag { rows, dim, over = \"mean\", init = \"normal\", lazy = true } (ids)",
		"A table of vectors of which each example gets the pooled rows of its ids: weight [rows, dim].",
		(const struct arg_spec[]){{"rows", ARG_INT, 0, 1, 2147483647, ARG_REQUIRED, "how many ids there are"},
			{"dim", ARG_INT, 0, 1, 1 << 20, ARG_REQUIRED, "numbers per vector"},
			{"over", ARG_CHOICE, 0, 0, 0, 0, "how rows become one", "mean", "sum|mean"},
			LAYER_INIT("normal"),
			{"lazy", ARG_BOOL, 1, 0, 1, 0, "only rows that a step touched get an optimizer update"}, {0}}},
	.arity_min = 1,
	.arity_max = 1,
	.init = init,
	.apply = apply,
};
