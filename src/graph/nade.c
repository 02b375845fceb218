#include "graph/nade.h"

enum err_code nade_need(const char *op, const struct op_sig *s, struct err *e)
{
	TRY(op_need_fixed(op, s, NADE_C, "c", 1, e));
	TRY(op_need_fixed(op, s, NADE_W, "W", 2, e));
	TRY(op_need_fixed(op, s, NADE_V, "V", 2, e));
	TRY(op_need_fixed(op, s, NADE_B, "b", 1, e));
	int32_t h = s->shape[NADE_C].dim[0], d = s->shape[NADE_B].dim[0];
	for (int k = NADE_W; k <= NADE_V; k++)
		if (s->shape[k].dim[0] != d || s->shape[k].dim[1] != h)
			return err_set(e, ERR_SHAPE, "%s: %s must be [%d, %d] as c and b say, but is [%d, %d]", op,
				k == NADE_W ? "W" : "V", d, h, s->shape[k].dim[0], s->shape[k].dim[1]);
	return OK;
}
