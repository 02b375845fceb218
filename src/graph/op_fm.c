/* Second-order interaction of a factorisation machine in linear time (Rendle 2010, equation 5): over the vectors x_f of an
 * example's fields, [rows, F, d] -> [rows],
 *   y = sum_{f < h} <x_f, x_h> = 1/2 sum_j ((sum_f x_fj)^2 - sum_f x_fj^2)
 *   dx_fj = g (S_j - x_fj),  S_j = sum_f x_fj
 * aux: S of every row, [rows, d]. */
#include "graph/op_util.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	TRY(op_need_real("fm", s, 0, "x", e));
	const struct shape *x = &s->shape[0];
	if (x->ndim != 2)
		return err_set(e, ERR_SHAPE, "fm: x is %s; give the vectors of the fields, [rows, fields, d]",
			shape_text(x, text, sizeof text));
	*out = (struct shape){.axis = x->axis};
	return OK;
}

static size_t aux(const struct op_io *io)
{
	return (size_t)io->in[0].rows * (size_t)io->in[0].shape.dim[1];
}

static void forward(struct op_io *io)
{
	int64_t fields = io->in[0].shape.dim[0], d = io->in[0].shape.dim[1];
	const real *restrict x = io->in[0].v;
	for (int64_t r = 0; r < io->in[0].rows; r++, x += fields * d) {
		real *restrict sum = io->aux + r * d, y = 0;
		for (int64_t j = 0; j < d; j++)
			sum[j] = 0;
		for (int64_t f = 0; f < fields; f++)
			rows_add(x + f * d, sum, d);
#pragma omp simd reduction(+ : y)
		for (int64_t j = 0; j < d; j++)
			y += sum[j] * sum[j];
#pragma omp simd reduction(+ : y)
		for (int64_t j = 0; j < fields * d; j++)
			y -= x[j] * x[j];
		io->out.v[r] = y / 2;
	}
}

static void backward(struct op_io *io)
{
	int64_t fields = io->in[0].shape.dim[0], d = io->in[0].shape.dim[1];
	const real *restrict x = io->in[0].v, *restrict g = io->out.g;
	real *restrict dx = io->in[0].g;
	const real keep = io->in[0].add ? 1 : 0;
	for (int64_t r = 0; r < io->in[0].rows; r++) {
		const real *restrict sum = io->aux + r * d;
		for (int64_t f = 0; f < fields; f++, x += d, dx += d)
			for (int64_t j = 0; j < d; j++)
				dx[j] = (keep != 0 ? dx[j] : 0) + g[r] * (sum[j] - x[j]);
	}
}

static const struct op_case cases[] = {
	{.name = "fields", .examples = 4, .n_in = 1, .in = {CASE_REAL(AXIS_EXAMPLE, 2, 3, 5)}},
	{.name = "one_field", .examples = 2, .n_in = 1, .in = {CASE_REAL(AXIS_EXAMPLE, 2, 1, 2)}},
	{.name = "tokens", .examples = 3, .lengths = {2, 0, 1}, .n_in = 1, .in = {CASE_REAL(AXIS_TOKEN, 2, 4, 1)}},
	{0},
};

const struct op_class op_fm = {
	.desc = {.name = "fm",
		.usage = "fm(x)",
		.help = "Sum of the inner products of all pairs of an example's vectors, in linear time (Rendle "
			"2010)."},
	.arity_min = 1,
	.arity_max = 1,
	.need_in = 1,
	.shape = shape,
	.aux = aux,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
