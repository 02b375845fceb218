/* Evaluation batches of a split: users (or items), each with its history, and candidates where they are asked for. */
#include "data/eval_writer.h"

#include "base/mem.h"
#include "data/transpose.h"

/* ---- signatures ---- */

void eval_columns(const struct kind_class *k, const struct args *given, const struct dataset *d, int32_t length,
	int32_t n_candidates, struct batch *out)
{
	*out = (struct batch){0};
	field_add(out, k && kind_by_item(k, given) ? "item" : "user", FIELD_INT, AXIS_EXAMPLE, 1);
	if (k && k->eval_columns) {
		struct args a = kind_args(k, given);
		k->eval_columns(&a, length, out);
	}
	if (n_candidates > 0)
		field_add(out, "candidate", FIELD_INT, AXIS_EXAMPLE, n_candidates);
	if (d)
		field_bound(out, d, length);
}

void eval_signature(const struct eval_source *src, int32_t n_candidates, struct batch *out)
{
	struct err e;
	eval_columns(kind_need(src->kind, &e), src->args, src->split->data, src->length, n_candidates, out);
}

bool eval_by_item(const struct eval_source *src)
{
	struct err e;
	const struct kind_class *k = kind_need(src->kind, &e);
	return k && kind_by_item(k, src->args);
}

int64_t eval_rows(const struct eval_source *src, enum axis a)
{
	struct err e;
	const struct kind_class *k = kind_need(src->kind, &e);
	if (a <= AXIS_EXAMPLE || !k || !(k->flags & KIND_HISTORY))
		return a <= AXIS_EXAMPLE;
	if (k->eval_rows)
		return k->eval_rows(a, src->length, src->split->data);
	return a == AXIS_TOKEN ? src->length : 0;
}

enum err_code eval_check_kind(const char *kind, int32_t length, const struct kind_class **out, struct err *e)
{
	*out = kind_need(kind, e);
	if (!*out)
		return ERR_ARG;
	if ((*out)->flags & KIND_LENGTH && length < 1)
		return err_set(e, ERR_ARG, "%s batches: length must be 1 or more, got %d", kind, length);
	return OK;
}

/* ---- histories ---- */

/* What is known when the part is predicted: a bit per enum part. */
static unsigned known_parts(const struct eval_source *src)
{
	bool validation = src->part == PART_TEST && src->with_validation;
	return 1u << PART_TRAIN | 1u << PART_HISTORY | (unsigned)validation << PART_VALID;
}

static bool in_history(const struct eval_source *src, int64_t row)
{
	return known_parts(src) >> src->split->part[row] & 1;
}

static int32_t copy_history(
	const struct eval_source *src, int32_t user, int32_t *items, float *ratings, int64_t *times, int32_t max)
{
	const struct dataset *d = src->split->data;
	int64_t from = d->start[user + 1];
	int32_t n = 0, k = 0;
	while (from > d->start[user] && n < max)
		n += in_history(src, --from);
	for (int64_t i = from; k < n; i++) {
		if (!in_history(src, i))
			continue;
		if (ratings && d->rating)
			ratings[k] = d->rating[i];
		if (times && d->time)
			times[k] = d->time[i];
		items[k++] = d->item[i];
	}
	return n;
}

int32_t eval_history(const struct eval_source *src, int32_t user, int32_t *items, int32_t max)
{
	return copy_history(src, user, items, NULL, NULL, max);
}

/* The history of an item: its column. */
static enum err_code column_of_item(
	const struct eval_source *src, struct eval_scratch *s, struct history *h, struct err *e)
{
	unsigned parts = known_parts(src);
	if (s->columns && (s->columns->split != src->split || s->columns->parts != parts)) {
		mem_free(s->columns);
		s->columns = NULL;
	}
	if (!s->columns)
		TRY(transpose_new(src->split, parts, &s->columns, e));
	const struct transpose *t = s->columns;
	int64_t from = t->start[h->user];
	h->n = (int32_t)(t->start[h->user + 1] - from);
	h->item = t->user + from;
	h->rating = t->rating ? t->rating + from : NULL;
	return OK;
}

static enum err_code history_of(const struct eval_source *src, const struct kind_class *k, struct eval_scratch *s,
	struct history *h, struct err *e)
{
	const struct dataset *d = src->split->data;
	if (!(k->flags & KIND_HISTORY))
		return OK;
	if (kind_by_item(k, h->args))
		return column_of_item(src, s, h, e);
	int64_t have = d->start[h->user + 1] - d->start[h->user];
	int32_t most = k->flags & KIND_LENGTH && have > src->length ? src->length : (int32_t)have;
	if (!mem_grow(&s->item, &s->item_cap, (size_t)most + 1, sizeof *s->item) ||
		!mem_grow(&s->rating, &s->rating_cap, (size_t)most + 1, sizeof *s->rating) ||
		!mem_grow(&s->time, &s->time_cap, (size_t)most + 1, sizeof *s->time))
		return err_set(e, ERR_NOMEM, "no memory for a history of %d items", most);
	h->n = copy_history(src, h->user, s->item, s->rating, s->time, most);
	h->item = s->item;
	h->time = d->time ? s->time : NULL;
	h->rating = d->rating ? s->rating : NULL;
	return OK;
}

enum err_code eval_begin_example(const struct eval_source *src, const struct kind_class *k, const struct args *a,
	int32_t user, struct eval_scratch *s, struct err *e)
{
	const struct dataset *d = src->split->data;
	struct history h = {.user = user, .length = src->length, .data = d, .args = a};
	bool item = kind_by_item(k, a);
	if (user < 0 || user >= (item ? d->n_items : d->n_users))
		return err_set(e, ERR_ARG, "there is no %s %d; data set '%s' has %ss 0..%d", item ? "item" : "user",
			user, d->name, item ? "item" : "user", (item ? d->n_items : d->n_users) - 1);
	TRY(history_of(src, k, s, &h, e));
	return eval_write_example(s, k, &h, e);
}

enum err_code eval_batch(const struct eval_source *src, const int32_t *users, int32_t n, const int32_t *candidates,
	int32_t n_candidates, struct eval_scratch **scratch, struct batch *out, struct err *e)
{
	const struct kind_class *k;
	TRY(eval_check_kind(src->kind, src->length, &k, e));
	struct args a = kind_args(k, src->args);
	eval_columns(k, &a, src->split->data, src->length, candidates ? n_candidates : 0, out);
	TRY(eval_begin(scratch, out, e));
	for (int32_t i = 0; i < n; i++) {
		TRY(eval_begin_example(src, k, &a, users[i], *scratch, e));
		TRY(eval_close_example(*scratch, e));
	}
	eval_bind(*scratch, n, candidates && n_candidates > 0 ? candidates : NULL, out);
	return OK;
}
