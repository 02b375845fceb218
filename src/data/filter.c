/* Filters: a choice of rows, carried into a new data set.
 *
 * Users and items that keep no row are gone with their attributes and candidates; the others are renumbered in their
 * old order.  A held-out item or a candidate survives only where its user and its item do. */
#include "data/split.h"

#include "base/mem.h"
#include "base/str.h"

#include <math.h>
#include <string.h>

/* ids[i] = the new id of i, or -1 where `kept` says it is gone. */
static enum err_code carry_ids(
	struct builder *b, bool of_item, const struct strtab *t, const bool *kept, int32_t *ids, struct err *e)
{
	for (int32_t i = 0; i < t->n; i++) {
		const char *s;
		size_t n = strtab_get(t, i, &s);
		ids[i] = !kept[i] ? -1 : of_item ? builder_item(b, s, n) : builder_user(b, s, n);
		if (kept[i] && ids[i] < 0)
			return err_set(e, ERR_NOMEM, "no memory for the ids of a filtered data set");
	}
	return OK;
}

static enum err_code carry_column(
	struct builder *b, bool of_item, const struct column *c, const int32_t *ids, int32_t n, struct err *e)
{
	for (int32_t i = 0; i < n; i++) {
		if (ids[i] < 0)
			continue;
		if (c->type == COLUMN_REAL) {
			TRY(builder_cell_real(b, of_item, ids[i], c->name, c->real[i], e));
			continue;
		}
		const char *s;
		size_t len = strtab_get(&c->text, i, &s);
		TRY(builder_cell_text(b, of_item, ids[i], c->name, c->type, s, len, e));
	}
	return OK;
}

/* The attributes of interaction i, for the row just added. */
static enum err_code carry_cells(struct builder *b, const struct dataset *d, int64_t i, struct str *list, struct err *e)
{
	for (int k = 0; k < d->n_row_columns; k++) {
		const struct row_column *c = &d->row_columns[k];
		const char *s = NULL;
		size_t len = 0;
		str_clear(list);
		if (c->type == COLUMN_REAL) {
			TRY(builder_row_real(b, c->name, c->real[i], e));
			continue;
		}
		if (c->type == COLUMN_TEXT)
			len = strtab_get(&c->words, (int32_t)i, &s);
		else if (c->type == COLUMN_TOKEN && c->code[i] >= 0)
			len = strtab_get(&c->words, c->code[i], &s);
		for (int64_t j = c->first ? c->first[i] : 0; c->first && j < c->first[i + 1]; j++) {
			len = strtab_get(&c->words, c->code[j], &s);
			str_add(list, s, len);
			str_putc(list, '|');
		}
		if (list->failed)
			return err_set(e, ERR_NOMEM, "no memory for a list of column '%s'", c->name);
		if (c->first) {
			s = str_text(list);
			len = list->len;
		}
		TRY(builder_row_text(b, c->name, c->type, s, len, e));
	}
	return OK;
}

static enum err_code carry_rows(struct builder *b, const struct dataset *d, const bool *keep, const int32_t *user,
	const int32_t *item, struct err *e)
{
	struct str list = {0};
	enum err_code code = OK;
	for (int32_t u = 0; u < d->n_users; u++)
		for (int64_t i = d->start[u]; i < d->start[u + 1] && code == OK; i++) {
			if (!keep[i])
				continue;
			builder_part(b, d->part ? (enum part)d->part[i] : PART_TRAIN);
			code = builder_add_ids(b, user[u], item[d->item[i]], d->rating ? d->rating[i] : NAN,
				d->time ? d->time[i] : INT64_MIN, e);
			if (code == OK)
				code = carry_cells(b, d, i, &list, e);
		}
	str_free(&list);
	return code;
}

static enum err_code carry_given(
	struct builder *b, const struct dataset *d, const int32_t *user, const int32_t *item, struct err *e)
{
	for (int32_t u = 0; u < d->n_users; u++) {
		if (user[u] < 0)
			continue;
		if (d->held_out && d->held_out[u] >= 0 && item[d->held_out[u]] >= 0)
			TRY(builder_held_out(b, user[u], item[d->held_out[u]], e));
		for (int64_t i = d->candidate_start ? d->candidate_start[u] : 0;
			d->candidate_start && i < d->candidate_start[u + 1]; i++)
			if (item[d->candidate[i]] >= 0)
				TRY(builder_candidate(b, user[u], item[d->candidate[i]], e));
	}
	return OK;
}

static enum err_code carry(struct builder *b, const struct dataset *d, const bool *keep, const bool *keep_user,
	const bool *keep_item, int32_t *user, int32_t *item, struct err *e)
{
	TRY(carry_ids(b, false, &d->users, keep_user, user, e));
	TRY(carry_ids(b, true, &d->items, keep_item, item, e));
	TRY(carry_rows(b, d, keep, user, item, e));
	for (int i = 0; i < d->n_user_columns; i++)
		TRY(carry_column(b, false, &d->user_columns[i], user, d->n_users, e));
	for (int i = 0; i < d->n_item_columns; i++)
		TRY(carry_column(b, true, &d->item_columns[i], item, d->n_items, e));
	return carry_given(b, d, user, item, e);
}

static enum err_code subset(const struct dataset *d, const bool *keep, struct dataset **out, struct err *e)
{
	enum err_code code = ERR_NOMEM;
	size_t users = (size_t)d->n_users, items = (size_t)d->n_items;
	struct builder *b = builder_new(d->name);
	bool *keep_user = mem_calloc(users, sizeof *keep_user), *keep_item = mem_calloc(items, sizeof *keep_item);
	int32_t *user = mem_alloc(users * sizeof *user), *item = mem_alloc(items * sizeof *item);
	if (!b || !keep_user || !keep_item || !user || !item) {
		err_set(e, ERR_NOMEM, "no memory to filter %s", d->name);
		goto done;
	}
	for (int32_t u = 0; u < d->n_users; u++)
		for (int64_t i = d->start[u]; i < d->start[u + 1]; i++)
			if (keep[i])
				keep_user[u] = keep_item[d->item[i]] = true;
	code = carry(b, d, keep, keep_user, keep_item, user, item, e);
	if (code == OK)
		code = builder_finish(b, out, e);
done:
	builder_free(b);
	mem_free(keep_user);
	mem_free(keep_item);
	mem_free(user);
	mem_free(item);
	return code;
}

/* Keeps the rows rated at least so, or all but those rated so. */
static enum err_code by_rating(struct dataset *d, float rating, bool without, struct dataset **out, struct err *e)
{
	*out = NULL;
	if (!d->rating)
		return err_set(e, ERR_ARG, "%s has no ratings to filter by; leave the rating threshold out", d->name);
	if (isnan(rating))
		return err_set(e, ERR_ARG, "the rating threshold for %s must be a number, got NaN", d->name);
	bool *keep = mem_alloc((size_t)d->n * sizeof *keep);
	if (!keep)
		return err_set(e, ERR_NOMEM, "no memory to filter %s", d->name);
	for (int64_t i = 0; i < d->n; i++)
		keep[i] = without ? d->rating[i] != rating : d->rating[i] >= rating;
	enum err_code code = subset(d, keep, out, e);
	mem_free(keep);
	return code;
}

enum err_code filter_rating(struct dataset *d, float at_least, struct dataset **out, struct err *e)
{
	return by_rating(d, at_least, false, out, e);
}

enum err_code filter_without_rating(struct dataset *d, float rating, struct dataset **out, struct err *e)
{
	return by_rating(d, rating, true, out, e);
}

/* Drops the rows of users and items below their threshold until nothing changes.  The k-core is unique, so the order
 * of the sweeps does not matter; each sweep is linear in the rows. */
static void peel(const struct dataset *d, int32_t users, int32_t items, bool *keep, int64_t *of_item)
{
	dataset_popularity(d, NULL, of_item);
	memset(keep, 1, (size_t)d->n * sizeof *keep);
	for (bool changed = true; changed;) {
		changed = false;
		for (int32_t u = 0; u < d->n_users; u++) {
			int64_t left = 0;
			for (int64_t i = d->start[u]; i < d->start[u + 1]; i++) {
				if (keep[i] && of_item[d->item[i]] < items) {
					keep[i] = false;
					changed = true;
				}
				left += keep[i];
			}
			if (left == 0 || left >= users)
				continue;
			for (int64_t i = d->start[u]; i < d->start[u + 1]; i++) {
				of_item[d->item[i]] -= keep[i];
				keep[i] = false;
			}
			changed = true;
		}
	}
}

enum err_code filter_kcore(struct dataset *d, int32_t users, int32_t items, struct dataset **out, struct err *e)
{
	*out = NULL;
	bool *keep = mem_alloc((size_t)d->n * sizeof *keep);
	int64_t *of_item = mem_alloc((size_t)d->n_items * sizeof *of_item);
	enum err_code code = ERR_NOMEM;
	if (keep && of_item) {
		peel(d, users, items, keep, of_item);
		code = subset(d, keep, out, e);
	} else {
		err_set(e, ERR_NOMEM, "no memory to filter %s", d->name);
	}
	mem_free(keep);
	mem_free(of_item);
	return code;
}
