/* y = x W^T + b:  x [rows, in], W [out, in], b [out], y [rows, out]
 *   dx = g W,  dW += g^T x,  db += column sums of g */
#include "graph/work.h"
#include "graph/op_util.h"
#include "tensor/blas.h"
#include "tensor/panels.h"
#include "tensor/rows.h"

enum { THIN_LEAST = 4, THIN_NUMBERS = 2048 };
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

/* Weights that stay in the first-level cache: a general product would spend its time on packing (tests/bench/NOTES.md). */
static bool thin(const struct op_io *io)
{
	int64_t n = io->in[1].shape.dim[0], k = io->in[1].shape.dim[1];
	return n >= THIN_LEAST && k >= THIN_LEAST && n * k <= THIN_NUMBERS;
}

static size_t scratch(const struct op_io *io)
{
	return thin(io) ? (size_t)op_numbers(&io->in[1]) : 0;
}

static void forward_thin(struct op_io *io)
{
	int64_t rows = op_vectors(&io->out), n = io->in[1].shape.dim[0], k = io->in[1].shape.dim[1];
	real *y = io->out.v;
	panels_transpose(n, k, io->in[1].v, io->scratch);
	if (io->n_in < 3)
		memset(y, 0, (size_t)(rows * n) * sizeof *y);
	for (int64_t r = 0; io->n_in == 3 && r < rows; r++)
		rows_copy(io->in[2].v, y + r * n, n);
	panels_product(rows, n, k, io->in[0].v, io->scratch, y);
}

static void backward_thin(struct op_io *io)
{
	int64_t rows = op_vectors(&io->out), n = io->in[1].shape.dim[0], k = io->in[1].shape.dim[1];
	struct operand *x = &io->in[0], *w = &io->in[1];
	op_grad_begin(x);
	op_grad_begin(w);
	if (x->g)
		panels_product(rows, k, n, io->out.g, w->v, x->g);
	if (w->g)
		panels_product_of_columns(rows, n, k, io->out.g, x->v, w->g);
}

static void forward_wide(struct op_io *io)
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

static void forward(struct op_io *io)
{
	(thin(io) ? forward_thin : forward_wide)(io);
}

static void backward_wide(struct op_io *io)
{
	int64_t rows = op_vectors(&io->out), n = io->in[1].shape.dim[0], k = io->in[1].shape.dim[1];
	struct operand *x = &io->in[0], *w = &io->in[1];
	if (x->g)
		blas_gemm(false, false, rows, k, n, 1, io->out.g, n, w->v, k, x->add, x->g, k);
	if (w->g)
		blas_gemm(true, false, n, k, rows, 1, io->out.g, n, x->v, k, w->add, w->g, k);
}

static void backward(struct op_io *io)
{
	struct operand *b = &io->in[2];
	(thin(io) ? backward_thin : backward_wide)(io);
	if (io->n_in == 3 && b->g) {
		op_grad_begin(b);
		rows_column_sums(io->out.g, op_vectors(&io->out), io->in[1].shape.dim[0], b->g);
	}
}

static struct op_work work(const struct op_io *io, bool backward)
{
	return work_matrix(io, backward);
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
	{.name = "thin",
		.examples = 3,
		.lengths = {7, 1, 5},
		.n_in = 3,
		.in = {CASE_REAL(AXIS_TOKEN, 1, 19), CASE_REAL(AXIS_FIXED, 2, 21, 19), CASE_REAL(AXIS_FIXED, 1, 21)}},
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
	.scratch = scratch,
	.work = work,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
