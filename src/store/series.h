/* The series of a run.db being written: samples on their way to chunks.  Private to this folder; not thread-safe (the
 * store's lock guards it). */
#ifndef GUSTO_STORE_SERIES_H
#define GUSTO_STORE_SERIES_H

#include "store/chunk.h"
#include "store/db.h"
#include "store/ring.h"

/* 64 MiB of samples: what may wait for a disk that refuses before samples are dropped (and counted). */
enum { SERIES_WAITING_MAX = 1 << 22 };

struct series_tail;
struct series_log {
	sqlite3 *db;
	const char *path;
	struct series_tail *tail;
	size_t n, cap;
	size_t waiting; /* samples taken, but not written yet */
	int64_t lost;	/* samples dropped because too many were waiting on a disk that refuses */
	sqlite3_stmt *insert, *forget, *update, *restart;
};

/* Reads what series there are. */
enum err_code series_log_open(struct series_log *l, sqlite3 *db, const char *path, struct err *e);
void series_log_close(struct series_log *l);

/* The index of a series, made where it is new. */
enum err_code series_log_find(struct series_log *l, const char *name, bool larger_is_better, int *index, struct err *e);

/* Takes samples from the ring; their series are indices from series_log_find. */
void series_log_take(struct series_log *l, const struct ring_sample *s, size_t n);

/* Writes what waits, in one transaction; on failure everything still waits. */
enum err_code series_log_write(struct series_log *l, struct err *e);

/* Forgets the samples with a step at or after `step`, and whatever waits, in the transaction of the caller; the caller
 * then says with series_log_settle whether it was committed. */
struct series_tail *series_log_rewind(struct series_log *l, int64_t step, struct err *e); /* NULL: *e says why */
void series_log_settle(struct series_log *l, struct series_tail *rewound, bool committed);

#endif
