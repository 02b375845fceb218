/* Bayesian linear regression, many at once: what LinUCB and Thompson sampling ask of their arms.
 *
 * `sums` [G, d (d + 1)] holds, for each of G regressions, S = sum x x^T (d x d) and then s = sum r x (op ridge_sums makes both).
 * With A = prior I + S:
 *
 *     mean    x . A^-1 s                     width   sqrt(x . A^-1 x)
 *     sample  x . (A^-1 s + scale A^-1/2 z), z ~ N(0, I), the same z for all candidates of an example that share a regression
 *
 * x [rows, C, d] with groups [rows, C], or x [rows, d] with groups [rows] -> [rows, C] or [rows]; without
 * groups all ask the first.  A = L L^T is factored once per
 * slice and group, in double.  No gradient. */
#include "graph/op_util.h"

#include "base/rng.h"

#include <math.h>

enum { MODE, PRIOR, SCALE, MEAN = 0, WIDTH, SAMPLE, DIM_MAX = 512 };
/* Sums over many observations are rounded: by so much of their largest, which is added to the prior lest A be indefinite. */
#define ROUNDING (sizeof(real) == 4 ? 1e-6 : 1e-13)

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char tx[80], tg[80], ts[80];
	TRY(op_need_real("ridge", s, 0, "x", e));
	TRY(op_need_fixed("ridge", s, 1, "the sums", 2, e));
	struct shape all = s->shape[0];
	all.ndim -= all.ndim > 0;
	if (s->n_in > 2)
		TRY(op_need_int("ridge", s, 2, "groups", e));
	const struct shape *x = &s->shape[0], *g = s->n_in > 2 ? &s->shape[2] : &all;
	int32_t d = shape_last(x);
	if (x->ndim < 1 || x->ndim != g->ndim + 1 || x->axis != g->axis || (g->ndim && g->dim[0] != x->dim[0]) ||
		s->shape[1].dim[1] != d * (d + 1) || d > DIM_MAX)
		return err_set(e, ERR_SHAPE,
			"ridge: x is %s, the sums %s, groups %s; give [rows, C, d], [G, d * (d + 1)] and [rows, C], d "
			"<= %d",
			shape_text(x, tx, sizeof tx), shape_text(&s->shape[1], ts, sizeof ts),
			shape_text(g, tg, sizeof tg), DIM_MAX);
	*out = *g;
	return OK;
}

/* Of one group: the factor L (lower triangle), A^-1 s, and whether they are there. */
static size_t numbers_per_group(int64_t d)
{
	return (size_t)(d * d + d + 1);
}

static size_t scratch(const struct op_io *io)
{
	int64_t d = shape_last(&io->in[0].shape), doubles = sizeof(double) / sizeof(real);
	return (size_t)io->in[1].shape.dim[0] * numbers_per_group(d) * (size_t)doubles;
}

static void factor(double *l, int64_t d)
{
	for (int64_t i = 0; i < d; i++)
		for (int64_t j = 0; j <= i; j++) {
			double x = l[i * d + j];
			for (int64_t k = 0; k < j; k++)
				x -= l[i * d + k] * l[j * d + k];
			l[i * d + j] = i == j ? sqrt(x > 1e-300 ? x : 1e-300) : x / l[j * d + j];
		}
}

/* L y = b, in place. */
static void solve_down(const double *l, int64_t d, double *b)
{
	for (int64_t i = 0; i < d; i++) {
		for (int64_t k = 0; k < i; k++)
			b[i] -= l[i * d + k] * b[k];
		b[i] /= l[i * d + i];
	}
}

/* L^T y = b, in place. */
static void solve_up(const double *l, int64_t d, double *b)
{
	for (int64_t i = d - 1; i >= 0; i--) {
		for (int64_t k = i + 1; k < d; k++)
			b[i] -= l[k * d + i] * b[k];
		b[i] /= l[i * d + i];
	}
}

static const double *group(const struct op_io *io, int32_t g, int64_t d)
{
	double *l = (double *)(void *)io->scratch + (size_t)g * numbers_per_group(d), *theta = l + d * d,
	       *there = theta + d;
	const real *sums = io->in[1].v + (int64_t)g * d * (d + 1);
	if (*there == 1)
		return l;
	double largest = 0;
	for (int64_t i = 0; i < d; i++)
		largest = fmax(largest, (double)sums[i * (d + 1)]);
	for (int64_t i = 0; i < d * d; i++)
		l[i] = (double)sums[i] + (i % (d + 1) == 0 ? io->attr[PRIOR] + ROUNDING * largest : 0);
	for (int64_t i = 0; i < d; i++)
		theta[i] = (double)sums[d * d + i];
	factor(l, d);
	solve_down(l, d, theta);
	solve_up(l, d, theta);
	*there = 1;
	return l;
}

static double answer(const struct op_io *io, const real *x, int32_t g, int64_t d, int64_t example)
{
	const double *l = group(io, g, d), *theta = l + d * d;
	double mean = 0, width = 0, y[DIM_MAX];
	for (int64_t i = 0; i < d; i++) {
		mean += (double)x[i] * theta[i];
		y[i] = (double)x[i];
	}
	if (io->attr[MODE] == MEAN)
		return mean;
	solve_down(l, d, y); /* x . A^-1 x = |L^-1 x|^2 and x . L^-T z = L^-1 x . z */
	struct rng r = {rng_key(io->key, RNG_NOISE, (uint64_t)example, (uint64_t)g), 0};
	for (int64_t i = 0; i < d; i++)
		width += io->attr[MODE] == WIDTH ? y[i] * y[i] : y[i] * rng_normal(&r);
	return io->attr[MODE] == WIDTH ? sqrt(width) : mean + io->attr[SCALE] * width;
}

static void forward(struct op_io *io)
{
	int64_t d = shape_last(&io->in[0].shape), n = op_numbers(&io->out), c = shape_width(&io->out.shape);
	int32_t groups = io->in[1].shape.dim[0];
	for (int32_t g = 0; g < groups; g++)
		((double *)(void *)io->scratch)[(size_t)(g + 1) * numbers_per_group(d) - 1] = 0;
	for (int64_t i = 0; i < n; i++) {
		int32_t g = io->n_in > 2 ? io->in[2].i[i] : 0;
		bool there = g >= 0 && g < groups;
		io->out.v[i] = there ? (real)answer(io, io->in[0].v + i * d, g, d, io->in[0].first_row + i / c) : 0;
	}
}

static const struct arg_spec args[] = {
	[MODE] = {"mode", ARG_CHOICE, 0, 0, 0, 0, "what is asked", "mean", "mean|width|sample"},
	[PRIOR] = {"prior", ARG_REAL, 1, 1e-9, 1e9, 0, "weight of the prior, N(0, I / prior)", NULL, NULL},
	[SCALE] = {"scale", ARG_REAL, 1, 0, 1e9, 0, "sample: deviation of the noise", NULL, NULL},
	{0},
};

const struct op_class op_ridge = {
	.desc = {.name = "ridge",
		.usage = "ridge(x, sums, groups, { mode = \"width\", prior = 1 })",
		.help = "Posterior mean, width or a sample of linear regressions of which the sums are kept: LinUCB "
			"and Thompson "
			"sampling.",
		.args = args},
	.arity_min = 2,
	.arity_max = 3,
	.flags = OP_NOGRAD | OP_RANDOM,
	.shape = shape,
	.scratch = scratch,
	.forward = forward,
};
