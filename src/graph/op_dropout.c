/* In training each number is dropped with probability `rate` and the others are divided by 1 - rate (Srivastava et al.
 * 2014), or kept as they are where `plain` (the masking noise of denoising autoencoders); otherwise y = x.  The mask is a function of the step's key and the number's place in the whole batch, so it is
 * made again in backward and never stored. */
#include "graph/op_util.h"
#include "tensor/mask.h"
#include "tensor/rows.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	return op_shape_like_first("dropout", s, out, e);
}

static struct mask mask_of(const struct op_io *io)
{
	struct mask m = mask_new(io->key, io->attr[0]);
	if (io->attr[1] != 0)
		m.scale = 1;
	return m;
}

static bool active(const struct op_io *io)
{
	return io->train && io->attr[0] > 0;
}

static uint64_t first_number(const struct op_io *io)
{
	return (uint64_t)(io->in[0].first_row * shape_width(&io->in[0].shape));
}

static void forward(struct op_io *io)
{
	int64_t n = op_numbers(&io->out);
	struct mask m = mask_of(io);
	if (active(io))
		mask_apply(&m, first_number(io), n, io->in[0].v, io->out.v, false);
	else
		memcpy(io->out.v, io->in[0].v, (size_t)n * sizeof *io->out.v);
}

static void backward(struct op_io *io)
{
	const real *g = io->out.g;
	struct mask m = mask_of(io);
	if (!io->in[0].g)
		return;
	if (active(io))
		mask_apply(&m, first_number(io), op_numbers(&io->out), g, io->in[0].g, io->in[0].add);
	else
		GRAD_EACH(io->in[0], op_numbers(&io->out), i, g[i]);
}

static const struct arg_spec args[] = {
	{"rate", ARG_REAL, 0.5, 0, 0.99, ARG_LIVE, "share of numbers dropped in training", NULL, NULL},
	{"plain", ARG_BOOL, 0, 0, 1, 0, "the others keep their values", NULL, NULL},
	{0},
};

static const struct op_case cases[] = {
	{.name = "tokens",
		.examples = 3,
		.lengths = {4, 1, 3},
		.n_in = 1,
		.in = {CASE_REAL(AXIS_TOKEN, 1, 5)},
		.attr = {0.3}},
	{.name = "wide", .examples = 3, .n_in = 1, .in = {CASE_REAL(AXIS_EXAMPLE, 1, 301)}, .attr = {0.5}},
	{.name = "plain", .examples = 3, .n_in = 1, .in = {CASE_REAL(AXIS_EXAMPLE, 1, 31)}, .attr = {0.5, 1}},
	{.name = "off", .examples = 3, .n_in = 1, .in = {CASE_REAL(AXIS_EXAMPLE, 1, 3)}, .attr = {0}},
	{0},
};

const struct op_class op_dropout = {
	.desc = {.name = "dropout",
		.usage = "dropout(x, { rate = 0.5, plain = false })",
		.help = "In training drops numbers with probability rate and divides the others by 1 - rate (plain: "
			"keeps them).",
		.args = args},
	.arity_min = 1,
	.arity_max = 1,
	.flags = OP_RANDOM,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
