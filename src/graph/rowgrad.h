/* The gradient of a lazy parameter's rows that one worker touched in a step: a sparse set.
 *
 * Every row belongs to one of `parts` workers, for good: it alone sums the row's gradients over the workers and updates the row, whose
 * numbers and optimizer state so stay in its core's cache (on two cores updates took two and a half times as long where any worker might
 * get any row).  Places are handed out in chunks of one part each, so that a worker finds its rows without looking at the others'. */
#ifndef GUSTO_GRAPH_ROWGRAD_H
#define GUSTO_GRAPH_ROWGRAD_H

#include "base/err.h"
#include "base/real.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ROWGRAD_CHUNK = 64 };

/* Row r is present iff s = slot[r] < n and row[s] == r. */
struct rowgrad {
	int32_t width, parts, shift; /* 2^shift rows fill a cache line */
	int32_t n, cap;		     /* places in use (whole chunks), places there are */
	int32_t *slot;		     /* [rows of the parameter] */
	int32_t *row;		     /* [cap]; -1: nobody has the place yet */
	real *g;		     /* [cap, width] */
	int32_t *
		next; /* [parts] the place that the part's next row takes; a whole number of chunks: a chunk must be begun */
	int32_t *part; /* [cap / ROWGRAD_CHUNK] whose chunk */
};

/* For up to `most` touched rows of a parameter [rows, width]; all is in *r, which rowgrad_fini frees.  False: no memory. */
bool rowgrad_init(struct rowgrad *r, int32_t rows, int32_t width, int64_t most, int parts);
void rowgrad_fini(struct rowgrad *r);
void rowgrad_clear(struct rowgrad *r); /* forgets all rows */

/* Whose row it is: by a multiplicative hash, as ids are often sorted by popularity; rows that share a cache line have one owner. */
static inline int32_t rowgrad_part(const struct rowgrad *r, int32_t row)
{
	return (int32_t)((((uint32_t)row >> r->shift) * UINT32_C(0x9E3779B1) >> 16) * (uint32_t)r->parts >> 16);
}

static inline void rowgrad_begin_chunk(struct rowgrad *r, int32_t part)
{
	r->part[r->n / ROWGRAD_CHUNK] = part;
	for (int32_t k = 0; k < ROWGRAD_CHUNK; k++)
		r->row[r->n + k] = -1;
	r->next[part] = r->n;
	r->n += ROWGRAD_CHUNK;
}

/* Where the gradient of `row` stands; *fresh: it is touched for the first time and holds anything.  Capacity was reserved before the
 * step. */
static inline real *rowgrad_find(struct rowgrad *r, int32_t row, bool *fresh)
{
	int32_t s = r->slot[row];
	*fresh = s >= r->n || r->row[s] != row;
	if (*fresh) {
		int32_t part = rowgrad_part(r, row);
		if (r->next[part] % ROWGRAD_CHUNK == 0)
			rowgrad_begin_chunk(r, part);
		s = r->next[part]++;
		r->slot[row] = s;
		r->row[s] = row;
	}
	return r->g + (int64_t)s * r->width;
}

/* The same, zeroed when first touched. */
static inline real *rowgrad_row(struct rowgrad *r, int32_t row)
{
	bool fresh;
	real *g = rowgrad_find(r, row, &fresh);
	for (int32_t j = 0; fresh && j < r->width; j++)
		g[j] = 0;
	return g;
}

/* The gradient of a row that is there, else NULL. */
static inline real *rowgrad_look(const struct rowgrad *r, int32_t row)
{
	if (!r->n)
		return NULL;
	int32_t s = r->slot[row];
	return s < r->n && r->row[s] == row ? r->g + (int64_t)s * r->width : NULL;
}

#endif
