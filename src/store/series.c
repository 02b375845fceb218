/* Every flush appends what is new of each series as one small chunk; as soon as CHUNK_FULL of them have gathered,
 * one full chunk takes their place.  So each sample is written twice, whatever the rhythm of training; the blob written
 * by a flush is never longer than what was logged since the last one; and a finished series is rows of that many samples.
 * The samples since the last full chunk stay in memory (`tail`) for that purpose.
 *
 * Nothing in memory moves before the transaction is committed: a full disk only makes samples wait. */
#include "store/series.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

enum { SERIES_MAX = 1 << 20 };

struct series_tail {
	int64_t id, pos; /* row of `series`; position of step[0] */
	char name[64];
	int64_t *step;
	double *value;
	size_t n, saved, cap; /* samples here; how many of them are in small chunks already */
	struct chunk_sum sum; /* of everything that was written */
};

static void tail_load(struct series_tail *t, sqlite3_stmt *st)
{
	t->id = sqlite3_column_int64(st, 0);
	db_copy_text(st, 1, t->name, sizeof t->name);
	t->sum = (struct chunk_sum){
		.n = sqlite3_column_int64(st, 2),
		.first_step = sqlite3_column_int64(st, 3),
		.last_step = sqlite3_column_int64(st, 4),
		.last = db_double(st, 5),
		.min = db_double(st, 6),
		.min_step = sqlite3_column_int64(st, 7),
		.max = db_double(st, 8),
		.max_step = sqlite3_column_int64(st, 9),
		.good = sqlite3_column_int64(st, 2) - sqlite3_column_int64(st, 10),
	};
	t->pos = t->sum.n;
}

static bool tail_sane(const struct series_tail *t)
{
	return t->id > 0 && t->id <= SERIES_MAX && t->pos >= 0 && t->pos < (int64_t)1 << (CHUNK_POS_BITS - 1) &&
	       t->sum.good >= 0 && t->sum.good <= t->sum.n;
}

static enum err_code log_load(struct series_log *l, struct err *e)
{
	sqlite3_stmt *st = NULL;
	bool row = false;
	enum err_code code = db_prepare(l->db, l->path,
		"SELECT id, name, n, first_step, last_step, last, min, min_step, max, max_step, bad FROM series ORDER "
		"BY id",
		&st, e);
	while (code == OK && (code = db_step(st, l->path, &row, e)) == OK && row) {
		if (!mem_grow(&l->tail, &l->cap, l->n + 1, sizeof *l->tail)) {
			code = err_set(e, ERR_NOMEM, "%s: no memory for %zu series", l->path, l->n + 1);
			break;
		}
		struct series_tail *t = &l->tail[l->n];
		memset(t, 0, sizeof *t);
		tail_load(t, st);
		if (!tail_sane(t))
			code = err_set(e, ERR_FORMAT, "%s is damaged: series \"%s\" counts %lld samples", l->path,
				t->name, (long long)t->pos);
		l->n++;
	}
	sqlite3_finalize(st);
	return code;
}

enum err_code series_log_open(struct series_log *l, sqlite3 *db, const char *path, struct err *e)
{
	*l = (struct series_log){.db = db, .path = path};
	TRY(log_load(l, e));
	TRY(db_prepare(db, path,
		"INSERT INTO chunk(id, n, first_step, last_step, min, max, bad, coding, stride, data)"
		" VALUES(?,?,?,?,?,?,?,?,?,?)",
		&l->insert, e));
	TRY(db_prepare(db, path, "DELETE FROM chunk WHERE id >= ? AND id < ?", &l->forget, e));
	TRY(db_prepare(db, path,
		"UPDATE series SET n=?2, first_step=?3, last_step=?4, last=?5, min=?6, min_step=?7, max=?8, "
		"max_step=?9,"
		" bad=?10 WHERE id=?1",
		&l->update, e));
	return db_prepare(db, path, "UPDATE series SET generation = generation + 1 WHERE id = ?", &l->restart, e);
}

void series_log_close(struct series_log *l)
{
	sqlite3_finalize(l->insert);
	sqlite3_finalize(l->forget);
	sqlite3_finalize(l->update);
	sqlite3_finalize(l->restart);
	for (size_t i = 0; i < l->n; i++) {
		mem_free(l->tail[i].step);
		mem_free(l->tail[i].value);
	}
	mem_free(l->tail);
	*l = (struct series_log){0};
}

static enum err_code log_insert_series(struct series_log *l, const char *name, bool larger, int64_t *id, struct err *e)
{
	sqlite3_stmt *st = NULL;
	TRY(db_prepare(l->db, l->path, "INSERT INTO series(name, larger_is_better) VALUES(?,?)", &st, e));
	db_bind_text(st, 1, name);
	sqlite3_bind_int(st, 2, larger);
	enum err_code code = db_run(st, l->path, e);
	sqlite3_finalize(st);
	*id = sqlite3_last_insert_rowid(l->db);
	return code;
}

enum err_code series_log_find(struct series_log *l, const char *name, bool larger_is_better, int *index, struct err *e)
{
	size_t len = strlen(name);
	if (len == 0 || len >= sizeof l->tail->name)
		return err_set(e, ERR_ARG, "the name of a series must have 1..%zu bytes, \"%s\" has %zu",
			sizeof l->tail->name - 1, name, len);
	for (*index = 0; (size_t)*index < l->n; ++*index)
		if (!strcmp(l->tail[*index].name, name))
			return OK;
	if (l->n == SERIES_MAX)
		return err_set(e, ERR_ARG, "series \"%s\": a run has at most %d series", name, SERIES_MAX);
	if (!mem_grow(&l->tail, &l->cap, l->n + 1, sizeof *l->tail))
		return err_set(e, ERR_NOMEM, "no memory for series \"%s\"", name);
	int64_t id;
	TRY(log_insert_series(l, name, larger_is_better, &id, e));
	struct series_tail *t = &l->tail[l->n++];
	memset(t, 0, sizeof *t);
	t->id = id;
	memcpy(t->name, name, len + 1);
	return OK;
}

static bool tail_grow(struct series_tail *t)
{
	size_t cap = t->cap ? 2 * t->cap : CHUNK_SAMPLES;
	int64_t *step = mem_realloc(t->step, cap, sizeof *step);
	if (step)
		t->step = step;
	double *value = mem_realloc(t->value, cap, sizeof *value);
	if (value)
		t->value = value;
	if (!step || !value)
		return false;
	t->cap = cap;
	return true;
}

void series_log_take(struct series_log *l, const struct ring_sample *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct series_tail *t = &l->tail[s[i].series];
		if (l->waiting >= SERIES_WAITING_MAX || (t->n == t->cap && !tail_grow(t))) {
			l->lost++;
			continue;
		}
		t->step[t->n] = s[i].step;
		t->value[t->n++] = s[i].value;
		l->waiting++;
	}
}

/* Samples [from, to) of the tail as one chunk. */
static enum err_code tail_insert(
	struct series_log *l, const struct series_tail *t, size_t from, size_t to, struct err *e)
{
	unsigned char buf[CHUNK_BYTES_MAX];
	const int64_t *step = t->step + from;
	const double *value = t->value + from;
	struct chunk_sum sum = {0};
	int64_t stride;
	int coding;
	size_t bytes = chunk_encode(step, value, to - from, buf, &coding, &stride);
	chunk_sum_add(&sum, step, value, to - from);
	sqlite3_stmt *st = l->insert;
	sqlite3_bind_int64(st, 1, chunk_key((int)t->id, t->pos + (int64_t)from));
	sqlite3_bind_int64(st, 2, sum.n);
	sqlite3_bind_int64(st, 3, sum.first_step);
	sqlite3_bind_int64(st, 4, sum.last_step);
	db_bind_double(st, 5, sum.good ? sum.min : (double)NAN);
	db_bind_double(st, 6, sum.good ? sum.max : (double)NAN);
	sqlite3_bind_int64(st, 7, sum.n - sum.good);
	sqlite3_bind_int(st, 8, coding);
	sqlite3_bind_int64(st, 9, stride);
	sqlite3_bind_blob(st, 10, buf, (int)bytes, SQLITE_STATIC);
	return db_run(st, l->path, e);
}

static enum err_code sum_update(struct series_log *l, int64_t id, const struct chunk_sum *s, struct err *e)
{
	sqlite3_stmt *st = l->update;
	sqlite3_bind_int64(st, 1, id);
	sqlite3_bind_int64(st, 2, s->n);
	sqlite3_bind_int64(st, 3, s->first_step);
	sqlite3_bind_int64(st, 4, s->last_step);
	db_bind_double(st, 5, s->last);
	db_bind_double(st, 6, s->good ? s->min : (double)NAN);
	sqlite3_bind_int64(st, 7, s->min_step);
	db_bind_double(st, 8, s->good ? s->max : (double)NAN);
	sqlite3_bind_int64(st, 9, s->max_step);
	sqlite3_bind_int64(st, 10, s->n - s->good);
	return db_run(st, l->path, e);
}

/* Adds up what is not in chunks yet. */
static void tail_sum(const struct series_tail *t, struct chunk_sum *sum)
{
	if (t->n > t->saved)
		chunk_sum_add(sum, t->step + t->saved, t->value + t->saved, t->n - t->saved);
}

/* How many samples of the tail are full chunks. */
static size_t tail_full(const struct series_tail *t)
{
	return t->n / CHUNK_FULL * CHUNK_FULL;
}

static enum err_code tail_write(struct series_log *l, struct series_tail *t, struct err *e)
{
	size_t full = tail_full(t), from = t->saved;
	if (full && t->saved) {
		sqlite3_bind_int64(l->forget, 1, chunk_key((int)t->id, t->pos));
		sqlite3_bind_int64(l->forget, 2, chunk_key((int)t->id, t->pos + (int64_t)t->saved));
		TRY(db_run(l->forget, l->path, e));
	}
	for (size_t at = 0; at < full; at += CHUNK_FULL, from = at)
		TRY(tail_insert(l, t, at, at + CHUNK_FULL, e));
	if (t->n > from)
		TRY(tail_insert(l, t, from, t->n, e));
	struct chunk_sum sum = t->sum;
	tail_sum(t, &sum);
	return sum_update(l, t->id, &sum, e);
}

/* After the commit: what tail_write wrote is remembered as written. */
static void tail_settle(struct series_tail *t)
{
	size_t full = tail_full(t);
	tail_sum(t, &t->sum);
	t->n -= full;
	t->pos += (int64_t)full;
	t->saved = t->n;
	if (!full || !t->n)
		return;
	memmove(t->step, t->step + full, t->n * sizeof *t->step);
	memmove(t->value, t->value + full, t->n * sizeof *t->value);
}

enum err_code series_log_write(struct series_log *l, struct err *e)
{
	if (!l->waiting)
		return OK;
	enum err_code code = db_exec(l->db, l->path, "BEGIN IMMEDIATE", e);
	for (size_t i = 0; i < l->n && code == OK; i++)
		if (l->tail[i].n > l->tail[i].saved)
			code = tail_write(l, &l->tail[i], e);
	if (code == OK)
		code = db_exec(l->db, l->path, "COMMIT", e);
	if (code != OK) {
		sqlite3_exec(l->db, "ROLLBACK", NULL, NULL, NULL);
		return code;
	}
	for (size_t i = 0; i < l->n; i++)
		if (l->tail[i].n > l->tail[i].saved)
			tail_settle(&l->tail[i]);
	l->waiting = 0;
	return OK;
}

/* Reads the chunks of a series in order: into the sum as long as they are before `step`, from the first other one on
 * what remains into the tail. */
static enum err_code tail_rewind(
	struct series_log *l, sqlite3_stmt *st, struct series_tail *t, int64_t limit, struct err *e)
{
	int64_t step[CHUNK_SAMPLES];
	double value[CHUNK_SAMPLES];
	bool row = false, cut = false;
	enum err_code code;
	while ((code = db_step(st, l->path, &row, e)) == OK && row) {
		if (!chunk_column(st, step, value))
			return err_set(e, ERR_FORMAT, "%s is damaged: samples of series \"%s\" cannot be decoded",
				l->path, t->name);
		size_t n = (size_t)sqlite3_column_int64(st, 1), keep = 0;
		for (size_t i = 0; i < n; i++) {
			if (step[i] >= limit)
				continue;
			step[keep] = step[i];
			value[keep++] = value[i];
		}
		if (!cut && keep == n) {
			chunk_sum_add(&t->sum, step, value, n);
			t->pos += (int64_t)n;
			continue;
		}
		cut = true;
		while (t->n + keep > t->cap)
			if (!tail_grow(t))
				return err_set(e, ERR_NOMEM, "%s: no memory to rewind series \"%s\"", l->path, t->name);
		if (keep) {
			memcpy(t->step + t->n, step, keep * sizeof *step);
			memcpy(t->value + t->n, value, keep * sizeof *value);
		}
		t->n += keep;
	}
	return code;
}

static enum err_code series_rewind(struct series_log *l, struct series_tail *t, int64_t step, struct err *e)
{
	sqlite3_stmt *st = NULL;
	enum err_code code = db_prepare(l->db, l->path,
		"SELECT id, n, first_step, coding, stride, data FROM chunk WHERE id >= ? AND id < ? ORDER BY id", &st,
		e);
	if (code == OK) {
		sqlite3_bind_int64(st, 1, chunk_key((int)t->id, 0));
		sqlite3_bind_int64(st, 2, chunk_key((int)t->id + 1, 0));
		code = tail_rewind(l, st, t, step, e);
	}
	sqlite3_finalize(st);
	if (code != OK)
		return code;
	sqlite3_bind_int64(l->forget, 1, chunk_key((int)t->id, t->pos));
	sqlite3_bind_int64(l->forget, 2, chunk_key((int)t->id + 1, 0));
	TRY(db_run(l->forget, l->path, e));
	sqlite3_bind_int64(l->restart, 1, t->id);
	TRY(db_run(l->restart, l->path, e));
	return tail_write(l, t, e);
}

struct series_tail *series_log_rewind(struct series_log *l, int64_t step, struct err *e)
{
	struct series_tail *fresh = mem_calloc(l->n, sizeof *fresh);
	if (!fresh) {
		err_set(e, ERR_NOMEM, "%s: no memory to rewind", l->path);
		return NULL;
	}
	for (size_t i = 0; i < l->n; i++) {
		fresh[i].id = l->tail[i].id;
		memcpy(fresh[i].name, l->tail[i].name, sizeof fresh[i].name);
		if (series_rewind(l, &fresh[i], step, e) != OK) {
			series_log_settle(l, fresh, false);
			return NULL;
		}
	}
	return fresh;
}

void series_log_settle(struct series_log *l, struct series_tail *rewound, bool committed)
{
	for (size_t i = 0; i < l->n; i++) {
		struct series_tail *drop = committed ? &l->tail[i] : &rewound[i];
		mem_free(drop->step);
		mem_free(drop->value);
		if (committed) {
			l->tail[i] = rewound[i];
			tail_settle(&l->tail[i]);
		}
	}
	if (committed)
		l->waiting = 0;
	mem_free(rewound);
}
