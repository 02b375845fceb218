/* Copies live in TMPDIR and have no name any more by the time they are used: they vanish with the process. */
#include "store/snapshot.h"

#include "base/str.h"
#include "store/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file: URI of a path, which may hold ? # % and spaces. */
static enum err_code open_immutable(const char *path, sqlite3 **db, struct err *e)
{
	struct str uri = {0};
	str_puts(&uri, "file:");
	for (const char *p = path; *p; p++)
		str_printf(&uri, *p == '?' || *p == '#' || *p == '%' ? "%%%02X" : "%c", (unsigned char)*p);
	str_puts(&uri, "?immutable=1");
	enum err_code code = uri.failed ? err_set(e, ERR_NOMEM, "no memory to open %s", path)
					: db_open(str_text(&uri), path, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, db, e);
	str_free(&uri);
	return code;
}

static enum err_code copy_file(const char *from, const char *to, struct err *e)
{
	char buf[65536];
	enum err_code code = OK;
	ssize_t n;
	int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (in < 0)
		code = err_errno(e, "cannot open %s", from);
	else if (out < 0)
		code = err_errno(e, "cannot make the temporary copy %s", to);
	while (code == OK && (n = read(in, buf, sizeof buf)) != 0) {
		if (n < 0)
			code = err_errno(e, "cannot read %s", from);
		else if (write(out, buf, (size_t)n) != n)
			code = err_errno(e, "cannot write the temporary copy %s", to);
	}
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	return code;
}

static enum err_code temp_dir(char *dir, size_t size, struct err *e)
{
	enum { MARKS = 6 }; /* X characters that mkdtemp replaces */
	const char *tmp = getenv("TMPDIR");
	int n = snprintf(dir, size, "%s/gusto-", tmp && *tmp ? tmp : "/tmp");
	if (n < 0 || (size_t)n + MARKS >= size)
		return err_set(e, ERR_ARG, "TMPDIR is too long for a temporary copy");
	memset(dir + n, 'X', MARKS);
	dir[n + MARKS] = '\0';
	return mkdtemp(dir) ? OK : err_errno(e, "cannot make the temporary directory %s", dir);
}

/* Copies database and WAL, folds the WAL into the copy and unlinks everything. */
static enum err_code open_copy(const char *path, const char *wal, sqlite3 **db, struct err *e)
{
	char dir[PATH_MAX - 32], copy[PATH_MAX], copy_wal[PATH_MAX + 8], copy_shm[PATH_MAX + 8];
	TRY(temp_dir(dir, sizeof dir, e));
	snprintf(copy, sizeof copy, "%s/run.db", dir);
	snprintf(copy_wal, sizeof copy_wal, "%s-wal", copy);
	snprintf(copy_shm, sizeof copy_shm, "%s-shm", copy);
	enum err_code code = copy_file(path, copy, e);
	if (code == OK)
		code = copy_file(wal, copy_wal, e);
	if (code == OK)
		code = db_open(copy, path, SQLITE_OPEN_READWRITE, db, e);
	if (code == OK)
		code = db_exec(*db, path, "PRAGMA journal_mode = DELETE", e);
	unlink(copy);
	unlink(copy_wal);
	unlink(copy_shm);
	rmdir(dir);
	return code;
}

enum err_code snapshot_unwritable(const char *path, sqlite3 **db, int *version, struct err *e)
{
	char wal[PATH_MAX];
	struct stat st;
	if (snprintf(wal, sizeof wal, "%s-wal", path) >= (int)sizeof wal)
		return err_set(e, ERR_ARG, "the path %s is too long", path);
	sqlite3_close(*db);
	*db = NULL;
	if (!stat(wal, &st) && st.st_size > 0)
		TRY(open_copy(path, wal, db, e));
	else
		TRY(open_immutable(path, db, e));
	TRY(schema_check(*db, path, version, e));
	return *version && *version < schema_version() ? snapshot_migrated(path, db, e) : OK;
}

static enum err_code vacuum_into(sqlite3 *from, const char *path, const char *copy, struct err *e)
{
	sqlite3_stmt *st = NULL;
	TRY(db_prepare(from, path, "VACUUM INTO ?", &st, e));
	db_bind_text(st, 1, copy);
	enum err_code code = db_run(st, path, e);
	sqlite3_finalize(st);
	return code;
}

enum err_code snapshot_migrated(const char *path, sqlite3 **db, struct err *e)
{
	char dir[PATH_MAX - 32], copy[PATH_MAX];
	sqlite3 *fresh = NULL;
	TRY(temp_dir(dir, sizeof dir, e));
	snprintf(copy, sizeof copy, "%s/run.db", dir);
	enum err_code code = vacuum_into(*db, path, copy, e);
	if (code == OK)
		code = db_open(copy, path, SQLITE_OPEN_READWRITE, &fresh, e);
	if (code == OK)
		code = schema_migrate(fresh, path, e);
	unlink(copy);
	rmdir(dir);
	if (code != OK) {
		sqlite3_close(fresh);
		return code;
	}
	sqlite3_close(*db);
	*db = fresh;
	return OK;
}
