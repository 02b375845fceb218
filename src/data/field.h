/* The columns of a batch's signature. */
#ifndef GUSTO_DATA_FIELD_H
#define GUSTO_DATA_FIELD_H

#include "base/batch.h"
#include "base/err.h"
#include "data/dataset.h"

#include <stdio.h>
#include <string.h>

static inline void field_add(struct batch *b, const char *name, enum field_type type, enum axis axis, int32_t width)
{
	CHECK(b->nfields < BATCH_FIELDS_MAX, "no room for column %s", name);
	struct field_spec *f = &b->spec[b->nfields++];
	*f = (struct field_spec){.type = type, .axis = axis, .width = width};
	snprintf(f->name, sizeof f->name, "%s", name);
}

/* How far the ids of the well-known columns reach, so that tracing can check them against the tables they index; what a
 * kind has set itself stays.  length: of the window that positions count in. */
static inline void field_bound(struct batch *b, const struct dataset *d, int32_t length)
{
	const struct {
		const char *name;
		int32_t below;
	} known[] = {{"user", d->n_users}, {"item", d->n_items}, {"target", d->n_items}, {"negative", d->n_items},
		{"candidate", d->n_items}, {"position", length}};
	for (int i = 0; i < b->nfields; i++)
		for (size_t k = 0; k < sizeof known / sizeof *known; k++)
			if (b->spec[i].below == 0 && b->spec[i].type == FIELD_INT &&
				strcmp(b->spec[i].name, known[k].name) == 0)
				b->spec[i].below = known[k].below;
}

#endif
