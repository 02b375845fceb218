/* What store and reader share of SQLite: opening, statements, and one clear sentence for each kind of failure.
 * Private to this folder. */
#ifndef GUSTO_STORE_DB_H
#define GUSTO_STORE_DB_H

#include "base/err.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why the database refused, as a sentence about `path`; returns its code. */
enum err_code db_error(sqlite3 *db, int rc, const char *path, struct err *e);

/* Opens with this project's settings; on failure *out is NULL.  uri: `name` is a file: URI. */
enum err_code db_open(const char *name, const char *path, int flags, sqlite3 **out, struct err *e);

/* Runs one or several statements. */
enum err_code db_exec(sqlite3 *db, const char *path, const char *sql, struct err *e);

enum err_code db_prepare(sqlite3 *db, const char *path, const char *sql, sqlite3_stmt **out, struct err *e);

/* The first column of the first row of a query as an integer; `none` where there is no row. */
enum err_code db_int(sqlite3 *db, const char *path, const char *sql, int64_t none, int64_t *out, struct err *e);

/* Runs a statement that returns no rows, then resets it and drops its bindings. */
enum err_code db_run(sqlite3_stmt *st, const char *path, struct err *e);

/* Steps a query: *row says whether there is one. */
enum err_code db_step(sqlite3_stmt *st, const char *path, bool *row, struct err *e);

/* Text with NULL for NULL; doubles with NULL for NaN (SQLite stores NaN as NULL). */
void db_bind_text(sqlite3_stmt *st, int col, const char *text);
void db_bind_double(sqlite3_stmt *st, int col, double x);
double db_double(sqlite3_stmt *st, int col);
char *db_strdup(sqlite3_stmt *st, int col); /* "" for NULL; NULL where memory is short; mem_free */
void db_copy_text(sqlite3_stmt *st, int col, char *buf, size_t size);

#endif
