/* Collecting rows, attributes and given tests.
 *
 * Rows are four parallel arrays (user, item: always; rating, time: from the first row that has one), at most 20 bytes a
 * row.  Texts of attributes are appended to one block per column; each id points at its latest. */
#include "data/builder.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

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
	mem_free(b->part);
}

void builder_clear(struct builder *b)
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
	for (size_t i = 0; i < b->n_row_columns; i++)
		cell_rows_fini(&b->row_column[i]);
	mem_free(b->row_column);
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
	builder_clear(b);
	mem_free(b);
}

enum err_code builder_no_memory(const struct builder *b, struct err *e)
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

static bool room_part(struct builder *b, size_t need)
{
	bool first = !b->part;
	if (!mem_grow(&b->part, &b->part_cap, need, sizeof *b->part))
		return false;
	if (first && b->n > 0)
		memset(b->part, PART_TRAIN, (size_t)b->n);
	return true;
}

void builder_part(struct builder *b, enum part part)
{
	b->part_now = part;
}

enum err_code builder_row_part(struct builder *b, int64_t row, enum part part, struct err *e)
{
	if (row < 0 || row >= b->n)
		return err_set(e, ERR_ARG, "%s: there is a part for row %lld, but there are %lld interactions", b->name,
			(long long)row + 1, (long long)b->n);
	if (!b->part && !room_part(b, (size_t)b->n))
		return builder_no_memory(b, e);
	b->part[row] = (uint8_t)part;
	return OK;
}

enum err_code builder_add_ids(struct builder *b, int32_t user, int32_t item, float rating, int64_t time, struct err *e)
{
	CHECK(user >= 0 && user < b->users.n && item >= 0 && item < b->items.n, "ids are from builder_user and _item");
	size_t need = (size_t)b->n + 1;
	bool rated = b->rating || !isnan(rating), timed = b->time || time != INT64_MIN,
	     parted = b->part || b->part_now != PART_TRAIN;
	if (!mem_grow(&b->user, &b->user_cap, need, sizeof *b->user) ||
		!mem_grow(&b->item, &b->item_cap, need, sizeof *b->item) || (rated && !room_rating(b, need)) ||
		(timed && !room_time(b, need)) || (parted && !room_part(b, need)))
		return builder_no_memory(b, e);
	b->user[b->n] = user;
	b->item[b->n] = item;
	if (rated)
		b->rating[b->n] = isnan(rating) ? NAN : rating;
	if (timed)
		b->time[b->n] = time;
	if (parted)
		b->part[b->n] = (uint8_t)b->part_now;
	b->n++;
	return OK;
}

enum err_code builder_add(struct builder *b, const struct builder_row *row, struct err *e)
{
	int32_t user = builder_user(b, row->user, row->user_len);
	int32_t item = builder_item(b, row->item, row->item_len);
	if (user < 0 || item < 0)
		return builder_no_memory(b, e);
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
		return builder_no_memory(b, e);
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
		return builder_no_memory(b, e);
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
		return builder_no_memory(b, e);
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
		return builder_no_memory(b, e);
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
		return builder_no_memory(b, e);
	b->candidate[b->n_candidates++] = (struct pair){user, item};
	return OK;
}
