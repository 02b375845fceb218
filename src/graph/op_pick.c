/* What stands at a place of the first dimension: x [rows, C, ..] at ids [rows] -> [rows, ..], at ids [rows, K] -> [rows, K, ..].
 * A place outside of 0..C-1 gives zeros and receives no gradient.   dx[id] += g */
#include "graph/op_util.h"
#include "tensor/rows.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char tx[80], ti[80];
	TRY(op_need_real("pick", s, 0, "x", e));
	TRY(op_need_int("pick", s, 1, "places", e));
	const struct shape *x = &s->shape[0], *ids = &s->shape[1];
	if (!x->ndim || x->axis != ids->axis || ids->ndim > 1 || x->ndim - 1 + ids->ndim > SHAPE_DIMS)
		return err_set(e, ERR_SHAPE,
			"pick: x is %s and the places %s; give [rows, C, ..] and [rows] or [rows, K]",
			shape_text(x, tx, sizeof tx), shape_text(ids, ti, sizeof ti));
	*out = *ids;
	for (int k = 1; k < x->ndim; k++)
		out->dim[out->ndim++] = x->dim[k];
	return OK;
}

static void forward(struct op_io *io)
{
	const struct operand *x = &io->in[0];
	int64_t c = x->shape.dim[0], w = shape_width(&x->shape) / c, k = shape_width(&io->in[1].shape);
	const int32_t *id = io->in[1].i;
	for (int64_t r = 0; r < x->rows; r++)
		for (int64_t j = 0; j < k; j++, id++) {
			real *y = io->out.v + (r * k + j) * w;
			if (*id >= 0 && *id < c)
				rows_copy(x->v + (r * c + *id) * w, y, w);
			else
				memset(y, 0, (size_t)w * sizeof *y);
		}
}

static void backward(struct op_io *io)
{
	const struct operand *x = &io->in[0];
	int64_t c = x->shape.dim[0], w = shape_width(&x->shape) / c, k = shape_width(&io->in[1].shape);
	const int32_t *id = io->in[1].i;
	if (!x->g)
		return;
	op_grad_begin(&io->in[0]);
	for (int64_t r = 0; r < x->rows; r++)
		for (int64_t j = 0; j < k; j++, id++)
			if (*id >= 0 && *id < c)
				rows_add(io->out.g + (r * k + j) * w, x->g + (r * c + *id) * w, w);
}

static const struct op_case cases[] = {
	{.name = "one",
		.examples = 4,
		.n_in = 2,
		.in = {CASE_REAL(AXIS_EXAMPLE, 1, 5), CASE_ABSENT(5, AXIS_EXAMPLE, 0, 0)}},
	{.name = "some",
		.examples = 3,
		.n_in = 2,
		.in = {CASE_REAL(AXIS_EXAMPLE, 1, 4), CASE_INT(4, AXIS_EXAMPLE, 1, 3)}},
	{.name = "vectors",
		.examples = 3,
		.n_in = 2,
		.in = {CASE_REAL(AXIS_EXAMPLE, 2, 4, 3), CASE_ABSENT(4, AXIS_EXAMPLE, 1, 2)}},
	{0},
};

const struct op_class op_pick = {
	.desc = {.name = "pick",
		.usage = "pick(x, places)",
		.help = "Row by row, what stands at the given places (from 0) of the first dimension: [rows, C, ..] at "
			"[rows] "
			"or [rows, K]; a place of -1 gives zeros."},
	.arity_min = 2,
	.arity_max = 2,
	.need_in = 2,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
