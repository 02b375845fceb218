/* Two threads use one connection under one lock.
 *
 *   training thread   store_scalar -> ring (no lock); everything else takes the lock, writes, commits, returns
 *   writer thread     every 100 ms: takes the lock, empties the ring into the tails of the series, commits
 *
 * The database is in WAL mode: readers never wait for the writer nor it for them.  Samples are committed with
 * synchronous=NORMAL (kill -9 loses none that were committed; a power cut may lose the last moments), what a person did
 * and checkpoints with FULL.  A flush that took long makes the next one later, so that the writer never takes more than
 * about 1 % of a core from training; even then a sample is visible within a second. */
#include "store/store.h"

#include "base/mem.h"
#include "store/ring.h"
#include "store/schema.h"
#include "store/series.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { FLUSH_NS = 100000000, FLUSH_MAX_NS = 1000000000, FLUSH_SHARE = 100 };

enum statement { ST_FACT, ST_KNOB, ST_TWEAK, ST_EVENT, ST_EVAL, ST_PROBE, ST_UNBEST, ST_CHECKPOINT, ST_N };

static const char *const statement_sql[ST_N] = {
	[ST_FACT] = "INSERT OR REPLACE INTO fact(key, value) VALUES(?,?)",
	[ST_KNOB] = "INSERT INTO knob(name, ord, type, help, choices, min, max, def, value, structural)"
		    " VALUES(?1, (SELECT count(*) FROM knob), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
		    " ON CONFLICT(name) DO UPDATE SET type=?2, help=?3, choices=?4, min=?5, max=?6, def=?7, value=?8,"
		    " structural=?9",
	[ST_TWEAK] =
		"INSERT INTO tweak(step, time, kind, name, old_value, new_value, by, answer) VALUES(?,?,?,?,?,?,?,?)",
	[ST_EVENT] = "INSERT INTO event(step, time, level, kind, text) VALUES(?,?,?,?,?)",
	[ST_EVAL] = "INSERT OR REPLACE INTO evaluation(step, part, metric, value, larger_is_better, seconds, n_users, "
		    "per_user)"
		    " VALUES(?,?,?,?,?,?,?,?)",
	[ST_PROBE] = "INSERT INTO probe(step, time, kind, args, result) VALUES(?,?,?,?,?)",
	[ST_UNBEST] = "UPDATE checkpoint SET best = 0 WHERE best",
	[ST_CHECKPOINT] = "INSERT OR REPLACE INTO checkpoint(step, file, sha256, best) VALUES(?,?,?,?)",
};

struct store {
	struct ring ring; /* first: it is aligned to cache lines */
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t writer;
	bool writing, stop; /* the thread exists; it shall end */
	sqlite3 *db;
	char *path;
	int log; /* log.txt */
	struct series_log series;
	int nseries; /* as the training thread knows it */
	sqlite3_stmt *st[ST_N];
	struct err failed; /* the first failure of the writer thread since store_flush last told one */
	struct err sick;   /* why the last write of samples failed; OK if it did not */
	atomic_bool ill;   /* sick.code != OK, to be asked without the lock */
};

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- samples ---- */

static void ring_drain(struct store *s)
{
	size_t n;
	for (const struct ring_sample *p; (p = ring_peek(&s->ring, &n)), n; ring_pop(&s->ring, n))
		series_log_take(&s->series, p, n);
}

static enum err_code samples_write(struct store *s, struct err *e)
{
	struct err why = {0};
	ring_drain(s);
	series_log_write(&s->series, &why);
	s->sick = why;
	atomic_store_explicit(&s->ill, why.code != OK, memory_order_relaxed);
	if (why.code != OK) {
		if (e)
			*e = why;
		return why.code;
	}
	if (!s->series.lost)
		return OK;
	long long lost = (long long)s->series.lost;
	s->series.lost = 0;
	return err_set(e, ERR_IO, "%s refused to be written for so long that %lld samples of series were dropped",
		s->path, lost);
}

static int64_t thread_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* Sleeps, with the lock given back, until the next flush is due or the store closes. */
static void writer_sleep(struct store *s, int64_t took)
{
	int64_t ns = took * FLUSH_SHARE;
	ns = ns < FLUSH_NS ? FLUSH_NS : ns > FLUSH_MAX_NS ? FLUSH_MAX_NS : ns;
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	ns += until.tv_nsec;
	until.tv_sec += ns / 1000000000;
	until.tv_nsec = ns % 1000000000;
	while (!s->stop && pthread_cond_timedwait(&s->wake, &s->lock, &until) != ETIMEDOUT)
		;
}

static void *writer_main(void *arg)
{
	struct store *s = arg;
	int64_t took = 0;
	pthread_mutex_lock(&s->lock);
	for (;;) {
		writer_sleep(s, took);
		if (s->stop)
			break;
		struct err e = {0};
		int64_t begun = thread_ns();
		if (samples_write(s, &e) != OK && s->failed.code == OK)
			s->failed = e;
		took = thread_ns() - begun;
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* The ring is full: the training thread empties it itself, and writes too where the writer thread does not keep up. */
static void ring_overflow(struct store *s)
{
	struct err e = {0};
	pthread_mutex_lock(&s->lock);
	ring_drain(s);
	if (s->series.waiting >= SERIES_WAITING_MAX / 4 && samples_write(s, &e) != OK && s->failed.code == OK)
		s->failed = e;
	pthread_mutex_unlock(&s->lock);
}

void store_scalar(struct store *s, int series, int64_t step, double value)
{
	CHECK(series >= 0 && series < s->nseries, "series %d of %d", series, s->nseries);
	while (!ring_push(&s->ring, series, step, value))
		ring_overflow(s);
}

enum err_code store_series(struct store *s, const char *name, bool larger_is_better, int *id, struct err *e)
{
	pthread_mutex_lock(&s->lock);
	enum err_code code = series_log_find(&s->series, name, larger_is_better, id, e);
	s->nseries = (int)s->series.n;
	pthread_mutex_unlock(&s->lock);
	return code;
}

enum err_code store_flush(struct store *s, struct err *e)
{
	pthread_mutex_lock(&s->lock);
	enum err_code code = samples_write(s, e);
	if (code == OK && s->failed.code != OK) {
		code = s->failed.code;
		if (e)
			*e = s->failed;
	}
	s->failed = (struct err){0};
	pthread_mutex_unlock(&s->lock);
	return code;
}

enum err_code store_check(struct store *s, struct err *e)
{
	if (!atomic_load_explicit(&s->ill, memory_order_relaxed))
		return OK;
	pthread_mutex_lock(&s->lock);
	struct err why = s->sick;
	pthread_mutex_unlock(&s->lock);
	if (e && why.code != OK)
		*e = why;
	return why.code;
}

/* Ends a transaction by what happened in it. */
static enum err_code transaction_end(struct store *s, enum err_code code, struct err *e)
{
	if (code == OK)
		code = db_exec(s->db, s->path, "COMMIT", e);
	if (code != OK)
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	return code;
}

static enum err_code rewind_locked(struct store *s, int64_t step, struct err *e)
{
	char sql[80];
	TRY(samples_write(s, e));
	TRY(db_exec(s->db, s->path, "BEGIN IMMEDIATE", e));
	sqlite3_snprintf(sizeof sql, sql, "DELETE FROM evaluation WHERE step >= %lld", (long long)step);
	struct err why = {0};
	enum err_code code = db_exec(s->db, s->path, sql, &why);
	struct series_tail *rewound = code == OK ? series_log_rewind(&s->series, step, &why) : NULL;
	code = transaction_end(s, rewound ? OK : why.code, &why);
	if (rewound)
		series_log_settle(&s->series, rewound, code == OK);
	if (code != OK && e)
		*e = why;
	return code;
}

enum err_code store_rewind(struct store *s, int64_t step, struct err *e)
{
	pthread_mutex_lock(&s->lock);
	enum err_code code = rewind_locked(s, step, e);
	pthread_mutex_unlock(&s->lock);
	return code;
}

/* ---- opening and closing ---- */

static enum err_code writer_start(struct store *s, struct err *e)
{
	pthread_condattr_t attr;
	sigset_t all, old;
	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->wake, &attr);
	pthread_condattr_destroy(&attr);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int rc = pthread_create(&s->writer, NULL, writer_main, s);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	s->writing = rc == 0;
	return rc ? err_set(e, ERR_IO, "cannot start the thread that writes %s: %s", s->path, strerror(rc)) : OK;
}

static enum err_code store_connect(struct store *s, const char *dir, struct err *e)
{
	char log[4096];
	if (snprintf(log, sizeof log, "%s/log.txt", dir) >= (int)sizeof log)
		return err_set(e, ERR_ARG, "the path of the run directory %s is too long", dir);
	if (access(dir, F_OK))
		return err_errno(e, "cannot open the run directory %s", dir);
	TRY(db_open(s->path, s->path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &s->db, e));
	int version;
	TRY(schema_check(s->db, s->path, &version, e));
	TRY(db_exec(s->db, s->path,
		"PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 2000", e));
	TRY(schema_migrate(s->db, s->path, e));
	for (int i = 0; i < ST_N; i++)
		TRY(db_prepare(s->db, s->path, statement_sql[i], &s->st[i], e));
	TRY(series_log_open(&s->series, s->db, s->path, e));
	s->nseries = (int)s->series.n;
	s->log = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	return s->log < 0 ? err_errno(e, "cannot open %s", log) : OK;
}

static void store_free(struct store *s)
{
	series_log_close(&s->series);
	for (int i = 0; i < ST_N; i++)
		sqlite3_finalize(s->st[i]);
	sqlite3_close(s->db);
	if (s->log >= 0)
		close(s->log);
	mem_free(s->path);
	mem_aligned_free(s);
}

enum err_code store_open(const char *dir, struct store **out, struct err *e)
{
	*out = NULL;
	size_t len = strlen(dir) + sizeof "/run.db";
	struct store *s = mem_aligned(sizeof *s);
	if (!s)
		return err_set(e, ERR_NOMEM, "no memory to open the run %s", dir);
	s->log = -1;
	s->path = mem_alloc(len);
	if (s->path)
		snprintf(s->path, len, "%s/run.db", dir);
	enum err_code code =
		s->path ? store_connect(s, dir, e) : err_set(e, ERR_NOMEM, "no memory to open the run %s", dir);
	if (code == OK)
		code = writer_start(s, e);
	if (code == OK)
		*out = s;
	else
		store_free(s);
	return code;
}

enum err_code store_close(struct store *s, struct err *e)
{
	if (!s)
		return OK;
	pthread_mutex_lock(&s->lock);
	s->stop = true;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->writer, NULL);
	enum err_code code = store_flush(s, e);
	/* Best effort: a reader may be in the way, and then the WAL stays and is part of the run. */
	sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->wake);
	store_free(s);
	return code;
}

/* ---- facts, tweaks and the rest: one statement, one commit ---- */

static sqlite3_stmt *row_begin(struct store *s, enum statement which)
{
	pthread_mutex_lock(&s->lock);
	return s->st[which];
}

static enum err_code row_end(struct store *s, sqlite3_stmt *st, int64_t *id, struct err *e)
{
	enum err_code code = db_run(st, s->path, e);
	if (id)
		*id = sqlite3_last_insert_rowid(s->db);
	pthread_mutex_unlock(&s->lock);
	return code;
}

/* While it is on, what is committed is on the disk, not only in the kernel, when the commit returns. */
static void durable(struct store *s, bool on)
{
	const char *sql = on ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL";
	sqlite3_exec(s->db, sql, NULL, NULL, NULL);
}

enum err_code store_set(struct store *s, const char *key, const char *value, struct err *e)
{
	sqlite3_stmt *st = row_begin(s, ST_FACT);
	db_bind_text(st, 1, key);
	db_bind_text(st, 2, value);
	return row_end(s, st, NULL, e);
}

enum err_code store_setf(struct store *s, const char *key, struct err *e, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof text)
		return err_set(e, ERR_ARG, "the fact \"%s\" is longer than %zu bytes", key, sizeof text - 1);
	return store_set(s, key, text, e);
}

enum err_code store_knob(struct store *s, const struct store_knob *k, struct err *e)
{
	sqlite3_stmt *st = row_begin(s, ST_KNOB);
	db_bind_text(st, 1, k->name);
	db_bind_text(st, 2, k->type);
	db_bind_text(st, 3, k->help);
	db_bind_text(st, 4, k->choices);
	db_bind_double(st, 5, k->min);
	db_bind_double(st, 6, k->max);
	db_bind_text(st, 7, k->def);
	db_bind_text(st, 8, k->value);
	sqlite3_bind_int(st, 9, k->structural);
	return row_end(s, st, NULL, e);
}

static enum err_code tweak_insert(
	struct store *s, int64_t step, const struct store_tweak_row *t, const char *by, int64_t *id, struct err *e)
{
	sqlite3_stmt *st = s->st[ST_TWEAK];
	sqlite3_bind_int64(st, 1, step);
	db_bind_double(st, 2, now());
	db_bind_text(st, 3, t->kind);
	db_bind_text(st, 4, t->name);
	db_bind_text(st, 5, t->old_value);
	db_bind_text(st, 6, t->new_value);
	db_bind_text(st, 7, by);
	db_bind_text(st, 8, t->answer);
	TRY(db_run(st, s->path, e));
	*id = sqlite3_last_insert_rowid(s->db);
	return OK;
}

static enum err_code tweaks_insert(struct store *s, int64_t step, const struct store_tweak_row *row, size_t n,
	const char *by, int64_t *id, struct err *e)
{
	TRY(db_exec(s->db, s->path, "BEGIN IMMEDIATE", e));
	enum err_code code = OK;
	for (size_t i = 0; code == OK && i < n; i++)
		code = tweak_insert(s, step, &row[i], by, &id[i], e);
	if (code == OK)
		code = db_exec(s->db, s->path, "COMMIT", e);
	if (code != OK)
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	return code;
}

enum err_code store_tweaks(struct store *s, int64_t step, const struct store_tweak_row *row, size_t n, const char *by,
	int64_t *id, struct err *e)
{
	pthread_mutex_lock(&s->lock);
	durable(s, true);
	enum err_code code = tweaks_insert(s, step, row, n, by, id, e);
	durable(s, false);
	pthread_mutex_unlock(&s->lock);
	return code;
}

enum err_code store_tweak(struct store *s, int64_t step, const char *kind, const char *name, const char *old_value,
	const char *new_value, const char *by, const char *answer, int64_t *id, struct err *e)
{
	struct store_tweak_row row = {kind, name, old_value, new_value, answer};
	return store_tweaks(s, step, &row, 1, by, id, e);
}

/* A line of log.txt; that file is a convenience, and run.db the record: its failures are not told twice. */
static void log_line(const struct store *s, int64_t step, const char *level, const char *kind, const char *text)
{
	char when[32];
	time_t t = time(NULL);
	struct tm tm;
	strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", localtime_r(&t, &tm));
	dprintf(s->log, "%s step %lld %s %s: %s\n", when, (long long)step, level, kind, text);
}

enum err_code store_event(
	struct store *s, int64_t step, const char *level, const char *kind, const char *text, struct err *e)
{
	log_line(s, step, level, kind, text);
	sqlite3_stmt *st = row_begin(s, ST_EVENT);
	sqlite3_bind_int64(st, 1, step);
	db_bind_double(st, 2, now());
	db_bind_text(st, 3, level);
	db_bind_text(st, 4, kind);
	db_bind_text(st, 5, text);
	return row_end(s, st, NULL, e);
}

static enum err_code metric_insert(
	struct store *s, int64_t step, const char *part, const struct store_metric *m, double seconds, struct err *e)
{
	sqlite3_stmt *st = s->st[ST_EVAL];
	sqlite3_bind_int64(st, 1, step);
	db_bind_text(st, 2, part);
	db_bind_text(st, 3, m->name);
	db_bind_double(st, 4, m->value);
	sqlite3_bind_int(st, 5, m->larger_is_better);
	db_bind_double(st, 6, seconds);
	sqlite3_bind_int(st, 7, m->per_user ? m->n_users : 0);
	if (m->per_user)
		sqlite3_bind_blob64(st, 8, m->per_user, (sqlite3_uint64)m->n_users * sizeof(float), SQLITE_STATIC);
	return db_run(st, s->path, e);
}

static enum err_code metrics_insert(struct store *s, int64_t step, const char *part, const struct store_metric *m,
	size_t n, double seconds, struct err *e)
{
	pthread_mutex_lock(&s->lock);
	enum err_code code = db_exec(s->db, s->path, "BEGIN IMMEDIATE", e);
	for (size_t i = 0; i < n && code == OK; i++)
		code = metric_insert(s, step, part, &m[i], seconds, e);
	code = transaction_end(s, code, e);
	pthread_mutex_unlock(&s->lock);
	return code;
}

enum err_code store_evaluation(struct store *s, int64_t step, const char *part, const struct store_metric *m, size_t n,
	double seconds, struct err *e)
{
	TRY(metrics_insert(s, step, part, m, n, seconds, e));
	for (size_t i = 0; i < n; i++) {
		char name[128];
		int id;
		snprintf(name, sizeof name, "%s/%s", part, m[i].name);
		TRY(store_series(s, name, m[i].larger_is_better, &id, e));
		store_scalar(s, id, step, m[i].value);
	}
	return store_flush(s, e);
}

enum err_code store_probe(struct store *s, int64_t step, const char *kind, const char *args_json,
	const char *result_json, int64_t *id, struct err *e)
{
	sqlite3_stmt *st = row_begin(s, ST_PROBE);
	sqlite3_bind_int64(st, 1, step);
	db_bind_double(st, 2, now());
	db_bind_text(st, 3, kind);
	db_bind_text(st, 4, args_json ? args_json : "{}");
	db_bind_text(st, 5, result_json);
	return row_end(s, st, id, e);
}

static enum err_code checkpoint_insert(
	struct store *s, int64_t step, const char *file, const char *sha256, bool best, struct err *e)
{
	if (best)
		TRY(db_run(s->st[ST_UNBEST], s->path, e));
	sqlite3_stmt *st = s->st[ST_CHECKPOINT];
	sqlite3_bind_int64(st, 1, step);
	db_bind_text(st, 2, file);
	db_bind_text(st, 3, sha256);
	sqlite3_bind_int(st, 4, best);
	return db_run(st, s->path, e);
}

enum err_code store_checkpoint(
	struct store *s, int64_t step, const char *file, const char *sha256, bool best, struct err *e)
{
	pthread_mutex_lock(&s->lock);
	durable(s, true);
	enum err_code code = db_exec(s->db, s->path, "BEGIN IMMEDIATE", e);
	if (code == OK)
		code = transaction_end(s, checkpoint_insert(s, step, file, sha256, best, e), e);
	durable(s, false);
	pthread_mutex_unlock(&s->lock);
	return code;
}
