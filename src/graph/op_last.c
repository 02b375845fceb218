/* The last token of each example: [tokens, d] -> [examples, d]; zeros where an example has none. */
#include "graph/op_util.h"
#include "tensor/rows.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	TRY(op_need_real("last", s, 0, "x", e));
	if (s->shape[0].axis != AXIS_TOKEN && s->shape[0].axis != AXIS_TOKEN2)
		return err_set(e, ERR_SHAPE, "last: x must lie on tokens, got %s",
			shape_text(&s->shape[0], text, sizeof text));
	*out = s->shape[0];
	out->axis = AXIS_EXAMPLE;
	return OK;
}

static void forward(struct op_io *io)
{
	const int32_t *at = io->offsets[io->in[0].shape.axis];
	int64_t d = shape_width(&io->out.shape);
	for (int32_t s = 0; s < io->examples; s++)
		if (at[s + 1] > at[s])
			memcpy(io->out.v + s * d, io->in[0].v + (at[s + 1] - 1) * d, (size_t)d * sizeof *io->out.v);
		else
			memset(io->out.v + s * d, 0, (size_t)d * sizeof *io->out.v);
}

static void backward(struct op_io *io)
{
	const int32_t *at = io->offsets[io->in[0].shape.axis];
	int64_t d = shape_width(&io->out.shape);
	if (!io->in[0].g)
		return;
	op_grad_begin(&io->in[0]);
	for (int32_t s = 0; s < io->examples; s++)
		if (at[s + 1] > at[s])
			rows_add(io->out.g + s * d, io->in[0].g + (at[s + 1] - 1) * d, d);
}

static const struct op_case cases[] = {
	{.name = "tokens", .examples = 4, .lengths = {4, 1, 0, 3}, .n_in = 1, .in = {CASE_REAL(AXIS_TOKEN, 1, 5)}},
	{.name = "column", .examples = 2, .lengths = {2, 1}, .n_in = 1, .in = {CASE_REAL(AXIS_TOKEN2, 0, 0)}},
	{0},
};

const struct op_class op_last = {
	.desc = {.name = "last",
		.usage = "last(x)",
		.help = "The last token of each example (zeros where there is none)."},
	.arity_min = 1,
	.arity_max = 1,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
