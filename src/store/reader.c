/* Opening a run for reading, and its facts.  See reader_rows.c for tables and reader_series.c for samples. */
#include "store/reader_db.h"

#include "base/mem.h"
#include "store/schema.h"
#include "store/snapshot.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const query_sql[READ_N] = {
	[READ_FACT] = "SELECT value FROM fact WHERE key = ?",
	[READ_SERIES] =
		"SELECT id, name, larger_is_better, n, first_step, last_step, last, min, min_step, max, max_step, bad"
		" FROM series ORDER BY id",
	[READ_COUNT] = "SELECT n, generation FROM series WHERE id = ?",
	[READ_CHUNKS] = "SELECT id, n, first_step, coding, stride, data FROM chunk"
			" WHERE id >= (SELECT max(id) FROM chunk WHERE id <= ?1 AND id >= ?2) AND id < ?3 ORDER BY id",
	[READ_VERSION] = "PRAGMA data_version",
};

enum err_code reader_query(struct reader_db *r, enum read_query which, sqlite3_stmt **out, struct err *e)
{
	if (!r->st[which])
		TRY(db_prepare(r->db, r->path, query_sql[which], &r->st[which], e));
	*out = r->st[which];
	return OK;
}

void reader_query_end(sqlite3_stmt *st)
{
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
}

static enum err_code reader_connect(struct reader_db *r, struct err *e)
{
	struct err first = {0};
	int version;
	if (access(r->path, F_OK))
		return err_errno(e, "cannot open %s", r->path);
	enum err_code code = db_open(r->path, r->path, SQLITE_OPEN_READONLY, &r->db, &first);
	if (code == OK)
		code = schema_check(r->db, r->path, &version, &first);
	if (code == ERR_IO)
		return snapshot_unwritable(r->path, &r->db, &version, e);
	if (code == OK && version == 0)
		code = err_set(&first, ERR_STATE, "%s is empty: the run is just starting, or nothing was ever written",
			r->path);
	if (code == OK && version < schema_version())
		return snapshot_migrated(r->path, &r->db, e);
	if (code != OK && e)
		*e = first;
	return code;
}

enum err_code reader_open(const char *dir, struct reader_db **out, struct err *e)
{
	size_t len = strlen(dir) + sizeof "/run.db";
	struct reader_db *r = mem_calloc(1, sizeof *r);
	*out = NULL;
	if (!r || !(r->path = mem_alloc(len))) {
		mem_free(r);
		return err_set(e, ERR_NOMEM, "no memory to open the run %s", dir);
	}
	snprintf(r->path, len, "%s/run.db", dir);
	enum err_code code = reader_connect(r, e);
	if (code != OK) {
		reader_close(r);
		return code;
	}
	*out = r;
	return OK;
}

void reader_close(struct reader_db *r)
{
	if (!r)
		return;
	for (int i = 0; i < READ_N; i++)
		sqlite3_finalize(r->st[i]);
	sqlite3_close(r->db);
	mem_free(r->path);
	mem_free(r);
}

bool reader_get(struct reader_db *r, const char *key, char *buf, size_t size)
{
	sqlite3_stmt *st;
	bool row = false;
	if (size)
		buf[0] = '\0';
	if (reader_query(r, READ_FACT, &st, NULL) != OK)
		return false;
	db_bind_text(st, 1, key);
	if (db_step(st, r->path, &row, NULL) == OK && row)
		db_copy_text(st, 0, buf, size);
	reader_query_end(st);
	return row;
}

enum err_code reader_facts(
	struct reader_db *r, bool (*f)(void *ctx, const char *key, const char *value), void *ctx, struct err *e)
{
	sqlite3_stmt *st = NULL;
	bool row = false;
	enum err_code code = db_prepare(r->db, r->path, "SELECT key, value FROM fact ORDER BY key", &st, e);
	while (code == OK && (code = db_step(st, r->path, &row, e)) == OK && row) {
		const char *key = (const char *)sqlite3_column_text(st, 0),
			   *value = (const char *)sqlite3_column_text(st, 1);
		if (!f(ctx, key ? key : "", value ? value : ""))
			break;
	}
	sqlite3_finalize(st);
	return code;
}

int64_t reader_version(struct reader_db *r)
{
	sqlite3_stmt *st;
	bool row = false;
	if (reader_query(r, READ_VERSION, &st, NULL) != OK)
		return 0;
	int64_t v = db_step(st, r->path, &row, NULL) == OK && row ? sqlite3_column_int64(st, 0) : 0;
	reader_query_end(st);
	return v;
}
