/* Inner products over the last dimension: [.., d] . [.., d] -> [..], and a vector per row against C of them:
 * [rows, d] . [rows, C, d] -> [rows, C] (in either order).   da = g b (summed over C),  db = g a */
#include "graph/work.h"
#include "graph/op_util.h"
#include "tensor/rows.h"

static bool fits(const struct shape *one, const struct shape *many)
{
	return one->axis == many->axis && many->ndim == one->ndim + 1 && one->ndim == 1 && one->dim[0] == many->dim[1];
}

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char ta[80], tb[80];
	TRY(op_need_real("dot", s, 0, "a", e));
	TRY(op_need_real("dot", s, 1, "b", e));
	const struct shape *a = &s->shape[0], *b = &s->shape[1];
	if (!a->ndim || !b->ndim || !(shape_same(a, b) || fits(a, b) || fits(b, a)))
		return err_set(e, ERR_SHAPE,
			"dot: a is %s but b is %s; give [.., d] and [.., d], or [rows, d] and [rows, C, d]",
			shape_text(a, ta, sizeof ta), shape_text(b, tb, sizeof tb));
	*out = a->ndim > b->ndim ? *a : *b;
	out->ndim--;
	return OK;
}

/* one [n, d] against many [n, C, d] */
struct pairing {
	int one, many;
	int64_t n, c, d;
};

static struct pairing pairing(const struct op_io *io)
{
	struct pairing p = {0, 1, op_vectors(&io->in[0]), 1, shape_last(&io->in[0].shape)};
	if (io->in[0].shape.ndim == io->in[1].shape.ndim)
		return p;
	p.many = io->in[0].shape.ndim > io->in[1].shape.ndim ? 0 : 1;
	p.one = 1 - p.many;
	p.n = io->in[p.one].rows;
	p.c = io->in[p.many].shape.dim[0];
	return p;
}

static void forward(struct op_io *io)
{
	struct pairing p = pairing(io);
	const real *a = io->in[p.one].v, *b = io->in[p.many].v;
	real *y = io->out.v;
	for (int64_t i = 0; i < p.n; i++, a += p.d)
		for (int64_t j = 0; j < p.c; j++, b += p.d)
			*y++ = rows_dot(a, b, p.d);
}

static void backward(struct op_io *io)
{
	struct pairing p = pairing(io);
	struct operand *one = &io->in[p.one], *many = &io->in[p.many];
	int64_t d = p.d;
	op_grad_begin(one);
	for (int64_t i = 0; one->g && i < p.n; i++)
		for (int64_t j = i * p.c; j < (i + 1) * p.c; j++)
			rows_axpy(io->out.g[j], many->v + j * d, one->g + i * d, d);
	op_grad_begin(many);
	for (int64_t i = 0; many->g && i < p.n; i++)
		for (int64_t j = i * p.c; j < (i + 1) * p.c; j++)
			rows_axpy(io->out.g[j], one->v + i * d, many->g + j * d, d);
}

static struct op_work work(const struct op_io *io, bool backward)
{
	return work_product(io, backward, 2. * (double)op_numbers(&io->out) * (double)pairing(io).d);
}

static const struct op_case cases[] = {
	{.name = "pairs",
		.examples = 3,
		.lengths = {4, 1, 3},
		.n_in = 2,
		.in = {CASE_REAL(AXIS_TOKEN, 1, 5), CASE_REAL(AXIS_TOKEN, 1, 5)}},
	{.name = "candidates",
		.examples = 4,
		.n_in = 2,
		.in = {CASE_REAL(AXIS_EXAMPLE, 1, 5), CASE_REAL(AXIS_EXAMPLE, 2, 3, 5)}},
	{.name = "candidates_first",
		.examples = 4,
		.n_in = 2,
		.in = {CASE_REAL(AXIS_EXAMPLE, 2, 3, 5), CASE_REAL(AXIS_EXAMPLE, 1, 5)}},
	{.name = "matrices",
		.examples = 2,
		.n_in = 2,
		.in = {CASE_REAL(AXIS_EXAMPLE, 2, 3, 2), CASE_REAL(AXIS_EXAMPLE, 2, 3, 2)}},
	{0},
};

const struct op_class op_dot = {
	.desc = {.name = "dot",
		.usage = "dot(a, b)",
		.help = "Inner products over the last dimension; [rows, d] and [rows, C, d] give [rows, C]."},
	.arity_min = 2,
	.arity_max = 2,
	.need_in = 3,
	.shape = shape,
	.work = work,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
