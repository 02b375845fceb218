/* Collecting rows and freezing them.
 *
 * While rows arrive they are four parallel arrays (user, item: always; rating, time: from the first row that has one),
 * at most 20 bytes a row.  Ids are interned in an open-addressing table whose slots keep 32 bits of the hash, so that
 * a probe touches a string only where it very likely matches.
 *
 * builder_finish counts rows per user, scatters one column after the other into place (a stable counting sort; each
 * source column is freed at once), and then sorts by time inside each user whose rows are not yet in order. */
#include "data/dataset.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct intern {
	int32_t n;
	int64_t *offset; /* [n + 1] once n > 0 */
	size_t offset_cap;
	char *bytes;
	size_t bytes_cap;
	struct strslot *slot;
	uint32_t size;
};

struct cell_column {
	char name[32];
	enum column_type type;
	bool of_item;
	float *real; /* COLUMN_REAL: rows of NaN or a value */
	size_t rows, real_cap;
	/* the others: where each row's text lies in bytes; length 0 = missing */
	int64_t *at;
	size_t at_cap;
	int32_t *length;
	size_t length_cap;
	char *bytes;
	size_t used, bytes_cap;
};

struct pair {
	int32_t user, item;
};

struct builder {
	char name[64];
	struct intern users, items;
	int64_t n;
	int32_t *user, *item;
	float *rating;
	int64_t *time;
	size_t user_cap, item_cap, rating_cap, time_cap;
	struct cell_column *column;
	size_t n_columns, column_cap;
	int32_t *held_out; /* [n_held], -1 = none */
	size_t n_held, held_cap;
	struct pair *candidate;
	size_t n_candidates, candidate_cap;
};

/* ---- interning ---- */

static void intern_fini(struct intern *t)
{
	mem_free(t->offset);
	mem_free(t->bytes);
	mem_free(t->slot);
	*t = (struct intern){0};
}

static struct strtab intern_view(const struct intern *t)
{
	return (struct strtab){t->n, t->offset, t->bytes};
}

static int32_t intern_find(const struct intern *t, const char *bytes, size_t len)
{
	struct strtab view = intern_view(t);
	return strtab_find(&view, &(struct strindex){t->size, t->slot}, bytes, len);
}

static void slot_put(struct strslot *slot, uint32_t size, struct strslot s)
{
	uint32_t i = s.hash & (size - 1);
	while (slot[i].id >= 0)
		i = (i + 1) & (size - 1);
	slot[i] = s;
}

/* Keeps the table at most half full. */
static bool intern_widen(struct intern *t)
{
	if ((uint64_t)t->n * 2 + 2 <= t->size)
		return true;
	if (t->size > UINT32_MAX / 2)
		return false;
	uint32_t size = t->size ? t->size * 2 : 64;
	struct strslot *slot = mem_alloc((size_t)size * sizeof *slot);
	if (!slot)
		return false;
	for (uint32_t i = 0; i < size; i++)
		slot[i] = (struct strslot){0, -1};
	for (uint32_t i = 0; i < t->size; i++)
		if (t->slot[i].id >= 0)
			slot_put(slot, size, t->slot[i]);
	mem_free(t->slot);
	t->slot = slot;
	t->size = size;
	return true;
}

static int32_t intern_put(struct intern *t, const char *bytes, size_t len)
{
	int32_t id = intern_find(t, bytes, len);
	if (id >= 0)
		return id;
	if (t->n >= INT32_MAX - 1 || !intern_widen(t))
		return -1;
	size_t n = (size_t)t->n, used = n ? (size_t)t->offset[n] : 0;
	if (!mem_grow(&t->offset, &t->offset_cap, n + 2, sizeof *t->offset) ||
		!mem_grow(&t->bytes, &t->bytes_cap, used + len + 1, 1))
		return -1;
	if (len)
		memcpy(t->bytes + used, bytes, len);
	t->offset[n] = (int64_t)used;
	t->offset[n + 1] = (int64_t)(used + len);
	slot_put(t->slot, t->size, (struct strslot){strtab_hash(bytes, len), t->n});
	return t->n++;
}

/* ---- collecting ---- */

struct builder *builder_new(const char *name)
{
	struct builder *b = mem_calloc(1, sizeof *b);
	if (b)
		snprintf(b->name, sizeof b->name, "%s", name);
	return b;
}

static void free_rows(struct builder *b)
{
	mem_free(b->user);
	mem_free(b->item);
	mem_free(b->rating);
	mem_free(b->time);
}

/* Back to a new builder of the same name. */
static void clear(struct builder *b)
{
	intern_fini(&b->users);
	intern_fini(&b->items);
	free_rows(b);
	for (size_t i = 0; i < b->n_columns; i++) {
		struct cell_column *c = &b->column[i];
		mem_free(c->real);
		mem_free(c->at);
		mem_free(c->length);
		mem_free(c->bytes);
	}
	mem_free(b->column);
	mem_free(b->held_out);
	mem_free(b->candidate);
	struct builder empty = {0};
	memcpy(empty.name, b->name, sizeof empty.name);
	*b = empty;
}

void builder_free(struct builder *b)
{
	if (!b)
		return;
	clear(b);
	mem_free(b);
}

static enum err_code no_memory(const struct builder *b, struct err *e)
{
	return err_set(e, ERR_NOMEM, "%s: no memory after %lld interactions of %d users and %d items", b->name,
		(long long)b->n, b->users.n, b->items.n);
}

int32_t builder_user(struct builder *b, const char *id, size_t len)
{
	return intern_put(&b->users, id, len);
}

int32_t builder_item(struct builder *b, const char *id, size_t len)
{
	return intern_put(&b->items, id, len);
}

int32_t builder_find_user(const struct builder *b, const char *id, size_t len)
{
	return intern_find(&b->users, id, len);
}

int32_t builder_find_item(const struct builder *b, const char *id, size_t len)
{
	return intern_find(&b->items, id, len);
}

int32_t builder_users(const struct builder *b)
{
	return b->users.n;
}

int32_t builder_items(const struct builder *b)
{
	return b->items.n;
}

int64_t builder_rows(const struct builder *b)
{
	return b->n;
}

/* Room for one more rating; the rows before the first rating have none. */
static bool room_rating(struct builder *b, size_t need)
{
	bool first = !b->rating;
	if (!mem_grow(&b->rating, &b->rating_cap, need, sizeof *b->rating))
		return false;
	for (int64_t i = 0; first && i < b->n; i++)
		b->rating[i] = NAN;
	return true;
}

static bool room_time(struct builder *b, size_t need)
{
	bool first = !b->time;
	if (!mem_grow(&b->time, &b->time_cap, need, sizeof *b->time))
		return false;
	for (int64_t i = 0; first && i < b->n; i++)
		b->time[i] = INT64_MIN;
	return true;
}

enum err_code builder_add_ids(struct builder *b, int32_t user, int32_t item, float rating, int64_t time, struct err *e)
{
	CHECK(user >= 0 && user < b->users.n && item >= 0 && item < b->items.n, "ids are from builder_user and _item");
	size_t need = (size_t)b->n + 1;
	bool rated = b->rating || !isnan(rating), timed = b->time || time != INT64_MIN;
	if (!mem_grow(&b->user, &b->user_cap, need, sizeof *b->user) ||
		!mem_grow(&b->item, &b->item_cap, need, sizeof *b->item) || (rated && !room_rating(b, need)) ||
		(timed && !room_time(b, need)))
		return no_memory(b, e);
	b->user[b->n] = user;
	b->item[b->n] = item;
	if (rated)
		b->rating[b->n] = isnan(rating) ? NAN : rating;
	if (timed)
		b->time[b->n] = time;
	b->n++;
	return OK;
}

enum err_code builder_add(struct builder *b, const struct builder_row *row, struct err *e)
{
	int32_t user = builder_user(b, row->user, row->user_len);
	int32_t item = builder_item(b, row->item, row->item_len);
	if (user < 0 || item < 0)
		return no_memory(b, e);
	return builder_add_ids(b, user, item, row->rating, row->time, e);
}

static enum err_code need_column(struct builder *b, bool of_item, const char *name, enum column_type type,
	struct cell_column **out, struct err *e)
{
	static const char *const kind[] = {"numbers", "words", "lists"};
	for (size_t i = 0; i < b->n_columns; i++) {
		struct cell_column *c = &b->column[i];
		if (c->of_item != of_item || strcmp(c->name, name) != 0)
			continue;
		if (c->type != type)
			return err_set(e, ERR_ARG, "%s: column '%s' of %s holds %s, not %s", b->name, name,
				of_item ? "items" : "users", kind[c->type], kind[type]);
		*out = c;
		return OK;
	}
	if (strlen(name) >= sizeof b->column->name)
		return err_set(e, ERR_ARG, "%s: the column name '%.60s' is longer than %zu characters", b->name, name,
			sizeof b->column->name - 1);
	if (!mem_grow(&b->column, &b->column_cap, b->n_columns + 1, sizeof *b->column))
		return no_memory(b, e);
	struct cell_column *c = &b->column[b->n_columns++];
	*c = (struct cell_column){.type = type, .of_item = of_item};
	snprintf(c->name, sizeof c->name, "%s", name);
	*out = c;
	return OK;
}

static void check_id(const struct builder *b, bool of_item, int32_t id)
{
	CHECK(id >= 0 && id < (of_item ? b->items.n : b->users.n),
		"attributes are for ids from builder_user and _item");
}

enum err_code builder_cell_text(struct builder *b, bool of_item, int32_t id, const char *column, enum column_type type,
	const char *text, size_t len, struct err *e)
{
	CHECK(type != COLUMN_REAL, "builder_cell_real is for numbers");
	check_id(b, of_item, id);
	struct cell_column *c = NULL;
	TRY(need_column(b, of_item, column, type, &c, e));
	size_t need = (size_t)id + 1;
	if (len > INT32_MAX)
		return err_set(e, ERR_ARG, "%s: a cell of column '%s' has %zu bytes, at most 2^31-1 fit", b->name,
			column, len);
	if (!mem_grow(&c->at, &c->at_cap, need, sizeof *c->at) ||
		!mem_grow(&c->length, &c->length_cap, need, sizeof *c->length) ||
		!mem_grow(&c->bytes, &c->bytes_cap, c->used + len + 1, 1))
		return no_memory(b, e);
	for (; c->rows < need; c->rows++) {
		c->at[c->rows] = 0;
		c->length[c->rows] = 0;
	}
	/* Interactions repeat their attributes row by row: the same text again takes no room. */
	if (len && (size_t)c->length[id] == len && memcmp(c->bytes + c->at[id], text, len) == 0)
		return OK;
	if (len)
		memcpy(c->bytes + c->used, text, len);
	c->at[id] = (int64_t)c->used;
	c->length[id] = (int32_t)len;
	c->used += len;
	return OK;
}

enum err_code builder_cell_real(struct builder *b, bool of_item, int32_t id, const char *column, float v, struct err *e)
{
	check_id(b, of_item, id);
	struct cell_column *c = NULL;
	TRY(need_column(b, of_item, column, COLUMN_REAL, &c, e));
	size_t need = (size_t)id + 1;
	if (!mem_grow(&c->real, &c->real_cap, need, sizeof *c->real))
		return no_memory(b, e);
	for (; c->rows < need; c->rows++)
		c->real[c->rows] = NAN;
	c->real[id] = isnan(v) ? NAN : v;
	return OK;
}

enum err_code builder_held_out(struct builder *b, int32_t user, int32_t item, struct err *e)
{
	check_id(b, false, user);
	check_id(b, true, item);
	size_t need = (size_t)user + 1;
	if (!mem_grow(&b->held_out, &b->held_cap, need, sizeof *b->held_out))
		return no_memory(b, e);
	for (; b->n_held < need; b->n_held++)
		b->held_out[b->n_held] = -1;
	b->held_out[user] = item;
	return OK;
}

int32_t builder_find_held_out(const struct builder *b, int32_t user)
{
	return user >= 0 && (size_t)user < b->n_held ? b->held_out[user] : -1;
}

enum err_code builder_candidate(struct builder *b, int32_t user, int32_t item, struct err *e)
{
	check_id(b, false, user);
	check_id(b, true, item);
	if (!mem_grow(&b->candidate, &b->candidate_cap, b->n_candidates + 1, sizeof *b->candidate))
		return no_memory(b, e);
	b->candidate[b->n_candidates++] = (struct pair){user, item};
	return OK;
}

/* ---- freezing ---- */

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
		if (size == 4)
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

static void sort_user(struct sort_row *row, int64_t n, int32_t *item, float *rating, int64_t *time)
{
	for (int64_t i = 0; i < n; i++)
		row[i] = (struct sort_row){time[i], i, item[i], rating ? rating[i] : 0};
	qsort(row, (size_t)n, sizeof *row, by_time);
	for (int64_t i = 0; i < n; i++) {
		time[i] = row[i].time;
		item[i] = row[i].item;
		if (rating)
			rating[i] = row[i].rating;
	}
}

static bool sort_by_time(const int64_t *start, int32_t n_users, int32_t *item, float *rating, int64_t *time)
{
	struct sort_row *row = NULL;
	size_t cap = 0;
	bool done = true;
	for (int32_t u = 0; u < n_users && done; u++) {
		int64_t at = start[u], n = start[u + 1] - at;
		if (in_order(time + at, n))
			continue;
		done = mem_grow(&row, &cap, (size_t)n, sizeof *row);
		if (done)
			sort_user(row, n, item + at, rating ? rating + at : NULL, time + at);
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
	int64_t *cursor = mem_alloc(users * sizeof *cursor);
	bool done = false;
	if (!start || !item || (b->rating && !rating) || (b->time && !time) || !cursor)
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
	if (time && !sort_by_time(start, b->users.n, item, rating, time))
		goto done;
	d->n_users = b->users.n;
	d->n_items = b->items.n;
	d->n = b->n;
	d->start = start;
	d->item = item;
	d->rating = rating;
	d->time = time;
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
		enum err_code code = no_memory(b, e);
		clear(b);
		return code;
	}
	d->hash = dataset_content_hash(d);
	clear(b);
	*out = d;
	return OK;
}
