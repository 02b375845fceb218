/* Cuts the tokens of each example in two at random, as order-agnostic autoregressive models are trained (Uria, Murray,
 * Larochelle 2014; Zheng et al. 2016, eq. 10): ids [tokens] -> [tokens, 2]
 *   d uniform in 0..D-1, the first d tokens of a random order are `seen`, the others are to be predicted from them
 *   out_t = (1, 0) for a seen token, (0, D / (D - d)) for one to be predicted, so that weighted costs estimate the
 *   negative log-likelihood of all D without bias.
 * A uniform subset of d comes from selection sampling (Knuth, TAOCP 3.4.2, algorithm S).  Keyed by (step, example). */
#include "base/rng.h"
#include "graph/op_util.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	if (s->shape[0].axis != AXIS_TOKEN && s->shape[0].axis != AXIS_TOKEN2)
		return err_set(e, ERR_SHAPE, "random_cut: the column must lie on tokens, got %s",
			shape_text(&s->shape[0], text, sizeof text));
	*out = shape_rows(s->shape[0].axis, 1, 2, 0);
	return OK;
}

static void cut(struct rng *r, int64_t n, real *out)
{
	int64_t d = (int64_t)rng_below(r, (uint64_t)n), left = d;
	real weight = (real)n / (real)(n - d);
	for (int64_t t = 0; t < n; t++) {
		bool seen = left > 0 && (int64_t)rng_below(r, (uint64_t)(n - t)) < left;
		left -= seen;
		out[2 * t] = seen ? 1 : 0;
		out[2 * t + 1] = seen ? 0 : weight;
	}
}

static void forward(struct op_io *io)
{
	const int32_t *at = io->offsets[io->in[0].shape.axis];
	for (int32_t e = 0; e < io->examples; e++) {
		struct rng r = op_stream(io, e);
		if (at[e + 1] > at[e])
			cut(&r, at[e + 1] - at[e], io->out.v + 2 * (int64_t)at[e]);
	}
}

const struct op_class op_random_cut = {
	.desc = {.name = "random_cut",
		.usage = "random_cut(ids)",
		.help = "Cuts each example's tokens at random: (1, 0) for those that are given, (0, D / (D - d)) for "
			"the "
			"D - d of D that are to be predicted."},
	.arity_min = 1,
	.arity_max = 1,
	.flags = OP_RANDOM | OP_NOGRAD,
	.shape = shape,
	.forward = forward,
};
