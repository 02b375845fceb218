/* The same numbers of a row under other dimensions: no data moves. */
#include "graph/op_util.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	TRY(op_need_real("reshape", s, 0, "x", e));
	int64_t width = shape_width(&s->shape[0]), known = 1;
	int infer = -1;
	*out = (struct shape){s->shape[0].axis, 0, {0}};
	for (int k = 0; k < 3 && s->attr[k] != 0; k++) {
		out->dim[out->ndim++] = (int32_t)s->attr[k];
		if (s->attr[k] < 0)
			infer = k;
		else
			known *= (int64_t)s->attr[k];
	}
	if (infer >= 0)
		out->dim[infer] = (int32_t)(width / known);
	if (shape_width(out) != width)
		return err_set(e, ERR_SHAPE,
			"reshape: %s has %lld numbers per row, which is not %g x %g x %g (0: no such dimension)",
			shape_text(&s->shape[0], text, sizeof text), (long long)width, s->attr[0], s->attr[1],
			s->attr[2]);
	return OK;
}

static const struct arg_spec args[] = {
	{"d0", ARG_INT, 0, -1, 1 << 30, 0, "first dimension; -1: what remains, 0: none", NULL, NULL},
	{"d1", ARG_INT, 0, -1, 1 << 30, 0, "second dimension", NULL, NULL},
	{"d2", ARG_INT, 0, -1, 1 << 30, 0, "third dimension", NULL, NULL},
	{0},
};

const struct op_class op_reshape = {
	.desc = {.name = "reshape",
		.usage = "reshape(x, { d0, d1, d2 })",
		.help = "The numbers of a row under other dimensions; no data moves. Without dimensions: a plain "
			"column.",
		.args = args},
	.arity_min = 1,
	.arity_max = 1,
	.flags = OP_ALIAS | OP_LINEAR,
	.shape = shape,
};
