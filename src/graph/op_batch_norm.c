/* Batch normalisation (Ioffe and Szegedy 2015) of each number of the last dimension over the n vectors of the batch:
 *   training:    mean and var (1 / n) of the batch     evaluation:  the running ones, inputs 1 and 2
 *   h = (x - mean) / sqrt(var + eps),  y = gain h + bias  (without inputs 3 and 4: y = h)
 *   a = g gain,  dx = (a - mean(a) - h mean(a h)) / sqrt(var + eps),  dgain = sum(g h),  dbias = sum(g)
 * After a step the running statistics move towards the batch's, with the unbiased variance, as torch has them:
 *   r = (1 - momentum) r + momentum s
 * A training batch of one vector has no variance: it is normalised with the running statistics and leaves them alone.
 * aux: mean and 1 / sqrt(var + eps), [2, d]. */
#include "graph/op_util.h"
#include "tensor/vmath.h"

enum { EPS, MOMENTUM };
enum { X, MEAN, VAR, GAIN, BIAS };

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	static const char *const what[] = {"x", "the running mean", "the running variance", "the gain", "the bias"};
	char text[80];
	TRY(op_need_real("batch_norm", s, X, "x", e));
	if (s->n_in == 4)
		return err_set(e, ERR_SHAPE, "batch_norm: a gain comes with a bias; give both or neither");
	for (int k = MEAN; k < s->n_in; k++) {
		TRY(op_need_fixed("batch_norm", s, k, what[k], 1, e));
		if (s->shape[k].dim[0] != shape_last(&s->shape[X]))
			return err_set(e, ERR_SHAPE, "batch_norm: %s has %d numbers but x is %s", what[k],
				s->shape[k].dim[0], shape_text(&s->shape[X], text, sizeof text));
	}
	*out = s->shape[X];
	return OK;
}

static size_t aux(const struct op_io *io)
{
	return 2 * (size_t)shape_last(&io->out.shape);
}

static bool of_batch(const struct op_io *io)
{
	return io->train && op_vectors(&io->out) > 1;
}

/* The batch's mean and variance, in two passes. */
static void batch_statistics(struct op_io *io, int64_t n, int64_t d, real *restrict mean, real *restrict var)
{
	const real *restrict x = io->in[X].v;
	const real one_n = 1 / (real)n;
	for (int64_t j = 0; j < d; j++)
		mean[j] = var[j] = 0;
	for (int64_t r = 0; r < n; r++)
		rows_add(x + r * d, mean, d);
	for (int64_t j = 0; j < d; j++)
		mean[j] *= one_n;
	for (int64_t r = 0; r < n; r++)
		for (int64_t j = 0; j < d; j++)
			var[j] += (x[r * d + j] - mean[j]) * (x[r * d + j] - mean[j]);
	for (int64_t j = 0; j < d; j++)
		var[j] *= one_n;
}

static void statistics(struct op_io *io, int64_t n, int64_t d)
{
	real *restrict mean = io->aux, *restrict rstd = io->aux + d;
	const real eps = (real)io->attr[EPS];
	if (of_batch(io)) {
		batch_statistics(io, n, d, mean, rstd);
	} else {
		memcpy(mean, io->in[MEAN].v, (size_t)d * sizeof *mean);
		memcpy(rstd, io->in[VAR].v, (size_t)d * sizeof *rstd);
	}
	for (int64_t j = 0; j < d; j++)
		rstd[j] = 1 / vm_sqrt(rstd[j] + eps);
}

static void forward(struct op_io *io)
{
	int64_t n = op_vectors(&io->out), d = shape_last(&io->out.shape);
	const bool affine = io->n_in > GAIN;
	const real *restrict x = io->in[X].v, *restrict mean = io->aux, *restrict rstd = io->aux + d;
	real *restrict y = io->out.v;
	statistics(io, n, d);
	for (int64_t r = 0; r < n; r++, x += d, y += d) {
		for (int64_t j = 0; j < d; j++)
			y[j] = (x[j] - mean[j]) * rstd[j];
		for (int64_t j = 0; affine && j < d; j++)
			y[j] = y[j] * io->in[GAIN].v[j] + io->in[BIAS].v[j];
	}
}

/* sum[j] = sum(g), dot[j] = sum(g h) over the vectors; into scratch [2, d]. */
static void sums(const struct op_io *io, int64_t n, int64_t d, real *restrict sum, real *restrict dot)
{
	const real *restrict x = io->in[X].v, *restrict g = io->out.g, *restrict mean = io->aux,
			     *restrict rstd = io->aux + d;
	for (int64_t j = 0; j < d; j++)
		sum[j] = dot[j] = 0;
	for (int64_t r = 0; r < n; r++, x += d, g += d)
		for (int64_t j = 0; j < d; j++) {
			sum[j] += g[j];
			dot[j] += g[j] * (x[j] - mean[j]) * rstd[j];
		}
}

static void backward_x(struct op_io *io, int64_t n, int64_t d, const real *restrict sum, const real *restrict dot)
{
	const real *restrict x = io->in[X].v, *restrict g = io->out.g, *restrict mean = io->aux,
			     *restrict rstd = io->aux + d, *restrict gain = io->n_in > GAIN ? io->in[GAIN].v : NULL;
	real *restrict dx = io->in[X].g;
	const real one_n = of_batch(io) ? 1 / (real)n : 0, keep = io->in[X].add ? 1 : 0;
	for (int64_t r = 0; r < n; r++, x += d, g += d, dx += d)
		for (int64_t j = 0; j < d; j++) {
			real h = (x[j] - mean[j]) * rstd[j], scale = gain ? gain[j] * rstd[j] : rstd[j];
			dx[j] = (keep != 0 ? dx[j] : 0) + scale * (g[j] - one_n * (sum[j] + h * dot[j]));
		}
}

static void add_or_write(struct operand *x, const real *v, int64_t d)
{
	GRAD_EACH(*x, d, j, v[j]);
}

static void backward(struct op_io *io)
{
	int64_t n = op_vectors(&io->out), d = shape_last(&io->out.shape);
	real *sum = io->scratch, *dot = sum + d;
	sums(io, n, d, sum, dot);
	if (io->in[X].g)
		backward_x(io, n, d, sum, dot);
	if (io->n_in > GAIN) {
		add_or_write(&io->in[GAIN], dot, d);
		add_or_write(&io->in[BIAS], sum, d);
	}
}

static void commit(struct op_io *io)
{
	int64_t n = op_vectors(&io->out), d = shape_last(&io->out.shape);
	if (!of_batch(io))
		return;
	real *restrict mean = io->in[MEAN].v, *restrict var = io->in[VAR].v;
	const real *restrict now = io->aux, *restrict rstd = io->aux + d;
	const real m = (real)io->attr[MOMENTUM], eps = (real)io->attr[EPS], unbiased = (real)n / (real)(n - 1);
	for (int64_t j = 0; j < d; j++) {
		real v = 1 / (rstd[j] * rstd[j]) - eps;
		mean[j] += m * (now[j] - mean[j]);
		var[j] += m * ((v > 0 ? v : 0) * unbiased - var[j]);
	}
}

static const struct arg_spec args[] = {
	{"eps", ARG_REAL, 1e-5, 0, 1, 0, "added to the variance", NULL, NULL},
	{"momentum", ARG_REAL, 0.1, 0, 1, ARG_LIVE, "how far a step moves the running statistics", NULL, NULL},
	{0},
};

#define CASE_STATE(d_) CASE_FIXED_RANGE(.5, 2, AXIS_FIXED, 1, d_)
static const struct op_case cases[] = {
	{.name = "tokens",
		.examples = 3,
		.lengths = {4, 0, 3},
		.n_in = 5,
		.in = {CASE_RANGE(-2, 2, AXIS_TOKEN, 1, 5), CASE_STATE(5), CASE_STATE(5), CASE_REAL(AXIS_FIXED, 1, 5),
			CASE_REAL(AXIS_FIXED, 1, 5)},
		.attr = {1e-3, .1}},
	{.name = "plain",
		.examples = 6,
		.n_in = 3,
		.in = {CASE_RANGE(-2, 2, AXIS_EXAMPLE, 2, 2, 3), CASE_STATE(3), CASE_STATE(3)},
		.attr = {1e-3, .1}},
	{.name = "one_vector",
		.examples = 1,
		.n_in = 5,
		.in = {CASE_RANGE(-2, 2, AXIS_EXAMPLE, 1, 4), CASE_STATE(4), CASE_STATE(4), CASE_REAL(AXIS_FIXED, 1, 4),
			CASE_REAL(AXIS_FIXED, 1, 4)},
		.attr = {1e-3, .1}},
	{0},
};

static size_t scratch(const struct op_io *io)
{
	return 2 * (size_t)shape_last(&io->out.shape);
}

const struct op_class op_batch_norm = {
	.desc = {.name = "batch_norm",
		.usage = "batch_norm(x, mean, var[, gain, bias], { eps = 1e-5, momentum = 0.1 })",
		.help = "Normalises each number over the batch, in evaluation by running statistics (Ioffe, Szegedy "
			"2015).",
		.args = args},
	.arity_min = 3,
	.arity_max = 5,
	.flags = OP_COUPLED,
	.need_in = 1 | 1 << GAIN,
	.shape = shape,
	.aux = aux,
	.scratch = scratch,
	.forward = forward,
	.backward = backward,
	.commit = commit,
	.cases = cases,
};
