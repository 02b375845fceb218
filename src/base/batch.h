/* A batch: named columns over axes.  The currency between data (which fills it) and graph (which binds it).
 *
 * Axis lengths are known only at run time:
 *   AXIS_EXAMPLE   one row per example (user, session, pair)
 *   AXIS_TOKEN     packed tokens; offsets[AXIS_TOKEN][e]..[e+1] are the tokens of example e
 *   AXIS_TOKEN2    a second packed set (given negatives, baskets, ...), likewise
 *   AXIS_FIXED     no run-time axis: `width` numbers for the whole batch
 * A column [axis, width] is row-major.  Ids are int32, zero-based. */
#ifndef GUSTO_BASE_BATCH_H
#define GUSTO_BASE_BATCH_H

#include "base/real.h"

#include <stdint.h>

enum axis { AXIS_FIXED = 0, AXIS_EXAMPLE, AXIS_TOKEN, AXIS_TOKEN2, AXIS_N };
enum field_type { FIELD_INT, FIELD_REAL };

struct field_spec {
	char name[32]; /* "user", "item", "target", "negative", "label", "candidate", ... */
	enum field_type type;
	enum axis axis;
	int32_t width; /* numbers per row; 1 for a plain column */
	int32_t below; /* FIELD_INT: the ids are less than this (-1: absent); 0: not known */
};

enum { BATCH_FIELDS_MAX = 16 };

struct batch {
	int32_t examples;
	const int32_t *offsets[AXIS_N]; /* [examples + 1] for the token axes in use, else NULL */
	int nfields;
	struct field_spec spec[BATCH_FIELDS_MAX];
	const void *column[BATCH_FIELDS_MAX]; /* int32_t or real */
	uint64_t seed, step;		      /* keys of the random streams inside the program */
};

/* Rows of an axis in the batch: examples, or the last offset; 1 for AXIS_FIXED. */
static inline int64_t batch_rows(const struct batch *b, enum axis a)
{
	return a == AXIS_FIXED ? 1 : a == AXIS_EXAMPLE ? b->examples : b->offsets[a] ? b->offsets[a][b->examples] : 0;
}

#endif
