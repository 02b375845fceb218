/* Weighted sums of the rows of an image (the vertical filters of Caser, Tang & Wang 2018):
 *   x [.., L, d], W [n, L], b [n]:  y_v = b_v + sum_l W_vl x_l:  y [.., n, d]
 *   dx_l = sum_v W_vl g_v,  dW_vl = sum g_v . x_l,  db_v = sum of g_v */
#include "graph/op_util.h"
#include "tensor/rows.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	TRY(op_need_real("mix_rows", s, 0, "x", e));
	TRY(op_need_fixed("mix_rows", s, 1, "the weight", 2, e));
	const struct shape *x = &s->shape[0], *w = &s->shape[1];
	if (x->axis == AXIS_FIXED || x->ndim != 2 || x->dim[0] != w->dim[1])
		return err_set(e, ERR_SHAPE, "mix_rows: the weight is for images of %d rows, but x is %s", w->dim[1],
			shape_text(x, text, sizeof text));
	if (s->n_in == 3) {
		TRY(op_need_fixed("mix_rows", s, 2, "the bias", 1, e));
		if (s->shape[2].dim[0] != w->dim[0])
			return err_set(e, ERR_SHAPE, "mix_rows: %d filters but the bias has %d numbers", w->dim[0],
				s->shape[2].dim[0]);
	}
	*out = shape_rows(x->axis, 2, w->dim[0], x->dim[1]);
	return OK;
}

static ROWS_INLINE void forward_width(int64_t d, struct op_io *io)
{
	int64_t n = io->in[1].shape.dim[0], rows = io->in[1].shape.dim[1];
	const real *x = io->in[0].v, *w = io->in[1].v, *b = io->n_in == 3 ? io->in[2].v : NULL;
	real *y = io->out.v;
	for (int64_t i = 0; i < io->in[0].rows; i++, x += rows * d)
		for (int64_t v = 0; v < n; v++, y += d) {
			for (int64_t j = 0; j < d; j++)
				y[j] = b ? b[v] : 0;
			rows_combine(w + v * rows, x, rows, y, d);
		}
}

static void forward(struct op_io *io)
{
	ROWS_WIDTHS(io->in[0].shape.dim[1], forward_width, io);
}

static ROWS_INLINE void backward_image(int64_t d, struct op_io *io, const real *x, const real *g, real *dx)
{
	int64_t n = io->in[1].shape.dim[0], rows = io->in[1].shape.dim[1];
	const real *w = io->in[1].v;
	real *dw = io->in[1].g, *db = io->n_in == 3 ? io->in[2].g : NULL;
	for (int64_t v = 0; v < n; v++, g += d) {
		for (int64_t l = 0; dx && l < rows; l++)
			rows_axpy(w[v * rows + l], g, dx + l * d, d);
		for (int64_t l = 0; dw && l < rows; l++)
			dw[v * rows + l] += rows_dot(g, x + l * d, d);
		if (db)
			db[v] += rows_sum(g, d);
	}
}

static ROWS_INLINE void backward_width(int64_t d, struct op_io *io)
{
	int64_t image = io->in[0].shape.dim[0] * d, out = io->in[1].shape.dim[0] * d;
	for (int64_t i = 0; i < io->in[0].rows; i++)
		backward_image(d, io, io->in[0].v + i * image, io->out.g + i * out,
			io->in[0].g ? io->in[0].g + i * image : NULL);
}

static void backward(struct op_io *io)
{
	for (int i = 0; i < io->n_in; i++)
		op_grad_begin(&io->in[i]);
	ROWS_WIDTHS(io->in[0].shape.dim[1], backward_width, io);
}

static const struct op_case cases[] = {
	{.name = "images",
		.examples = 4,
		.n_in = 3,
		.in = {CASE_REAL(AXIS_EXAMPLE, 2, 5, 3), CASE_REAL(AXIS_FIXED, 2, 2, 5), CASE_REAL(AXIS_FIXED, 1, 2)}},
	{.name = "no_bias",
		.examples = 3,
		.lengths = {2, 0, 1},
		.n_in = 2,
		.in = {CASE_REAL(AXIS_TOKEN, 2, 1, 4), CASE_REAL(AXIS_FIXED, 2, 3, 1)}},
	{0},
};

const struct op_class op_mix_rows = {
	.desc = {.name = "mix_rows",
		.usage = "mix_rows(x, weight [, bias])",
		.help = "[.., L, d] -> [.., n, d]: n weighted sums of the L rows, weight [n, L] (the vertical "
			"convolution of "
			"Tang & Wang 2018)."},
	.arity_min = 2,
	.arity_max = 3,
	.need_in = 3,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
