/* An output layer at the observed entries only: y_t = h_e . W[id_t] + b[id_t] for the tokens t of example e.
 *   h [examples, d], W [n, d], ids [tokens], b [n] or [n, 1]?, y [tokens]
 *   dh_e += g_t W[id_t],  dW[id_t] += g_t h_e,  db[id_t] += g_t
 * The whole layer would compute n numbers per example, of which a loss over ratings reads one in a hundred.  The rows of a lazy
 * table alone get a gradient.  An id of -1 gives 0. */
#include "graph/work.h"
#include "graph/gathered.h"

enum { H, TABLE, IDS, BIAS, AHEAD = 4 };

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	TRY(op_need_real("decode", s, H, "h", e));
	TRY(op_need_fixed("decode", s, TABLE, "the table", 2, e));
	TRY(op_need_int("decode", s, IDS, "ids", e));
	const struct shape *h = &s->shape[H], *ids = &s->shape[IDS];
	int32_t n = s->shape[TABLE].dim[0];
	if (h->axis != AXIS_EXAMPLE || h->ndim != 1 || h->dim[0] != s->shape[TABLE].dim[1])
		return err_set(e, ERR_SHAPE,
			"decode: the rows of the table have %d numbers, h must have as many per example, got %s",
			s->shape[TABLE].dim[1], shape_text(h, text, sizeof text));
	if (ids->axis < AXIS_TOKEN || shape_width(ids) != 1)
		return err_set(
			e, ERR_SHAPE, "decode: ids must be one per token, got %s", shape_text(ids, text, sizeof text));
	if (s->n_in == 4) {
		const struct shape *b = &s->shape[BIAS];
		TRY(op_need_real("decode", s, BIAS, "the bias", e));
		if (b->axis != AXIS_FIXED || b->dim[0] != n || shape_width(b) != n)
			return err_set(e, ERR_SHAPE, "decode: the table has %d rows but the bias is %s", n,
				shape_text(b, text, sizeof text));
	}
	*out = *ids;
	return OK;
}

static size_t scratch(const struct op_io *io)
{
	return op_gathering_size(io, io->in[TABLE].shape.dim[1]);
}

/* (Without a branch: which ids are absent may be as good as random.) */
static void add_biases(const int32_t *restrict id, int64_t n, const real *restrict bias, real *restrict y)
{
#pragma omp simd
	for (int64_t t = 0; t < n; t++) {
		const real b = bias[id[t] < 0 ? 0 : id[t]];
		y[t] += id[t] < 0 ? 0 : b;
	}
}

static void forward_by_id(struct op_io *io)
{
	struct gathering g = op_gathering(io, io->in[TABLE].shape.dim[1]);
	const real *bias = io->n_in == 4 ? io->in[BIAS].v : NULL;
	if (g.r.by.first[g.r.by.n] < io->out.rows)
		memset(io->out.v, 0, (size_t)io->out.rows * sizeof(real));
	ragged_pack(io->in[H].v, io->examples, g.r.d, g.y);
	ragged_dots(&g.r, g.row, io->examples, g.y, g.padded, io->out.v);
	if (bias)
		add_biases(io->in[IDS].i, io->out.rows, bias, io->out.v);
}

static void forward_in_order(struct op_io *io)
{
	const int32_t *at = io->offsets[io->in[IDS].shape.axis], *id = io->in[IDS].i;
	int64_t d = io->in[TABLE].shape.dim[1], tokens = at[io->examples];
	const real *table = io->in[TABLE].v, *bias = io->n_in == 4 ? io->in[BIAS].v : NULL;
	for (int32_t s = 0; s < io->examples; s++)
		for (int64_t t = at[s]; t < at[s + 1]; t++) {
			if (t + AHEAD < tokens && id[t + AHEAD] >= 0)
				rows_prefetch(table + id[t + AHEAD] * d, d);
			io->out.v[t] = id[t] < 0 ? 0
						 : rows_dot(io->in[H].v + s * d, table + id[t] * d, d) +
							   (bias ? bias[id[t]] : 0);
		}
}

static void forward(struct op_io *io)
{
	if (op_gathers(io, io->in[TABLE].shape.dim[1]))
		forward_by_id(io);
	else
		forward_in_order(io);
}

static void add_bias(struct operand *bias, int32_t id, real g)
{
	if (bias->g)
		bias->g[id] += g;
	else if (bias->sparse)
		rowgrad_row(bias->sparse, bias->shape.ndim == 1 ? 0 : id)[bias->shape.ndim == 1 ? id : 0] += g;
}

static void backward_by_id(struct op_io *io)
{
	struct operand *h = &io->in[H], *table = &io->in[TABLE];
	int64_t d = table->shape.dim[1];
	struct gathering g = op_gathering(io, d);
	g.r.c = io->out.g;
	if (h->g) {
		memset(g.dy, 0, ragged_packed_size(io->examples, d) * sizeof(real));
		ragged_sum(&g.r, g.row, io->examples, g.dy);
		ragged_unpack_add(g.dy, io->examples, d, h->g);
	}
	if (op_gathering_grads(&g, table)) {
		ragged_pack(h->v, io->examples, d, g.y);
		ragged_spread(&g.r, g.grad, g.fresh, io->examples, g.y);
	}
	for (int32_t k = 0; io->n_in == 4 && k < g.r.by.n; k++) {
		real sum = 0;
		for (int32_t t = g.r.by.first[k]; t < g.r.by.first[k + 1]; t++)
			sum += io->out.g[g.r.by.token[t]];
		add_bias(&io->in[BIAS], g.r.by.id[k], sum);
	}
}

static void backward_in_order(struct op_io *io)
{
	const int32_t *at = io->offsets[io->in[IDS].shape.axis], *id = io->in[IDS].i;
	struct operand *h = &io->in[H], *table = &io->in[TABLE];
	int64_t d = table->shape.dim[1], tokens = at[io->examples];
	for (int32_t s = 0; s < io->examples; s++)
		for (int64_t t = at[s]; t < at[s + 1]; t++) {
			if (t + 2 * AHEAD < tokens)
				op_prefetch_slot(table, id[t + 2 * AHEAD]);
			if (t + AHEAD < tokens)
				op_prefetch_grad(table, id[t + AHEAD], d);
			if (id[t] < 0)
				continue;
			real g = io->out.g[t];
			real *row = table->sparse ? rowgrad_row(table->sparse, id[t])
				    : table->g	  ? table->g + id[t] * d
						  : NULL;
			if (h->g)
				rows_axpy(g, table->v + id[t] * d, h->g + s * d, d);
			if (row)
				rows_axpy(g, h->v + s * d, row, d);
			if (io->n_in == 4)
				add_bias(&io->in[BIAS], id[t], g);
		}
}

static void backward(struct op_io *io)
{
	for (int k = 0; k < io->n_in; k++)
		if (k != IDS)
			op_grad_begin(&io->in[k]);
	if (op_gathers(io, io->in[TABLE].shape.dim[1]))
		backward_by_id(io);
	else
		backward_in_order(io);
}

static struct op_work work(const struct op_io *io, bool backward)
{
	return work_lookup(io, backward, TABLE, H, op_numbers(&io->in[IDS]));
}

static const struct op_case cases[] = {
	{.name = "tokens",
		.examples = 4,
		.lengths = {4, 1, 0, 3},
		.n_in = 3,
		.in = {CASE_REAL(AXIS_EXAMPLE, 1, 5), CASE_REAL(AXIS_FIXED, 2, 6, 5),
			CASE_ABSENT(6, AXIS_TOKEN, 0, 0)}},
	{.name = "bias",
		.examples = 3,
		.lengths = {2, 0, 5},
		.n_in = 4,
		.in = {CASE_REAL(AXIS_EXAMPLE, 1, 3), CASE_REAL(AXIS_FIXED, 2, 7, 3), CASE_INT(7, AXIS_TOKEN2, 0, 0),
			CASE_REAL(AXIS_FIXED, 1, 7)}},
	{.name = "bias_table",
		.examples = 2,
		.lengths = {2, 3},
		.n_in = 4,
		.in = {CASE_REAL(AXIS_EXAMPLE, 1, 3), CASE_REAL(AXIS_FIXED, 2, 4, 3), CASE_INT(4, AXIS_TOKEN, 0, 0),
			CASE_REAL(AXIS_FIXED, 2, 4, 1)}},
	{.name = "by id",
		.examples = 4,
		.lengths = {4, 1, 0, 3},
		.n_in = 4,
		.in = {CASE_REAL(AXIS_EXAMPLE, 1, 150), CASE_REAL(AXIS_FIXED, 2, 600, 150),
			CASE_ABSENT(6, AXIS_TOKEN, 0, 0), CASE_REAL(AXIS_FIXED, 1, 600)}},
	{0},
};

const struct op_class op_decode = {
	.desc = {.name = "decode",
		.usage = "decode(h, table, ids [, bias])",
		.help = "An output layer at the entries that matter: for each token the inner product of its example's "
			"h and "
			"the table's row of its id, plus the bias of that id. A lazy table gets a gradient in these "
			"rows only."},
	.arity_min = 3,
	.arity_max = 4,
	.takes_sparse = 1u << TABLE | 1u << BIAS,
	.need_in = 1u << H | 1u << TABLE | 1u << IDS,
	.shape = shape,
	.gathers = {true, IDS, TABLE},
	.scratch = scratch,
	.work = work,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
