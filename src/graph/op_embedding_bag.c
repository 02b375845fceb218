/* The sum or mean of the table's rows of each example: table [n, d], ids [tokens], weights [tokens]? -> [examples, d]
 *   y_e = s_e sum_t w_t T[id_t],  s_e = 1 or 1 / (number of ids of e)
 *   dT[id_t] += s_e w_t g_e,  dw_t = s_e g_e . T[id_t]
 * An id of -1 counts as absent; an example without ids gets zeros. */
#include "graph/work.h"
#include "graph/gathered.h"

enum { TABLE, IDS, WEIGHTS, AHEAD = 4 };
enum { OVER };

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	TRY(op_need_fixed("embedding_bag", s, 0, "the table", 2, e));
	TRY(op_need_int("embedding_bag", s, 1, "ids", e));
	const struct shape *ids = &s->shape[1];
	if ((ids->axis != AXIS_TOKEN && ids->axis != AXIS_TOKEN2) || shape_width(ids) != 1)
		return err_set(e, ERR_SHAPE, "embedding_bag: ids must be a plain column on tokens, got %s",
			shape_text(ids, text, sizeof text));
	if (s->n_in == 3) {
		TRY(op_need_real("embedding_bag", s, 2, "the weights", e));
		TRY(op_need_same("embedding_bag", s, 1, "ids", 2, "the weights", e));
	}
	*out = shape_rows(AXIS_EXAMPLE, 1, s->shape[0].dim[1], 0);
	return OK;
}

static real bag_scale(const struct op_io *io, int64_t from, int64_t to)
{
	if (io->attr[0] == 0)
		return 1;
	int64_t n = 0;
	for (int64_t t = from; t < to; t++)
		n += io->in[1].i[t] >= 0;
	return n ? 1 / (real)n : 0;
}

static size_t scratch(const struct op_io *io)
{
	return op_gathering_size(io, io->in[TABLE].shape.dim[1]);
}

static bool by_id(const struct op_io *io)
{
	return op_gathers(io, io->in[TABLE].shape.dim[1]);
}

static real scale_of(const struct op_io *io, int32_t e)
{
	const int32_t *at = io->offsets[io->in[IDS].shape.axis];
	return bag_scale(io, at[e], at[e + 1]);
}

/* A mean is a sum between scales: of the output, and of its gradient (packed). */
static void scale_output(struct op_io *io, int64_t d)
{
	for (int32_t e = 0; io->attr[OVER] != 0 && e < io->examples; e++)
		rows_scale(scale_of(io, e), io->out.v + e * d, d);
}

static void scale_packed(const struct op_io *io, int64_t d, real *y)
{
	const int64_t stride = (int64_t)io->examples * RAGGED_BLOCK,
		      size = (int64_t)ragged_packed_size(io->examples, d);
	for (int32_t e = 0; io->attr[OVER] != 0 && e < io->examples; e++) {
		const real scale = scale_of(io, e);
		for (int64_t at = e * RAGGED_BLOCK; at < size; at += stride)
			rows_scale(scale, y + at, RAGGED_BLOCK);
	}
}

static void forward_by_id(struct op_io *io)
{
	int64_t d = io->in[TABLE].shape.dim[1];
	struct gathering g = op_gathering(io, d);
	g.r.c = io->n_in == 3 ? io->in[WEIGHTS].v : NULL;
	memset(g.y, 0, ragged_packed_size(io->examples, d) * sizeof(real));
	ragged_sum(&g.r, g.row, io->examples, g.y);
	ragged_unpack(g.y, io->examples, d, io->out.v);
	scale_output(io, d);
}

static void forward_in_order(struct op_io *io)
{
	const int32_t *at = io->offsets[io->in[IDS].shape.axis], *id = io->in[IDS].i;
	int64_t d = io->in[TABLE].shape.dim[1], tokens = at[io->examples];
	const real *table = io->in[TABLE].v, *weight = io->n_in == 3 ? io->in[WEIGHTS].v : NULL;
	for (int32_t s = 0; s < io->examples; s++) {
		real *y = io->out.v + s * d, scale = bag_scale(io, at[s], at[s + 1]);
		memset(y, 0, (size_t)d * sizeof *y);
		for (int64_t t = at[s]; t < at[s + 1]; t++) {
			if (t + AHEAD < tokens && id[t + AHEAD] >= 0)
				rows_prefetch(table + id[t + AHEAD] * d, d);
			if (id[t] >= 0)
				rows_axpy(weight ? scale * weight[t] : scale, table + id[t] * d, y, d);
		}
	}
}

static void forward(struct op_io *io)
{
	if (by_id(io))
		forward_by_id(io);
	else
		forward_in_order(io);
}

static void backward_by_id(struct op_io *io)
{
	int64_t d = io->in[TABLE].shape.dim[1];
	struct operand *weight = &io->in[WEIGHTS];
	struct gathering g = op_gathering(io, d);
	g.r.c = io->n_in == 3 ? weight->v : NULL;
	ragged_pack(io->out.g, io->examples, d, g.y);
	scale_packed(io, d, g.y);
	if (op_gathering_grads(&g, &io->in[TABLE]))
		ragged_spread(&g.r, g.grad, g.fresh, io->examples, g.y);
	if (io->n_in < 3 || !weight->g)
		return;
	memset(g.keep, 0, (size_t)weight->rows * sizeof(real));
	ragged_dots(&g.r, g.row, io->examples, g.y, g.padded, g.keep);
	rows_add(g.keep, weight->g, weight->rows);
}

static void backward_in_order(struct op_io *io)
{
	const int32_t *at = io->offsets[io->in[IDS].shape.axis], *id = io->in[IDS].i;
	int64_t d = io->in[TABLE].shape.dim[1];
	struct operand *table = &io->in[TABLE], *weight = &io->in[WEIGHTS];
	bool weighted = io->n_in == 3;
	for (int32_t s = 0; s < io->examples; s++) {
		const real *g = io->out.g + s * d;
		real scale = bag_scale(io, at[s], at[s + 1]);
		for (int64_t t = at[s]; t < at[s + 1]; t++) {
			if (id[t] < 0)
				continue;
			real *row = table->sparse ? rowgrad_row(table->sparse, id[t])
				    : table->g	  ? table->g + id[t] * d
						  : NULL;
			if (row)
				rows_axpy(weighted ? scale * weight->v[t] : scale, g, row, d);
			if (weighted && weight->g)
				weight->g[t] += scale * rows_dot(g, table->v + id[t] * d, d);
		}
	}
}

static void backward(struct op_io *io)
{
	op_grad_begin(&io->in[TABLE]);
	if (io->n_in == 3)
		op_grad_begin(&io->in[WEIGHTS]);
	if (by_id(io))
		backward_by_id(io);
	else
		backward_in_order(io);
}

static const struct arg_spec args[] = {
	{"over", ARG_CHOICE, 0, 0, 0, 0, "how the rows of an example become one", "sum", "sum|mean"},
	{0},
};

static struct op_work work(const struct op_io *io, bool backward)
{
	return work_lookup(io, backward, TABLE, -1, op_numbers(&io->in[IDS]));
}

static const struct op_case cases[] = {
	{.name = "sum",
		.examples = 4,
		.lengths = {4, 1, 0, 3},
		.n_in = 2,
		.in = {CASE_REAL(AXIS_FIXED, 2, 6, 5), CASE_ABSENT(6, AXIS_TOKEN, 0, 0)}},
	{.name = "mean",
		.examples = 4,
		.lengths = {4, 1, 0, 3},
		.n_in = 2,
		.in = {CASE_REAL(AXIS_FIXED, 2, 6, 5), CASE_ABSENT(6, AXIS_TOKEN2, 0, 0)},
		.attr = {1}},
	{.name = "weighted",
		.examples = 3,
		.lengths = {4, 1, 3},
		.n_in = 3,
		.in = {CASE_REAL(AXIS_FIXED, 2, 6, 5), CASE_ABSENT(6, AXIS_TOKEN, 0, 0), CASE_REAL(AXIS_TOKEN, 0, 0)},
		.attr = {1}},
	{.name = "by id",
		.examples = 5,
		.lengths = {4, 1, 0, 3, 6},
		.n_in = 2,
		.in = {CASE_REAL(AXIS_FIXED, 2, 600, 150), CASE_ABSENT(9, AXIS_TOKEN, 0, 0)}},
	{.name = "by id, mean",
		.examples = 5,
		.lengths = {4, 1, 0, 3, 6},
		.n_in = 3,
		.in = {CASE_REAL(AXIS_FIXED, 2, 700, 150), CASE_ABSENT(9, AXIS_TOKEN, 0, 0),
			CASE_REAL(AXIS_TOKEN, 0, 0)},
		.attr = {1}},
	{.name = "by id, weighted",
		.examples = 3,
		.lengths = {4, 1, 3},
		.n_in = 3,
		.in = {CASE_REAL(AXIS_FIXED, 2, 1100, 64), CASE_ABSENT(5, AXIS_TOKEN, 0, 0),
			CASE_REAL(AXIS_TOKEN, 0, 0)}},
	{0},
};

const struct op_class op_embedding_bag = {
	.desc = {.name = "embedding_bag",
		.usage = "embedding_bag(table, ids [, weights], { over = 'sum' })",
		.help = "The sum or mean of the rows of each example, optionally weighted; an id of -1 counts as "
			"absent.",
		.args = args},
	.arity_min = 2,
	.arity_max = 3,
	.takes_sparse = 1,
	.need_in = 7,
	.shape = shape,
	.gathers = {true, IDS, TABLE},
	.scratch = scratch,
	.work = work,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
