#include "store/db.h"

#include "base/mem.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* How long a writer waits for another process that holds the write lock (somebody's sqlite3 shell). */
enum { BUSY_MS = 2000 };

enum err_code db_error(sqlite3 *db, int rc, const char *path, struct err *e)
{
	int sys = db ? sqlite3_system_errno(db) : 0;
	const char *why = sys ? strerror(sys) : sqlite3_errstr(rc);
	switch (rc & 0xff) {
	case SQLITE_FULL:
		return err_set(e, ERR_IO, "%s: the disk is full; free some space (what is saved stays saved)", path);
	case SQLITE_CANTOPEN:
		return err_set(e, ERR_IO, "cannot open %s: %s", path, why);
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return err_set(
			e, ERR_IO, "%s cannot be written; check the permissions of the file and its directory", path);
	case SQLITE_IOERR:
		if (sys == ENOSPC)
			return db_error(db, SQLITE_FULL, path, e);
		return err_set(e, ERR_IO, "%s: reading or writing failed: %s", path, why);
	case SQLITE_NOTADB:
		return err_set(e, ERR_FORMAT, "%s is not a run database, or its first page is damaged", path);
	case SQLITE_CORRUPT:
		return err_set(
			e, ERR_FORMAT, "%s is damaged; `sqlite3 %s .recover` saves what can be read", path, path);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return err_set(
			e, ERR_STATE, "%s is locked by another process that writes it; close that one first", path);
	case SQLITE_NOMEM:
		return err_set(e, ERR_NOMEM, "%s: memory is short", path);
	default:
		return err_set(e, ERR_FORMAT, "%s does not hold what a run database should: %s", path,
			db ? sqlite3_errmsg(db) : sqlite3_errstr(rc));
	}
}

enum err_code db_open(const char *name, const char *path, int flags, sqlite3 **out, struct err *e)
{
	sqlite3 *db = NULL;
	int rc = sqlite3_open_v2(name, &db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
	*out = NULL;
	if (rc == SQLITE_OK) {
		/* A run.db may come from anywhere: it must not run code of its own (triggers, views, odd functions). */
		sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
		sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
		sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
		sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
		sqlite3_busy_timeout(db, BUSY_MS);
		rc = sqlite3_exec(db, "PRAGMA cell_size_check = ON", NULL, NULL, NULL);
	}
	if (rc == SQLITE_OK) {
		*out = db;
		return OK;
	}
	enum err_code code = db_error(db, rc, path, e);
	sqlite3_close(db);
	return code;
}

enum err_code db_exec(sqlite3 *db, const char *path, const char *sql, struct err *e)
{
	int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
	return rc == SQLITE_OK ? OK : db_error(db, rc, path, e);
}

enum err_code db_prepare(sqlite3 *db, const char *path, const char *sql, sqlite3_stmt **out, struct err *e)
{
	int rc = sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);
	return rc == SQLITE_OK ? OK : db_error(db, rc, path, e);
}

enum err_code db_int(sqlite3 *db, const char *path, const char *sql, int64_t none, int64_t *out, struct err *e)
{
	sqlite3_stmt *st = NULL;
	bool row = false;
	enum err_code code = db_prepare(db, path, sql, &st, e);
	if (code == OK)
		code = db_step(st, path, &row, e);
	*out = row ? sqlite3_column_int64(st, 0) : none;
	sqlite3_finalize(st);
	return code;
}

enum err_code db_run(sqlite3_stmt *st, const char *path, struct err *e)
{
	int rc = sqlite3_step(st);
	enum err_code code = rc == SQLITE_DONE || rc == SQLITE_ROW ? OK : db_error(sqlite3_db_handle(st), rc, path, e);
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return code;
}

enum err_code db_step(sqlite3_stmt *st, const char *path, bool *row, struct err *e)
{
	int rc = sqlite3_step(st);
	*row = rc == SQLITE_ROW;
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? OK : db_error(sqlite3_db_handle(st), rc, path, e);
}

void db_bind_text(sqlite3_stmt *st, int col, const char *text)
{
	sqlite3_bind_text(st, col, text, -1, SQLITE_TRANSIENT);
}

void db_bind_double(sqlite3_stmt *st, int col, double x)
{
	sqlite3_bind_double(st, col, x);
}

double db_double(sqlite3_stmt *st, int col)
{
	return sqlite3_column_type(st, col) == SQLITE_NULL ? (double)NAN : sqlite3_column_double(st, col);
}

char *db_strdup(sqlite3_stmt *st, int col)
{
	const unsigned char *text = sqlite3_column_text(st, col);
	return mem_strdup(text ? (const char *)text : "");
}

void db_copy_text(sqlite3_stmt *st, int col, char *buf, size_t size)
{
	const unsigned char *text = sqlite3_column_text(st, col);
	snprintf(buf, size, "%s", text ? (const char *)text : "");
}
