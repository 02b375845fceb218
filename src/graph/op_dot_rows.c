/* Inner products with rows of a table by id, read where they lie: nothing of [rows, k, d] is ever written.
 *   h [rows, d], table [n, d], ids [rows] or [rows, k], bias [n, 1] or [n]:   y_rj = h_r . T[id_rj] + b[id_rj]
 *   dh_r = sum_j g_rj T[id_rj],  dT[id] += g h,  db[id] += g
 * The same as dot(h, embedding(table, ids)) + embedding(bias, ids): an id of -1 gives 0 and no gradient. */
#include "graph/work.h"
#include "graph/op_util.h"

enum { H, TABLE, IDS, BIAS, AHEAD = 12 };

static enum err_code shape_of_bias(const struct op_sig *s, struct err *e)
{
	char text[80];
	const struct shape *b = &s->shape[BIAS];
	TRY(op_need_real("dot_rows", s, BIAS, "the bias", e));
	if (b->axis != AXIS_FIXED || b->ndim < 1 || b->dim[0] != s->shape[TABLE].dim[0] || shape_width(b) != b->dim[0])
		return err_set(e, ERR_SHAPE, "dot_rows: the bias must hold a number for each of the %d rows, got %s",
			s->shape[TABLE].dim[0], shape_text(b, text, sizeof text));
	return OK;
}

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char th[80], ti[80];
	TRY(op_need_real("dot_rows", s, H, "h", e));
	TRY(op_need_fixed("dot_rows", s, TABLE, "the table", 2, e));
	TRY(op_need_int("dot_rows", s, IDS, "ids", e));
	const struct shape *h = &s->shape[H], *ids = &s->shape[IDS];
	if (h->ndim != 1 || h->dim[0] != s->shape[TABLE].dim[1])
		return err_set(e, ERR_SHAPE, "dot_rows: the rows of the table have %d numbers but h is %s",
			s->shape[TABLE].dim[1], shape_text(h, th, sizeof th));
	if (ids->axis != h->axis || ids->ndim > 1)
		return err_set(e, ERR_SHAPE, "dot_rows: ids must be one or k per row of h, got %s for h %s",
			shape_text(ids, ti, sizeof ti), shape_text(h, th, sizeof th));
	if (s->n_in > BIAS)
		TRY(shape_of_bias(s, e));
	*out = *ids;
	return OK;
}

static const struct operand *bias_of(const struct op_io *io)
{
	return io->n_in > BIAS ? &io->in[BIAS] : NULL;
}

static int32_t id_at(const struct op_io *io, int64_t i)
{
	return i < op_numbers(&io->in[IDS]) ? io->in[IDS].i[i] : -1;
}

static ROWS_INLINE void forward_width(int64_t d, struct op_io *io)
{
	int64_t rows = io->in[H].rows, k = shape_width(&io->in[IDS].shape);
	const real *h = io->in[H].v, *table = io->in[TABLE].v, *bias = bias_of(io) ? bias_of(io)->v : NULL;
	for (int64_t r = 0, i = 0; r < rows; r++, h += d)
		for (int64_t j = 0; j < k; j++, i++) {
			int32_t id = io->in[IDS].i[i], next = id_at(io, i + AHEAD);
			if (next >= 0)
				rows_prefetch(table + next * d, d);
			io->out.v[i] = id < 0 ? 0 : rows_dot(h, table + id * d, d) + (bias ? bias[id] : 0);
		}
}

static void forward(struct op_io *io)
{
	ROWS_WIDTHS(io->in[TABLE].shape.dim[1], forward_width, io);
}

static ROWS_INLINE void backward_width(int64_t d, struct op_io *io)
{
	struct operand *h = &io->in[H], *table = &io->in[TABLE];
	int64_t k = shape_width(&io->in[IDS].shape);
	for (int64_t r = 0, i = 0; r < h->rows; r++)
		for (int64_t j = 0; j < k; j++, i++) {
			int32_t id = io->in[IDS].i[i], next = id_at(io, i + AHEAD);
			op_prefetch_slot(table, id_at(io, i + 2 * AHEAD));
			op_prefetch_grad(table, next, d);
			if (next >= 0)
				rows_prefetch(table->v + next * d, d);
			if (id < 0)
				continue;
			if (h->g)
				rows_axpy(io->out.g[i], table->v + id * d, h->g + r * d, d);
			op_row_axpy(table, id, io->out.g[i], h->v + r * d, d);
		}
}

static void backward_bias(struct op_io *io, struct operand *bias)
{
	for (int64_t i = 0; i < op_numbers(&io->in[IDS]); i++)
		if (io->in[IDS].i[i] >= 0)
			*op_row_number(bias, io->in[IDS].i[i]) += io->out.g[i];
}

static void backward(struct op_io *io)
{
	for (int k = 0; k < io->n_in; k++)
		op_grad_begin(&io->in[k]);
	ROWS_WIDTHS(io->in[TABLE].shape.dim[1], backward_width, io);
	if (io->n_in > BIAS && op_wants(&io->in[BIAS]))
		backward_bias(io, &io->in[BIAS]);
}

#define CASE_DOT(n_, axis_, d_, ...)                                                                                   \
	CASE_REAL(axis_, 1, d_), CASE_REAL(AXIS_FIXED, 2, n_, d_), CASE_ABSENT(n_, axis_, __VA_ARGS__)
static struct op_work work(const struct op_io *io, bool backward)
{
	return work_lookup(io, backward, TABLE, H, op_numbers(&io->in[IDS]));
}

static const struct op_case cases[] = {
	{.name = "one", .examples = 3, .lengths = {4, 0, 1}, .n_in = 3, .in = {CASE_DOT(5, AXIS_TOKEN, 7, 0, 0)}},
	{.name = "several",
		.examples = 4,
		.n_in = 4,
		.in = {CASE_DOT(6, AXIS_EXAMPLE, 8, 1, 3), CASE_REAL(AXIS_FIXED, 2, 6, 1)}},
	{.name = "bias_vector",
		.examples = 5,
		.n_in = 4,
		.in = {CASE_DOT(3, AXIS_EXAMPLE, 2, 0, 0), CASE_REAL(AXIS_FIXED, 1, 3)}},
	{0},
};

const struct op_class op_dot_rows = {
	.desc = {.name = "dot_rows",
		.usage = "dot_rows(h, table, ids [, bias])",
		.help = "Scores of given items: h . T[id] + bias[id] for one or k ids per row of h; an id of -1 gives "
			"0. "
			"The gradient of a lazy table touches only these rows."},
	.arity_min = 3,
	.arity_max = 4,
	.takes_sparse = 1u << TABLE | 1u << BIAS,
	.need_in = 1u << H | 1u << TABLE | 1u << IDS,
	.shape = shape,
	.work = work,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
