/* Rows of one packed axis by their places within the example, on another: x [tokens, d], places [tokens2] -> [tokens2, d].
 *   y_r = x[first token of r's example + place_r],  dx[that] += g_r
 * So a loss over some tokens (the masked ones) costs what they cost.  A place outside of the example gives zeros. */
#include "graph/op_util.h"
#include "tensor/rows.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	TRY(op_need_real("take", s, 0, "x", e));
	TRY(op_need_int("take", s, 1, "the places", e));
	const struct shape *x = &s->shape[0], *p = &s->shape[1];
	if (x->axis < AXIS_TOKEN)
		return err_set(e, ERR_SHAPE, "take: x must lie on tokens, got %s", shape_text(x, text, sizeof text));
	if (p->axis < AXIS_EXAMPLE || shape_width(p) != 1)
		return err_set(e, ERR_SHAPE, "take: places must be a plain column of examples or tokens, got %s",
			shape_text(p, text, sizeof text));
	*out = *x;
	out->axis = p->axis;
	return OK;
}

/* The rows of example s on the axis of the places. */
static int64_t first_place(const struct op_io *io, int32_t s)
{
	enum axis a = io->in[1].shape.axis;
	return a == AXIS_EXAMPLE ? s : io->offsets[a][s];
}

static void forward(struct op_io *io)
{
	const int32_t *at = io->offsets[io->in[0].shape.axis];
	int64_t d = shape_width(&io->out.shape);
	for (int32_t s = 0; s < io->examples; s++)
		for (int64_t r = first_place(io, s); r < first_place(io, s + 1); r++) {
			int32_t place = io->in[1].i[r];
			if (place >= 0 && place < at[s + 1] - at[s])
				rows_copy(io->in[0].v + (at[s] + place) * d, io->out.v + r * d, d);
			else
				memset(io->out.v + r * d, 0, (size_t)d * sizeof *io->out.v);
		}
}

static void backward(struct op_io *io)
{
	const int32_t *at = io->offsets[io->in[0].shape.axis];
	int64_t d = shape_width(&io->out.shape);
	if (!io->in[0].g)
		return;
	op_grad_begin(&io->in[0]);
	for (int32_t s = 0; s < io->examples; s++)
		for (int64_t r = first_place(io, s); r < first_place(io, s + 1); r++) {
			int32_t place = io->in[1].i[r];
			if (place >= 0 && place < at[s + 1] - at[s])
				rows_add(io->out.g + r * d, io->in[0].g + (at[s] + place) * d, d);
		}
}

static const struct op_case cases[] = {
	{.name = "tokens",
		.examples = 4,
		.lengths = {4, 1, 0, 3},
		.n_in = 2,
		.in = {CASE_REAL(AXIS_TOKEN, 1, 5), CASE_ABSENT(4, AXIS_TOKEN2, 0, 0)}},
	{.name = "one of each",
		.examples = 3,
		.lengths = {2, 0, 3},
		.n_in = 2,
		.in = {CASE_REAL(AXIS_TOKEN2, 0, 0), CASE_INT(3, AXIS_EXAMPLE, 0, 0)}},
	{0},
};

const struct op_class op_take = {
	.desc = {.name = "take",
		.usage = "take(x, places)",
		.help = "Rows of x by their places within the example, from 0; a place outside gives zeros."},
	.arity_min = 2,
	.arity_max = 2,
	.need_in = 2,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
