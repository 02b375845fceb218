#include "store/reader_db.h"

#include "base/mem.h"
#include "store/chunk.h"

#include <string.h>

enum { GENERATION_MASK = (1 << 22) - 1 };

/* best: the maximum or the minimum, by the direction of the series. */
static void series_info_read(sqlite3_stmt *st, struct series_info *s)
{
	bool larger = sqlite3_column_int(st, 2);
	*s = (struct series_info){
		.id = sqlite3_column_int(st, 0),
		.larger_is_better = larger,
		.n = sqlite3_column_int64(st, 3),
		.first_step = sqlite3_column_int64(st, 4),
		.last_step = sqlite3_column_int64(st, 5),
		.last = db_double(st, 6),
		.best = db_double(st, larger ? 9 : 7),
		.best_step = sqlite3_column_int64(st, larger ? 10 : 8),
		.bad = sqlite3_column_int64(st, 11),
	};
	db_copy_text(st, 1, s->name, sizeof s->name);
}

enum err_code reader_series(struct reader_db *r, struct series_info **out, size_t *n, struct err *e)
{
	sqlite3_stmt *st;
	bool row = false;
	size_t cap = 0;
	*out = NULL;
	*n = 0;
	TRY(reader_query(r, READ_SERIES, &st, e));
	enum err_code code;
	while ((code = db_step(st, r->path, &row, e)) == OK && row) {
		if (!mem_grow(out, &cap, *n + 1, sizeof **out)) {
			code = err_set(e, ERR_NOMEM, "%s: no memory for %zu series", r->path, *n + 1);
			break;
		}
		series_info_read(st, &(*out)[(*n)++]);
	}
	reader_query_end(st);
	if (code != OK) {
		mem_free(*out);
		*out = NULL;
		*n = 0;
	}
	return code;
}

static bool samples_room(struct samples *s, size_t more)
{
	size_t cap = s->cap;
	if (s->n + more <= cap)
		return true;
	int64_t *step = s->step;
	if (!mem_grow(&step, &cap, s->n + more, sizeof *step))
		return false;
	s->step = step;
	double *value = mem_realloc(s->value, cap, sizeof *value);
	if (!value)
		return false; /* step[] is longer than cap says, which harms nothing */
	s->value = value;
	s->cap = cap;
	return true;
}

/* Decodes one chunk behind what is there and drops its samples before position *pos. */
static enum err_code chunk_append(
	struct reader_db *r, sqlite3_stmt *st, struct samples *out, int64_t *pos, struct err *e)
{
	int64_t step[CHUNK_SAMPLES], at = chunk_pos(sqlite3_column_int64(st, 0));
	double value[CHUNK_SAMPLES];
	if (at > *pos || !chunk_column(st, step, value))
		return err_set(e, ERR_FORMAT, "%s is damaged: the samples at position %lld cannot be read", r->path,
			(long long)at);
	int64_t n = sqlite3_column_int64(st, 1), skip = *pos - at;
	if (skip >= n)
		return OK;
	size_t more = (size_t)(n - skip);
	if (!samples_room(out, more))
		return err_set(e, ERR_NOMEM, "%s: no memory for %zu samples", r->path, out->n + more);
	memcpy(out->step + out->n, step + skip, more * sizeof *step);
	memcpy(out->value + out->n, value + skip, more * sizeof *value);
	out->n += more;
	*pos += (int64_t)more;
	return OK;
}

static enum err_code chunks_append(struct reader_db *r, int series, struct samples *out, int64_t *pos, struct err *e)
{
	sqlite3_stmt *st;
	bool row = false;
	TRY(reader_query(r, READ_CHUNKS, &st, e));
	sqlite3_bind_int64(st, 1, chunk_key(series, *pos));
	sqlite3_bind_int64(st, 2, chunk_key(series, 0));
	sqlite3_bind_int64(st, 3, chunk_key(series + 1, 0));
	enum err_code code = OK;
	while (code == OK && (code = db_step(st, r->path, &row, e)) == OK && row)
		code = chunk_append(r, st, out, pos, e);
	reader_query_end(st);
	return code;
}

/* How many samples a series has, and in which generation (see store_rewind). */
static enum err_code series_count(struct reader_db *r, int series, int64_t *n, int64_t *generation, struct err *e)
{
	sqlite3_stmt *st;
	bool row = false;
	TRY(reader_query(r, READ_COUNT, &st, e));
	sqlite3_bind_int(st, 1, series);
	enum err_code code = db_step(st, r->path, &row, e);
	*n = row ? sqlite3_column_int64(st, 0) : 0;
	*generation = row ? sqlite3_column_int64(st, 1) & GENERATION_MASK : 0;
	reader_query_end(st);
	if (code == OK && !row)
		return err_set(e, ERR_NOTFOUND, "%s has no series %d", r->path, series);
	return code;
}

/* The cursor is generation << CHUNK_POS_BITS | position. */
static enum err_code samples_poll(struct reader_db *r, int series, struct samples *out, struct err *e)
{
	int64_t n, generation, pos = chunk_pos(out->cursor);
	TRY(series_count(r, series, &n, &generation, e));
	if (out->cursor >> CHUNK_POS_BITS != generation) {
		pos = 0;
		out->n = 0;
	}
	size_t had = out->n;
	enum err_code code = pos < n ? chunks_append(r, series, out, &pos, e) : OK;
	if (code == OK && pos != n)
		code = err_set(e, ERR_FORMAT, "%s is damaged: series %d has %lld of %lld samples", r->path, series,
			(long long)pos, (long long)n);
	if (code == OK)
		out->cursor = generation << CHUNK_POS_BITS | pos;
	else
		out->n = had;
	return code;
}

enum err_code reader_samples(struct reader_db *r, int series, struct samples *out, struct err *e)
{
	/* One snapshot for both queries. */
	TRY(db_exec(r->db, r->path, "BEGIN", e));
	enum err_code code = samples_poll(r, series, out, e);
	sqlite3_exec(r->db, "COMMIT", NULL, NULL, NULL);
	return code;
}

void samples_free(struct samples *s)
{
	mem_free(s->step);
	mem_free(s->value);
	*s = (struct samples){0};
}
