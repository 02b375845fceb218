/* The largest of each column of an image: [.., L, d] -> [.., d].  The gradient goes to the first row that attains it (aux:
 * which that is, for each number of the output). */
#include "graph/op_util.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	TRY(op_need_real("max_rows", s, 0, "x", e));
	const struct shape *x = &s->shape[0];
	if (x->ndim != 2 || x->dim[0] < 1 || x->axis == AXIS_FIXED)
		return err_set(e, ERR_SHAPE, "max_rows: x must hold an image [L, d] per row, got %s",
			shape_text(x, text, sizeof text));
	*out = shape_rows(x->axis, 1, x->dim[1], 0);
	return OK;
}

static size_t aux(const struct op_io *io)
{
	return (size_t)op_numbers(&io->out);
}

static void forward(struct op_io *io)
{
	int64_t rows = io->in[0].shape.dim[0], d = io->in[0].shape.dim[1];
	const real *x = io->in[0].v;
	real *y = io->out.v;
	int32_t *best = (int32_t *)io->aux;
	for (int64_t i = 0; i < io->in[0].rows; i++, x += rows * d, y += d, best += d) {
		for (int64_t j = 0; j < d; j++)
			y[j] = x[j], best[j] = 0;
		for (int32_t l = 1; l < rows; l++)
			op_keep_larger(x + l * d, l, y, best, d);
	}
}

static void backward(struct op_io *io)
{
	int64_t rows = io->in[0].shape.dim[0], d = io->in[0].shape.dim[1];
	const real *g = io->out.g;
	real *dx = io->in[0].g;
	const int32_t *best = (const int32_t *)io->aux;
	if (!dx)
		return;
	op_grad_begin(&io->in[0]);
	for (int64_t i = 0; i < io->in[0].rows; i++, dx += rows * d, g += d, best += d)
		for (int64_t j = 0; j < d; j++)
			dx[best[j] * d + j] += g[j];
}

static const struct op_case cases[] = {
	{.name = "images", .examples = 4, .n_in = 1, .in = {CASE_REAL(AXIS_EXAMPLE, 2, 5, 3)}},
	{.name = "one_row", .examples = 3, .lengths = {2, 0, 1}, .n_in = 1, .in = {CASE_REAL(AXIS_TOKEN, 2, 1, 4)}},
	{0},
};

const struct op_class op_max_rows = {
	.desc = {.name = "max_rows",
		.usage = "max_rows(x)",
		.help = "[.., L, d] -> [.., d]: the largest of each column."},
	.arity_min = 1,
	.arity_max = 1,
	.shape = shape,
	.aux = aux,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
