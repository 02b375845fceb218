/* y = x W^T + b:  x [rows, in], W [out, in], b [out], y [rows, out]
 *   dx = g W,  dW += g^T x,  db += column sums of g */
#include "graph/op_util.h"
#include "tensor/blas.h"
#include "tensor/rows.h"

enum { BLOCK_NUMBERS = 32768 }; /* of y at a time: the bias is written just before the product adds to it */

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	TRY(op_need_real("linear", s, 0, "x", e));
	TRY(op_need_fixed("linear", s, 1, "the weight", 2, e));
	const struct shape *w = &s->shape[1];
	if (shape_last(&s->shape[0]) != w->dim[1])
		return err_set(e, ERR_SHAPE, "linear: in=%d but x is %s", w->dim[1],
			shape_text(&s->shape[0], text, sizeof text));
	if (s->n_in == 3) {
		TRY(op_need_fixed("linear", s, 2, "the bias", 1, e));
		if (s->shape[2].dim[0] != w->dim[0])
			return err_set(e, ERR_SHAPE, "linear: out=%d but the bias has %d numbers", w->dim[0],
				s->shape[2].dim[0]);
	}
	*out = s->shape[0];
	out->ndim = out->ndim ? out->ndim : 1;
	out->dim[out->ndim - 1] = w->dim[0];
	return OK;
}

static void forward(struct op_io *io)
{
	int64_t rows = op_vectors(&io->out), n = io->in[1].shape.dim[0], k = io->in[1].shape.dim[1];
	const real *x = io->in[0].v, *w = io->in[1].v;
	real *y = io->out.v;
	if (io->n_in < 3) {
		blas_gemm(false, true, rows, n, k, 1, x, k, w, k, 0, y, n);
		return;
	}
	int64_t block = BLOCK_NUMBERS / n > 64 ? BLOCK_NUMBERS / n : 64;
	for (int64_t i = 0; i < rows; i += block) {
		int64_t m = rows - i < block ? rows - i : block;
		for (int64_t r = i; r < i + m; r++)
			memcpy(y + r * n, io->in[2].v, (size_t)n * sizeof *y);
		blas_gemm(false, true, m, n, k, 1, x + i * k, k, w, k, 1, y + i * n, n);
	}
}

static void backward(struct op_io *io)
{
	int64_t rows = op_vectors(&io->out), n = io->in[1].shape.dim[0], k = io->in[1].shape.dim[1];
	const real *g = io->out.g;
	struct operand *x = &io->in[0], *w = &io->in[1], *b = &io->in[2];
	if (x->g)
		blas_gemm(false, false, rows, k, n, 1, g, n, w->v, k, x->add, x->g, k);
	if (w->g)
		blas_gemm(true, false, n, k, rows, 1, g, n, x->v, k, w->add, w->g, k);
	if (io->n_in == 3 && b->g) {
		op_grad_begin(b);
		rows_column_sums(g, rows, n, b->g);
	}
}

static const struct op_case cases[] = {
	{.name = "tokens",
		.examples = 3,
		.lengths = {4, 1, 3},
		.n_in = 3,
		.in = {CASE_REAL(AXIS_TOKEN, 1, 5), CASE_REAL(AXIS_FIXED, 2, 3, 5), CASE_REAL(AXIS_FIXED, 1, 3)}},
	{.name = "no_bias",
		.examples = 4,
		.n_in = 2,
		.in = {CASE_REAL(AXIS_EXAMPLE, 2, 3, 4), CASE_REAL(AXIS_FIXED, 2, 6, 4)}},
	{.name = "one_output",
		.examples = 5,
		.n_in = 3,
		.in = {CASE_REAL(AXIS_EXAMPLE, 1, 7), CASE_REAL(AXIS_FIXED, 2, 1, 7), CASE_REAL(AXIS_FIXED, 1, 1)}},
	{.name = "column",
		.examples = 5,
		.n_in = 2,
		.in = {CASE_REAL(AXIS_EXAMPLE, 0, 0), CASE_REAL(AXIS_FIXED, 2, 3, 1)}},
	{.name = "parameters",
		.examples = 2,
		.n_in = 2,
		.in = {CASE_REAL(AXIS_FIXED, 2, 3, 4), CASE_REAL(AXIS_FIXED, 2, 2, 4)}},
	{0},
};

const struct op_class op_linear = {
	.desc = {.name = "linear",
		.usage = "linear(x, weight [, bias])",
		.help = "x W^T + b over the last dimension of x; weight [out, in], bias [out]."},
	.arity_min = 2,
	.arity_max = 3,
	.need_in = 3,
	.table_product = true,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
