/* 1 where two ids are the same and neither is absent (-1), else 0: [rows, K] and [rows, K] or [rows] -> [rows, K]. */
#include "graph/op_util.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char ta[80], tb[80];
	TRY(op_need_int("same", s, 0, "a", e));
	TRY(op_need_int("same", s, 1, "b", e));
	const struct shape *a = &s->shape[0], *b = &s->shape[1];
	if (!shape_same(a, b) && (a->axis != b->axis || b->ndim))
		return err_set(e, ERR_SHAPE, "same: a is %s and b is %s; give equal shapes, or one id per row as b",
			shape_text(a, ta, sizeof ta), shape_text(b, tb, sizeof tb));
	*out = *a;
	return OK;
}

static void forward(struct op_io *io)
{
	int64_t n = op_numbers(&io->in[0]), k = n / (io->in[1].rows ? op_numbers(&io->in[1]) : 1);
	for (int64_t i = 0; i < n; i++)
		io->out.v[i] = io->in[0].i[i] >= 0 && io->in[0].i[i] == io->in[1].i[i / k];
}

const struct op_class op_same = {
	.desc = {.name = "same", .usage = "same(a, b)", .help = "1 where two ids are the same and not -1, else 0."},
	.arity_min = 2,
	.arity_max = 2,
	.flags = OP_NOGRAD,
	.shape = shape,
	.forward = forward,
};
