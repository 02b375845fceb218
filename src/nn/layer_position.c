/* Learned positional embedding: a row of [length, dim] by the position column of the batch.
 * The table is small and every row is used in nearly every step, so its gradient is dense. */
#include "nn/compose.h"
#include "nn/init.h"

static enum err_code init(struct layer *l, struct paramset *s, struct err *e)
{
	struct init w = {.kind = layer_text(l, "init"), .scale = layer_number(l, "std")};
	struct shape table = shape_fixed(2, layer_int(l, "length"), layer_int(l, "dim"), 0);
	return layer_make(l, s, "weight", table, &w, true, false, e);
}

static int apply(const struct layer *l, struct trace *t, const int *in, int n_in, struct err *e)
{
	return compose2(t, "embedding", trace_param(t, l->param[0], e), in[0], e);
}

const struct layer_class layer_position = {
	.desc = {"position", "position { length, dim, init = \"normal\", std = 0 } (positions)",
		"A trained vector per position: weight [length, dim]; takes the batch's position column.",
		(const struct arg_spec[]){
			{"length", ARG_INT, 0, 1, 1 << 24, ARG_REQUIRED, "how many positions there are"},
			{"dim", ARG_INT, 0, 1, 1 << 20, ARG_REQUIRED, "numbers per vector"}, LAYER_INIT("normal"),
			{0}}},
	.arity_min = 1,
	.arity_max = 1,
	.init = init,
	.apply = apply,
};
