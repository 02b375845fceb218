#include "graph/rowgrad.h"

#include "base/mem.h"

#include <string.h>

enum { LINE = 64 }; /* bytes */

/* Each part may leave a chunk that is not full. */
static int64_t places(int64_t most, int parts)
{
	return (most + ROWGRAD_CHUNK - 1) / ROWGRAD_CHUNK * ROWGRAD_CHUNK + (int64_t)parts * ROWGRAD_CHUNK;
}

bool rowgrad_init(struct rowgrad *r, int32_t rows, int32_t width, int64_t most, int parts)
{
	int64_t cap = places(most, parts);
	*r = (struct rowgrad){.width = width, .parts = parts, .cap = (int32_t)cap};
	if (cap > INT32_MAX)
		return false;
	while (((size_t)width << r->shift) * sizeof(real) < LINE)
		r->shift++;
	r->slot = mem_calloc((size_t)rows, sizeof *r->slot);
	r->row = mem_calloc((size_t)cap, sizeof *r->row);
	r->next = mem_calloc((size_t)parts, sizeof *r->next);
	r->part = mem_calloc((size_t)(cap / ROWGRAD_CHUNK), sizeof *r->part);
	r->g = mem_aligned((size_t)cap * (size_t)width * sizeof *r->g);
	return r->slot && r->row && r->next && r->part && r->g;
}

void rowgrad_fini(struct rowgrad *r)
{
	mem_free(r->slot);
	mem_free(r->row);
	mem_free(r->next);
	mem_free(r->part);
	mem_aligned_free(r->g);
	*r = (struct rowgrad){0};
}

void rowgrad_clear(struct rowgrad *r)
{
	r->n = 0;
	for (int32_t k = 0; k < r->parts; k++)
		r->next[k] = 0;
}
