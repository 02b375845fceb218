/* Rows of a table [n, d] by id: ids [rows, w] -> [rows, w, d], a plain column -> [rows, d]; a table [n] gives numbers
 * without the last dimension.  An id of -1 gives zeros and receives no gradient. */
#include "graph/work.h"
#include "graph/op_util.h"
#include "tensor/rows.h"

enum { AHEAD = 12 }; /* rows prefetched before they are needed: tables are larger than any cache */

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	TRY(op_need_real("embedding", s, 0, "the table", e));
	TRY(op_need_int("embedding", s, 1, "ids", e));
	const struct shape *t = &s->shape[0], *ids = &s->shape[1];
	if (t->axis != AXIS_FIXED || t->ndim < 1 || t->ndim > 2)
		return err_set(e, ERR_SHAPE, "embedding: the table must be a parameter [rows, width] or [rows], got %s",
			shape_text(t, text, sizeof text));
	if (ids->ndim + t->ndim - 1 > SHAPE_DIMS)
		return err_set(
			e, ERR_SHAPE, "embedding: ids %s have too many dimensions", shape_text(ids, text, sizeof text));
	*out = *ids;
	if (t->ndim == 2)
		out->dim[out->ndim++] = t->dim[1];
	return OK;
}

static int64_t table_width(const struct op_io *io)
{
	return io->in[0].shape.ndim == 2 ? io->in[0].shape.dim[1] : 1;
}

static ROWS_INLINE void forward_width(int64_t d, struct op_io *io)
{
	int64_t n = op_numbers(&io->in[1]);
	const int32_t *id = io->in[1].i;
	const real *table = io->in[0].v;
	real *y = io->out.v;
	for (int64_t i = 0; i < n; i++, y += d) {
		if (i + AHEAD < n && id[i + AHEAD] >= 0)
			rows_prefetch(table + id[i + AHEAD] * d, d);
		if (id[i] >= 0)
			rows_copy(table + id[i] * d, y, d);
		else
			memset(y, 0, (size_t)d * sizeof *y);
	}
}

static void forward_numbers(struct op_io *io)
{
	const int32_t *restrict id = io->in[1].i;
	const real *restrict table = io->in[0].v;
	real *restrict y = io->out.v;
	for (int64_t i = 0, n = op_numbers(&io->in[1]); i < n; i++)
		y[i] = id[i] >= 0 ? table[id[i]] : 0;
}

static void forward(struct op_io *io)
{
	if (table_width(io) == 1)
		forward_numbers(io);
	else
		ROWS_WIDTHS(table_width(io), forward_width, io);
}

static ROWS_INLINE void backward_width(int64_t d, struct op_io *io)
{
	int64_t n = op_numbers(&io->in[1]);
	struct operand *table = &io->in[0];
	const int32_t *id = io->in[1].i;
	for (int64_t i = 0; i < n; i++) {
		if (i + 2 * AHEAD < n)
			op_prefetch_slot(table, id[i + 2 * AHEAD]);
		if (i + AHEAD < n)
			op_prefetch_grad(table, id[i + AHEAD], d);
		if (id[i] >= 0)
			op_row_axpy(table, id[i], 1, io->out.g + i * d, d);
	}
}

static void backward_numbers(struct op_io *io)
{
	struct operand *table = &io->in[0];
	const int32_t *id = io->in[1].i;
	for (int64_t i = 0, n = op_numbers(&io->in[1]); i < n; i++) {
		if (i + AHEAD < n)
			op_prefetch_slot(table, id[i + AHEAD]);
		if (id[i] >= 0)
			*op_row_number(table, id[i]) += io->out.g[i];
	}
}

static void backward(struct op_io *io)
{
	struct operand *table = &io->in[0];
	if (!op_wants(table))
		return;
	op_grad_begin(table);
	if (table_width(io) == 1)
		backward_numbers(io);
	else
		ROWS_WIDTHS(table_width(io), backward_width, io);
}

static struct op_work work(const struct op_io *io, bool backward)
{
	struct op_work w = work_lookup(io, backward, 0, -1, op_numbers(&io->in[1]));
	w.flops *= backward; /* rows are copied and their gradients added */
	return w;
}

static const struct op_case cases[] = {
	{.name = "tokens",
		.examples = 3,
		.lengths = {4, 1, 3},
		.n_in = 2,
		.in = {CASE_REAL(AXIS_FIXED, 2, 6, 5), CASE_ABSENT(6, AXIS_TOKEN, 0, 0)}},
	{.name = "several",
		.examples = 4,
		.n_in = 2,
		.in = {CASE_REAL(AXIS_FIXED, 2, 5, 3), CASE_INT(5, AXIS_EXAMPLE, 1, 3)}},
	{.name = "numbers",
		.examples = 4,
		.n_in = 2,
		.in = {CASE_REAL(AXIS_FIXED, 1, 5), CASE_INT(5, AXIS_EXAMPLE, 1, 3)}},
	{0},
};

const struct op_class op_embedding = {
	.desc = {.name = "embedding",
		.usage = "embedding(table, ids)",
		.help = "Rows of the table [n, d] by id; an id of -1 gives zeros. The gradient of a lazy table touches "
			"only these rows."},
	.arity_min = 2,
	.arity_max = 2,
	.takes_sparse = 1,
	.need_in = 2,
	.shape = shape,
	.work = work,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
