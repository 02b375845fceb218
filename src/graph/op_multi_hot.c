/* The ids of each example as one vector: ids [tokens] -> [examples, n], how often each id occurs.  Absent ids (-1) and those
 * beyond n count nowhere.  No gradient. */
#include "graph/op_util.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	TRY(op_need_int("multi_hot", s, 0, "the ids", e));
	if (s->shape[0].axis < AXIS_TOKEN || shape_width(&s->shape[0]) != 1)
		return err_set(e, ERR_SHAPE, "multi_hot: ids must be a plain column on tokens, got %s",
			shape_text(&s->shape[0], text, sizeof text));
	*out = shape_rows(AXIS_EXAMPLE, 1, (int32_t)s->attr[0], 0);
	return OK;
}

static void forward(struct op_io *io)
{
	const int32_t *at = io->offsets[io->in[0].shape.axis], *id = io->in[0].i;
	int64_t n = (int64_t)io->attr[0];
	memset(io->out.v, 0, (size_t)(io->examples * n) * sizeof *io->out.v);
	for (int32_t s = 0; s < io->examples; s++)
		for (int64_t t = at[s]; t < at[s + 1]; t++)
			if (id[t] >= 0 && id[t] < n)
				io->out.v[s * n + id[t]] += 1;
}

static const struct arg_spec args[] = {
	{"n", ARG_INT, 1, 1, 1 << 24, ARG_REQUIRED, "numbers of a vector"},
	{0},
};

const struct op_class op_multi_hot = {
	.desc = {.name = "multi_hot",
		.usage = "multi_hot(ids, { n })",
		.help = "How often each of n ids occurs among the tokens of an example.",
		.args = args},
	.arity_min = 1,
	.arity_max = 1,
	.flags = OP_NOGRAD,
	.shape = shape,
	.forward = forward,
};
