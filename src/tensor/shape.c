#include "tensor/shape.h"

#include <stdio.h>

bool shape_same(const struct shape *a, const struct shape *b)
{
	if (a->axis != b->axis || a->ndim != b->ndim)
		return false;
	for (int i = 0; i < a->ndim; i++)
		if (a->dim[i] != b->dim[i])
			return false;
	return true;
}

char *shape_text(const struct shape *s, char *buf, size_t size)
{
	static const char *const axis[AXIS_N] = {"", "examples", "tokens", "tokens2"};
	size_t n = (size_t)snprintf(buf, size, "[%s", axis[s->axis]);
	for (int i = 0; i < s->ndim && n < size; i++)
		n += (size_t)snprintf(buf + n, size - n, "%s%d", i || s->axis ? ", " : "", s->dim[i]);
	if (n < size)
		snprintf(buf + n, size - n, "]");
	return buf;
}

struct shape shape_fixed(int ndim, int32_t d0, int32_t d1, int32_t d2)
{
	return (struct shape){AXIS_FIXED, ndim, {d0, d1, d2, 0}};
}

struct shape shape_rows(enum axis axis, int ndim, int32_t d0, int32_t d1)
{
	return (struct shape){axis, ndim, {d0, d1, 0, 0}};
}
