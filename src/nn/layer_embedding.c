/* Rows of a table by id: y = scale * W[ids].  Gradients and optimizer state stay row-sparse (`lazy`) unless the
 * table is also read whole. */
#include "nn/compose.h"
#include "nn/init.h"

static enum err_code init(struct layer *l, struct paramset *s, struct err *e)
{
	struct init w = {.kind = layer_text(l, "init"),
		.scale = layer_number(l, "std"),
		.truncate = layer_number(l, "truncate")};
	struct shape table = shape_fixed(2, layer_int(l, "rows"), layer_int(l, "dim"), 0);
	return layer_make(l, s, "weight", table, &w, true, layer_flag(l, "lazy"), e);
}

static int apply(const struct layer *l, struct trace *t, const int *in, int n_in, struct err *e)
{
	double scale = layer_number(l, "scale");
	int rows = compose2(t, "embedding", trace_param(t, l->param[0], e), in[0], e);
	if (rows < 0 || scale == 1)
		return rows;
	return compose_op(t, "scale", &rows, 1, (const struct attr[]){{"by", scale}, {0}}, e);
}

const struct layer_class layer_embedding = {
	.desc = {"embedding",
		"embedding { rows, dim, init = \"normal\", std = 0, truncate = 0, scale = 1, lazy = true } (ids)",
		"A table of vectors looked up by id: weight [rows, dim].",
		(const struct arg_spec[]){{"rows", ARG_INT, 0, 1, 2147483647, ARG_REQUIRED, "how many ids there are"},
			{"dim", ARG_INT, 0, 1, 1 << 20, ARG_REQUIRED, "numbers per vector"}, LAYER_INIT("normal"),
			{"truncate", ARG_REAL, 0, 0, 100, 0,
				"normal starts: redraw beyond so many deviations; 0: never"},
			{"scale", ARG_REAL, 1, -1e6, 1e6, 0,
				"factor on the looked-up vectors (SASRec: the root of dim)"},
			{"lazy", ARG_BOOL, 1, 0, 1, 0, "only rows that a step touched get an optimizer update"}, {0}}},
	.arity_min = 1,
	.arity_max = 1,
	.init = init,
	.apply = apply,
};
