/* One-dimensional convolution over the tokens of each example, with zeros beyond its ends:
 *   x [tokens, in], W [out, width * in] (tap after tap), b [out]:  y_t = b + sum_j W_j x_{t + j dilation - before}
 *   align causal: before = (width - 1) dilation, so that y_t sees x_t and what stands before it
 *   align same:   before = half of that, rounded down
 *   align valid:  before = 0; a token whose window passes the end of its example gives zeros
 *   dx_{t + j dilation - before} += W_j^T g_t,  dW_j += g_t x_{t + j dilation - before}^T,  db = sum g
 *
 * The windows of a block of tokens are gathered into scratch, whatever examples they belong to, and met by one product: a
 * gather moves width * in numbers per token, of which each is then used `out` times. */
#include "graph/work.h"
#include "graph/op_util.h"
#include "tensor/blas.h"
#include "tensor/rows.h"

enum { BLOCK = 128, ARG_DILATION = 0, ARG_ALIGN, CAUSAL = 0, SAME, VALID };

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	TRY(op_need_real("conv1d", s, 0, "x", e));
	TRY(op_need_fixed("conv1d", s, 1, "the weight", 2, e));
	const struct shape *x = &s->shape[0], *w = &s->shape[1];
	if (x->axis <= AXIS_EXAMPLE || x->ndim != 1)
		return err_set(
			e, ERR_SHAPE, "conv1d: x must be vectors on tokens, got %s", shape_text(x, text, sizeof text));
	if (w->dim[1] == 0 || w->dim[1] % x->dim[0])
		return err_set(e, ERR_SHAPE, "conv1d: a row of the weight must hold width x %d numbers, got %d",
			x->dim[0], w->dim[1]);
	if (s->n_in == 3) {
		TRY(op_need_fixed("conv1d", s, 2, "the bias", 1, e));
		if (s->shape[2].dim[0] != w->dim[0])
			return err_set(e, ERR_SHAPE, "conv1d: out=%d but the bias has %d numbers", w->dim[0],
				s->shape[2].dim[0]);
	}
	*out = *x;
	out->dim[0] = w->dim[0];
	return OK;
}

struct conv {
	const int32_t *at; /* offsets of the examples */
	int64_t rows, in, out, width, k, dilation, before;
	bool valid;
	int32_t example; /* of the row gathered last: rows are gathered in order */
};

static struct conv conv_of(const struct op_io *io)
{
	struct conv c = {.at = io->offsets[io->in[0].shape.axis],
		.rows = io->in[0].rows,
		.in = io->in[0].shape.dim[0],
		.out = io->in[1].shape.dim[0],
		.k = io->in[1].shape.dim[1],
		.dilation = (int64_t)io->attr[ARG_DILATION],
		.valid = io->attr[ARG_ALIGN] == VALID};
	c.width = c.k / c.in;
	int64_t span = (c.width - 1) * c.dilation;
	c.before = io->attr[ARG_ALIGN] == CAUSAL ? span : c.valid ? 0 : span / 2;
	return c;
}

static size_t scratch(const struct op_io *io)
{
	return 2 * (size_t)BLOCK * (size_t)io->in[1].shape.dim[1];
}

/* The tokens first..end-1 of the example that row t lies in, and whether its window counts. */
static bool bounds(struct conv *c, int64_t t, int64_t *first, int64_t *end)
{
	while (c->at[c->example + 1] <= t)
		c->example++;
	*first = c->at[c->example];
	*end = c->at[c->example + 1];
	return !c->valid || t + (c->width - 1) * c->dilation < *end;
}

/* Windows of the rows t..t+m-1. */
static void gather(struct conv *c, const real *x, int64_t t, int64_t m, real *to)
{
	for (int64_t r = t; r < t + m; r++) {
		int64_t first, end;
		bool counts = bounds(c, r, &first, &end);
		for (int64_t j = 0; j < c->width; j++, to += c->in) {
			int64_t from = r + j * c->dilation - c->before;
			if (counts && from >= first && from < end)
				rows_copy(x + from * c->in, to, c->in);
			else
				memset(to, 0, (size_t)c->in * sizeof *to);
		}
	}
}

static void forward(struct op_io *io)
{
	struct conv c = conv_of(io), walk = c;
	for (int64_t t = 0; t < c.rows; t += BLOCK) {
		int64_t m = c.rows - t < BLOCK ? c.rows - t : BLOCK, first, end;
		real *y = io->out.v + t * c.out;
		gather(&c, io->in[0].v, t, m, io->scratch);
		for (int64_t r = 0; io->n_in == 3 && r < m; r++)
			memcpy(y + r * c.out, io->in[2].v, (size_t)c.out * sizeof *y);
		blas_gemm(false, true, m, c.out, c.k, 1, io->scratch, c.k, io->in[1].v, c.k, io->n_in == 3, y, c.out);
		for (int64_t r = 0; io->n_in == 3 && c.valid && r < m; r++)
			if (!bounds(&walk, t + r, &first, &end))
				memset(y + r * c.out, 0, (size_t)c.out * sizeof *y);
	}
}

/* The gradients of the windows of rows t..t+m-1 go to their tokens. */
static void scatter(struct conv *c, const real *windows, int64_t t, int64_t m, real *dx)
{
	for (int64_t r = t; r < t + m; r++) {
		int64_t first, end;
		bool counts = bounds(c, r, &first, &end);
		for (int64_t j = 0; j < c->width; j++, windows += c->in) {
			int64_t to = r + j * c->dilation - c->before;
			if (counts && to >= first && to < end)
				rows_add(windows, dx + to * c->in, c->in);
		}
	}
}

static void backward_bias(struct conv c, const real *g, real *db)
{
	int64_t first, end;
	for (int64_t t = 0; t < c.rows; t++)
		if (!c.valid || bounds(&c, t, &first, &end))
			rows_add(g + t * c.out, db, c.out);
}

static void backward(struct op_io *io)
{
	struct conv c = conv_of(io), walk = c;
	struct operand *x = &io->in[0], *w = &io->in[1];
	for (int i = 0; i < io->n_in; i++)
		op_grad_begin(&io->in[i]);
	if (io->n_in == 3 && io->in[2].g)
		backward_bias(c, io->out.g, io->in[2].g);
	for (int64_t t = 0; t < c.rows; t += BLOCK) {
		int64_t m = c.rows - t < BLOCK ? c.rows - t : BLOCK;
		const real *g = io->out.g + t * c.out;
		if (w->g) {
			gather(&c, x->v, t, m, io->scratch);
			blas_gemm(true, false, c.out, c.k, m, 1, g, c.out, io->scratch, c.k, 1, w->g, c.k);
		}
		if (x->g) {
			blas_gemm(false, false, m, c.k, c.out, 1, g, c.out, w->v, c.k, 0, io->scratch, c.k);
			scatter(&walk, io->scratch, t, m, x->g);
		}
	}
}

static const struct arg_spec args[] = {
	{"dilation", ARG_INT, 1, 1, 1 << 20, 0, "distance between the tokens of a window", NULL, NULL},
	{"align", ARG_CHOICE, 0, 0, 0, 0, "which tokens a window holds: up to its own, around it, from it on", "causal",
		"causal|same|valid"},
	{0},
};

#define CASE_CONV(in_, out_, width_)                                                                                   \
	CASE_REAL(AXIS_TOKEN, 1, in_), CASE_REAL(AXIS_FIXED, 2, out_, (in_) * (width_)), CASE_REAL(AXIS_FIXED, 1, out_)
static struct op_work work(const struct op_io *io, bool backward)
{
	struct conv c = conv_of(io);
	return work_product(io, backward, 2. * (double)c.rows * (double)c.out * (double)c.k);
}

static const struct op_case cases[] = {
	{.name = "causal",
		.examples = 5,
		.lengths = {6, 1, 0, 2, 5},
		.n_in = 3,
		.in = {CASE_CONV(4, 3, 3)},
		.attr = {1, CAUSAL}},
	{.name = "dilated",
		.examples = 4,
		.lengths = {9, 1, 0, 4},
		.n_in = 3,
		.in = {CASE_CONV(3, 4, 3)},
		.attr = {2, CAUSAL}},
	{.name = "far", .examples = 2, .lengths = {3, 5}, .n_in = 3, .in = {CASE_CONV(3, 2, 2)}, .attr = {64, CAUSAL}},
	{.name = "same",
		.examples = 4,
		.lengths = {5, 1, 0, 7},
		.n_in = 3,
		.in = {CASE_CONV(2, 5, 4)},
		.attr = {1, SAME}},
	{.name = "valid",
		.examples = 5,
		.lengths = {5, 1, 0, 3, 2},
		.n_in = 3,
		.in = {CASE_CONV(3, 2, 3)},
		.attr = {1, VALID}},
	{.name = "one_tap",
		.examples = 3,
		.lengths = {3, 0, 1},
		.n_in = 3,
		.in = {CASE_CONV(3, 2, 1)},
		.attr = {1, SAME}},
	{.name = "no_bias",
		.examples = 3,
		.lengths = {4, 1, 3},
		.n_in = 2,
		.in = {CASE_CONV(3, 2, 3)},
		.attr = {2, VALID}},
	{.name = "blocks",
		.examples = 3,
		.lengths = {100, 61, 130},
		.n_in = 3,
		.in = {CASE_CONV(2, 2, 3)},
		.attr = {3, CAUSAL}},
	{0},
};

const struct op_class op_conv1d = {
	.desc = {.name = "conv1d",
		.usage = "conv1d(x, weight [, bias], { dilation = 1, align = 'causal' })",
		.help = "Convolution over the tokens of each example, zeros beyond its ends; weight [out, width * in], "
			"tap "
			"after tap. align: causal, same or valid (zeros where a window passes the end).",
		.args = args},
	.arity_min = 2,
	.arity_max = 3,
	.need_in = 3,
	.shape = shape,
	.scratch = scratch,
	.work = work,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
