/* The sparsity penalty of a hidden layer whose units lie in (0, 1) (Ng, CS294A lecture notes 2011, section 3):
 *   q_j = mean over the batch of h_j,   loss = sum_j rho log(rho / q_j) + (1 - rho) log((1 - rho) / (1 - q_j))
 *   dh_rj = ((1 - rho) / (1 - q_j) - rho / q_j) / rows
 * It couples the examples of a batch: a program with it runs as one slice.  q is kept inside [1e-6, 1 - 1e-6], so that a
 * dead unit costs much but not infinitely.   aux: q */
#include "graph/op_util.h"
#include "tensor/rows.h"

static const real tiny = (real)1e-6;

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	TRY(op_need_real("kl_sparsity", s, 0, "h", e));
	if (s->shape[0].axis == AXIS_FIXED || s->shape[0].ndim != 1)
		return err_set(e, ERR_SHAPE, "kl_sparsity: h is one vector per row of the batch, got %s",
			shape_text(&s->shape[0], text, sizeof text));
	op_shape_scalar(out);
	return OK;
}

static size_t aux(const struct op_io *io)
{
	return (size_t)shape_width(&io->in[0].shape);
}

static void forward(struct op_io *io)
{
	int64_t d = shape_width(&io->in[0].shape), rows = io->in[0].rows;
	const double rho = io->attr[0];
	double sum = 0;
	real *q = io->aux;
	memset(q, 0, (size_t)d * sizeof *q);
	rows_column_sums(io->in[0].v, rows, d, q);
	for (int64_t j = 0; j < d; j++) {
		q[j] /= (real)(rows ? rows : 1);
		q[j] = q[j] < tiny ? tiny : q[j] > 1 - tiny ? 1 - tiny : q[j];
		sum += rho * log(rho / (double)q[j]) + (1 - rho) * log((1 - rho) / (1 - (double)q[j]));
	}
	io->out.v[0] = (real)sum;
}

static void backward(struct op_io *io)
{
	int64_t d = shape_width(&io->in[0].shape), rows = io->in[0].rows;
	const real rho = (real)io->attr[0], *q = io->aux, g = io->out.g[0] / (real)(rows ? rows : 1);
	op_grad_begin(&io->in[0]);
	for (int64_t r = 0; io->in[0].g && r < rows; r++)
		for (int64_t j = 0; j < d; j++)
			io->in[0].g[r * d + j] += g * ((1 - rho) / (1 - q[j]) - rho / q[j]);
}

static const struct arg_spec args[] = {
	{"rho", ARG_REAL, 0.05, 1e-6, 0.999999, ARG_LIVE, "the mean activity that is wanted", NULL, NULL},
	{0},
};

static const struct op_case cases[] = {
	{.name = "examples", .examples = 5, .n_in = 1, .in = {CASE_RANGE(.1, .9, AXIS_EXAMPLE, 1, 4)}, .attr = {.2}},
	{.name = "one", .examples = 1, .n_in = 1, .in = {CASE_RANGE(.1, .9, AXIS_EXAMPLE, 1, 3)}, .attr = {.05}},
	{0},
};

const struct op_class op_kl_sparsity = {
	.desc = {.name = "kl_sparsity",
		.usage = "kl_sparsity(h, { rho = 0.05 })",
		.help = "Sum over the units of the divergence of their mean activity in the batch from rho; h in (0, "
			"1). Couples "
			"the examples of a batch.",
		.args = args},
	.arity_min = 1,
	.arity_max = 1,
	.flags = OP_REDUCES | OP_COUPLED,
	.shape = shape,
	.aux = aux,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
