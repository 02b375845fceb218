/* Softmax over the tokens of each example: scores [tokens] -> weights [tokens] that sum to 1 in every example.
 *   w = exp(x - max) / sum,  dx = w (g - sum w g)
 * aux: the weights, for those who want to see what was attended to. */
#include "graph/op_util.h"
#include "tensor/rows.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	TRY(op_need_real("softmax_tokens", s, 0, "x", e));
	const struct shape *x = &s->shape[0];
	if (x->axis <= AXIS_EXAMPLE || shape_width(x) != 1)
		return err_set(e, ERR_SHAPE, "softmax_tokens: x must be one number per token, got %s",
			shape_text(x, text, sizeof text));
	*out = shape_rows(x->axis, 0, 0, 0);
	return OK;
}

static size_t aux(const struct op_io *io)
{
	return (size_t)io->out.rows;
}

static void forward(struct op_io *io)
{
	const int32_t *at = io->offsets[io->out.shape.axis];
	for (int32_t s = 0; s < io->examples; s++)
		if (at[s + 1] > at[s])
			rows_softmax(io->in[0].v + at[s], io->out.v + at[s], at[s + 1] - at[s]);
	if (io->out.rows)
		memcpy(io->aux, io->out.v, (size_t)io->out.rows * sizeof *io->aux);
}

static void backward(struct op_io *io)
{
	const int32_t *at = io->offsets[io->out.shape.axis];
	const real *w = io->aux, *g = io->out.g;
	if (!io->in[0].g)
		return;
	op_grad_begin(&io->in[0]);
	for (int32_t s = 0; s < io->examples; s++) {
		real mean = rows_dot(w + at[s], g + at[s], at[s + 1] - at[s]);
		for (int32_t t = at[s]; t < at[s + 1]; t++)
			io->in[0].g[t] += w[t] * (g[t] - mean);
	}
}

static const struct op_case cases[] = {
	{.name = "tokens",
		.examples = 4,
		.lengths = {4, 1, 0, 3},
		.n_in = 1,
		.in = {CASE_RANGE(-3, 3, AXIS_TOKEN, 0, 0)}},
	{.name = "tokens2", .examples = 2, .lengths = {2, 5}, .n_in = 1, .in = {CASE_REAL(AXIS_TOKEN2, 1, 1)}},
	{0},
};

const struct op_class op_softmax_tokens = {
	.desc = {.name = "softmax_tokens",
		.usage = "softmax_tokens(x)",
		.help = "Softmax of one number per token over the tokens of each example."},
	.arity_min = 1,
	.arity_max = 1,
	.shape = shape,
	.aux = aux,
	.forward = forward,
	.backward = backward,
	.probe = "weights",
	.cases = cases,
};
