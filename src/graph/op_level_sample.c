/* A draw from CF-NADE: ratings of the given ids, one after the other in the order in which they stand (Zheng et al. 2016, eq. 2
 * to 9): c [H], W [n, K H], V [n, K H], b [n, K], ids [tokens] -> [tokens]
 *   h_t = tanh(c + sum_{s < t} sum_{j <= k_s} W_s^j),  k_t from the softmax of s_t^k = sum_{j <= k} (b_t^j + V_t^j . h_t)
 * Passes no gradient.  Keyed by (step, example).  An id of -1 gets the lowest rating and says nothing. */
#include "base/rng.h"
#include "graph/levels.h"

enum { C, ENCODER, DECODER, BIAS, IDS };

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	TRY(op_need_fixed("level_sample", s, C, "c", 1, e));
	TRY(levels_need_table("level_sample", s, ENCODER, "W", e));
	TRY(levels_need_table("level_sample", s, DECODER, "V", e));
	TRY(levels_need_table("level_sample", s, BIAS, "b", e));
	TRY(op_need_int("level_sample", s, IDS, "ids", e));
	const struct shape *ids = &s->shape[IDS];
	int32_t h = s->shape[C].dim[0], n = s->shape[BIAS].dim[0];
	if (levels_dim(&s->shape[BIAS], s->attr) != 1)
		return err_set(e, ERR_SHAPE, "level_sample: b must have one number per level, its rows have %d",
			s->shape[BIAS].dim[1]);
	for (int k = ENCODER; k <= DECODER; k++)
		if (levels_dim(&s->shape[k], s->attr) != h || s->shape[k].dim[0] != n)
			return err_set(e, ERR_SHAPE,
				"level_sample: %s must be [%d, %d] as c and b say, but is [%d, %d]",
				k == ENCODER ? "W" : "V", n, h * (int32_t)s->attr[LEVELS_ATTR], s->shape[k].dim[0],
				s->shape[k].dim[1]);
	if ((ids->axis != AXIS_TOKEN && ids->axis != AXIS_TOKEN2) || shape_width(ids) != 1)
		return err_set(e, ERR_SHAPE, "level_sample: ids must be a plain column on tokens");
	*out = *ids;
	return OK;
}

/* a [H], h [H] */
static size_t scratch(const struct op_io *io)
{
	return 2 * (size_t)io->in[C].shape.dim[0];
}

/* Draws the level of an id given h. */
static int32_t draw(const struct op_io *io, int32_t id, const real *h, int64_t n, double u)
{
	int32_t levels = (int32_t)io->attr[LEVELS_ATTR], k = 0;
	const real *bias = io->in[BIAS].v + (int64_t)id * levels;
	real s[LEVELS_MAX];
	rows_dots(io->in[DECODER].v + id * levels * n, levels, h, n, s);
	for (int32_t j = 0; j < levels; j++)
		s[j] += bias[j] + (j ? s[j - 1] : 0);
	real left = (real)u * rows_exp_sum(s, rows_max(s, levels), s, levels);
	while (k < levels - 1 && left >= s[k])
		left -= s[k++];
	return k;
}

static void draw_example(const struct op_io *io, int64_t from, int64_t to, struct rng *r)
{
	int64_t n = io->in[C].shape.dim[0], levels = (int64_t)io->attr[LEVELS_ATTR];
	real *a = io->scratch, *h = a + n;
	rows_copy(io->in[C].v, a, n);
	for (int64_t t = from; t < to; t++) {
		int32_t id = io->in[IDS].i[t], k = 0;
		double u = rng_unit(r);
		for (int64_t i = 0; i < n; i++)
			h[i] = vm_tanh(a[i]);
		if (id >= 0)
			k = draw(io, id, h, n, u);
		for (int32_t j = 0; id >= 0 && j <= k; j++)
			rows_add(io->in[ENCODER].v + (id * levels + j) * n, a, n);
		io->out.v[t] = (real)(io->attr[LEVELS_LOW] + io->attr[LEVELS_STEP] * k);
	}
}

static void forward(struct op_io *io)
{
	const int32_t *at = io->offsets[io->in[IDS].shape.axis];
	for (int32_t e = 0; e < io->examples; e++) {
		struct rng r = op_stream(io, e);
		draw_example(io, at[e], at[e + 1], &r);
	}
}

static const struct arg_spec args[] = {LEVELS_ARGS, {0}};

const struct op_class op_level_sample = {
	.desc = {.name = "level_sample",
		.usage = "level_sample(c, W, V, b, ids, { levels = 5, low = 1, step = 1 })",
		.help = "Draws ratings of the ids from CF-NADE, each given those before it; no gradient flows through "
			"it.",
		.args = args},
	.arity_min = 5,
	.arity_max = 5,
	.flags = OP_RANDOM | OP_NOGRAD,
	.no_table = 1 << C,
	.shape = shape,
	.scratch = scratch,
	.forward = forward,
};
