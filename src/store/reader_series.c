#include "store/reader_db.h"

#include "base/mem.h"
#include "store/chunk.h"

#include <math.h>
#include <string.h>

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

/* Decodes one chunk behind what is there and drops its samples before the cursor. */
static enum err_code chunk_append(struct reader_db *r, sqlite3_stmt *st, struct samples *out, struct err *e)
{
	int64_t pos = chunk_pos(sqlite3_column_int64(st, 0)), n = sqlite3_column_int64(st, 1);
	if (n < 1 || n > CHUNK_SAMPLES || pos > out->cursor)
		return err_set(e, ERR_FORMAT, "%s is damaged: samples are missing before position %lld", r->path,
			(long long)pos);
	int64_t skip = out->cursor - pos;
	if (skip >= n)
		return OK;
	if (!samples_room(out, (size_t)n))
		return err_set(e, ERR_NOMEM, "%s: no memory for %zu samples", r->path, out->n + (size_t)n);
	const void *data = sqlite3_column_blob(st, 5);
	int64_t *step = out->step + out->n;
	double *value = out->value + out->n;
	if (!data || !chunk_decode(data, (size_t)sqlite3_column_bytes(st, 5), sqlite3_column_int(st, 3),
			     sqlite3_column_int64(st, 2), sqlite3_column_int64(st, 4), (size_t)n, step, value))
		return err_set(e, ERR_FORMAT, "%s is damaged: the samples at position %lld cannot be decoded", r->path,
			(long long)pos);
	memmove(step, step + skip, (size_t)(n - skip) * sizeof *step);
	memmove(value, value + skip, (size_t)(n - skip) * sizeof *value);
	out->n += (size_t)(n - skip);
	out->cursor += n - skip;
	return OK;
}

enum err_code reader_samples(struct reader_db *r, int series, struct samples *out, struct err *e)
{
	sqlite3_stmt *st;
	bool row = false;
	if (series < 1 || out->cursor < 0 || chunk_pos(out->cursor) != out->cursor)
		return err_set(
			e, ERR_ARG, "series %d, cursor %lld: no such place in a run", series, (long long)out->cursor);
	TRY(reader_query(r, READ_CHUNKS, &st, e));
	sqlite3_bind_int64(st, 1, chunk_key(series, out->cursor));
	sqlite3_bind_int64(st, 2, chunk_key(series, 0));
	sqlite3_bind_int64(st, 3, chunk_key(series + 1, 0));
	enum err_code code = OK;
	while (code == OK && (code = db_step(st, r->path, &row, e)) == OK && row)
		code = chunk_append(r, st, out, e);
	reader_query_end(st);
	return code;
}

void samples_free(struct samples *s)
{
	mem_free(s->step);
	mem_free(s->value);
	*s = (struct samples){0};
}
