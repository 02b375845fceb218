/* Gradient reversal (Ganin and Lempitsky 2015): y = x, dx = -scale g.  What stands before it learns to make worse what stands behind
 * it: the two players of a game in one program. */
#include "graph/op_util.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	TRY(op_need_real("reverse", s, 0, "x", e));
	*out = s->shape[0];
	return OK;
}

static void forward(struct op_io *io)
{
	memcpy(io->out.v, io->in[0].v, (size_t)op_numbers(&io->out) * sizeof *io->out.v);
}

static void backward(struct op_io *io)
{
	const real scale = (real)io->attr[0], *g = io->out.g;
	GRAD_EACH(io->in[0], op_numbers(&io->out), i, -scale * g[i]);
}

static const struct arg_spec args[] = {
	{"scale", ARG_REAL, 1, 0, 1e6, ARG_LIVE, "factor of the turned gradient"},
	{0},
};

/* The gradient is not the derivative: nothing for the check of derivatives. */
static const struct op_case cases[] = {
	{.name = "tokens",
		.examples = 3,
		.lengths = {4, 0, 3},
		.n_in = 1,
		.in = {{.type = FIELD_REAL, .shape = {AXIS_TOKEN, 1, {5}}, .lo = -1, .hi = 1, .no_grad = true}}},
	{0},
};

const struct op_class op_reverse = {
	.desc = {.name = "reverse",
		.usage = "reverse(x, { scale = 1 })",
		.help = "x itself, whose gradient is turned round: -scale times what comes back.",
		.args = args},
	.arity_min = 1,
	.arity_max = 1,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
