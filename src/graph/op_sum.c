/* The sum over the last dimension: [.., d] -> [..] */
#include "graph/op_util.h"
#include "tensor/rows.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	TRY(op_need_real("sum", s, 0, "x", e));
	if (!s->shape[0].ndim)
		return err_set(e, ERR_SHAPE, "sum: x has no last dimension: %s; sum_all gives one number",
			shape_text(&s->shape[0], text, sizeof text));
	*out = s->shape[0];
	out->ndim--;
	return OK;
}

static void forward(struct op_io *io)
{
	int64_t n = op_vectors(&io->in[0]), d = shape_last(&io->in[0].shape);
	if (d == 1) {
		memcpy(io->out.v, io->in[0].v, (size_t)n * sizeof(real));
		return;
	}
	for (int64_t i = 0; i < n; i++)
		io->out.v[i] = rows_sum(io->in[0].v + i * d, d);
}

static void backward(struct op_io *io)
{
	int64_t n = op_vectors(&io->in[0]), d = shape_last(&io->in[0].shape);
	for (int64_t i = 0; io->in[0].g && i < n; i++) {
		real g = io->out.g[i], *to = io->in[0].g + i * d;
		for (int64_t j = 0; j < d; j++)
			to[j] = io->in[0].add ? to[j] + g : g;
	}
}

static const struct op_case cases[] = {
	{.name = "tokens", .examples = 3, .lengths = {4, 1, 3}, .n_in = 1, .in = {CASE_REAL(AXIS_TOKEN, 1, 5)}},
	{.name = "matrix", .examples = 3, .n_in = 1, .in = {CASE_REAL(AXIS_EXAMPLE, 2, 3, 4)}},
	{0},
};

const struct op_class op_sum = {
	.desc = {.name = "sum", .usage = "sum(x)", .help = "The sum over the last dimension."},
	.arity_min = 1,
	.arity_max = 1,
	.flags = OP_LINEAR,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
