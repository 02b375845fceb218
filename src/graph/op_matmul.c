/* y = x W:  x [rows, k], W [k, n], y [rows, n].   dx = g W^T,  dW += x^T g */
#include "graph/work.h"
#include "graph/op_util.h"
#include "tensor/blas.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	TRY(op_need_real("matmul", s, 0, "x", e));
	TRY(op_need_fixed("matmul", s, 1, "the weight", 2, e));
	const struct shape *w = &s->shape[1];
	if (shape_last(&s->shape[0]) != w->dim[0])
		return err_set(e, ERR_SHAPE, "matmul: k=%d but x is %s", w->dim[0],
			shape_text(&s->shape[0], text, sizeof text));
	*out = s->shape[0];
	out->ndim = out->ndim ? out->ndim : 1;
	out->dim[out->ndim - 1] = w->dim[1];
	return OK;
}

static void forward(struct op_io *io)
{
	int64_t rows = op_vectors(&io->out), n = io->in[1].shape.dim[1], k = io->in[1].shape.dim[0];
	blas_gemm(false, false, rows, n, k, 1, io->in[0].v, k, io->in[1].v, n, 0, io->out.v, n);
}

static void backward(struct op_io *io)
{
	int64_t rows = op_vectors(&io->out), n = io->in[1].shape.dim[1], k = io->in[1].shape.dim[0];
	const real *g = io->out.g;
	struct operand *x = &io->in[0], *w = &io->in[1];
	if (x->g)
		blas_gemm(false, true, rows, k, n, 1, g, n, w->v, n, x->add, x->g, k);
	if (w->g)
		blas_gemm(true, false, k, n, rows, 1, x->v, k, g, n, w->add, w->g, n);
}

static struct op_work work(const struct op_io *io, bool backward)
{
	return work_matrix(io, backward);
}

static const struct op_case cases[] = {
	{.name = "tokens",
		.examples = 3,
		.lengths = {4, 1, 3},
		.n_in = 2,
		.in = {CASE_REAL(AXIS_TOKEN, 1, 5), CASE_REAL(AXIS_FIXED, 2, 5, 3)}},
	{.name = "matrix",
		.examples = 2,
		.n_in = 2,
		.in = {CASE_REAL(AXIS_EXAMPLE, 2, 3, 4), CASE_REAL(AXIS_FIXED, 2, 4, 6)}},
	{.name = "column",
		.examples = 4,
		.n_in = 2,
		.in = {CASE_REAL(AXIS_EXAMPLE, 0, 0), CASE_REAL(AXIS_FIXED, 2, 1, 3)}},
	{0},
};

const struct op_class op_matmul = {
	.desc = {.name = "matmul",
		.usage = "matmul(x, weight)",
		.help = "x W over the last dimension of x; the weight is [k, n]."},
	.arity_min = 2,
	.arity_max = 2,
	.need_in = 3,
	.shape = shape,
	.work = work,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
