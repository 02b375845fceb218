/* Tables of rows.  Each kind says how one row is read (and freed); collecting them is the same for all. */
#include "store/reader_db.h"

#include "base/mem.h"

#include <string.h>

struct row_kind {
	size_t size;
	bool (*read)(sqlite3_stmt *st, void *row); /* false: memory is short */
	void (*free)(void *rows, size_t n);
};

/* All rows of a query with one parameter (after). */
static enum err_code rows_collect(struct reader_db *r, const char *sql, int64_t after, const struct row_kind *k,
	void *out, size_t *n, struct err *e)
{
	sqlite3_stmt *st = NULL;
	bool row = false;
	char *rows = NULL;
	size_t cap = 0;
	*n = 0;
	enum err_code code = db_prepare(r->db, r->path, sql, &st, e);
	if (code == OK && sqlite3_bind_parameter_count(st))
		sqlite3_bind_int64(st, 1, after);
	while (code == OK && (code = db_step(st, r->path, &row, e)) == OK && row) {
		if (!mem_grow(&rows, &cap, *n + 1, k->size)) {
			code = err_set(e, ERR_NOMEM, "%s: no memory for %zu rows", r->path, *n + 1);
			break;
		}
		memset(rows + *n * k->size, 0, k->size);
		if (!k->read(st, rows + (*n)++ * k->size))
			code = err_set(e, ERR_NOMEM, "%s: no memory for %zu rows", r->path, *n);
	}
	sqlite3_finalize(st);
	if (code != OK) {
		k->free(rows, *n);
		rows = NULL;
		*n = 0;
	}
	memcpy(out, &rows, sizeof rows);
	return code;
}

static void plain_free(void *rows, size_t n)
{
	(void)n;
	mem_free(rows);
}

static bool tweak_read(sqlite3_stmt *st, void *row)
{
	struct tweak_row *t = row;
	t->id = sqlite3_column_int64(st, 0);
	t->step = sqlite3_column_int64(st, 1);
	t->time = db_double(st, 2);
	char **const field[] = {&t->kind, &t->name, &t->old_value, &t->new_value, &t->by, &t->answer};
	for (int i = 0; i < 6; i++)
		if (!(*field[i] = db_strdup(st, 3 + i)))
			return false;
	return true;
}

void reader_tweaks_free(struct tweak_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		mem_free(rows[i].kind);
		mem_free(rows[i].name);
		mem_free(rows[i].old_value);
		mem_free(rows[i].new_value);
		mem_free(rows[i].by);
		mem_free(rows[i].answer);
	}
	mem_free(rows);
}

static void tweaks_free(void *rows, size_t n)
{
	reader_tweaks_free(rows, n);
}

enum err_code reader_tweaks(struct reader_db *r, int64_t after_id, struct tweak_row **out, size_t *n, struct err *e)
{
	static const struct row_kind kind = {sizeof **out, tweak_read, tweaks_free};
	return rows_collect(r,
		"SELECT id, step, time, kind, name, old_value, new_value, by, answer FROM tweak WHERE id > ? ORDER BY "
		"id",
		after_id, &kind, out, n, e);
}

static bool event_read(sqlite3_stmt *st, void *row)
{
	struct event_row *v = row;
	v->id = sqlite3_column_int64(st, 0);
	v->step = sqlite3_column_int64(st, 1);
	v->time = db_double(st, 2);
	return (v->level = db_strdup(st, 3)) && (v->kind = db_strdup(st, 4)) && (v->text = db_strdup(st, 5));
}

void reader_events_free(struct event_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		mem_free(rows[i].level);
		mem_free(rows[i].kind);
		mem_free(rows[i].text);
	}
	mem_free(rows);
}

static void events_free(void *rows, size_t n)
{
	reader_events_free(rows, n);
}

enum err_code reader_events(struct reader_db *r, int64_t after_id, struct event_row **out, size_t *n, struct err *e)
{
	static const struct row_kind kind = {sizeof **out, event_read, events_free};
	return rows_collect(r, "SELECT id, step, time, level, kind, text FROM event WHERE id > ? ORDER BY id", after_id,
		&kind, out, n, e);
}

static bool knob_read(sqlite3_stmt *st, void *row)
{
	struct knob_row *k = row;
	char **const field[] = {&k->name, &k->type, &k->help, &k->choices, &k->def, &k->value};
	for (int i = 0; i < 6; i++)
		if (!(*field[i] = db_strdup(st, i)))
			return false;
	k->min = db_double(st, 6);
	k->max = db_double(st, 7);
	k->structural = sqlite3_column_int(st, 8);
	return true;
}

void reader_knobs_free(struct knob_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		mem_free(rows[i].name);
		mem_free(rows[i].type);
		mem_free(rows[i].help);
		mem_free(rows[i].choices);
		mem_free(rows[i].def);
		mem_free(rows[i].value);
	}
	mem_free(rows);
}

static void knobs_free(void *rows, size_t n)
{
	reader_knobs_free(rows, n);
}

enum err_code reader_knobs(struct reader_db *r, struct knob_row **out, size_t *n, struct err *e)
{
	static const struct row_kind kind = {sizeof **out, knob_read, knobs_free};
	return rows_collect(r,
		"SELECT name, type, help, choices, def, value, min, max, structural FROM knob ORDER BY ord, name", 0,
		&kind, out, n, e);
}

static bool eval_read(sqlite3_stmt *st, void *row)
{
	struct eval_row *v = row;
	v->step = sqlite3_column_int64(st, 0);
	db_copy_text(st, 1, v->part, sizeof v->part);
	db_copy_text(st, 2, v->metric, sizeof v->metric);
	v->value = db_double(st, 3);
	v->larger_is_better = sqlite3_column_int(st, 4);
	return true;
}

enum err_code reader_evaluations(struct reader_db *r, struct eval_row **out, size_t *n, struct err *e)
{
	static const struct row_kind kind = {sizeof **out, eval_read, plain_free};
	return rows_collect(r, "SELECT step, part, metric, value, larger_is_better FROM evaluation ORDER BY step, id",
		0, &kind, out, n, e);
}

static bool checkpoint_read(sqlite3_stmt *st, void *row)
{
	struct checkpoint_row *c = row;
	c->step = sqlite3_column_int64(st, 0);
	db_copy_text(st, 1, c->file, sizeof c->file);
	db_copy_text(st, 2, c->sha256, sizeof c->sha256);
	c->best = sqlite3_column_int(st, 3);
	return true;
}

enum err_code reader_checkpoints(struct reader_db *r, struct checkpoint_row **out, size_t *n, struct err *e)
{
	static const struct row_kind kind = {sizeof **out, checkpoint_read, plain_free};
	return rows_collect(
		r, "SELECT step, file, sha256, best FROM checkpoint ORDER BY step, id", 0, &kind, out, n, e);
}

static enum err_code per_user_copy(struct reader_db *r, sqlite3_stmt *st, float **out, int32_t *n, struct err *e)
{
	const void *data = sqlite3_column_blob(st, 1);
	int64_t users = sqlite3_column_int64(st, 0), bytes = sqlite3_column_bytes(st, 1);
	if (users < 1 || !data || bytes != users * (int64_t)sizeof **out)
		return err_set(e, ERR_FORMAT, "%s is damaged: %lld bytes of values for %lld users", r->path,
			(long long)bytes, (long long)users);
	if (!(*out = mem_alloc((size_t)bytes)))
		return err_set(e, ERR_NOMEM, "%s: no memory for %lld users", r->path, (long long)users);
	memcpy(*out, data, (size_t)bytes);
	*n = (int32_t)users;
	return OK;
}

enum err_code reader_per_user(
	struct reader_db *r, const char *part, const char *metric, int64_t step, float **out, int32_t *n, struct err *e)
{
	sqlite3_stmt *st = NULL;
	bool row = false;
	*out = NULL;
	*n = 0;
	enum err_code code = db_prepare(r->db, r->path,
		"SELECT n_users, per_user FROM evaluation WHERE part = ?1 AND metric = ?2 AND per_user IS NOT NULL"
		" AND (?3 < 0 OR step = ?3) ORDER BY step DESC LIMIT 1",
		&st, e);
	if (code == OK) {
		db_bind_text(st, 1, part);
		db_bind_text(st, 2, metric);
		sqlite3_bind_int64(st, 3, step);
		code = db_step(st, r->path, &row, e);
	}
	if (code == OK)
		code = row ? per_user_copy(r, st, out, n, e)
			   : err_set(e, ERR_NOTFOUND, "%s holds no values of %s per user for \"%s\"%s", r->path, metric,
				     part, step < 0 ? "" : " at that step");
	sqlite3_finalize(st);
	return code;
}

char *reader_probe(struct reader_db *r, const char *kind, const char *args_json, int64_t *step)
{
	sqlite3_stmt *st = NULL;
	bool row = false;
	char *result = NULL;
	if (db_prepare(r->db, r->path,
		    "SELECT step, result FROM probe WHERE kind = ?1 AND (?2 IS NULL OR args = ?2) ORDER BY id DESC "
		    "LIMIT 1",
		    &st, NULL) == OK) {
		db_bind_text(st, 1, kind);
		db_bind_text(st, 2, args_json);
		if (db_step(st, r->path, &row, NULL) == OK && row) {
			result = db_strdup(st, 1);
			if (step)
				*step = sqlite3_column_int64(st, 0);
		}
	}
	sqlite3_finalize(st);
	return result;
}
