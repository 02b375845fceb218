/* A counting sort by item; two passes over the rows. */
#include "data/transpose.h"

#include "base/mem.h"

#include <string.h>

static bool wanted(const struct transpose *t, int64_t row)
{
	return t->parts >> t->split->part[row] & 1;
}

static struct transpose *allocate(const struct split *s, unsigned parts, int64_t rows)
{
	const struct dataset *d = s->data;
	size_t head = sizeof(struct transpose), start = ((size_t)d->n_items + 1) * sizeof(int64_t);
	size_t ids = (size_t)rows * sizeof(int32_t), ratings = d->rating ? (size_t)rows * sizeof(float) : 0;
	char *block = mem_calloc(1, head + start + ids + ratings);
	if (!block)
		return NULL;
	struct transpose *t = (void *)block;
	*t = (struct transpose){.split = s, .parts = parts, .start = (void *)(block + head)};
	t->user = (void *)(block + head + start);
	t->rating = d->rating ? (void *)(block + head + start + ids) : NULL;
	return t;
}

/* start[i] comes to be where item i begins; it was where item i + 1 is filled next. */
static void fill(struct transpose *t)
{
	const struct dataset *d = t->split->data;
	for (int32_t u = 0; u < d->n_users; u++)
		for (int64_t row = d->start[u]; row < d->start[u + 1]; row++) {
			if (!wanted(t, row))
				continue;
			int64_t at = t->start[d->item[row]]++;
			t->user[at] = u;
			if (t->rating)
				t->rating[at] = d->rating[row];
		}
	memmove(t->start + 1, t->start, (size_t)d->n_items * sizeof *t->start);
	t->start[0] = 0;
}

enum err_code transpose_new(const struct split *s, unsigned parts, struct transpose **out, struct err *e)
{
	const struct dataset *d = s->data;
	int64_t rows = 0, n = d->start[d->n_users], before = 0;
	struct transpose probe = {.split = s, .parts = parts};
	for (int64_t row = 0; row < n; row++)
		rows += wanted(&probe, row);
	struct transpose *t = *out = allocate(s, parts, rows);
	if (!t)
		return err_set(e, ERR_NOMEM, "no memory for the columns of %lld interactions", (long long)rows);
	for (int64_t row = 0; row < n; row++)
		t->start[d->item[row]] += wanted(t, row);
	for (int32_t i = 0; i <= d->n_items; i++) {
		int64_t count = t->start[i];
		t->start[i] = before;
		before += count;
	}
	fill(t);
	return OK;
}
