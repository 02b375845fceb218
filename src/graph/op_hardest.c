/* Dynamic negative sampling (Zhang, Chen, Wang, Yu, SIGIR 2013): each token's item against the hardest of n others.
 *
 *     scores [E, C], ids [T] -> [T]:   y_t = max over n draws j, uniform in {0..C-1} without the ids of t's example, of scores_ej
 *     dscores_e,argmax += g_t;   no gradient to ids.  aux: which place it was, -1 where the example has all of them
 *
 * Draw k of a token is a function of the step's key and of (token in the whole batch, k). */
#include "base/rng.h"
#include "graph/op_util.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	TRY(op_need_real("hardest", s, 0, "scores", e));
	TRY(op_need_int("hardest", s, 1, "ids", e));
	if (s->shape[0].axis != AXIS_EXAMPLE || s->shape[0].ndim != 1)
		return err_set(e, ERR_SHAPE, "hardest: scores must be [examples, items], got %s",
			shape_text(&s->shape[0], text, sizeof text));
	if ((s->shape[1].axis != AXIS_TOKEN && s->shape[1].axis != AXIS_TOKEN2) || s->shape[1].ndim != 0)
		return err_set(e, ERR_SHAPE, "hardest: ids must be one per token, got %s",
			shape_text(&s->shape[1], text, sizeof text));
	*out = s->shape[1];
	return OK;
}

static size_t aux(const struct op_io *io)
{
	return (size_t)io->out.rows;
}

/* One mark per item: is it one of the example's? */
static size_t scratch(const struct op_io *io)
{
	return (size_t)shape_width(&io->in[0].shape);
}

/* Marks the ids, or takes the marks away; the number of different items marked. */
static int64_t mark(real *own, int64_t items, const int32_t *ids, int64_t n, real value)
{
	int64_t changed = 0;
	for (int64_t t = 0; t < n; t++)
		if (ids[t] >= 0 && ids[t] < items && own[ids[t]] != value) {
			own[ids[t]] = value;
			changed++;
		}
	return changed;
}

static int32_t hardest(const real *score, const real *own, int64_t items, int draws, uint64_t key)
{
	struct rng r = {key, 0};
	int32_t best = -1;
	for (int k = 0; k < draws; k++) {
		int32_t j;
		do
			j = (int32_t)rng_below(&r, (uint64_t)items);
		while (own[j] != 0);
		best = best < 0 || score[j] > score[best] ? j : best;
	}
	return best;
}

static void forward(struct op_io *io)
{
	int64_t items = shape_width(&io->in[0].shape);
	const int32_t *at = io->offsets[io->in[1].shape.axis], *ids = io->in[1].i;
	int32_t *place = (int32_t *)io->aux;
	real *own = io->scratch;
	memset(own, 0, (size_t)items * sizeof *own);
	for (int32_t e = 0; e < io->examples; e++) {
		const real *score = io->in[0].v + e * items;
		int64_t first = at[e], end = at[e + 1];
		bool others = mark(own, items, ids + first, end - first, 1) < items;
		for (int64_t t = first; t < end; t++) {
			uint64_t key = rng_at(io->key, (uint64_t)(io->in[1].first_row + t));
			place[t] = others ? hardest(score, own, items, (int)io->attr[0], key) : -1;
			io->out.v[t] = others ? score[place[t]] : 0;
		}
		mark(own, items, ids + first, end - first, 0);
	}
}

static void backward(struct op_io *io)
{
	int64_t items = shape_width(&io->in[0].shape);
	const int32_t *at = io->offsets[io->in[1].shape.axis], *place = (const int32_t *)io->aux;
	if (!io->in[0].g)
		return;
	op_grad_begin(&io->in[0]);
	for (int32_t e = 0; e < io->examples; e++)
		for (int64_t t = at[e]; t < at[e + 1]; t++)
			if (place[t] >= 0)
				io->in[0].g[e * items + place[t]] += io->out.g[t];
}

static const struct arg_spec args[] = {
	{"n", ARG_INT, 5, 1, 1 << 16, 0, "how many others are drawn for a token"},
	{0},
};

static const struct op_case cases[] = {
	{.name = "users",
		.examples = 4,
		.lengths = {2, 0, 1, 3},
		.n_in = 2,
		.in = {CASE_REAL(AXIS_EXAMPLE, 1, 7), CASE_ABSENT(7, AXIS_TOKEN, 0, 0)},
		.attr = {3}},
	{.name = "has_all",
		.examples = 2,
		.lengths = {1, 2},
		.n_in = 2,
		.in = {CASE_REAL(AXIS_EXAMPLE, 1, 1), CASE_INT(1, AXIS_TOKEN, 0, 0)},
		.attr = {2}},
	{0},
};

const struct op_class op_hardest = {
	.desc = {.name = "hardest",
		.usage = "hardest(scores, ids, { n = 5 })",
		.help = "For each token the largest score among n items drawn at random that its example does not "
			"have: what a "
			"hard "
			"negative is sampled by.",
		.args = args},
	.arity_min = 2,
	.arity_max = 2,
	.flags = OP_RANDOM,
	.shape = shape,
	.aux = aux,
	.scratch = scratch,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
