#include "graph/param.h"

#include "base/mem.h"
#include "base/room.h"

#include <stdio.h>
#include <string.h>

enum err_code param_new(const char *name, const struct shape *shape, struct param **out, struct err *e)
{
	CHECK(shape->axis == AXIS_FIXED, "a parameter has fixed dimensions");
	int64_t n = 1;
	for (int i = 0; i < shape->ndim; i++) {
		if (shape->dim[i] < 1)
			return err_set(e, ERR_SHAPE, "parameter %s: dimension %d is %d, at least 1 is needed", name,
				i + 1, shape->dim[i]);
		if (__builtin_mul_overflow(n, (int64_t)shape->dim[i], &n))
			return err_set(e, ERR_SHAPE, "parameter %s has more numbers than can be counted", name);
	}
	char text[80];
	TRY(room_for((double)n * sizeof(real), e, "parameter %s %s", name, shape_text(shape, text, sizeof text)));
	struct param *p = mem_calloc(1, sizeof *p);
	if (p)
		p->value = mem_aligned((size_t)n * sizeof(real));
	if (!p || !p->value) {
		mem_free(p);
		return err_set(
			e, ERR_NOMEM, "parameter %s: no memory for %.1f MB", name, (double)n * sizeof(real) / 1e6);
	}
	snprintf(p->name, sizeof p->name, "%s", name);
	p->refs = 1;
	p->shape = *shape;
	p->rows = shape->ndim > 1 ? shape->dim[0] : 1;
	p->width = (int32_t)(n / p->rows);
	p->n = n;
	p->trainable = true;
	*out = p;
	return OK;
}

struct param *param_ref(struct param *p)
{
	p->refs++;
	return p;
}

void param_unref(struct param *p)
{
	if (!p || --p->refs > 0)
		return;
	mem_aligned_free(p->value);
	mem_free(p);
}
