/* The contractive penalty (Rifai et al. 2011): the squared Frobenius norm of the Jacobian of h = s(x W + c) by x,
 *   loss = mean_r sum_j s'(a_rj)^2 n_j,    n_j = sum_i W_ij^2,   W [inputs, units] (an embedding bag's table)
 *   s' = h (1 - h) for the sigmoid, 1 - h^2 for tanh
 *   dh = 2 s' (ds'/dh) n_j / rows,   dW_ij = 2 W_ij mean_r s'_rj^2
 * The norms of W's columns are all that is needed of W: O(inputs units + rows units), not their product by rows.
 * h is an input of its own: its gradient goes on through the encoder.   scratch: n, sum_r s'^2 */
#include "graph/op_util.h"
#include "tensor/rows.h"

enum { SIGMOID, TANH };

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	TRY(op_need_real("contractive", s, 0, "h", e));
	TRY(op_need_fixed("contractive", s, 1, "the weight", 2, e));
	if (s->shape[0].axis == AXIS_FIXED || s->shape[0].ndim != 1 || s->shape[0].dim[0] != s->shape[1].dim[1])
		return err_set(e, ERR_SHAPE,
			"contractive: the weight has %d columns, h must have as many units, got %s", s->shape[1].dim[1],
			shape_text(&s->shape[0], text, sizeof text));
	op_shape_scalar(out);
	return OK;
}

static size_t scratch(const struct op_io *io)
{
	return 2 * (size_t)shape_width(&io->in[0].shape);
}

static double row_factor(const struct op_io *io)
{
	return io->in[0].total_rows > 0 ? 1 / (double)io->in[0].total_rows : 0;
}

/* n_j into scratch[0..d), sum_r s'^2 into scratch[d..2d). */
static void sums(struct op_io *io)
{
	int64_t d = shape_width(&io->in[0].shape), inputs = io->in[1].shape.dim[0], rows = io->in[0].rows;
	real *norm = io->scratch, *slope = norm + d;
	bool tanh_units = io->attr[0] == TANH;
	memset(norm, 0, 2 * (size_t)d * sizeof *norm);
	for (int64_t i = 0; i < inputs; i++) {
		const real *w = io->in[1].v + i * d;
#pragma omp simd
		for (int64_t j = 0; j < d; j++)
			norm[j] += w[j] * w[j];
	}
	for (int64_t r = 0; r < rows; r++) {
		const real *h = io->in[0].v + r * d;
#pragma omp simd
		for (int64_t j = 0; j < d; j++) {
			real s = tanh_units ? 1 - h[j] * h[j] : h[j] * (1 - h[j]);
			slope[j] += s * s;
		}
	}
}

static void forward(struct op_io *io)
{
	int64_t d = shape_width(&io->in[0].shape);
	double sum = 0;
	sums(io);
	for (int64_t j = 0; j < d; j++)
		sum += (double)io->scratch[j] * (double)io->scratch[d + j];
	io->out.v[0] = (real)(sum * row_factor(io));
}

static void backward(struct op_io *io)
{
	int64_t d = shape_width(&io->in[0].shape), inputs = io->in[1].shape.dim[0], rows = io->in[0].rows;
	const real g = (real)(2 * io->out.g[0] * row_factor(io));
	const real *norm = io->scratch, *slope = norm + d;
	bool tanh_units = io->attr[0] == TANH;
	sums(io);
	op_grad_begin(&io->in[0]);
	op_grad_begin(&io->in[1]);
	for (int64_t r = 0; io->in[0].g && r < rows; r++)
		for (int64_t j = 0; j < d; j++) {
			real h = io->in[0].v[r * d + j];
			real s = tanh_units ? 1 - h * h : h * (1 - h), ds = tanh_units ? -2 * h : 1 - 2 * h;
			io->in[0].g[r * d + j] += g * s * ds * norm[j];
		}
	for (int64_t i = 0; io->in[1].g && i < inputs; i++)
		for (int64_t j = 0; j < d; j++)
			io->in[1].g[i * d + j] += g * io->in[1].v[i * d + j] * slope[j];
}

static const struct arg_spec args[] = {
	{"act", ARG_CHOICE, 0, 0, 0, 0, "the units of h", "sigmoid", "sigmoid|tanh"},
	{0},
};

static const struct op_case cases[] = {
	{.name = "sigmoid",
		.examples = 4,
		.n_in = 2,
		.in = {CASE_RANGE(.1, .9, AXIS_EXAMPLE, 1, 3), CASE_REAL(AXIS_FIXED, 2, 5, 3)}},
	{.name = "tanh",
		.examples = 3,
		.n_in = 2,
		.in = {CASE_RANGE(-.9, .9, AXIS_EXAMPLE, 1, 4), CASE_REAL(AXIS_FIXED, 2, 2, 4)},
		.attr = {TANH}},
	{0},
};

const struct op_class op_contractive = {
	.desc = {.name = "contractive",
		.usage = "contractive(h, weight, { act = 'sigmoid' })",
		.help = "The squared norm of the Jacobian of h = act(x W + c) by x, mean over rows; weight [inputs, "
			"units] (Rifai "
			"et al. 2011). The weight gets a dense gradient.",
		.args = args},
	.arity_min = 2,
	.arity_max = 2,
	.flags = OP_REDUCES,
	.need_in = 3,
	.shape = shape,
	.scratch = scratch,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
