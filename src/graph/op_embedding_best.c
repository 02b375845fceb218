/* The row of a table for the id whose score is greatest: table [n, d], ids [rows, C], by [rows, C] -> [rows, d].  Ids of -1 do not
 * count; where all are, zeros.  The first of equals is taken.
 *   best = argmax_c by_c:  y = T[id_best],  dT[id_best] += g,  no gradient to `by`
 * What double Q-learning asks its target network for (van Hasselt et al. 2016): of C candidates it need look at one. */
#include "graph/op_util.h"
#include "tensor/rows.h"

enum { TABLE, IDS, BY };

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	TRY(op_need_fixed("embedding_best", s, TABLE, "the table", 2, e));
	TRY(op_need_int("embedding_best", s, IDS, "ids", e));
	TRY(op_need_real("embedding_best", s, BY, "by", e));
	TRY(op_need_same("embedding_best", s, IDS, "ids", BY, "by", e));
	if (s->shape[IDS].ndim != 1)
		return err_set(e, ERR_SHAPE, "embedding_best: ids must be [rows, C], got %s",
			shape_text(&s->shape[IDS], text, sizeof text));
	*out = shape_rows(s->shape[IDS].axis, 1, s->shape[TABLE].dim[1], 0);
	return OK;
}

/* The id of row r, -1: none. */
static int32_t best(const struct op_io *io, int64_t r)
{
	int64_t c = shape_width(&io->in[IDS].shape), at = -1;
	const int32_t *id = io->in[IDS].i + r * c;
	const real *by = io->in[BY].v + r * c;
	for (int64_t j = 0; j < c; j++)
		if (id[j] >= 0 && (at < 0 || by[j] > by[at]))
			at = j;
	return at < 0 ? -1 : id[at];
}

static void forward(struct op_io *io)
{
	int64_t d = io->out.shape.dim[0];
	for (int64_t r = 0; r < io->out.rows; r++) {
		int32_t id = best(io, r);
		real *y = io->out.v + r * d;
		if (id < 0)
			memset(y, 0, (size_t)d * sizeof *y);
		else
			rows_copy(io->in[TABLE].v + id * d, y, d);
	}
}

static void backward(struct op_io *io)
{
	struct operand *table = &io->in[TABLE];
	int64_t d = io->out.shape.dim[0];
	op_grad_begin(&io->in[BY]);
	op_grad_begin(table);
	for (int64_t r = 0; op_wants(table) && r < io->out.rows; r++) {
		int32_t id = best(io, r);
		if (id >= 0)
			rows_add(io->out.g + r * d, table->sparse ? rowgrad_row(table->sparse, id) : table->g + id * d,
				d);
	}
}

/* Derivatives by the scores are 0: they are left out of the check. */
#define CASE_BY(axis_, c_) CASE_FIXED_RANGE(-1, 1, axis_, 1, c_)
static const struct op_case cases[] = {
	{.name = "examples",
		.examples = 4,
		.n_in = 3,
		.in = {CASE_REAL(AXIS_FIXED, 2, 6, 5), CASE_ABSENT(6, AXIS_EXAMPLE, 1, 3), CASE_BY(AXIS_EXAMPLE, 3)}},
	{.name = "tokens",
		.examples = 3,
		.lengths = {4, 0, 2},
		.n_in = 3,
		.in = {CASE_REAL(AXIS_FIXED, 2, 5, 2), CASE_ABSENT(5, AXIS_TOKEN, 1, 1), CASE_BY(AXIS_TOKEN, 1)}},
	{0},
};

const struct op_class op_embedding_best = {
	.desc = {.name = "embedding_best",
		.usage = "embedding_best(table, ids, by)",
		.help = "The row of the table for the id of greatest score: ids and by [rows, C] -> [rows, d]; ids of "
			"-1 do "
			"not count. No gradient to the scores."},
	.arity_min = 3,
	.arity_max = 3,
	.need_in = 1u << IDS | 1u << BY,
	.takes_sparse = 1u << TABLE,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
