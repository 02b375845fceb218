/* A draw for every probability: y_i = 1 with probability p_i, else 0.  Passes no gradient.  Draw i is a function of the
 * step's key and of the number's place in the whole batch. */
#include "base/rng.h"
#include "graph/op_util.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	return op_shape_like_first("bernoulli", s, out, e);
}

static void forward(struct op_io *io)
{
	int64_t n = op_numbers(&io->out);
	uint64_t key = io->key + RNG_WEYL * ((uint64_t)(io->in[0].first_row * shape_width(&io->in[0].shape)) + 1);
	for (int64_t i = 0; i < n; i++) {
		uint32_t bits = (uint32_t)(rng_mix(key + RNG_WEYL * (uint64_t)i) >> 40); /* 24: exact in a float */
		io->out.v[i] = (real)bits * (real)0x1p-24 < io->in[0].v[i] ? 1 : 0;
	}
}

const struct op_class op_bernoulli = {
	.desc = {.name = "bernoulli",
		.usage = "bernoulli(p)",
		.help = "1 with probability p, else 0; no gradient flows through it."},
	.arity_min = 1,
	.arity_max = 1,
	.flags = OP_RANDOM | OP_NOGRAD,
	.shape = shape,
	.forward = forward,
};
