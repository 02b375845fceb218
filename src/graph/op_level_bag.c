/* The sum of the vectors of an example's ratings: table [n, K d], ids [tokens], ratings [tokens], weights [tokens]?
 * -> [examples, d]   (d = 1: [examples])
 *   y_e = sum_t w_t U_t,   U_t = U_id^k, or with up_to = true sum_{j <= k} U_id^j  (k: level of the rating)
 *   dU_id^j += w_t g_e,    dw_t = g_e . U_t
 * An id of -1 counts as absent, and a token of weight 0 is not looked up.  Hidden units of a restricted Boltzmann machine
 * (Salakhutdinov, Mnih, Hinton 2007, eq. 2) and of CF-NADE (Zheng et al. 2016, eq. 8). */
#include "graph/levels.h"

enum { UP_TO = LEVELS_OWN };

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	TRY(levels_need_table("level_bag", s, 0, "the table", e));
	TRY(levels_need_ratings("level_bag", s, 1, 2, e));
	if (s->n_in == 4) {
		TRY(op_need_real("level_bag", s, 3, "the weights", e));
		TRY(op_need_same("level_bag", s, 1, "ids", 3, "the weights", e));
	}
	int32_t d = levels_dim(&s->shape[0], s->attr);
	*out = shape_rows(AXIS_EXAMPLE, d > 1, d, 0);
	return OK;
}

/* What of its id's row a token takes: `count` vectors from the `first`. */
struct pick {
	int64_t first, count;
};

static inline struct pick pick_of(const struct op_io *io, const struct levels *l, int64_t t)
{
	int32_t k = level_at(l, io->in[2].v[t]);
	return io->attr[UP_TO] != 0 ? (struct pick){0, k + 1} : (struct pick){k, 1};
}

static inline real weight_of(const struct op_io *io, int64_t t)
{
	return io->n_in == 4 ? io->in[3].v[t] : 1;
}

static size_t scratch(const struct op_io *io)
{
	return levels_visit_size(io, 0, 1);
}

static void forward(struct op_io *io)
{
	const struct levels l = levels_of(io);
	const struct visit all = levels_visit(io, 0, 1, io->scratch);
	int64_t width = io->in[0].shape.dim[1], d = width / l.n;
	memset(io->out.v, 0, (size_t)op_numbers(&io->out) * sizeof(real));
	for (int64_t k = 0; k < all.n; k++) {
		int64_t t = all.token[k];
		real w = weight_of(io, t);
		if (w == 0)
			continue;
		struct pick p = pick_of(io, &l, t);
		const real *row = io->in[0].v + io->in[1].i[t] * width + p.first * d;
		for (int64_t j = 0; j < p.count; j++)
			rows_axpy(w, row + j * d, io->out.v + all.example[k] * d, d);
	}
}

static real *grad_row(struct operand *table, int32_t id, int64_t width)
{
	return table->sparse ? rowgrad_row(table->sparse, id) : table->g ? table->g + id * width : NULL;
}

static void backward_token(struct op_io *io, const struct levels *l, int64_t t, const real *g, int64_t d)
{
	struct operand *table = &io->in[0];
	int64_t width = l->n * d, id = io->in[1].i[t];
	real w = weight_of(io, t), *dw = io->n_in == 4 ? io->in[3].g : NULL;
	struct pick p = pick_of(io, l, t);
	real *row = w != 0 ? grad_row(table, (int32_t)id, width) : NULL;
	for (int64_t j = p.first; j < p.first + p.count; j++) {
		if (row)
			rows_axpy(w, g, row + j * d, d);
		if (dw)
			dw[t] += rows_dot(g, table->v + id * width + j * d, d);
	}
}

static void backward(struct op_io *io)
{
	const struct levels l = levels_of(io);
	const struct visit all = levels_visit(io, 0, 1, io->scratch);
	int64_t d = io->in[0].shape.dim[1] / l.n;
	op_grad_begin(&io->in[0]);
	if (io->n_in == 4)
		op_grad_begin(&io->in[3]);
	for (int64_t k = 0; k < all.n; k++)
		backward_token(io, &l, all.token[k], io->out.g + all.example[k] * d, d);
}

static const struct arg_spec args[] = {LEVELS_ARGS, LEVELS_UP_TO, {0}};

static const struct op_case cases[] = {
	{.name = "plain",
		.examples = 4,
		.lengths = {4, 1, 0, 3},
		.n_in = 3,
		.in = {CASE_REAL(AXIS_FIXED, 2, 6, 15), CASE_ABSENT(6, AXIS_TOKEN, 0, 0),
			CASE_FIXED_RANGE(0.5, 3.5, AXIS_TOKEN, 0, 0)},
		.attr = {3, 1, 1, 0}},
	{.name = "up_to",
		.examples = 4,
		.lengths = {4, 1, 0, 3},
		.n_in = 3,
		.in = {CASE_REAL(AXIS_FIXED, 2, 6, 12), CASE_ABSENT(6, AXIS_TOKEN2, 0, 0),
			CASE_FIXED_RANGE(0.3, 2.2, AXIS_TOKEN2, 0, 0)},
		.attr = {4, 0.5, 0.5, 1}},
	{.name = "weighted",
		.examples = 3,
		.lengths = {4, 1, 3},
		.n_in = 4,
		.in = {CASE_REAL(AXIS_FIXED, 2, 5, 10), CASE_ABSENT(5, AXIS_TOKEN, 0, 0),
			CASE_FIXED_RANGE(0.5, 2.5, AXIS_TOKEN, 0, 0), CASE_REAL(AXIS_TOKEN, 0, 0)},
		.attr = {2, 1, 1, 1}},
	{.name = "bias",
		.examples = 3,
		.lengths = {4, 1, 3},
		.n_in = 3,
		.in = {CASE_REAL(AXIS_FIXED, 2, 5, 5), CASE_ABSENT(5, AXIS_TOKEN, 0, 0),
			CASE_FIXED_RANGE(0.5, 5.5, AXIS_TOKEN, 0, 0)},
		.attr = {5, 1, 1, 0}},
	{0},
};

const struct op_class op_level_bag = {
	.desc = {.name = "level_bag",
		.usage = "level_bag(table, ids, ratings [, weights], { levels = 5, low = 1, step = 1, up_to = false })",
		.help = "The sum over an example's ratings of the vectors that belong to (id, level of the rating); "
			"up_to "
			"adds those of all lower levels.",
		.args = args},
	.arity_min = 3,
	.arity_max = 4,
	.takes_sparse = 1,
	.need_in = 15,
	.shape = shape,
	.scratch = scratch,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
