/* Migrations: migrations[v] turns version v into v + 1; a fresh run.db goes through all of them.
 *
 * To change the schema, append a row and store the SQL of the old version as tests/reference/schema_v<N>.sql: a test
 * brings every stored version forward.  Never edit a row that was released.
 *
 * Samples live in `chunk`, clustered by series: id = series << 40 | position of the chunk's first sample, so that the
 * key alone orders the samples of a series and a reader's cursor is a position.  NULL stands for NaN in REAL columns. */
#include "store/schema.h"

enum { APPLICATION_ID = 0x67757374 }; /* "gust", for file(1) and for the refusal of other people's databases */

static const char *const migrations[] = {
	/* 1 */
	"CREATE TABLE fact(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE series(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, larger_is_better INTEGER NOT NULL,"
	" n INTEGER NOT NULL DEFAULT 0, first_step INTEGER, last_step INTEGER, last REAL,"
	" min REAL, min_step INTEGER, max REAL, max_step INTEGER, bad INTEGER NOT NULL DEFAULT 0);"
	"CREATE TABLE chunk(id INTEGER PRIMARY KEY, n INTEGER NOT NULL, first_step INTEGER NOT NULL,"
	" last_step INTEGER NOT NULL, min REAL, max REAL, bad INTEGER NOT NULL, coding INTEGER NOT NULL,"
	" stride INTEGER NOT NULL, data BLOB NOT NULL);"
	"CREATE TABLE knob(name TEXT PRIMARY KEY, ord INTEGER NOT NULL, type TEXT NOT NULL, help TEXT, choices TEXT,"
	" min REAL, max REAL, def TEXT, value TEXT, structural INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE tweak(id INTEGER PRIMARY KEY, step INTEGER NOT NULL, time REAL NOT NULL, kind TEXT NOT NULL,"
	" name TEXT, old_value TEXT, new_value TEXT, by TEXT, answer TEXT);"
	"CREATE TABLE event(id INTEGER PRIMARY KEY, step INTEGER NOT NULL, time REAL NOT NULL, level TEXT NOT NULL,"
	" kind TEXT NOT NULL, text TEXT NOT NULL);"
	"CREATE TABLE evaluation(id INTEGER PRIMARY KEY, step INTEGER NOT NULL, part TEXT NOT NULL, metric TEXT NOT "
	"NULL,"
	" value REAL, larger_is_better INTEGER NOT NULL, seconds REAL, n_users INTEGER NOT NULL, per_user BLOB,"
	" UNIQUE(part, metric, step));"
	"CREATE TABLE probe(id INTEGER PRIMARY KEY, step INTEGER NOT NULL, time REAL NOT NULL, kind TEXT NOT NULL,"
	" args TEXT NOT NULL, result TEXT NOT NULL);"
	"CREATE INDEX probe_by_kind ON probe(kind, id);"
	"CREATE TABLE checkpoint(id INTEGER PRIMARY KEY, step INTEGER NOT NULL, file TEXT NOT NULL UNIQUE,"
	" sha256 TEXT, best INTEGER NOT NULL);",

	/* 2: store_rewind takes samples back; a reader notices by the generation and starts again. */
	"ALTER TABLE series ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;",
};

int schema_version(void)
{
	return (int)(sizeof migrations / sizeof *migrations);
}

enum err_code schema_check(sqlite3 *db, const char *path, int *version, struct err *e)
{
	int64_t v, app;
	*version = 0;
	TRY(db_int(db, path, "PRAGMA user_version", 0, &v, e));
	TRY(db_int(db, path, "PRAGMA application_id", 0, &app, e));
	if (app != APPLICATION_ID) {
		int64_t tables;
		TRY(db_int(db, path, "SELECT count(*) FROM sqlite_schema", 0, &tables, e));
		if (app != 0 || v != 0 || tables != 0)
			return err_set(e, ERR_FORMAT, "%s is an SQLite database, but not one of a gusto run", path);
		return OK;
	}
	if (v > schema_version())
		return err_set(e, ERR_STATE,
			"%s was written by a newer gusto (schema %lld, this one knows up to %d); update gusto to open "
			"it",
			path, (long long)v, schema_version());
	if (v < 1)
		return err_set(e, ERR_FORMAT, "%s is damaged: schema version %lld does not exist", path, (long long)v);
	*version = (int)v;
	return OK;
}

enum err_code schema_migrate(sqlite3 *db, const char *path, struct err *e)
{
	int v;
	TRY(schema_check(db, path, &v, e));
	if (v == schema_version())
		return OK;
	enum err_code code = db_exec(db, path, "BEGIN IMMEDIATE", e);
	for (; code == OK && v < schema_version(); v++)
		code = db_exec(db, path, migrations[v], e);
	char sql[96];
	sqlite3_snprintf(sizeof sql, sql, "PRAGMA application_id=%d; PRAGMA user_version=%d; COMMIT", APPLICATION_ID,
		schema_version());
	if (code == OK)
		code = db_exec(db, path, sql, e);
	if (code != OK)
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return code;
}
