/* x times a factor that moves linearly with the step s of training: from at s = 0, to at s >= steps.
 *   y = x f(s),  f = from + (to - from) min(1, s / steps);   outside of training f = to
 * An annealed weight of a loss (the KL term of Mult-VAE, Liang et al. 2018, section 2.2.2) without tracing again. */
#include "graph/op_util.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	return op_shape_like_first("ramp", s, out, e);
}

static real factor(const struct op_io *io)
{
	double from = io->attr[0], to = io->attr[1], steps = io->attr[2];
	double share = !io->train || (double)io->step >= steps ? 1 : (double)io->step / steps;
	return (real)(from + (to - from) * share);
}

static void forward(struct op_io *io)
{
	int64_t n = op_numbers(&io->out);
	const real f = factor(io);
	for (int64_t i = 0; i < n; i++)
		io->out.v[i] = f * io->in[0].v[i];
}

static void backward(struct op_io *io)
{
	const real f = factor(io), *g = io->out.g;
	GRAD_EACH(io->in[0], op_numbers(&io->out), i, f * g[i]);
}

static const struct arg_spec args[] = {
	{"from", ARG_REAL, 0, -1e9, 1e9, ARG_LIVE, "the factor at the first step", NULL, NULL},
	{"to", ARG_REAL, 1, -1e9, 1e9, ARG_LIVE, "the factor in the end", NULL, NULL},
	{"steps", ARG_REAL, 0, 0, 1e15, ARG_LIVE, "how many steps it takes; 0: at once", NULL, NULL},
	{0},
};

static const struct op_case cases[] = {
	{.name = "halfway", .examples = 3, .n_in = 1, .in = {CASE_REAL(AXIS_EXAMPLE, 1, 4)}, .attr = {.5, 2, 10}},
	{.name = "over", .examples = 3, .n_in = 1, .in = {CASE_REAL(AXIS_FIXED, 1, 4)}, .attr = {0, .2, 0}},
	{0},
};

const struct op_class op_ramp = {
	.desc = {.name = "ramp",
		.usage = "ramp(x, { from = 0, to = 1, steps })",
		.help = "x times a factor that moves linearly with the step of training, for annealed weights of a "
			"loss.",
		.args = args},
	.arity_min = 1,
	.arity_max = 1,
	.flags = OP_LINEAR,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
