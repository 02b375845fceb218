/* Convolution down the rows of an image, over its whole width (the horizontal filters of Caser, Tang & Wang 2018):
 *   x [.., L, d], W [out, h * d], b [out]:  y_p = b + W [x_p .. x_{p+h-1}],  p = 0 .. L - h:  y [.., L - h + 1, out]
 *   d[x_p .. x_{p+h-1}] += W^T g_p,  dW += g_p [x_p .. x_{p+h-1}]^T,  db = sum g
 * The windows at one place p stand in the images at a constant distance: each p is one strided product, nothing is copied. */
#include "graph/work.h"
#include "graph/op_util.h"
#include "tensor/blas.h"
#include "tensor/rows.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	TRY(op_need_real("conv_rows", s, 0, "x", e));
	TRY(op_need_fixed("conv_rows", s, 1, "the weight", 2, e));
	const struct shape *x = &s->shape[0], *w = &s->shape[1];
	if (x->axis == AXIS_FIXED || x->ndim != 2)
		return err_set(e, ERR_SHAPE, "conv_rows: x must hold an image [L, d] per row, got %s",
			shape_text(x, text, sizeof text));
	if (w->dim[1] == 0 || w->dim[1] % x->dim[1] || w->dim[1] > x->dim[0] * x->dim[1])
		return err_set(e, ERR_SHAPE, "conv_rows: a filter must hold 1 to %d rows of %d numbers, got %d numbers",
			x->dim[0], x->dim[1], w->dim[1]);
	if (s->n_in == 3) {
		TRY(op_need_fixed("conv_rows", s, 2, "the bias", 1, e));
		if (s->shape[2].dim[0] != w->dim[0])
			return err_set(e, ERR_SHAPE, "conv_rows: %d filters but the bias has %d numbers", w->dim[0],
				s->shape[2].dim[0]);
	}
	*out = shape_rows(x->axis, 2, x->dim[0] - w->dim[1] / x->dim[1] + 1, w->dim[0]);
	return OK;
}

/* images, filters, numbers of a filter, numbers of an image, width, places */
struct sizes {
	int64_t n, out, k, image, d, places;
};

static struct sizes sizes(const struct op_io *io)
{
	return (struct sizes){io->in[0].rows, io->in[1].shape.dim[0], io->in[1].shape.dim[1],
		shape_width(&io->in[0].shape), io->in[0].shape.dim[1], io->out.shape.dim[0]};
}

static void forward(struct op_io *io)
{
	struct sizes z = sizes(io);
	real *y = io->out.v;
	for (int64_t r = 0; io->n_in == 3 && r < z.n * z.places; r++)
		memcpy(y + r * z.out, io->in[2].v, (size_t)z.out * sizeof *y);
	for (int64_t p = 0; p < z.places; p++)
		blas_gemm(false, true, z.n, z.out, z.k, 1, io->in[0].v + p * z.d, z.image, io->in[1].v, z.k,
			io->n_in == 3, y + p * z.out, z.places * z.out);
}

static void backward(struct op_io *io)
{
	struct sizes z = sizes(io);
	struct operand *x = &io->in[0], *w = &io->in[1];
	for (int i = 0; i < io->n_in; i++)
		op_grad_begin(&io->in[i]);
	if (io->n_in == 3 && io->in[2].g)
		rows_column_sums(io->out.g, z.n * z.places, z.out, io->in[2].g);
	for (int64_t p = 0; p < z.places; p++) {
		const real *g = io->out.g + p * z.out;
		if (x->g)
			blas_gemm(false, false, z.n, z.k, z.out, 1, g, z.places * z.out, w->v, z.k, 1, x->g + p * z.d,
				z.image);
		if (w->g)
			blas_gemm(true, false, z.out, z.k, z.n, 1, g, z.places * z.out, x->v + p * z.d, z.image, 1,
				w->g, z.k);
	}
}

#define CASE_IMAGE(l_, d_, out_, h_)                                                                                   \
	CASE_REAL(AXIS_EXAMPLE, 2, l_, d_), CASE_REAL(AXIS_FIXED, 2, out_, (h_) * (d_)), CASE_REAL(AXIS_FIXED, 1, out_)
static struct op_work work(const struct op_io *io, bool backward)
{
	struct sizes z = sizes(io);
	return work_product(io, backward, 2. * (double)op_numbers(&io->out) * (double)z.k);
}

static const struct op_case cases[] = {
	{.name = "two_rows", .examples = 5, .n_in = 3, .in = {CASE_IMAGE(5, 3, 4, 2)}},
	{.name = "whole", .examples = 3, .n_in = 3, .in = {CASE_IMAGE(4, 3, 2, 4)}},
	{.name = "no_bias", .examples = 3, .n_in = 2, .in = {CASE_IMAGE(3, 2, 1, 1)}},
	{.name = "tokens",
		.examples = 3,
		.lengths = {2, 0, 1},
		.n_in = 2,
		.in = {CASE_REAL(AXIS_TOKEN, 2, 3, 2), CASE_REAL(AXIS_FIXED, 2, 3, 4)}},
	{0},
};

const struct op_class op_conv_rows = {
	.desc = {.name = "conv_rows",
		.usage = "conv_rows(x, weight [, bias])",
		.help = "[.., L, d] -> [.., L - h + 1, filters]: each filter, weight [filters, h * d], at every h rows "
			"that "
			"follow one another (the horizontal convolution of Tang & Wang 2018)."},
	.arity_min = 2,
	.arity_max = 3,
	.need_in = 3,
	.shape = shape,
	.work = work,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
