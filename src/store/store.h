/* Writing a run: the only writer of run.db.
 *
 * Scalars go through a ring without locks (one producer: the training thread; <= 100 ns each, amortised) to a writer
 * thread that flushes every 100 ms (a slow flush makes the next one later, so that it takes about 1 % of a core; within a
 * second everything is visible); a full ring makes the producer wait, never drop.  Everything a person did (tweaks,
 * commands) is written and committed before the call returns.  Schema version in PRAGMA user_version; an older run.db is
 * migrated forward, a newer one refused with a sentence.  All calls come from one thread, the training thread. */
#ifndef GUSTO_STORE_STORE_H
#define GUSTO_STORE_STORE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;
/* Opens (creates) <dir>/run.db for writing. */
enum err_code store_open(const char *dir, struct store **out, struct err *e);
/* Flushes, checkpoints the WAL and closes.  The first error that the writer thread met is returned. */
enum err_code store_close(struct store *s, struct err *e);

/* Series.  Names (1..63 bytes) like "train/loss", "valid/ndcg@10", "perf/steps_per_s"; the same name gives the same id. */
enum err_code store_series(struct store *s, const char *name, bool larger_is_better, int *id, struct err *e);
void store_scalar(struct store *s, int series, int64_t step, double value); /* hot path; NaN and infinities are kept */
enum err_code store_flush(struct store *s, struct err *e);
/* OK, or why the writer thread cannot write at the moment (a full disk): the samples wait, up to 4 million of them, and
 * are written when it can again.  One relaxed load: to be asked every step. */
enum err_code store_check(struct store *s, struct err *e);

/* After a crash the series may reach further than the checkpoint that a run resumes from: forget what is at or after
 * `step` in series and evaluations (tweaks stay: they are obeyed again). */
enum err_code store_rewind(struct store *s, int64_t step, struct err *e);

/* The run's facts: "state", "model", "experiment", "dataset", "protocol", "seed", "threads", "slices", "steps_per_epoch",
 * "epochs", "monitor", "best_value", "best_step", "weights_sha256", "pid", "started", "host", "cpu", "version", ... */
enum err_code store_set(struct store *s, const char *key, const char *value, struct err *e);
enum err_code store_setf(struct store *s, const char *key, struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* A knob as declared, so that viewers can show and validate it. */
struct store_knob {
	const char *name, *type, *help, *choices; /* type: "int" "real" "log" "bool" "choice" "string" */
	double min, max;
	const char *def, *value; /* as text */
	bool structural;	 /* a change rebuilds the model */
};
enum err_code store_knob(struct store *s, const struct store_knob *k, struct err *e);

/* A tweak: kind "set" (name, old, new), "eval" (Lua chunk in `new_value`), "reload" (script text in `new_value`),
 * "stop".  Committed before return; id out.  `answer`: what the run said ("carried 12, initialised block 3/...") */
enum err_code store_tweak(struct store *s, int64_t step, const char *kind, const char *name, const char *old_value,
	const char *new_value, const char *by, const char *answer, int64_t *id, struct err *e);
/* Several at once, as one commit: all of them are in the journal afterwards, or none.  id[n] out. */
struct store_tweak_row {
	const char *kind, *name, *old_value, *new_value, *answer;
};
enum err_code store_tweaks(struct store *s, int64_t step, const struct store_tweak_row *row, size_t n, const char *by,
	int64_t *id, struct err *e);

/* level: "info", "warn", "error"; also a line of log.txt. */
enum err_code store_event(
	struct store *s, int64_t step, const char *level, const char *kind, const char *text, struct err *e);

/* One evaluation: its summary (also into series "<part>/<metric>") and the per-user vectors. */
struct store_metric {
	const char *name; /* "ndcg@10" */
	double value;
	const float *per_user; /* [n_users] NaN = not evaluated; NULL: none */
	int32_t n_users;
	bool larger_is_better;
};
enum err_code store_evaluation(struct store *s, int64_t step, const char *part, const struct store_metric *m, size_t n,
	double seconds, struct err *e);

/* The answer to a probe, as JSON. */
enum err_code store_probe(struct store *s, int64_t step, const char *kind, const char *args_json,
	const char *result_json, int64_t *id, struct err *e);

enum err_code store_checkpoint(
	struct store *s, int64_t step, const char *file, const char *sha256, bool best, struct err *e);

#endif
