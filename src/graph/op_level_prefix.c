/* Prefix sums of the vectors of an example's ratings, in an order of its tokens: table [n, K d], ids [tokens], ratings [tokens]
 * -> [tokens, d]
 *   y_t = sum over the tokens s before t in the order of U_s,   U_s as in level_bag
 *   dU_s += sum over the tokens t after s of g_t
 * so that y_t depends on nothing but what stands before t: the hidden units of an autoregressive model over ratings
 * (Zheng et al. 2016, eq. 3).  order: "given", or "random", drawn anew per (step, example). */
#include "base/rng.h"
#include "graph/levels.h"

enum { UP_TO = LEVELS_OWN, ORDER };

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	TRY(levels_need_table("level_prefix", s, 0, "the table", e));
	TRY(levels_need_ratings("level_prefix", s, 1, 2, e));
	int32_t d = levels_dim(&s->shape[0], s->attr);
	*out = shape_rows(s->shape[1].axis, d > 1, d, 0);
	return OK;
}

static int64_t longest(const struct op_io *io)
{
	const int32_t *at = io->offsets[io->in[1].shape.axis];
	int64_t most = 0;
	for (int32_t e = 0; e < io->examples; e++)
		most = at[e + 1] - at[e] > most ? at[e + 1] - at[e] : most;
	return most;
}

/* A running sum [d], and the order (int32 each, which is no larger than a real). */
static size_t scratch(const struct op_io *io)
{
	return (size_t)levels_dim(&io->in[0].shape, io->attr) + (size_t)longest(io);
}

static int32_t *order_room(const struct op_io *io)
{
	return (int32_t *)(void *)(io->scratch + levels_dim(&io->in[0].shape, io->attr));
}

/* Fisher-Yates, or the identity. */
static void make_order(const struct op_io *io, int32_t e, int64_t n, int32_t *order)
{
	struct rng r = op_stream(io, e);
	for (int32_t t = 0; t < n; t++) {
		int32_t j = io->attr[ORDER] != 0 ? (int32_t)rng_below(&r, (uint64_t)t + 1) : t;
		order[t] = order[j];
		order[j] = t;
	}
}

static void add_vectors(const struct op_io *io, const struct levels *l, int64_t t, real *sum, int64_t d)
{
	int32_t id = io->in[1].i[t], k = level_at(l, io->in[2].v[t]);
	if (id < 0)
		return;
	const real *row = io->in[0].v + id * l->n * d;
	for (int32_t j = io->attr[UP_TO] != 0 ? 0 : k; j <= k; j++)
		rows_add(row + j * d, sum, d);
}

static void forward(struct op_io *io)
{
	const int32_t *at = io->offsets[io->in[1].shape.axis];
	const struct levels l = levels_of(io);
	int64_t d = io->in[0].shape.dim[1] / l.n;
	int32_t *order = order_room(io);
	for (int32_t e = 0; e < io->examples; e++) {
		int64_t n = at[e + 1] - at[e];
		make_order(io, e, n, order);
		memset(io->scratch, 0, (size_t)d * sizeof(real));
		for (int64_t p = 0; p < n; p++) {
			int64_t t = at[e] + order[p];
			rows_copy(io->scratch, io->out.v + t * d, d);
			add_vectors(io, &l, t, io->scratch, d);
		}
	}
}

static void add_gradient(struct op_io *io, const struct levels *l, int64_t t, const real *sum, int64_t d)
{
	int32_t id = io->in[1].i[t], k = level_at(l, io->in[2].v[t]);
	struct operand *table = &io->in[0];
	if (id < 0 || !op_wants(table))
		return;
	real *row = table->sparse ? rowgrad_row(table->sparse, id) : table->g + id * l->n * d;
	for (int32_t j = io->attr[UP_TO] != 0 ? 0 : k; j <= k; j++)
		rows_add(sum, row + j * d, d);
}

static void backward(struct op_io *io)
{
	const int32_t *at = io->offsets[io->in[1].shape.axis];
	const struct levels l = levels_of(io);
	int64_t d = io->in[0].shape.dim[1] / l.n;
	int32_t *order = order_room(io);
	op_grad_begin(&io->in[0]);
	for (int32_t e = 0; e < io->examples; e++) {
		int64_t n = at[e + 1] - at[e];
		make_order(io, e, n, order);
		memset(io->scratch, 0, (size_t)d * sizeof(real));
		for (int64_t p = n - 1; p >= 0; p--) {
			int64_t t = at[e] + order[p];
			add_gradient(io, &l, t, io->scratch, d);
			rows_add(io->out.g + t * d, io->scratch, d);
		}
	}
}

static const struct arg_spec args[] = {
	LEVELS_ARGS,
	LEVELS_UP_TO,
	{"order", ARG_CHOICE, 0, 0, 0, 0, "in which tokens follow each other", "given", "given|random"},
	{0},
};

static const struct op_case cases[] = {
	{.name = "given",
		.examples = 4,
		.lengths = {4, 1, 0, 3},
		.n_in = 3,
		.in = {CASE_REAL(AXIS_FIXED, 2, 6, 15), CASE_ABSENT(6, AXIS_TOKEN, 0, 0),
			CASE_FIXED_RANGE(0.5, 3.5, AXIS_TOKEN, 0, 0)},
		.attr = {3, 1, 1, 0, 0}},
	{.name = "random up_to",
		.examples = 4,
		.lengths = {5, 1, 0, 3},
		.n_in = 3,
		.in = {CASE_REAL(AXIS_FIXED, 2, 6, 8), CASE_INT(6, AXIS_TOKEN, 0, 0),
			CASE_FIXED_RANGE(-0.5, 1.5, AXIS_TOKEN, 0, 0)},
		.attr = {2, 0, 1, 1, 1}},
	{0},
};

const struct op_class op_level_prefix = {
	.desc = {.name = "level_prefix",
		.usage = "level_prefix(table, ids, ratings, { levels = 5, low = 1, step = 1, up_to = false, order = "
			 "'given' })",
		.help = "For each token the sum of the vectors of the ratings before it, in the given or a random "
			"order.",
		.args = args},
	.arity_min = 3,
	.arity_max = 3,
	.flags = OP_RANDOM,
	.takes_sparse = 1,
	.need_in = 6,
	.shape = shape,
	.scratch = scratch,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
