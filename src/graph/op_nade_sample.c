/* A draw from binary NADE for each example: c [H], W [D, H], V [D, H], b [D], a column of examples -> v [examples, D] of 0 and 1,
 * one conditional after the other (see graph/nade.h).  Passes no gradient.  Keyed by (step, example). */
#include "graph/nade.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	TRY(nade_need("nade_sample", s, e));
	if (s->shape[NADE_OWN].axis != AXIS_EXAMPLE)
		return err_set(e, ERR_SHAPE,
			"nade_sample: the last input says how many to draw, and must be a column of examples");
	*out = shape_rows(AXIS_EXAMPLE, 1, s->shape[NADE_W].dim[0], 0);
	return OK;
}

/* a [H], h [H], and order [D] as int32. */
static size_t scratch(const struct op_io *io)
{
	return 2 * (size_t)io->in[NADE_C].shape.dim[0] + (size_t)io->in[NADE_W].shape.dim[0];
}

static void draw(const struct op_io *io, int32_t e, real *out)
{
	int64_t n = io->in[NADE_C].shape.dim[0], items = io->in[NADE_W].shape.dim[0];
	real *a = io->scratch, *h = a + n;
	int32_t *order = (int32_t *)(void *)(h + n);
	struct rng r = op_stream(io, e);
	nade_order(io, &r, order);
	rows_copy(io->in[NADE_C].v, a, n);
	nade_hidden(a, h, n);
	for (int64_t p = 0; p < items; p++) {
		int32_t i = order[p];
		real s = io->in[NADE_B].v[i] + rows_dot(io->in[NADE_V].v + i * n, h, n);
		out[i] = rng_unit(&r) < (double)vm_sigmoid(s) ? 1 : 0;
		if (out[i] == 0)
			continue;
		rows_add(io->in[NADE_W].v + i * n, a, n);
		nade_hidden(a, h, n);
	}
}

static void forward(struct op_io *io)
{
	for (int32_t e = 0; e < io->examples; e++)
		draw(io, e, io->out.v + e * (int64_t)io->in[NADE_W].shape.dim[0]);
}

static const struct arg_spec args[] = {NADE_ORDER_ARG, {0}};

const struct op_class op_nade_sample = {
	.desc = {.name = "nade_sample",
		.usage = "nade_sample(c, W, V, b, examples, { order = 'given' })",
		.help = "Draws a set of items for each example from NADE; no gradient flows through it.",
		.args = args},
	.arity_min = 5,
	.arity_max = 5,
	.flags = OP_RANDOM | OP_NOGRAD,
	.shape = shape,
	.scratch = scratch,
	.forward = forward,
};
