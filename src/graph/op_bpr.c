/* Bayesian personalised ranking (Rendle et al. 2009) of positive scores p [rows] over negative scores n [rows, k]:
 *   loss = mean(softplus(n - p)),  dn = sigmoid(n - p) / (rows k),  dp = -sum_k of it */
#include "graph/op_util.h"
#include "tensor/vmath.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char tp[80], tn[80];
	TRY(op_need_real("bpr", s, 0, "pos", e));
	TRY(op_need_real("bpr", s, 1, "neg", e));
	const struct shape *pos = &s->shape[0], *neg = &s->shape[1];
	int64_t width = shape_width(pos);
	bool same = pos->ndim == neg->ndim || (pos->ndim == 1 && width == 1) || neg->ndim == pos->ndim + 1;
	if (pos->axis != neg->axis || !same || width == 0 || shape_width(neg) % width ||
		(neg->ndim > pos->ndim && shape_vectors(neg) != width))
		return err_set(e, ERR_SHAPE, "bpr: pos is %s but neg is %s; give [rows] and [rows, k]",
			shape_text(pos, tp, sizeof tp), shape_text(neg, tn, sizeof tn));
	op_shape_scalar(out);
	return OK;
}

static int64_t negatives(const struct op_io *io)
{
	return shape_width(&io->in[1].shape) / shape_width(&io->in[0].shape);
}

/* One negative per row is a loop over rows, several are a loop within each: either way the inner loop is the long one. */
static void forward(struct op_io *io)
{
	int64_t rows = op_numbers(&io->in[0]), k = negatives(io);
	const real *p = io->in[0].v, *n = io->in[1].v;
	double sum = 0;
	if (k == 1)
#pragma omp simd reduction(+ : sum)
		for (int64_t i = 0; i < rows; i++)
			sum += (double)vm_softplus(n[i] - p[i]);
	for (int64_t i = 0; k > 1 && i < rows; i++)
#pragma omp simd reduction(+ : sum)
		for (int64_t j = 0; j < k; j++)
			sum += (double)vm_softplus(n[i * k + j] - p[i]);
	io->out.v[0] = (real)(sum * op_mean_factor(&io->in[1]));
}

static void backward_positive(struct operand *pos, const real *n, int64_t rows, int64_t k, real g)
{
	const real *p = pos->v;
	for (int64_t i = 0; i < rows; i++) {
		real sum = 0;
#pragma omp simd reduction(+ : sum)
		for (int64_t j = 0; j < k; j++)
			sum += vm_sigmoid(n[i * k + j] - p[i]);
		pos->g[i] = (pos->add ? pos->g[i] : 0) - g * sum;
	}
}

static void backward_negatives(struct operand *neg, const real *p, int64_t rows, int64_t k, real g)
{
	for (int64_t i = 0; i < rows; i++)
#pragma omp simd
		for (int64_t j = i * k; j < (i + 1) * k; j++)
			neg->g[j] = (neg->add ? neg->g[j] : 0) + g * vm_sigmoid(neg->v[j] - p[i]);
}

static void backward(struct op_io *io)
{
	int64_t rows = op_numbers(&io->in[0]), k = negatives(io);
	const real *p = io->in[0].v, *n = io->in[1].v;
	const real g = (real)(io->out.g[0] * op_mean_factor(&io->in[1]));
	if (k == 1) {
		GRAD_EACH(io->in[0], rows, i, -g * vm_sigmoid(n[i] - p[i]));
		GRAD_EACH(io->in[1], rows, i, g * vm_sigmoid(n[i] - p[i]));
		return;
	}
	if (io->in[0].g)
		backward_positive(&io->in[0], n, rows, k, g);
	if (io->in[1].g)
		backward_negatives(&io->in[1], p, rows, k, g);
}

static const struct op_case cases[] = {
	{.name = "one",
		.examples = 3,
		.lengths = {4, 0, 3},
		.n_in = 2,
		.in = {CASE_RANGE(-3, 3, AXIS_TOKEN, 0, 0), CASE_RANGE(-3, 3, AXIS_TOKEN, 0, 0)}},
	{.name = "several",
		.examples = 4,
		.n_in = 2,
		.in = {CASE_RANGE(-3, 3, AXIS_EXAMPLE, 0, 0), CASE_RANGE(-3, 3, AXIS_EXAMPLE, 1, 5)}},
	{0},
};

const struct op_class op_bpr = {
	.desc = {.name = "bpr",
		.usage = "bpr(pos, neg)",
		.help = "Bayesian personalised ranking: mean of -log sigmoid(pos - neg) over rows and their k "
			"negatives (Rendle et al. 2009)."},
	.arity_min = 2,
	.arity_max = 2,
	.flags = OP_REDUCES,
	.need_in = 3,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
