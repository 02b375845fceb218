/* The planted world as a data set.
 *
 * Users come one after the other and so do their rows, and how many events a user has is known before they are made.  So there is
 * nothing to sort: a frame has everything but the rows, and a crew of threads fills in the rows of some users at a time, in memory or
 * in a cache file. */
#include "data/planted.h"

#include "base/mem.h"
#include "base/team.h"
#include "data/cache.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { WORLD_VERSION = 1, CREW_MAX = 16, USERS_AT_ONCE = 2048 };

static enum err_code add_items(const struct planted *w, struct builder *b, struct err *e)
{
	for (int32_t i = 0; i < planted_items(w); i++) {
		char id[16], title[96];
		const char *genre = planted_genre(w, i);
		int n = snprintf(id, sizeof id, "m%d", i + 1);
		int32_t dense = builder_item(b, id, (size_t)n);
		if (dense < 0)
			return err_set(e, ERR_NOMEM, "no memory for %d planted items", planted_items(w));
		CHECK(dense == i, "item %d of the planted world got the id %d", i, dense);
		planted_title(w, i, title, sizeof title);
		TRY(builder_cell_text(b, true, i, "title", COLUMN_TOKEN, title, strlen(title), e));
		TRY(builder_cell_text(b, true, i, "genres", COLUMN_TOKENS, genre, strlen(genre), e));
	}
	return OK;
}

static enum err_code add_users(const struct planted *w, struct builder *b, struct err *e)
{
	for (int32_t u = 0; u < planted_users(w); u++) {
		char id[16];
		int n = snprintf(id, sizeof id, "u%d", u + 1);
		if (builder_user(b, id, (size_t)n) < 0)
			return err_set(e, ERR_NOMEM, "no memory for %d planted users", planted_users(w));
	}
	return OK;
}

static enum err_code count_rows(const struct planted *w, struct dataset *d, struct err *e)
{
	int64_t *start = dataset_alloc(d, ((size_t)d->n_users + 1) * sizeof *start);
	if (!start)
		return err_set(e, ERR_NOMEM, "no memory for %d planted users", d->n_users);
	for (int32_t u = 0; u < d->n_users; u++)
		start[u + 1] = start[u] + planted_length(w, u);
	d->start = start;
	d->n = start[d->n_users];
	return OK;
}

/* A data set of all users and items and no rows, but with their number. */
static enum err_code new_frame(const struct planted *w, struct dataset **out, struct err *e)
{
	struct builder *b = builder_new("planted");
	enum err_code code = b ? add_items(w, b, e) : err_set(e, ERR_NOMEM, "no memory for the planted world");
	*out = NULL;
	if (code == OK)
		code = add_users(w, b, e);
	if (code == OK)
		code = builder_finish(b, out, e);
	builder_free(b);
	return code == OK ? count_rows(w, *out, e) : code;
}

/* ---- the rows ---- */

/* Where they go: rows first..first + n, one call per block of users, from any thread. */
typedef enum err_code rows_sink(void *ctx, int64_t first, int64_t n, const int32_t *item, const float *rating,
	const int64_t *time, struct err *e);

/* What a member of the crew holds: the events of one user, the columns of a block. */
struct desk {
	struct planted_event *event;
	int32_t *item;
	float *rating;
	int64_t *time;
	size_t item_cap, rating_cap, time_cap;
	enum err_code code;
	struct err e;
};

struct crew {
	const struct planted *w;
	const struct dataset *frame;
	rows_sink *sink;
	void *ctx;
	int64_t next; /* first user of the next block */
	struct desk desk[CREW_MAX];
};

static enum err_code make_block(const struct crew *c, struct desk *k, int32_t from, int32_t to)
{
	const int64_t *start = c->frame->start, rows = start[to] - start[from];
	size_t need = (size_t)rows;
	if (!mem_grow(&k->item, &k->item_cap, need, sizeof *k->item) ||
		!mem_grow(&k->rating, &k->rating_cap, need, sizeof *k->rating) ||
		!mem_grow(&k->time, &k->time_cap, need, sizeof *k->time))
		return err_set(&k->e, ERR_NOMEM, "no memory for %lld planted events", (long long)rows);
	for (int32_t u = from; u < to; u++) {
		int64_t at = start[u] - start[from];
		int32_t n = planted_user(c->w, u, k->event, planted_max_length(c->w));
		for (int32_t t = 0; t < n; t++) {
			k->item[at + t] = k->event[t].item;
			k->rating[at + t] = k->event[t].rating;
			k->time[at + t] = k->event[t].time;
		}
	}
	return c->sink(c->ctx, start[from], rows, k->item, k->rating, k->time, &k->e);
}

static void make_rows(void *ctx, int member)
{
	struct crew *c = ctx;
	struct desk *k = &c->desk[member];
	k->event = mem_calloc((size_t)planted_max_length(c->w), sizeof *k->event);
	k->code = k->event ? OK : err_set(&k->e, ERR_NOMEM, "no memory for the events of a planted user");
	while (k->code == OK) {
		int64_t from = __atomic_fetch_add(&c->next, USERS_AT_ONCE, __ATOMIC_RELAXED),
			left = c->frame->n_users - from;
		if (left <= 0)
			break;
		k->code = make_block(
			c, k, (int32_t)from, (int32_t)(from + (left < USERS_AT_ONCE ? left : USERS_AT_ONCE)));
	}
	mem_free(k->event);
	mem_free(k->item);
	mem_free(k->rating);
	mem_free(k->time);
}

static enum err_code fill(
	const struct planted *w, const struct dataset *frame, rows_sink *sink, void *ctx, struct err *e)
{
	struct crew c = {.w = w, .frame = frame, .sink = sink, .ctx = ctx};
	struct team *team;
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	int members = frame->n_users <= USERS_AT_ONCE || cores < 1 ? 1 : cores < CREW_MAX ? (int)cores : CREW_MAX;
	TRY(team_new(members, &team, e));
	team_run(team, make_rows, &c);
	team_free(team);
	for (int m = 0; m < members; m++)
		if (c.desk[m].code != OK) {
			*e = c.desk[m].e;
			return c.desk[m].code;
		}
	return OK;
}

/* ---- in memory ---- */

struct columns {
	int32_t *item;
	float *rating;
	int64_t *time;
};

static enum err_code keep_rows(void *ctx, int64_t first, int64_t n, const int32_t *item, const float *rating,
	const int64_t *time, struct err *e)
{
	const struct columns *c = ctx;
	memcpy(c->item + first, item, (size_t)n * sizeof *item);
	memcpy(c->rating + first, rating, (size_t)n * sizeof *rating);
	memcpy(c->time + first, time, (size_t)n * sizeof *time);
	return OK;
}

static enum err_code fill_memory(const struct planted *w, struct dataset *d, struct err *e)
{
	size_t n = (size_t)d->n;
	struct columns c = {.item = dataset_alloc(d, n * sizeof *c.item),
		.rating = dataset_alloc(d, n * sizeof *c.rating),
		.time = dataset_alloc(d, n * sizeof *c.time)};
	if (!c.item || !c.rating || !c.time)
		return err_set(e, ERR_NOMEM, "no memory for %lld planted events", (long long)d->n);
	TRY(fill(w, d, keep_rows, &c, e));
	d->item = c.item;
	d->rating = c.rating;
	d->time = c.time;
	d->hash = dataset_content_hash(d);
	return OK;
}

enum err_code planted_dataset(const struct planted_options *o, struct dataset **out, struct err *e)
{
	struct planted *w;
	struct dataset *d;
	*out = NULL;
	TRY(planted_new(o, &w, e));
	enum err_code code = new_frame(w, &d, e);
	if (code == OK)
		code = fill_memory(w, d, e);
	planted_free(w);
	if (code == OK)
		*out = d;
	else
		dataset_unref(d);
	return code;
}

/* ---- in a file ---- */

static enum err_code stream_rows(void *ctx, int64_t first, int64_t n, const int32_t *item, const float *rating,
	const int64_t *time, struct err *e)
{
	return cache_stream_rows(ctx, first, n, item, rating, time, e);
}

enum err_code planted_cached(const struct planted_options *o, const char *path, struct dataset **out, struct err *e)
{
	struct planted *w;
	struct dataset *frame;
	struct cache_stream *s = NULL;
	*out = NULL;
	TRY(planted_new(o, &w, e));
	enum err_code code = new_frame(w, &frame, e);
	if (code == OK)
		code = cache_stream_open(frame, path, &s, e);
	if (code == OK)
		code = fill(w, frame, stream_rows, s, e);
	dataset_unref(frame);
	planted_free(w);
	if (code == OK)
		return cache_stream_finish(s, out, e);
	cache_stream_abort(s);
	return code;
}

void planted_recipe(const struct planted_options *o, char *buf, size_t size)
{
	snprintf(buf, size,
		"planted world %d: seed %llu, %lld events, %d users, %d items, %d genres, rules %a %a %d %a, drift %a",
		WORLD_VERSION, (unsigned long long)o->seed, (long long)o->interactions, o->users, o->items, o->genres,
		o->rules, o->strength, o->lag, o->early, o->drift);
}
