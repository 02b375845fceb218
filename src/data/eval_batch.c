/* An evaluation batch is written example by example: the user, then what the kind makes of its history. */
#include "base/mem.h"
#include "data/batcher.h"
#include "data/kind.h"

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
	size_t item_cap, rating_cap;
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

static void signature(const struct kind_class *k, int32_t n_candidates, struct batch *out)
{
	*out = (struct batch){0};
	field_add(out, "user", FIELD_INT, AXIS_EXAMPLE, 1);
	if (k && k->eval_columns)
		k->eval_columns(out);
	if (n_candidates > 0)
		field_add(out, "candidate", FIELD_INT, AXIS_EXAMPLE, n_candidates);
}

void eval_signature(const struct eval_source *src, int32_t n_candidates, struct batch *out)
{
	struct err e;
	signature(kind_need(src->kind, &e), n_candidates, out);
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
	int32_t *user = eval_writer_ints(&s->writer, "user", 1);
	if (!user)
		return err_set(e, ERR_NOMEM, "no memory for an evaluation batch");
	*user = h->user;
	if (k->example)
		TRY(k->example(&s->writer, h, e));
	return close_example(s, e);
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
		out->column[i] = s->writer.column[i].data;
	if (candidates)
		out->column[out->nfields - 1] = candidates;
}

/* ---- histories ---- */

static bool in_history(const struct eval_source *src, int64_t row)
{
	uint8_t part = src->split->part[row];
	return part == PART_TRAIN || part == PART_HISTORY ||
	       (part == PART_VALID && src->part == PART_TEST && src->with_validation);
}

static int32_t copy_history(const struct eval_source *src, int32_t user, int32_t *items, float *ratings, int32_t max)
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
		items[k++] = d->item[i];
	}
	return n;
}

int32_t eval_history(const struct eval_source *src, int32_t user, int32_t *items, int32_t max)
{
	return copy_history(src, user, items, NULL, max);
}

static enum err_code history_of(const struct eval_source *src, const struct kind_class *k, struct eval_scratch *s,
	struct history *h, struct err *e)
{
	const struct dataset *d = src->split->data;
	int64_t have = d->start[h->user + 1] - d->start[h->user];
	int32_t most = k->flags & KIND_LENGTH && have > src->length ? src->length : (int32_t)have;
	if (!(k->flags & KIND_HISTORY))
		return OK;
	if (!mem_grow(&s->item, &s->item_cap, (size_t)most + 1, sizeof *s->item) ||
		!mem_grow(&s->rating, &s->rating_cap, (size_t)most + 1, sizeof *s->rating))
		return err_set(e, ERR_NOMEM, "no memory for a history of %d items", most);
	h->n = copy_history(src, h->user, s->item, s->rating, most);
	h->item = s->item;
	h->rating = d->rating ? s->rating : NULL;
	return OK;
}

enum err_code eval_batch(const struct eval_source *src, const int32_t *users, int32_t n, const int32_t *candidates,
	int32_t n_candidates, struct eval_scratch **scratch, struct batch *out, struct err *e)
{
	const struct kind_class *k;
	const struct dataset *d = src->split->data;
	TRY(check_kind(src->kind, src->length, &k, e));
	signature(k, candidates ? n_candidates : 0, out);
	TRY(begin(scratch, out, e));
	for (int32_t i = 0; i < n; i++) {
		struct history h = {.user = users[i], .length = src->length, .data = d};
		if (users[i] < 0 || users[i] >= d->n_users)
			return err_set(e, ERR_ARG, "there is no user %d; data set '%s' has users 0..%d", users[i],
				d->name, d->n_users - 1);
		TRY(history_of(src, k, *scratch, &h, e));
		TRY(write_example(*scratch, k, &h, e));
	}
	bind(*scratch, n, candidates && n_candidates > 0 ? candidates : NULL, out);
	return OK;
}

enum err_code eval_batch_histories(const char *kind, int32_t length, const int32_t *items, const int32_t *offsets,
	int32_t n, const int32_t *users, struct eval_scratch **scratch, struct batch *out, struct err *e)
{
	const struct kind_class *k;
	TRY(check_kind(kind, length, &k, e));
	signature(k, 0, out);
	TRY(begin(scratch, out, e));
	for (int32_t i = 0; i < n; i++) {
		struct history h = {.user = users ? users[i] : 0,
			.n = offsets[i + 1] - offsets[i],
			.item = items + offsets[i],
			.length = length};
		if (h.n < 0)
			return err_set(e, ERR_ARG, "history %d ends before it begins: offsets %d and %d", i, offsets[i],
				offsets[i + 1]);
		TRY(write_example(*scratch, k, &h, e));
	}
	bind(*scratch, n, NULL, out);
	return OK;
}
