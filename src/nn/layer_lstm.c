/* Long short-term memory (Hochreiter and Schmidhuber 1997) in PyTorch's form: graph/op_lstm.c over x W_ih^T + b_ih. */
#include "nn/init.h"
#include "nn/recurrent.h"

static enum err_code init(struct layer *l, struct paramset *s, struct err *e)
{
	return recurrent_init(l, s, 4, e);
}

const struct layer_class layer_lstm = {
	.desc = {"lstm", "lstm { in, out, layers = 1, dropout = 0, bias = true } (x [, h, c])",
		"Long short-term memory (Hochreiter and Schmidhuber 1997) over the tokens of each example: [tokens, "
		"in] -> "
		"[tokens, out].",
		(const struct arg_spec[]){RECURRENT_ARGS, {0}}},
	.arity_min = 1,
	.arity_max = 3,
	.init = init,
	.apply = recurrent_apply,
};
