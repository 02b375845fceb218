/* Vectors of length one: y = x / |x|, 0 where x = 0.   dx = (g - y (g . y)) / |x|
 * A vector is the last dimension, or (over = tokens) all the tokens of an example: the input of Mult-VAE, a user's row of unit
 * length (Liang et al. 2018, section 3). */
#include "graph/op_util.h"
#include "tensor/rows.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	TRY(op_need_real("l2_normalize", s, 0, "x", e));
	const struct shape *x = &s->shape[0];
	if (s->attr[0] != 0 && (x->axis < AXIS_TOKEN || shape_width(x) != 1))
		return err_set(e, ERR_SHAPE, "l2_normalize: over tokens x is one number per token, got %s",
			shape_text(x, text, sizeof text));
	if (s->attr[0] == 0 && x->ndim < 1)
		return err_set(
			e, ERR_SHAPE, "l2_normalize: x has no last dimension: %s", shape_text(x, text, sizeof text));
	*out = *x;
	return OK;
}

/* Vector i of the slice stands at from..to. */
static int64_t vectors(const struct op_io *io)
{
	return io->attr[0] == 0 ? op_vectors(&io->in[0]) : io->examples;
}

static void vector_at(const struct op_io *io, int64_t i, int64_t *from, int64_t *n)
{
	const struct shape *x = &io->in[0].shape;
	*from = io->attr[0] == 0 ? i * shape_last(x) : io->offsets[x->axis][i];
	*n = io->attr[0] == 0 ? shape_last(x) : io->offsets[x->axis][i + 1] - *from;
}

static real inverse_length(const real *x, int64_t n)
{
	real square = rows_dot(x, x, n);
	return square != 0 ? 1 / vm_sqrt(square) : 0; /* NaN stays NaN */
}

static void forward(struct op_io *io)
{
	for (int64_t i = 0; i < vectors(io); i++) {
		int64_t from, n;
		vector_at(io, i, &from, &n);
		const real *x = io->in[0].v + from;
		real scale = inverse_length(x, n);
		for (int64_t j = 0; j < n; j++)
			io->out.v[from + j] = scale * x[j];
	}
}

static void backward(struct op_io *io)
{
	op_grad_begin(&io->in[0]);
	for (int64_t i = 0; io->in[0].g && i < vectors(io); i++) {
		int64_t from, n;
		vector_at(io, i, &from, &n);
		const real *y = io->out.v + from, *g = io->out.g + from;
		real scale = inverse_length(io->in[0].v + from, n), along = rows_dot(g, y, n);
		for (int64_t j = 0; j < n; j++)
			io->in[0].g[from + j] += scale * (g[j] - along * y[j]);
	}
}

static const struct arg_spec args[] = {
	{"over", ARG_CHOICE, 0, 0, 0, 0, "what a vector is: the last dimension, or an example's tokens", "row",
		"row|tokens"},
	{0},
};

static const struct op_case cases[] = {
	{.name = "row", .examples = 4, .n_in = 1, .in = {CASE_RANGE(.1, 1, AXIS_EXAMPLE, 2, 2, 3)}},
	{.name = "tokens",
		.examples = 4,
		.lengths = {4, 1, 0, 3},
		.n_in = 1,
		.in = {CASE_RANGE(.1, 1, AXIS_TOKEN, 0, 0)},
		.attr = {1}},
	{0},
};

const struct op_class op_l2_normalize = {
	.desc = {.name = "l2_normalize",
		.usage = "l2_normalize(x, { over = 'row' })",
		.help = "x divided by its length, over the last dimension or over all the tokens of an example; zeros "
			"stay zeros.",
		.args = args},
	.arity_min = 1,
	.arity_max = 1,
	.need_in = 1,
	.need_out = true,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
