/* From a builder to a data set.
 *
 * builder_finish finds the order of the rows (a stable counting sort by user, then by time inside each user whose rows are
 * not yet in order) and gathers one column after the other; each source column is freed at once. */
#include "data/builder.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool freeze_strings(struct dataset *d, const struct intern *t, struct strtab *out, struct strindex *index)
{
	size_t n = (size_t)t->n, used = n ? (size_t)t->offset[n] : 0;
	int64_t *offset = dataset_alloc(d, (n + 1) * sizeof *offset);
	char *bytes = dataset_alloc(d, used);
	struct strslot *slot = dataset_alloc(d, (size_t)t->size * sizeof *slot);
	if (!offset || !bytes || !slot)
		return false;
	if (n) {
		memcpy(offset, t->offset, (n + 1) * sizeof *offset);
		memcpy(bytes, t->bytes, used);
		memcpy(slot, t->slot, (size_t)t->size * sizeof *slot);
	}
	*out = (struct strtab){t->n, offset, bytes};
	*index = (struct strindex){t->size, slot};
	return true;
}

/* Rows that repeat a held-out pair are not part of the data. */
static bool is_held_out(const struct builder *b, int64_t i)
{
	return (size_t)b->user[i] < b->n_held && b->held_out[b->user[i]] == b->item[i];
}

/* ---- the order of the rows ---- */

struct timed {
	int64_t time, row;
};

static int by_time(const void *pa, const void *pb)
{
	const struct timed *a = pa, *b = pb;
	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	return (a->row > b->row) - (a->row < b->row);
}

static bool in_order(const int64_t *time, const int64_t *order, int64_t n)
{
	for (int64_t i = 1; i < n; i++)
		if (time[order[i]] < time[order[i - 1]])
			return false;
	return true;
}

static bool sort_by_time(const int64_t *time, const int64_t *start, int32_t n_users, int64_t *order)
{
	struct timed *row = NULL;
	size_t cap = 0;
	bool done = true;
	for (int32_t u = 0; u < n_users && done; u++) {
		int64_t *at = order + start[u], n = start[u + 1] - start[u];
		if (in_order(time, at, n))
			continue;
		done = mem_grow(&row, &cap, (size_t)n, sizeof *row);
		for (int64_t i = 0; done && i < n; i++)
			row[i] = (struct timed){time[at[i]], at[i]};
		if (done)
			qsort(row, (size_t)n, sizeof *row, by_time);
		for (int64_t i = 0; done && i < n; i++)
			at[i] = row[i].row;
	}
	mem_free(row);
	return done;
}

/* Fills start[n_users + 1]; order[k] is the builder's row that becomes row k: by user, then time, then as they came. */
static bool order_rows(const struct builder *b, int64_t *start, int64_t *order)
{
	int32_t users = b->users.n;
	int64_t *cursor = mem_alloc((size_t)users * sizeof *cursor);
	if (!cursor)
		return false;
	for (int64_t i = 0; i < b->n; i++)
		start[b->user[i] + 1] += !is_held_out(b, i);
	for (int32_t u = 0; u < users; u++) {
		cursor[u] = start[u];
		start[u + 1] += start[u];
	}
	for (int64_t i = 0; i < b->n; i++)
		if (!is_held_out(b, i))
			order[cursor[b->user[i]]++] = i;
	mem_free(cursor);
	return !b->time || sort_by_time(b->time, start, users, order);
}

/* The column in its order, in the data set; the builder's is freed at once.  `array` points at the builder's pointer. */
static void *take_column(struct dataset *d, void *array, size_t size, const int64_t *order, int64_t n)
{
	void *from;
	memcpy(&from, array, sizeof from);
	char *to = dataset_alloc(d, (size_t)n * size);
	for (int64_t k = 0; to && k < n; k++) {
		if (size == 1)
			to[k] = ((const char *)from)[order[k]];
		else if (size == 4)
			memcpy(to + k * 4, (const char *)from + order[k] * 4, 4);
		else
			memcpy(to + k * 8, (const char *)from + order[k] * 8, 8);
	}
	mem_free(from);
	memset(array, 0, sizeof from);
	return to;
}

static bool freeze_rows(struct builder *b, struct dataset *d)
{
	bool rated = b->rating != NULL, timed = b->time != NULL, parted = b->part != NULL;
	int64_t *start = dataset_alloc(d, ((size_t)b->users.n + 1) * sizeof *start);
	int64_t *order = mem_alloc((size_t)b->n * sizeof *order);
	bool done = start && order && order_rows(b, start, order);
	if (done) {
		int64_t n = start[b->users.n];
		d->n_users = b->users.n;
		d->n_items = b->items.n;
		d->n = n;
		d->start = start;
		d->item = take_column(d, &b->item, sizeof *b->item, order, n);
		d->rating = rated ? take_column(d, &b->rating, sizeof *b->rating, order, n) : NULL;
		d->time = timed ? take_column(d, &b->time, sizeof *b->time, order, n) : NULL;
		d->part = parted ? take_column(d, &b->part, sizeof *b->part, order, n) : NULL;
		done = d->item && (d->rating || !rated) && (d->time || !timed) && (d->part || !parted) &&
		       freeze_row_columns(b, d, order, n);
	}
	mem_free(order);
	return done;
}

/* ---- attributes and given tests ---- */

static bool freeze_column(struct dataset *d, const struct cell_column *c, int32_t rows, struct column *out)
{
	memcpy(out->name, c->name, sizeof out->name);
	out->type = c->type;
	size_t n = (size_t)rows;
	if (c->type == COLUMN_REAL) {
		float *real = dataset_alloc(d, n * sizeof *real);
		if (!real)
			return false;
		for (size_t i = 0; i < n; i++)
			real[i] = i < c->rows ? c->real[i] : NAN;
		out->real = real;
		return true;
	}
	int64_t *offset = dataset_alloc(d, (n + 1) * sizeof *offset);
	char *bytes = dataset_alloc(d, c->used);
	if (!offset || !bytes)
		return false;
	for (size_t i = 0; i < n; i++) {
		size_t len = i < c->rows ? (size_t)c->length[i] : 0;
		if (len)
			memcpy(bytes + offset[i], c->bytes + c->at[i], len);
		offset[i + 1] = offset[i] + (int64_t)len;
	}
	out->text = (struct strtab){rows, offset, bytes};
	return true;
}

static bool freeze_columns(struct builder *b, struct dataset *d, bool of_item, const struct column **out, int *n_out)
{
	struct column *column = dataset_alloc(d, b->n_columns * sizeof *column);
	if (!column)
		return false;
	int n = 0;
	for (size_t i = 0; i < b->n_columns; i++) {
		const struct cell_column *c = &b->column[i];
		if (c->of_item == of_item && !freeze_column(d, c, of_item ? b->items.n : b->users.n, &column[n++]))
			return false;
	}
	*out = column;
	*n_out = n;
	return true;
}

static bool freeze_candidates(struct builder *b, struct dataset *d)
{
	if (b->n_candidates == 0)
		return true;
	size_t users = (size_t)b->users.n;
	int64_t *start = dataset_alloc(d, (users + 1) * sizeof *start);
	int32_t *item = dataset_alloc(d, b->n_candidates * sizeof *item);
	int64_t *cursor = mem_alloc(users * sizeof *cursor);
	if (start && item && cursor) {
		for (size_t i = 0; i < b->n_candidates; i++)
			start[b->candidate[i].user + 1]++;
		for (size_t u = 0; u < users; u++)
			start[u + 1] += start[u];
		memcpy(cursor, start, users * sizeof *cursor);
		for (size_t i = 0; i < b->n_candidates; i++)
			item[cursor[b->candidate[i].user]++] = b->candidate[i].item;
		d->candidate_start = start;
		d->candidate = item;
	}
	mem_free(cursor);
	return d->candidate_start != NULL;
}

static bool freeze_held_out(struct builder *b, struct dataset *d)
{
	if (b->n_held == 0)
		return true;
	size_t users = (size_t)b->users.n;
	int32_t *held = dataset_alloc(d, users * sizeof *held);
	if (!held)
		return false;
	for (size_t u = 0; u < users; u++)
		held[u] = u < b->n_held ? b->held_out[u] : -1;
	d->held_out = held;
	return true;
}

enum err_code builder_finish(struct builder *b, struct dataset **out, struct err *e)
{
	*out = NULL;
	struct dataset *d = dataset_new(b->name);
	if (!d || !freeze_rows(b, d) || !freeze_strings(d, &b->users, &d->users, &d->user_index) ||
		!freeze_strings(d, &b->items, &d->items, &d->item_index) ||
		!freeze_columns(b, d, false, &d->user_columns, &d->n_user_columns) ||
		!freeze_columns(b, d, true, &d->item_columns, &d->n_item_columns) || !freeze_candidates(b, d) ||
		!freeze_held_out(b, d)) {
		dataset_unref(d);
		enum err_code code = builder_no_memory(b, e);
		builder_clear(b);
		return code;
	}
	d->hash = dataset_content_hash(d);
	builder_clear(b);
	*out = d;
	return OK;
}
