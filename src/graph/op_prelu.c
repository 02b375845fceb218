/* Parametric ReLU (He et al. 2015): y = x above 0, a x below, with one slope a for all numbers ([1]) or one for each of the
 * last dimension ([d]).
 *   dx = g above 0, a g below;  da = sum over the vectors of g x where x < 0 */
#include "graph/op_util.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	TRY(op_need_real("prelu", s, 0, "x", e));
	TRY(op_need_fixed("prelu", s, 1, "the slope", 1, e));
	int32_t slopes = s->shape[1].dim[0];
	if (slopes != 1 && slopes != shape_last(&s->shape[0]))
		return err_set(e, ERR_SHAPE, "prelu: there are %d slopes but x is %s; give 1, or one for each number",
			slopes, shape_text(&s->shape[0], text, sizeof text));
	*out = s->shape[0];
	return OK;
}

/* Vectors and their width as the slopes see them: a single slope has one vector of everything. */
static void extent(const struct op_io *io, int64_t *vectors, int64_t *width)
{
	int64_t n = op_numbers(&io->out);
	*width = io->in[1].shape.dim[0];
	*vectors = n / *width;
}

static void forward(struct op_io *io)
{
	const real *restrict x = io->in[0].v, *restrict a = io->in[1].v;
	real *restrict y = io->out.v;
	int64_t vectors, d;
	extent(io, &vectors, &d);
	for (int64_t r = 0; r < vectors; r++, x += d, y += d)
		for (int64_t j = 0; j < d; j++)
			y[j] = x[j] < 0 ? a[j] * x[j] : x[j];
}

static void backward_x(struct op_io *io, int64_t vectors, int64_t d)
{
	const real *restrict x = io->in[0].v, *restrict a = io->in[1].v, *restrict g = io->out.g;
	real *restrict dx = io->in[0].g;
	const real keep = io->in[0].add ? 1 : 0;
	for (int64_t r = 0; r < vectors; r++, x += d, g += d, dx += d)
		for (int64_t j = 0; j < d; j++)
			dx[j] = (keep != 0 ? dx[j] : 0) + (x[j] < 0 ? a[j] * g[j] : g[j]);
}

static void backward(struct op_io *io)
{
	int64_t vectors, d;
	extent(io, &vectors, &d);
	if (io->in[0].g)
		backward_x(io, vectors, d);
	op_grad_begin(&io->in[1]);
	const real *restrict x = io->in[0].v, *restrict g = io->out.g;
	real *restrict da = io->in[1].g;
	for (int64_t r = 0; da && r < vectors; r++, x += d, g += d)
		for (int64_t j = 0; j < d; j++)
			da[j] += x[j] < 0 ? g[j] * x[j] : 0;
}

static const struct op_case cases[] = {
	{.name = "by_number",
		.examples = 3,
		.lengths = {3, 0, 2},
		.n_in = 2,
		.in = {CASE_RANGE(-2, 2, AXIS_TOKEN, 1, 5), CASE_REAL(AXIS_FIXED, 1, 5)}},
	{.name = "shared",
		.examples = 4,
		.n_in = 2,
		.in = {CASE_RANGE(-2, 2, AXIS_EXAMPLE, 2, 3, 2), CASE_REAL(AXIS_FIXED, 1, 1)}},
	{.name = "column",
		.examples = 5,
		.n_in = 2,
		.in = {CASE_RANGE(-2, 2, AXIS_EXAMPLE, 0, 0), CASE_REAL(AXIS_FIXED, 1, 1)}},
	{0},
};

const struct op_class op_prelu = {
	.desc = {.name = "prelu",
		.usage = "prelu(x, slope)",
		.help = "x above 0, slope * x below, with trained slopes (He et al. 2015)."},
	.arity_min = 2,
	.arity_max = 2,
	.need_in = 3,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
