/* Adds a column to the signature of a batch. */
#ifndef GUSTO_DATA_FIELD_H
#define GUSTO_DATA_FIELD_H

#include "base/batch.h"
#include "base/err.h"

#include <stdio.h>

static inline void field_add(struct batch *b, const char *name, enum field_type type, enum axis axis, int32_t width)
{
	CHECK(b->nfields < BATCH_FIELDS_MAX, "no room for column %s", name);
	struct field_spec *f = &b->spec[b->nfields++];
	*f = (struct field_spec){.type = type, .axis = axis, .width = width};
	snprintf(f->name, sizeof f->name, "%s", name);
}

#endif
