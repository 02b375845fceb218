/* Binary cross-entropy of positive scores p [rows] and sampled negative scores n [rows, k], mean over the rows:
 *   loss = mean(softplus(-p) + c sum_k softplus(n)),  c = 1 or 1 / k
 *   dp = -sigmoid(-p) / rows,  dn = c sigmoid(n) / rows */
#include "graph/op_util.h"
#include "tensor/vmath.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char tp[80], tn[80];
	TRY(op_need_real("bce_pair", s, 0, "pos", e));
	TRY(op_need_real("bce_pair", s, 1, "neg", e));
	const struct shape *pos = &s->shape[0], *neg = &s->shape[1];
	int64_t width = shape_width(pos);
	bool same = pos->ndim == neg->ndim || (pos->ndim == 1 && width == 1) || neg->ndim == pos->ndim + 1;
	if (pos->axis != neg->axis || !same || width == 0 || shape_width(neg) % width ||
		(neg->ndim > pos->ndim && shape_vectors(neg) != width))
		return err_set(e, ERR_SHAPE, "bce_pair: pos is %s but neg is %s; give [rows] and [rows, k]",
			shape_text(pos, tp, sizeof tp), shape_text(neg, tn, sizeof tn));
	op_shape_scalar(out);
	return OK;
}

static double negative_factor(const struct op_io *io)
{
	return io->attr[0] == 0 ? (double)shape_width(&io->in[0].shape) / (double)shape_width(&io->in[1].shape) : 1;
}

static void forward(struct op_io *io)
{
	int64_t np = op_numbers(&io->in[0]), nn = op_numbers(&io->in[1]);
	const real *p = io->in[0].v, *n = io->in[1].v;
	double pos = 0, neg = 0;
#pragma omp simd reduction(+ : pos)
	for (int64_t i = 0; i < np; i++)
		pos += (double)vm_softplus(-p[i]);
#pragma omp simd reduction(+ : neg)
	for (int64_t i = 0; i < nn; i++)
		neg += (double)vm_softplus(n[i]);
	io->out.v[0] = (real)((pos + neg * negative_factor(io)) * op_mean_factor(&io->in[0]));
}

static void backward(struct op_io *io)
{
	const real *p = io->in[0].v, *n = io->in[1].v;
	const real g = (real)(io->out.g[0] * op_mean_factor(&io->in[0])), gn = g * (real)negative_factor(io);
	GRAD_EACH(io->in[0], op_numbers(&io->in[0]), i, -g * vm_sigmoid(-p[i]));
	GRAD_EACH(io->in[1], op_numbers(&io->in[1]), i, gn * vm_sigmoid(n[i]));
}

static const struct arg_spec args[] = {
	{"over", ARG_CHOICE, 0, 0, 0, 0, "how the k negatives of a row count", "mean", "mean|sum"},
	{0},
};

static const struct op_case cases[] = {
	{.name = "one",
		.examples = 3,
		.lengths = {4, 0, 3},
		.n_in = 2,
		.in = {CASE_RANGE(-3, 3, AXIS_TOKEN, 0, 0), CASE_RANGE(-3, 3, AXIS_TOKEN, 0, 0)}},
	{.name = "mean",
		.examples = 4,
		.n_in = 2,
		.in = {CASE_RANGE(-3, 3, AXIS_EXAMPLE, 0, 0), CASE_RANGE(-3, 3, AXIS_EXAMPLE, 1, 5)}},
	{.name = "sum",
		.examples = 4,
		.n_in = 2,
		.in = {CASE_RANGE(-3, 3, AXIS_EXAMPLE, 0, 0), CASE_RANGE(-3, 3, AXIS_EXAMPLE, 1, 5)},
		.attr = {1}},
	{0},
};

const struct op_class op_bce_pair = {
	.desc = {.name = "bce_pair",
		.usage = "bce_pair(pos, neg, { over = 'mean' })",
		.help = "Binary cross-entropy: -log sigmoid(pos) minus the mean or sum of log sigmoid(-neg) over the k "
			"negatives, mean over rows.",
		.args = args},
	.arity_min = 2,
	.arity_max = 2,
	.flags = OP_REDUCES,
	.need_in = 3,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
