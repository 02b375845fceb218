#include "graph/levels.h"

enum err_code levels_need_table(const char *op, const struct op_sig *s, int k, const char *what, struct err *e)
{
	TRY(op_need_fixed(op, s, k, what, 2, e));
	if (levels_dim(&s->shape[k], s->attr) < 1)
		return err_set(e, ERR_SHAPE, "%s: %s must hold %d vectors per row, but its rows have %d numbers", op,
			what, (int)s->attr[LEVELS_ATTR], s->shape[k].dim[1]);
	return OK;
}

static bool on_tokens(const struct shape *s)
{
	return (s->axis == AXIS_TOKEN || s->axis == AXIS_TOKEN2) && shape_width(s) == 1;
}

enum err_code levels_need_ratings(const char *op, const struct op_sig *s, int ids, int ratings, struct err *e)
{
	char text[80];
	TRY(op_need_int(op, s, ids, "ids", e));
	TRY(op_need_real(op, s, ratings, "the ratings", e));
	if (!on_tokens(&s->shape[ids]))
		return err_set(e, ERR_SHAPE, "%s: ids must be a plain column on tokens, got %s", op,
			shape_text(&s->shape[ids], text, sizeof text));
	return op_need_same(op, s, ids, "ids", ratings, "the ratings", e);
}
