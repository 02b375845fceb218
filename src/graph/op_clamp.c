#include "graph/op_util.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	if (s->attr[0] > s->attr[1])
		return err_set(e, ERR_ARG, "clamp: low=%g is above high=%g", s->attr[0], s->attr[1]);
	return op_shape_like_first("clamp", s, out, e);
}

/* A NaN passes both comparisons and stays. */
static void forward(struct op_io *io)
{
	const real *x = io->in[0].v, low = (real)io->attr[0], high = (real)io->attr[1];
	real *restrict y = io->out.v;
	int64_t n = op_numbers(&io->out);
	for (int64_t i = 0; i < n; i++)
		y[i] = x[i] < low ? low : x[i] > high ? high : x[i];
}

static void backward(struct op_io *io)
{
	const real *x = io->in[0].v, *g = io->out.g, low = (real)io->attr[0], high = (real)io->attr[1];
	GRAD_EACH(io->in[0], op_numbers(&io->out), i, x[i] < low || x[i] > high ? 0 : g[i]);
}

static const struct arg_spec args[] = {
	{"low", ARG_REAL, -1, -1e30, 1e30, ARG_LIVE, "smaller numbers become this", NULL, NULL},
	{"high", ARG_REAL, 1, -1e30, 1e30, ARG_LIVE, "larger numbers become this", NULL, NULL},
	{0},
};

static const struct op_case cases[] = {
	{.name = "tokens",
		.examples = 3,
		.lengths = {3, 1, 2},
		.n_in = 1,
		.in = {CASE_RANGE(-2, 2, AXIS_TOKEN, 1, 5)},
		.attr = {-1, 0.7}},
	{0},
};

const struct op_class op_clamp = {
	.desc = {.name = "clamp",
		.usage = "clamp(x, { low = -1, high = 1 })",
		.help = "Numbers outside of low..high become the nearer end and pass no gradient.",
		.args = args},
	.arity_min = 1,
	.arity_max = 1,
	.need_in = 1,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
