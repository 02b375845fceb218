/* An evaluation batch is written example by example: the user, then what the kind makes of its history. */
#include "base/mem.h"
#include "data/batcher.h"
#include "data/kind.h"
#include "data/transpose.h"

#include <string.h>

enum { CELL = sizeof(real) > sizeof(int32_t) ? sizeof(real) : sizeof(int32_t) };

/* A column that grows, and the same buffers again for the next batch. */
struct growing {
	void *data;
	size_t cap, n; /* in values */
};

struct eval_writer {
	const struct batch *signature;
	struct growing column[BATCH_FIELDS_MAX];
};

struct eval_scratch {
	struct eval_writer writer;
	struct growing offsets[AXIS_N];
	int32_t *item; /* the history of one user */
	float *rating;
	int64_t *time;
	size_t item_cap, rating_cap, time_cap;
	struct transpose *columns; /* where examples are items */
};

void eval_scratch_free(struct eval_scratch *s)
{
	if (!s)
		return;
	for (int i = 0; i < BATCH_FIELDS_MAX; i++)
		mem_free(s->writer.column[i].data);
	for (int a = 0; a < AXIS_N; a++)
		mem_free(s->offsets[a].data);
	mem_free(s->item);
	mem_free(s->rating);
	mem_free(s->time);
	mem_free(s->columns);
	mem_free(s);
}

/* ---- writing ---- */

static void *grow(struct growing *g, size_t n)
{
	if (!mem_grow(&g->data, &g->cap, g->n + n + 1, CELL))
		return NULL;
	g->n += n;
	return g->data;
}

static struct growing *column_of(struct eval_writer *w, const char *name, enum field_type type)
{
	for (int i = 0; i < w->signature->nfields; i++)
		if (strcmp(w->signature->spec[i].name, name) == 0 && w->signature->spec[i].type == type)
			return &w->column[i];
	CHECK(false, "this kind has no evaluation column %s", name);
	return NULL;
}

int32_t *eval_writer_ints(struct eval_writer *w, const char *column, int32_t n)
{
	struct growing *g = column_of(w, column, FIELD_INT);
	size_t at = g->n;
	int32_t *data = grow(g, (size_t)n);
	return data ? data + at : NULL;
}

real *eval_writer_reals(struct eval_writer *w, const char *column, int32_t n)
{
	struct growing *g = column_of(w, column, FIELD_REAL);
	size_t at = g->n;
	real *data = grow(g, (size_t)n);
	return data ? data + at : NULL;
}

/* ---- signatures ---- */

/* d: NULL where histories are given by hand and the ids' bounds are not known. */
static void signature(const struct kind_class *k, const struct args *given, const struct dataset *d, int32_t length,
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
	signature(kind_need(src->kind, &e), src->args, src->split->data, src->length, n_candidates, out);
}

static void rating_signature(const struct eval_source *src, const struct kind_class *k, struct batch *out)
{
	const struct dataset *d = src->split->data;
	signature(k, src->args, d, src->length, 0, out);
	if (k && k->flags & KIND_HISTORY) {
		field_add(out, "query", FIELD_INT, AXIS_TOKEN2, 1);
		out->spec[out->nfields - 1].below = kind_by_item(k, src->args) ? d->n_users : d->n_items;
		return;
	}
	field_add(out, "item", FIELD_INT, AXIS_EXAMPLE, 1);
	if (k && k->pair_columns) {
		struct args a = kind_args(k, src->args);
		k->pair_columns(src->split, &a, out);
	}
	field_bound(out, d, src->length);
}

void eval_rating_signature(const struct eval_source *src, struct batch *out)
{
	struct err e;
	rating_signature(src, kind_need(src->kind, &e), out);
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

static enum err_code check_kind(const char *kind, int32_t length, const struct kind_class **out, struct err *e)
{
	*out = kind_need(kind, e);
	if (!*out)
		return ERR_ARG;
	if ((*out)->flags & KIND_LENGTH && length < 1)
		return err_set(e, ERR_ARG, "%s batches: length must be 1 or more, got %d", kind, length);
	return OK;
}

/* ---- batches ---- */

static enum err_code begin(struct eval_scratch **scratch, const struct batch *out, struct err *e)
{
	if (!*scratch)
		*scratch = mem_calloc(1, sizeof **scratch);
	struct eval_scratch *s = *scratch;
	if (!s)
		return err_set(e, ERR_NOMEM, "no memory for an evaluation batch");
	s->writer.signature = out;
	for (int i = 0; i < BATCH_FIELDS_MAX; i++)
		s->writer.column[i].n = 0;
	for (int a = AXIS_TOKEN; a < AXIS_N; a++) {
		s->offsets[a].n = 0;
		int32_t *first = grow(&s->offsets[a], 1);
		if (!first)
			return err_set(e, ERR_NOMEM, "no memory for an evaluation batch");
		first[0] = 0;
	}
	return OK;
}

/* Closes example i: rows of each token axis up to here are those of its first column. */
static enum err_code close_example(struct eval_scratch *s, struct err *e)
{
	const struct batch *b = s->writer.signature;
	for (int a = AXIS_TOKEN; a < AXIS_N; a++) {
		size_t rows = 0;
		for (int i = b->nfields; i-- > 0;)
			if (b->spec[i].axis == (enum axis)a)
				rows = s->writer.column[i].n / (size_t)b->spec[i].width;
		int32_t *offsets = rows < INT32_MAX ? grow(&s->offsets[a], 1) : NULL;
		if (!offsets)
			return err_set(e, ERR_NOMEM, "no memory for an evaluation batch of %zu tokens", rows);
		offsets[s->offsets[a].n - 1] = (int32_t)rows;
	}
	return OK;
}

static enum err_code write_example(
	struct eval_scratch *s, const struct kind_class *k, const struct history *h, struct err *e)
{
	int32_t *user = eval_writer_ints(&s->writer, s->writer.signature->spec[0].name, 1);
	if (!user)
		return err_set(e, ERR_NOMEM, "no memory for an evaluation batch");
	*user = h->user;
	return k->example ? k->example(&s->writer, h, e) : OK;
}

static void bind(const struct eval_scratch *s, int32_t n, const int32_t *candidates, struct batch *out)
{
	out->examples = n;
	for (int a = AXIS_TOKEN; a < AXIS_N; a++) {
		bool used = false;
		for (int i = 0; i < out->nfields; i++)
			used = used || out->spec[i].axis == (enum axis)a;
		out->offsets[a] = used ? s->offsets[a].data : NULL;
	}
	for (int i = 0; i < out->nfields; i++)
		if (!out->column[i])
			out->column[i] = s->writer.column[i].data;
	if (candidates)
		out->column[out->nfields - 1] = candidates;
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

/* The example of one user as far as its history. */
static enum err_code begin_example(const struct eval_source *src, const struct kind_class *k, const struct args *a,
	int32_t user, struct eval_scratch *s, struct err *e)
{
	const struct dataset *d = src->split->data;
	struct history h = {.user = user, .length = src->length, .data = d, .args = a};
	bool item = kind_by_item(k, a);
	if (user < 0 || user >= (item ? d->n_items : d->n_users))
		return err_set(e, ERR_ARG, "there is no %s %d; data set '%s' has %ss 0..%d", item ? "item" : "user",
			user, d->name, item ? "item" : "user", (item ? d->n_items : d->n_users) - 1);
	TRY(history_of(src, k, s, &h, e));
	return write_example(s, k, &h, e);
}

enum err_code eval_batch(const struct eval_source *src, const int32_t *users, int32_t n, const int32_t *candidates,
	int32_t n_candidates, struct eval_scratch **scratch, struct batch *out, struct err *e)
{
	const struct kind_class *k;
	TRY(check_kind(src->kind, src->length, &k, e));
	struct args a = kind_args(k, src->args);
	signature(k, &a, src->split->data, src->length, candidates ? n_candidates : 0, out);
	TRY(begin(scratch, out, e));
	for (int32_t i = 0; i < n; i++) {
		TRY(begin_example(src, k, &a, users[i], *scratch, e));
		TRY(close_example(*scratch, e));
	}
	bind(*scratch, n, candidates && n_candidates > 0 ? candidates : NULL, out);
	return OK;
}

/* ---- ratings ---- */

static enum err_code check_queries(const struct eval_source *src, const struct kind_class *k, const struct args *a,
	const int32_t *query, int64_t n, struct err *e)
{
	const struct dataset *d = src->split->data;
	bool user = kind_by_item(k, a);
	int32_t most = user ? d->n_users : d->n_items;
	for (int64_t i = 0; i < n; i++)
		if (query[i] < 0 || query[i] >= most)
			return err_set(e, ERR_ARG, "there is no %s %d; data set '%s' has %ss 0..%d",
				user ? "user" : "item", query[i], d->name, user ? "user" : "item", most - 1);
	return OK;
}

static enum err_code write_queries(struct eval_scratch *s, const int32_t *query, int64_t n, struct err *e)
{
	int32_t *to = n < INT32_MAX ? eval_writer_ints(&s->writer, "query", (int32_t)n) : NULL;
	if (!to)
		return err_set(e, ERR_NOMEM, "no memory for %lld ratings", (long long)n);
	if (n > 0)
		memcpy(to, query, (size_t)n * sizeof *to);
	return close_example(s, e);
}

/* Without histories a rating is an example: its user, its item, and what the kind knows of the two. */
static enum err_code write_pairs(struct eval_scratch *s, const struct eval_source *src, const struct kind_class *k,
	const struct args *a, int32_t user, const int32_t *query, int64_t n, struct err *e)
{
	int32_t *users = n < INT32_MAX ? eval_writer_ints(&s->writer, "user", (int32_t)n) : NULL;
	int32_t *items = users ? eval_writer_ints(&s->writer, "item", (int32_t)n) : NULL;
	if (!items)
		return err_set(e, ERR_NOMEM, "no memory for %lld ratings", (long long)n);
	for (int64_t i = 0; i < n; i++) {
		users[i] = user;
		items[i] = query[i];
	}
	for (int64_t i = 0; k->pair && i < n; i++) {
		TRY(k->pair(&s->writer, &(struct pair_query){src->split, a, user, query[i]}, e));
		TRY(close_example(s, e));
	}
	return OK;
}

enum err_code eval_rating_batch(const struct eval_source *src, const int32_t *users, int32_t n, const int32_t *query,
	const int64_t *start, struct eval_scratch **scratch, struct batch *out, struct err *e)
{
	const struct kind_class *k;
	TRY(check_kind(src->kind, src->length, &k, e));
	struct args a = kind_args(k, src->args);
	bool pairs = !(k->flags & KIND_HISTORY);
	rating_signature(src, k, out);
	TRY(check_queries(src, k, &a, query + start[0], start[n] - start[0], e));
	TRY(begin(scratch, out, e));
	for (int32_t i = 0; i < n; i++) {
		const int32_t *q = query + start[i];
		int64_t count = start[i + 1] - start[i];
		if (pairs) {
			TRY(write_pairs(*scratch, src, k, &a, users[i], q, count, e));
			continue;
		}
		TRY(begin_example(src, k, &a, users[i], *scratch, e));
		TRY(write_queries(*scratch, q, count, e));
	}
	bind(*scratch, pairs ? (int32_t)(start[n] - start[0]) : n, NULL, out);
	return OK;
}

/* ---- click-through ---- */

enum err_code eval_points_signature(const struct eval_source *src, struct batch *out, struct err *e)
{
	const struct kind_class *k = kind_need(src->kind, e);
	*out = (struct batch){0};
	if (!k)
		return ERR_ARG;
	if (!k->points_columns)
		return err_set(e, ERR_ARG,
			"%s batches know nothing of single interactions: models of click-through read batches of "
			"fields",
			src->kind);
	struct args a = kind_args(k, src->args);
	k->points_columns(src->split, &a, out);
	field_bound(out, src->split->data, 1);
	return OK;
}

int64_t eval_points_rows(const struct eval_source *src, enum axis a)
{
	struct err e;
	const struct kind_class *k = kind_need(src->kind, &e);
	if (!k || !k->points_rows)
		return a <= AXIS_EXAMPLE;
	struct args args = kind_args(k, src->args);
	return k->points_rows(src->split, &args, a);
}

enum err_code eval_points_batch(const struct eval_source *src, const int32_t *user, const int64_t *row, int32_t n,
	struct eval_scratch **scratch, struct batch *out, struct err *e)
{
	TRY(eval_points_signature(src, out, e));
	const struct kind_class *k = kind_need(src->kind, e);
	struct args a = kind_args(k, src->args);
	struct eval_source full = *src;
	full.args = &a;
	TRY(begin(scratch, out, e));
	for (int32_t i = 0; i < n; i++) {
		TRY(k->point(&(*scratch)->writer, &full, user[i], row[i], e));
		TRY(close_example(*scratch, e));
	}
	bind(*scratch, n, NULL, out);
	return OK;
}

/* ---- histories by hand ---- */

static float mean_rating(const struct dataset *d)
{
	double sum = 0;
	for (int64_t i = 0; i < d->n; i++)
		sum += (double)d->rating[i];
	return d->n ? (float)(sum / (double)d->n) : 0;
}

/* The latest rating that the user gave the item. */
static bool rating_of(const struct dataset *d, int32_t user, int32_t item, float *out)
{
	for (int64_t i = d->start[user + 1]; i-- > d->start[user];)
		if (d->item[i] == item) {
			*out = d->rating[i];
			return true;
		}
	return false;
}

static enum err_code look_up_ratings(const struct dataset *d, struct eval_scratch *s, struct history *h, struct err *e)
{
	if (!mem_grow(&s->rating, &s->rating_cap, (size_t)h->n + 1, sizeof *s->rating))
		return err_set(e, ERR_NOMEM, "no memory for a history of %d items", h->n);
	for (int32_t t = 0; t < h->n; t++)
		if (!rating_of(d, h->user, h->item[t], &s->rating[t]))
			s->rating[t] = mean_rating(d);
	h->rating = s->rating;
	return OK;
}

/* When the user had these items: each is sought behind the one before it, so that items which were left out do not
 * matter.  One that the user never had stands alone, before all times. */
static enum err_code look_up_times(const struct dataset *d, struct eval_scratch *s, struct history *h, struct err *e)
{
	if (!mem_grow(&s->time, &s->time_cap, (size_t)h->n + 1, sizeof *s->time))
		return err_set(e, ERR_NOMEM, "no memory for a history of %d items", h->n);
	int64_t from = d->start[h->user];
	for (int32_t t = 0; t < h->n; t++) {
		int64_t row = from;
		while (row < d->start[h->user + 1] && d->item[row] != h->item[t])
			row++;
		bool found = row < d->start[h->user + 1];
		s->time[t] = found ? d->time[row] : INT64_MIN + t;
		from = found ? row + 1 : from;
	}
	h->time = s->time;
	return OK;
}

static enum err_code look_up(const struct eval_histories *given, const struct kind_class *k, struct eval_scratch *s,
	struct history *h, struct err *e)
{
	const struct dataset *d = given->data;
	if (!given->users || !d || !(k->flags & KIND_HISTORY))
		return OK;
	if ((d->rating || d->time) && (h->user < 0 || h->user >= d->n_users))
		return err_set(e, ERR_ARG, "there is no user %d; data set '%s' has users 0..%d", h->user, d->name,
			d->n_users - 1);
	if (d->rating)
		TRY(look_up_ratings(d, s, h, e));
	return d->time ? look_up_times(d, s, h, e) : OK;
}

enum err_code eval_batch_histories(
	const struct eval_histories *given, struct eval_scratch **scratch, struct batch *out, struct err *e)
{
	const struct kind_class *k;
	TRY(check_kind(given->kind, given->length, &k, e));
	struct args a = kind_args(k, given->args);
	if (kind_by_item(k, &a))
		return err_set(e, ERR_ARG,
			"%s batches by item hold columns of items, not histories of users: they are for predicting "
			"ratings",
			given->kind);
	signature(k, &a, given->data, given->length, 0, out);
	TRY(begin(scratch, out, e));
	for (int32_t i = 0; i < given->n; i++) {
		const int32_t *at = given->offsets + i;
		struct history h = {.user = given->users ? given->users[i] : 0,
			.n = at[1] - at[0],
			.item = given->items + at[0],
			.length = given->length,
			.args = &a};
		if (h.n < 0)
			return err_set(
				e, ERR_ARG, "history %d ends before it begins: offsets %d and %d", i, at[0], at[1]);
		TRY(look_up(given, k, *scratch, &h, e));
		TRY(write_example(*scratch, k, &h, e));
		TRY(close_example(*scratch, e));
	}
	bind(*scratch, given->n, NULL, out);
	return OK;
}
