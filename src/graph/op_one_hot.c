/* Ids as vectors: [..] -> [.., n], 1 at the id and 0 elsewhere; an id outside of 0..n-1 gives zeros. */
#include "graph/op_util.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	TRY(op_need_int("one_hot", s, 0, "ids", e));
	*out = s->shape[0];
	if (out->ndim >= SHAPE_DIMS)
		return err_set(e, ERR_SHAPE, "one_hot: the ids have too many dimensions");
	out->dim[out->ndim++] = (int32_t)s->attr[0];
	return OK;
}

static void forward(struct op_io *io)
{
	int64_t n = op_numbers(&io->in[0]), d = (int64_t)io->attr[0];
	memset(io->out.v, 0, (size_t)(n * d) * sizeof *io->out.v);
	for (int64_t i = 0; i < n; i++) {
		int32_t id = io->in[0].i[i];
		if (id >= 0 && id < d)
			io->out.v[i * d + id] = 1;
	}
}

static const struct arg_spec args[] = {
	{"n", ARG_INT, 1, 1, 1 << 24, ARG_REQUIRED, "numbers of a vector", NULL, NULL},
	{0},
};

const struct op_class op_one_hot = {
	.desc = {.name = "one_hot",
		.usage = "one_hot(ids, n)",
		.help = "Ids as vectors of n numbers: 1 at the id, 0 elsewhere.",
		.args = args},
	.arity_min = 1,
	.arity_max = 1,
	.flags = OP_NOGRAD,
	.shape = shape,
	.forward = forward,
};
