#include "graph/share.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	(void)e;
	*out = s->shape[0];
	return OK;
}

static real factor(const struct op_io *io)
{
	return io->total_examples ? (real)io->examples / (real)io->total_examples : 1;
}

static void forward(struct op_io *io)
{
	int64_t n = shape_width(&io->out.shape);
	for (int64_t i = 0; i < n; i++)
		io->out.v[i] = io->in[0].v[i] * factor(io);
}

static void backward(struct op_io *io)
{
	int64_t n = shape_width(&io->out.shape);
	if (!io->in[0].g)
		return;
	for (int64_t i = 0; i < n; i++) {
		real g = io->out.g[i] * factor(io);
		io->in[0].g[i] = io->in[0].add ? io->in[0].g[i] + g : g;
	}
}

const struct op_class op_share = {
	.desc = {.name = "share",
		.usage = "share(x)",
		.help = "This slice's share of a value that all slices have in common."},
	.arity_min = 1,
	.arity_max = 1,
	.flags = OP_LINEAR,
	.shape = shape,
	.forward = forward,
	.backward = backward,
};
