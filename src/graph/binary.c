#include "graph/op_binary.h"

/* Whether `small` can be repeated to the shape of `big`. */
static bool repeats(const struct shape *small, const struct shape *big)
{
	if (small->axis == AXIS_FIXED) {
		if (shape_width(small) == 1)
			return true;
		if (small->ndim > big->ndim)
			return false;
		for (int i = 0; i < small->ndim; i++)
			if (small->dim[i] != big->dim[big->ndim - small->ndim + i])
				return false;
		return true;
	}
	if (small->axis != big->axis)
		return false;
	if (shape_width(small) == 1)
		return true;
	return small->ndim == 1 && big->ndim == 2 && small->dim[0] == big->dim[1];
}

static bool first_is_big(const struct shape *x, const struct shape *y)
{
	return shape_same(x, y) || repeats(y, x);
}

enum err_code binary_shape(const char *op, const struct op_sig *s, struct shape *out, struct err *e)
{
	TRY(op_need_real(op, s, 0, "the first value", e));
	TRY(op_need_real(op, s, 1, "the second value", e));
	const struct shape *x = &s->shape[0], *y = &s->shape[1];
	char tx[80], ty[80];
	if (first_is_big(x, y))
		*out = *x;
	else if (repeats(x, y))
		*out = *y;
	else
		return err_set(e, ERR_SHAPE,
			"%s: %s and %s fit neither exactly nor by repeating a scalar, a row or a vector", op,
			shape_text(x, tx, sizeof tx), shape_text(y, ty, sizeof ty));
	return OK;
}

void binary_walk_init(struct binary_walk *w, const struct op_io *io)
{
	const struct operand *x = &io->in[0], *y = &io->in[1];
	int big = first_is_big(&x->shape, &y->shape) ? 0 : 1;
	const struct operand *l = &io->in[big], *s = &io->in[1 - big];
	int64_t all = op_numbers(l), width = shape_width(&s->shape);
	*w = (struct binary_walk){{1, 1, all}, {{0, 0, 1}, {0, 0, 1}}};
	if (shape_same(&l->shape, &s->shape))
		return;
	int64_t *big_stride = w->stride[big], *small_stride = w->stride[1 - big];
	small_stride[2] = width > 1;
	if (s->shape.axis == AXIS_FIXED) {
		if (width == 1)
			return;
		w->n[1] = all / width;
		w->n[2] = width;
		big_stride[1] = width;
		return;
	}
	w->n[0] = l->rows;
	w->n[1] = width > 1 ? l->shape.dim[0] : 1;
	w->n[2] = width > 1 ? width : shape_width(&l->shape);
	big_stride[0] = shape_width(&l->shape);
	big_stride[1] = w->n[2];
	small_stride[0] = width;
}
