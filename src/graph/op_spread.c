/* Each example's vector at all its tokens: [examples, d] -> [tokens, d].   dx = sum over the tokens */
#include "graph/op_util.h"
#include "tensor/rows.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	TRY(op_need_real("spread", s, 0, "x", e));
	if (s->shape[0].axis != AXIS_EXAMPLE)
		return err_set(e, ERR_SHAPE, "spread: x must lie on examples, got %s",
			shape_text(&s->shape[0], text, sizeof text));
	*out = s->shape[0];
	out->axis = s->attr[0] == 0 ? AXIS_TOKEN : AXIS_TOKEN2;
	return OK;
}

static void forward(struct op_io *io)
{
	const int32_t *at = io->offsets[io->out.shape.axis];
	int64_t d = shape_width(&io->out.shape);
	for (int32_t s = 0; s < io->examples; s++)
		for (int64_t t = at[s]; t < at[s + 1]; t++)
			memcpy(io->out.v + t * d, io->in[0].v + s * d, (size_t)d * sizeof *io->out.v);
}

static void backward(struct op_io *io)
{
	const int32_t *at = io->offsets[io->out.shape.axis];
	int64_t d = shape_width(&io->out.shape);
	if (!io->in[0].g)
		return;
	op_grad_begin(&io->in[0]);
	for (int32_t s = 0; s < io->examples; s++)
		rows_column_sums(io->out.g + at[s] * d, at[s + 1] - at[s], d, io->in[0].g + s * d);
}

static const struct arg_spec args[] = {
	{"to", ARG_CHOICE, 0, 0, 0, 0, "the tokens to spread to", "tokens", "tokens|tokens2"},
	{0},
};

static const struct op_case cases[] = {
	{.name = "tokens", .examples = 4, .lengths = {4, 1, 0, 3}, .n_in = 1, .in = {CASE_REAL(AXIS_EXAMPLE, 1, 5)}},
	{.name = "tokens2",
		.examples = 2,
		.lengths = {2, 3},
		.n_in = 1,
		.in = {CASE_REAL(AXIS_EXAMPLE, 0, 0)},
		.attr = {1}},
	{0},
};

const struct op_class op_spread = {
	.desc = {.name = "spread",
		.usage = "spread(x, { to = 'tokens' })",
		.help = "Each example's vector at all its tokens.",
		.args = args},
	.arity_min = 1,
	.arity_max = 1,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
