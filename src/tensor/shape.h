/* Shapes: a run-time axis in front, fixed dimensions behind.
 *
 *   [axis, dim[0], ..., dim[ndim-1]]     width = product of dim = numbers per row
 * AXIS_FIXED has exactly one "row": a matrix parameter [items, d] is {AXIS_FIXED, 2, {items, d}}, a scalar is
 * {AXIS_FIXED, 0}.  A packed sequence of vectors [T, d] is {AXIS_TOKEN, 1, {d}}. */
#ifndef GUSTO_TENSOR_SHAPE_H
#define GUSTO_TENSOR_SHAPE_H

#include "base/batch.h"

#include <stdbool.h>
#include <stddef.h>

enum { SHAPE_DIMS = 4 };

struct shape {
	enum axis axis;
	int ndim;
	int32_t dim[SHAPE_DIMS];
};

static inline int64_t shape_width(const struct shape *s)
{
	int64_t n = 1;
	for (int i = 0; i < s->ndim; i++)
		n *= s->dim[i];
	return n;
}

/* The last dimension (1 for a plain column), and how many such vectors stand in a row. */
static inline int32_t shape_last(const struct shape *s)
{
	return s->ndim ? s->dim[s->ndim - 1] : 1;
}
static inline int64_t shape_vectors(const struct shape *s)
{
	return s->ndim ? shape_width(s) / (s->dim[s->ndim - 1] ? s->dim[s->ndim - 1] : 1) : 1;
}

bool shape_same(const struct shape *a, const struct shape *b);
/* "[tokens, 50]", "[examples]", "[3416, 50]", "[]" */
char *shape_text(const struct shape *s, char *buf, size_t size);

struct shape shape_fixed(int ndim, int32_t d0, int32_t d1, int32_t d2);
struct shape shape_rows(enum axis axis, int ndim, int32_t d0, int32_t d1);

#endif
