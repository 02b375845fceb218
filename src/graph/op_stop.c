/* The value without its gradient. */
#include "graph/op_util.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	return op_shape_like_first("stop", s, out, e);
}

static void forward(struct op_io *io)
{
	memcpy(io->out.v, io->in[0].v, (size_t)op_numbers(&io->out) * sizeof *io->out.v);
}

const struct op_class op_stop = {
	.desc = {.name = "stop", .usage = "stop(x)", .help = "x, through which no gradient flows."},
	.arity_min = 1,
	.arity_max = 1,
	.flags = OP_NOGRAD,
	.shape = shape,
	.forward = forward,
};
