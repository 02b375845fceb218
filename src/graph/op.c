#include "graph/op.h"

#include "graph/op_util.h"

#define OP(name) extern const struct op_class op_##name;
#include "graph/ops.def"
#undef OP

#define OP(name) &op_##name.desc,
static const struct desc *const rows[] = {
#include "graph/ops.def"
};
#undef OP

const struct registry op_registry = {"op", rows, sizeof rows / sizeof rows[0]};

const struct op_class *op_find(const char *name)
{
	return (const struct op_class *)registry_find(&op_registry, name);
}

enum err_code op_need_real(const char *op, const struct op_sig *s, int k, const char *what, struct err *e)
{
	if (s->type[k] != FIELD_REAL)
		return err_set(e, ERR_SHAPE, "%s: %s must be numbers, got a column of ids; look it up with embedding",
			op, what);
	return OK;
}

enum err_code op_need_int(const char *op, const struct op_sig *s, int k, const char *what, struct err *e)
{
	char text[80];
	if (s->type[k] != FIELD_INT)
		return err_set(e, ERR_SHAPE, "%s: %s must be a column of ids, got numbers %s", op, what,
			shape_text(&s->shape[k], text, sizeof text));
	return OK;
}

enum err_code op_shape_like_first(const char *op, const struct op_sig *s, struct shape *out, struct err *e)
{
	for (int k = 0; k < s->n_in; k++)
		TRY(op_need_real(op, s, k, "x", e));
	*out = s->shape[0];
	return OK;
}

void op_shape_scalar(struct shape *out)
{
	*out = (struct shape){AXIS_FIXED, 0, {0}};
}

enum err_code op_need_same(
	const char *op, const struct op_sig *s, int a, const char *a_name, int b, const char *b_name, struct err *e)
{
	const struct shape *x = &s->shape[a], *y = &s->shape[b];
	char tx[80], ty[80];
	if (x->axis == y->axis && shape_width(x) == shape_width(y))
		return OK;
	return err_set(e, ERR_SHAPE, "%s: %s is %s but %s is %s; they must have the same shape", op, a_name,
		shape_text(x, tx, sizeof tx), b_name, shape_text(y, ty, sizeof ty));
}

enum err_code op_need_fixed(const char *op, const struct op_sig *s, int k, const char *what, int ndim, struct err *e)
{
	char text[80];
	TRY(op_need_real(op, s, k, what, e));
	if (s->shape[k].axis != AXIS_FIXED || s->shape[k].ndim != ndim)
		return err_set(e, ERR_SHAPE, "%s: %s must be a parameter with %d dimension%s, got %s", op, what, ndim,
			ndim == 1 ? "" : "s", shape_text(&s->shape[k], text, sizeof text));
	return OK;
}
