/* Numbers that are given, not trained (popularity, log Q, features): zeros until someone writes the values. */
#include "nn/compose.h"

static enum err_code init(struct layer *l, struct paramset *s, struct err *e)
{
	int32_t rows = layer_int(l, "rows"), dim = layer_int(l, "dim");
	struct shape shape = rows ? shape_fixed(2, rows, dim, 0) : shape_fixed(1, dim, 0, 0);
	return layer_make(l, s, "value", shape, &(struct init){.kind = "zeros"}, false, false, e);
}

static int apply(const struct layer *l, struct trace *t, const int *in, int n_in, struct err *e)
{
	return trace_param(t, l->param[0], e);
}

const struct layer_class layer_constant = {
	.desc = {"constant", "constant { rows = 0, dim } ()",
		"A vector [dim] or matrix [rows, dim] that is not trained; its values are written after it was made.",
		(const struct arg_spec[]){{"rows", ARG_INT, 0, 0, 2147483647, 0, "rows of a matrix; 0: a vector"},
			{"dim", ARG_INT, 0, 1, 1 << 30, ARG_REQUIRED, "numbers per row"}, {0}}},
	.arity_min = 0,
	.arity_max = 0,
	.init = init,
	.apply = apply,
};
