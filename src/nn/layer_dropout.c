/* Dropout (Srivastava et al. 2014): in training, each number is 0 with probability rate, else scaled by 1 / (1 -
 * rate). */
#include "nn/compose.h"

static enum err_code init(struct layer *l, struct paramset *s, struct err *e)
{
	return OK;
}

static int apply(const struct layer *l, struct trace *t, const int *in, int n_in, struct err *e)
{
	return compose_dropout(t, in[0], layer_number(l, "rate"), e);
}

const struct layer_class layer_dropout = {
	.desc = {"dropout", "dropout { rate = 0.5 } (x)", "Drops numbers in training and keeps the mean.",
		(const struct arg_spec[]){{"rate", ARG_REAL, .5, 0, .99, ARG_LIVE, "share that is dropped"}, {0}}},
	.arity_min = 1,
	.arity_max = 1,
	.init = init,
	.apply = apply,
};
