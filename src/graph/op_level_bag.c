/* The sum of the vectors of an example's ratings: table [n, K d], ids [tokens], ratings [tokens], weights [tokens]?
 * -> [examples, d]   (d = 1: [examples])
 *   y_e = sum_t w_t U_t,   U_t = U_id^k, or with up_to = true sum_{j <= k} U_id^j  (k: level of the rating)
 *   dU_id^j += w_t g_e,    dw_t = g_e . U_t
 * An id of -1 counts as absent, and a token of weight 0 is not looked up.  Hidden units of a restricted Boltzmann machine
 * (Salakhutdinov, Mnih, Hinton 2007, eq. 2) and of CF-NADE (Zheng et al. 2016, eq. 8). */
#include "graph/gathered.h"
#include "graph/levels.h"

enum { TABLE, IDS, RATINGS, WEIGHTS };
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
	return op_gathering_size(io, levels_dim(&io->in[TABLE].shape, io->attr));
}

static void forward_in_order(struct op_io *io, const struct levels *l, int64_t d)
{
	const int32_t *at = io->offsets[io->in[IDS].shape.axis], *id = io->in[IDS].i;
	for (int32_t e = 0; e < io->examples; e++)
		for (int64_t t = at[e]; t < at[e + 1]; t++) {
			real w = weight_of(io, t);
			if (id[t] < 0 || w == 0)
				continue;
			struct pick p = pick_of(io, l, t);
			const real *row = io->in[TABLE].v + (id[t] * l->n + p.first) * d;
			for (int64_t j = 0; j < p.count; j++)
				rows_axpy(w, row + j * d, io->out.v + e * d, d);
		}
}

/* What the tokens take of their rows, with which weight. */
static void choose(struct op_io *io, const struct levels *l, struct gathering *g)
{
	if (io->n_in == 4)
		op_gathering_keep(g, io, io->in[WEIGHTS].v);
	for (int64_t t = 0; t < io->in[IDS].rows; t++)
		g->pick[t] = level_at(l, io->in[RATINGS].v[t]);
	g->r.pick = g->pick;
	g->r.up_to = io->attr[UP_TO] != 0;
	g->r.c = io->n_in == 4 ? io->in[WEIGHTS].v : NULL;
}

static void forward_by_id(struct op_io *io, const struct levels *l, int64_t d)
{
	struct gathering g = op_gathering(io, d);
	choose(io, l, &g);
	memset(g.y, 0, ragged_packed_size(io->examples, d) * sizeof(real));
	ragged_sum(&g.r, g.row, io->examples, g.y);
	ragged_unpack(g.y, io->examples, d, io->out.v);
}

/* Vectors of one number, as the biases of levels are. */
static void forward_numbers(struct op_io *io, const struct levels *l)
{
	const int32_t *at = io->offsets[io->in[IDS].shape.axis], *id = io->in[IDS].i;
	for (int32_t e = 0; e < io->examples; e++) {
		real sum = 0;
		for (int64_t t = at[e]; t < at[e + 1]; t++) {
			const struct pick p = pick_of(io, l, t);
			const real *row = io->in[TABLE].v + (int64_t)id[t] * l->n + p.first;
			for (int64_t j = 0; id[t] >= 0 && j < p.count; j++)
				sum += weight_of(io, t) * row[j];
		}
		io->out.v[e] = sum;
	}
}

static void forward(struct op_io *io)
{
	const struct levels l = levels_of(io);
	int64_t d = io->in[TABLE].shape.dim[1] / l.n;
	if (d == 1) {
		forward_numbers(io, &l);
		return;
	}
	memset(io->out.v, 0, (size_t)op_numbers(&io->out) * sizeof(real));
	if (op_gathers(io, d))
		forward_by_id(io, &l, d);
	else
		forward_in_order(io, &l, d);
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

/* dw_t = g_e . U_t; of level sums: the dots with all levels, added up. */
static void weight_grads(struct op_io *io, const struct levels *l, struct gathering *g)
{
	real *dw = io->in[WEIGHTS].g;
	const bool up_to = io->attr[UP_TO] != 0;
	memset(g->keep, 0, (size_t)io->in[IDS].rows * sizeof(real));
	ragged_dots(&g->r, g->row, io->examples, g->y, g->padded, up_to ? g->c : g->keep);
	for (int64_t t = 0; t < io->in[IDS].rows; t++)
		for (int32_t k = 0; up_to && io->in[IDS].i[t] >= 0 && k <= g->pick[t]; k++)
			g->keep[t] += g->c[t * l->n + k];
	rows_add(g->keep, dw, io->in[IDS].rows);
}

/* A weight of 0 has a gradient too: the dots come of all tokens, before those are left out. */
static void backward_by_id(struct op_io *io, const struct levels *l, int64_t d)
{
	struct gathering g = op_gathering(io, d);
	choose(io, l, &g);
	ragged_pack(io->out.g, io->examples, d, g.y);
	if (op_gathering_grads(&g, &io->in[TABLE]))
		ragged_spread(&g.r, g.grad, g.fresh, io->examples, g.y);
	if (io->n_in == 4 && io->in[WEIGHTS].g) {
		const int32_t *pick = g.r.up_to ? NULL : g.pick;
		g = op_gathering(io, d);
		g.r.pick = pick;
		weight_grads(io, l, &g);
	}
}

static void backward_numbers(struct op_io *io, const struct levels *l)
{
	const int32_t *at = io->offsets[io->in[IDS].shape.axis], *id = io->in[IDS].i;
	struct operand *table = &io->in[TABLE];
	real *dw = io->n_in == 4 ? io->in[WEIGHTS].g : NULL;
	for (int32_t e = 0; e < io->examples; e++)
		for (int64_t t = at[e]; t < at[e + 1]; t++) {
			const real g = io->out.g[e], w = weight_of(io, t);
			const struct pick p = pick_of(io, l, t);
			real *row = id[t] >= 0 && w != 0 ? grad_row(table, id[t], l->n) : NULL;
			for (int64_t j = p.first; row && j < p.first + p.count; j++)
				row[j] += w * g;
			for (int64_t j = p.first; dw && id[t] >= 0 && j < p.first + p.count; j++)
				dw[t] += g * table->v[(int64_t)id[t] * l->n + j];
		}
}

static void backward_in_order(struct op_io *io, const struct levels *l, int64_t d)
{
	const int32_t *at = io->offsets[io->in[IDS].shape.axis];
	for (int32_t e = 0; e < io->examples; e++)
		for (int64_t t = at[e]; t < at[e + 1]; t++)
			if (io->in[IDS].i[t] >= 0)
				backward_token(io, l, t, io->out.g + e * d, d);
}

static void backward(struct op_io *io)
{
	const struct levels l = levels_of(io);
	int64_t d = io->in[TABLE].shape.dim[1] / l.n;
	op_grad_begin(&io->in[TABLE]);
	if (io->n_in == 4)
		op_grad_begin(&io->in[WEIGHTS]);
	if (d == 1)
		backward_numbers(io, &l);
	else if (op_gathers(io, d))
		backward_by_id(io, &l, d);
	else
		backward_in_order(io, &l, d);
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
	{.name = "by id",
		.examples = 4,
		.lengths = {4, 1, 0, 3},
		.n_in = 4,
		.in = {CASE_REAL(AXIS_FIXED, 2, 900, 90), CASE_ABSENT(6, AXIS_TOKEN, 0, 0),
			CASE_FIXED_RANGE(0.5, 3.5, AXIS_TOKEN, 0, 0), CASE_REAL(AXIS_TOKEN, 0, 0)},
		.attr = {3, 1, 1, 0}},
	{.name = "by id, up_to",
		.examples = 4,
		.lengths = {4, 1, 0, 3},
		.n_in = 4,
		.in = {CASE_REAL(AXIS_FIXED, 2, 300, 270), CASE_ABSENT(6, AXIS_TOKEN, 0, 0),
			CASE_FIXED_RANGE(0.5, 6.5, AXIS_TOKEN, 0, 0), CASE_REAL(AXIS_TOKEN, 0, 0)},
		.attr = {6, 1, 1, 1}},
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
	.gathers = {true, IDS, TABLE},
	.scratch = scratch,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
