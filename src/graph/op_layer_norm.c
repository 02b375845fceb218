/* Layer normalisation over the last dimension (Ba, Kiros, Hinton 2016):
 *   h = (x - mean) / sqrt(var + eps),  y = gain h + bias
 *   a = g gain,  dx = (a - mean(a) - h mean(a h)) / sqrt(var + eps),  dgain += g h,  dbias += g
 * aux: mean and 1 / sqrt(var + eps) of every vector. */
#include "graph/op_util.h"
#include "tensor/rows.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	static const char *const what[] = {"x", "the gain", "the bias"};
	char text[80];
	TRY(op_need_real("layer_norm", s, 0, "x", e));
	for (int k = 1; k < s->n_in; k++) {
		TRY(op_need_fixed("layer_norm", s, k, what[k], 1, e));
		if (s->shape[k].dim[0] != shape_last(&s->shape[0]))
			return err_set(e, ERR_SHAPE, "layer_norm: %s has %d numbers but x is %s", what[k],
				s->shape[k].dim[0], shape_text(&s->shape[0], text, sizeof text));
	}
	*out = s->shape[0];
	return OK;
}

static size_t aux(const struct op_io *io)
{
	return 2 * (size_t)op_vectors(&io->out);
}

enum { BLOCK = 64 }; /* rows whose statistics are made before they are used: roots and quotients come in vectors */

/* aux of rows first..first+m-1. */
static void statistics(struct op_io *io, int64_t first, int64_t m, int64_t d)
{
	const real eps = (real)io->attr[0], one_d = 1 / (real)d;
	real *aux_rows = io->aux + 2 * first, root[BLOCK];
	for (int64_t r = 0; r < m; r++) {
		const real *restrict x = io->in[0].v + (first + r) * d;
		real mean = rows_sum(x, d) * one_d, var = 0;
#pragma omp simd reduction(+ : var)
		for (int64_t j = 0; j < d; j++)
			var += (x[j] - mean) * (x[j] - mean);
		aux_rows[2 * r] = mean;
		root[r] = var * one_d + eps;
	}
	for (int64_t r = 0; r < m; r++)
		root[r] = 1 / vm_sqrt(root[r]);
	for (int64_t r = 0; r < m; r++)
		aux_rows[2 * r + 1] = root[r];
}

static void forward(struct op_io *io)
{
	int64_t rows = op_vectors(&io->out), d = shape_last(&io->out.shape);
	const real *restrict gain = io->in[1].v, *restrict bias = io->in[2].v;
	for (int64_t first = 0; first < rows; first += BLOCK) {
		int64_t m = rows - first < BLOCK ? rows - first : BLOCK;
		statistics(io, first, m, d);
		for (int64_t r = first; r < first + m; r++) {
			const real *restrict x = io->in[0].v + r * d;
			real *restrict y = io->out.v + r * d;
			real mean = io->aux[2 * r], rstd = io->aux[2 * r + 1];
			for (int64_t j = 0; j < d; j++)
				y[j] = (x[j] - mean) * rstd * gain[j] + bias[j];
		}
	}
}

static void backward_x(struct op_io *io, int64_t rows, int64_t d)
{
	const real *restrict gain = io->in[1].v;
	const real one_d = 1 / (real)d, keep = io->in[0].add ? 1 : 0;
	for (int64_t r = 0; r < rows; r++) {
		const real *restrict x = io->in[0].v + r * d, *restrict g = io->out.g + r * d;
		real *restrict dx = io->in[0].g + r * d;
		real mean = io->aux[2 * r], rstd = io->aux[2 * r + 1], sum = 0, dot = 0;
#pragma omp simd reduction(+ : sum, dot)
		for (int64_t j = 0; j < d; j++) {
			real a = g[j] * gain[j];
			sum += a;
			dot += a * (x[j] - mean);
		}
		real shift = sum * one_d * rstd, slope = dot * one_d * rstd * rstd * rstd;
		if (keep != 0)
			for (int64_t j = 0; j < d; j++)
				dx[j] += g[j] * gain[j] * rstd - shift - (x[j] - mean) * slope;
		else
			for (int64_t j = 0; j < d; j++)
				dx[j] = g[j] * gain[j] * rstd - shift - (x[j] - mean) * slope;
	}
}

/* dgain and dbias in one pass where both are wanted. */
static void backward_parameters(struct op_io *io, int64_t rows, int64_t d)
{
	real *restrict dgain = io->in[1].g, *restrict dbias = io->in[2].g;
	for (int64_t r = 0; r < rows; r++) {
		const real *restrict x = io->in[0].v + r * d, *restrict g = io->out.g + r * d;
		real mean = io->aux[2 * r], rstd = io->aux[2 * r + 1];
		if (dgain && dbias)
			for (int64_t j = 0; j < d; j++) {
				dgain[j] += g[j] * ((x[j] - mean) * rstd);
				dbias[j] += g[j];
			}
		else if (dgain)
			for (int64_t j = 0; j < d; j++)
				dgain[j] += g[j] * ((x[j] - mean) * rstd);
		else
			rows_add(g, dbias, d);
	}
}

static void backward(struct op_io *io)
{
	int64_t rows = op_vectors(&io->out), d = shape_last(&io->out.shape);
	if (io->in[0].g)
		backward_x(io, rows, d);
	op_grad_begin(&io->in[1]);
	op_grad_begin(&io->in[2]);
	if (io->in[1].g || io->in[2].g)
		backward_parameters(io, rows, d);
}

static const struct arg_spec args[] = {
	{"eps", ARG_REAL, 1e-8, 0, 1, 0, "added to the variance", NULL, NULL},
	{0},
};

static const struct op_case cases[] = {
	{.name = "tokens",
		.examples = 3,
		.lengths = {4, 1, 3},
		.n_in = 3,
		.in = {CASE_RANGE(-2, 2, AXIS_TOKEN, 1, 7), CASE_REAL(AXIS_FIXED, 1, 7), CASE_REAL(AXIS_FIXED, 1, 7)},
		.attr = {1e-5}},
	{.name = "matrix",
		.examples = 2,
		.n_in = 3,
		.in = {CASE_RANGE(-2, 2, AXIS_EXAMPLE, 2, 3, 4), CASE_REAL(AXIS_FIXED, 1, 4),
			CASE_REAL(AXIS_FIXED, 1, 4)},
		.attr = {0.1}},
	{0},
};

const struct op_class op_layer_norm = {
	.desc = {.name = "layer_norm",
		.usage = "layer_norm(x, gain, bias, { eps = 1e-8 })",
		.help = "Normalises vectors of the last dimension to mean 0 and variance 1, then gain * h + bias (Ba "
			"et al. 2016).",
		.args = args},
	.arity_min = 3,
	.arity_max = 3,
	.need_in = 3,
	.shape = shape,
	.aux = aux,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
