/* From a builder to a data set.
 *
 * builder_finish counts rows per user and scatters one column after the other into place (a stable counting sort; each
 * source column is freed at once), then sorts by time inside each user whose rows are not yet in order. */
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
static void drop_held_out(struct builder *b)
{
	if (b->n_held == 0)
		return;
	int64_t n = 0;
	for (int64_t i = 0; i < b->n; i++) {
		if ((size_t)b->user[i] < b->n_held && b->held_out[b->user[i]] == b->item[i])
			continue;
		b->user[n] = b->user[i];
		b->item[n] = b->item[i];
		if (b->rating)
			b->rating[n] = b->rating[i];
		if (b->time)
			b->time[n] = b->time[i];
		if (b->part)
			b->part[n] = b->part[i];
		n++;
	}
	b->n = n;
}

/* start[u] = first of u's rows; `stride` is the distance between two user ids in int32s. */
static void count_starts(const int32_t *user, int64_t n, int stride, int32_t n_users, int64_t *start)
{
	for (int64_t i = 0; i < n; i++)
		start[user[i * stride] + 1]++;
	for (int32_t u = 0; u < n_users; u++)
		start[u + 1] += start[u];
}

/* to[...] = from[...], rows grouped by user in the order they came. */
static void scatter(void *to, const void *from, size_t size, const int32_t *user, int64_t n, const int64_t *start,
	int64_t *cursor, int32_t n_users)
{
	memcpy(cursor, start, (size_t)n_users * sizeof *cursor);
	for (int64_t i = 0; i < n; i++) {
		size_t at = (size_t)cursor[user[i]]++;
		if (size == 1)
			((char *)to)[at] = ((const char *)from)[i];
		else if (size == 4)
			memcpy((char *)to + at * 4, (const char *)from + (size_t)i * 4, 4);
		else
			memcpy((char *)to + at * 8, (const char *)from + (size_t)i * 8, 8);
	}
}

struct sort_row {
	int64_t time;
	int64_t order;
	int32_t item;
	float rating;
	uint8_t part;
};

/* The columns of the rows of one user. */
struct user_rows {
	int32_t *item;
	float *rating; /* or NULL */
	int64_t *time;
	uint8_t *part; /* or NULL */
};

static int by_time(const void *pa, const void *pb)
{
	const struct sort_row *a = pa, *b = pb;
	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

static bool in_order(const int64_t *time, int64_t n)
{
	for (int64_t i = 1; i < n; i++)
		if (time[i] < time[i - 1])
			return false;
	return true;
}

static void sort_user(struct sort_row *row, int64_t n, const struct user_rows *u)
{
	for (int64_t i = 0; i < n; i++)
		row[i] = (struct sort_row){
			u->time[i], i, u->item[i], u->rating ? u->rating[i] : 0, u->part ? u->part[i] : 0};
	qsort(row, (size_t)n, sizeof *row, by_time);
	for (int64_t i = 0; i < n; i++) {
		u->time[i] = row[i].time;
		u->item[i] = row[i].item;
		if (u->rating)
			u->rating[i] = row[i].rating;
		if (u->part)
			u->part[i] = row[i].part;
	}
}

static bool sort_by_time(const int64_t *start, int32_t n_users, const struct user_rows *all)
{
	struct sort_row *row = NULL;
	size_t cap = 0;
	bool done = true;
	for (int32_t u = 0; u < n_users && done; u++) {
		int64_t at = start[u], n = start[u + 1] - at;
		if (in_order(all->time + at, n))
			continue;
		done = mem_grow(&row, &cap, (size_t)n, sizeof *row);
		if (done)
			sort_user(row, n,
				&(struct user_rows){all->item + at, all->rating ? all->rating + at : NULL,
					all->time + at, all->part ? all->part + at : NULL});
	}
	mem_free(row);
	return done;
}

static void forget(void *array_ptr)
{
	void *p;
	memcpy(&p, array_ptr, sizeof p);
	mem_free(p);
	memset(array_ptr, 0, sizeof p);
}

static bool freeze_rows(struct builder *b, struct dataset *d)
{
	size_t n = (size_t)b->n, users = (size_t)b->users.n;
	int64_t *start = dataset_alloc(d, (users + 1) * sizeof *start);
	int32_t *item = dataset_alloc(d, n * sizeof *item);
	float *rating = b->rating ? dataset_alloc(d, n * sizeof *rating) : NULL;
	int64_t *time = b->time ? dataset_alloc(d, n * sizeof *time) : NULL;
	uint8_t *part = b->part ? dataset_alloc(d, n * sizeof *part) : NULL;
	int64_t *cursor = mem_alloc(users * sizeof *cursor);
	bool done = false;
	if (!start || !item || (b->rating && !rating) || (b->time && !time) || (b->part && !part) || !cursor)
		goto done;
	count_starts(b->user, b->n, 1, b->users.n, start);
	scatter(item, b->item, sizeof *item, b->user, b->n, start, cursor, b->users.n);
	forget(&b->item);
	if (rating)
		scatter(rating, b->rating, sizeof *rating, b->user, b->n, start, cursor, b->users.n);
	forget(&b->rating);
	if (time)
		scatter(time, b->time, sizeof *time, b->user, b->n, start, cursor, b->users.n);
	forget(&b->time);
	if (part)
		scatter(part, b->part, sizeof *part, b->user, b->n, start, cursor, b->users.n);
	forget(&b->part);
	if (time && !sort_by_time(start, b->users.n, &(struct user_rows){item, rating, time, part}))
		goto done;
	d->n_users = b->users.n;
	d->n_items = b->items.n;
	d->n = b->n;
	d->start = start;
	d->item = item;
	d->rating = rating;
	d->time = time;
	d->part = part;
	done = true;
done:
	mem_free(cursor);
	return done;
}

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
		count_starts(&b->candidate->user, (int64_t)b->n_candidates, 2, b->users.n, start);
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
	drop_held_out(b);
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
