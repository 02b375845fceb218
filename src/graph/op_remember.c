/* State that outlives the step: state [n, d], ids [rows], x [rows, d] -> x [rows, d], and state[id_r] = x_r.
 * The state is a parameter made with trainable = false, so it is saved, hashed and carried like the weights, and a resumed run
 * finds it as it was left (persistent chains, running means, ...).  It is written in training only, never in evaluation or
 * probes; ids of -1 are left out, and an id stands once in a batch, so that slices write different rows.  What reads the state
 * in the same step must be recorded before.  Passes no gradient. */
#include "graph/op_util.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	const struct shape *ids = &s->shape[1], *x = &s->shape[2];
	TRY(op_need_fixed("remember", s, 0, "the state", 2, e));
	TRY(op_need_int("remember", s, 1, "ids", e));
	TRY(op_need_real("remember", s, 2, "x", e));
	if (ids->axis == AXIS_FIXED || shape_width(ids) != 1)
		return err_set(e, ERR_SHAPE, "remember: ids must be a plain column, got %s",
			shape_text(ids, text, sizeof text));
	if (x->axis != ids->axis || shape_width(x) != s->shape[0].dim[1])
		return err_set(e, ERR_SHAPE, "remember: x must be %d numbers per id, got %s", s->shape[0].dim[1],
			shape_text(x, text, sizeof text));
	*out = *x;
	return OK;
}

static void forward(struct op_io *io)
{
	int64_t d = io->in[0].shape.dim[1];
	const real *x = io->in[2].v;
	memcpy(io->out.v, x, (size_t)op_numbers(&io->out) * sizeof *x);
	for (int64_t r = 0; io->train && r < io->in[1].rows; r++)
		if (io->in[1].i[r] >= 0)
			memcpy(io->in[0].v + io->in[1].i[r] * d, x + r * d, (size_t)d * sizeof *x);
}

const struct op_class op_remember = {
	.desc = {.name = "remember",
		.usage = "remember(state, ids, x)",
		.help = "Writes the rows of x into those rows of a parameter made with trainable = false, in training "
			"only; "
			"gives x, through which no gradient flows."},
	.arity_min = 3,
	.arity_max = 3,
	.flags = OP_NOGRAD,
	.writes = 1,
	.shape = shape,
	.forward = forward,
};
