/* Carries states from one step to the next: in training row e of h becomes row lane[e] of a parameter, which the next step looks up
 * (session-parallel mini-batches: Hidasi et al. 2016).
 *   h [examples, d], state [lanes, d] (a parameter that is not trained), lane [examples];  out = h, without a gradient
 * The one op that writes to an input.  No two examples of a batch may have the same lane; then it does not matter which slice
 * runs first, since each reads and writes the lanes of its own examples only.  Whoever reads the state must do so
 * earlier in the same program, by looking it up (a copy).  The parameter is saved with the others, so that a run that is resumed or
 * replayed goes on as it was. */
#include "graph/op_util.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	TRY(op_need_real("carry", s, 0, "h", e));
	TRY(op_need_fixed("carry", s, 1, "the state", 2, e));
	TRY(op_need_int("carry", s, 2, "the lanes", e));
	const struct shape *h = &s->shape[0], *lane = &s->shape[2];
	if (h->axis != AXIS_EXAMPLE || h->ndim != 1 || h->dim[0] != s->shape[1].dim[1])
		return err_set(e, ERR_SHAPE, "carry: h must be [examples, %d] like the rows of the state, got %s",
			s->shape[1].dim[1], shape_text(h, text, sizeof text));
	if (lane->axis != AXIS_EXAMPLE || shape_width(lane) != 1)
		return err_set(e, ERR_SHAPE, "carry: lanes must be one per example, got %s",
			shape_text(lane, text, sizeof text));
	*out = *h;
	return OK;
}

static void forward(struct op_io *io)
{
	int64_t d = io->out.shape.dim[0], lanes = io->in[1].shape.dim[0];
	memcpy(io->out.v, io->in[0].v, (size_t)(io->out.rows * d) * sizeof(real));
	for (int64_t r = 0; r < io->out.rows && io->train; r++) {
		int32_t lane = io->in[2].i[r];
		if (lane >= 0 && lane < lanes)
			rows_copy(io->in[0].v + r * d, io->in[1].v + lane * d, d);
	}
}

const struct op_class op_carry = {
	.desc = {.name = "carry",
		.usage = "carry(h, state, lanes)",
		.help = "In training row e of h becomes row lanes[e] of the parameter `state`, for the next step to "
			"look up; "
			"gives h without a gradient."},
	.arity_min = 3,
	.arity_max = 3,
	.flags = OP_NOGRAD,
	.shape = shape,
	.forward = forward,
};
