/* Reading a run, live or finished: read-only, never blocks the writer.  Used by the workbench, the CLI, replay. */
#ifndef GUSTO_STORE_READER_H
#define GUSTO_STORE_READER_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reader_db;
/* Opens a live, a killed (its WAL is read) or a copied run, also in a directory that cannot be written.  A run of an older
 * schema is read from a private copy that was migrated: it shows the moment of opening. */
enum err_code reader_open(const char *dir, struct reader_db **out, struct err *e);
void reader_close(struct reader_db *r);

/* A fact, copied into buf; false where it is not there (buf = ""). */
bool reader_get(struct reader_db *r, const char *key, char *buf, size_t size);
/* Calls f for every fact in key order; stops when f returns false. */
enum err_code reader_facts(
	struct reader_db *r, bool (*f)(void *ctx, const char *key, const char *value), void *ctx, struct err *e);

struct series_info {
	char name[64];
	int id;
	bool larger_is_better;
	int64_t n, first_step, last_step;
	double last, best;	/* best by its direction over finite values; NaN if none */
	int64_t best_step, bad; /* bad: NaN and infinities */
};
enum err_code reader_series(struct reader_db *r, struct series_info **out, size_t *n, struct err *e); /* mem_free */

/* The samples of a series in the order they were logged: appends what is new since the last call, so that a live view
 * polls cheaply.  Start with {0}; the cursor is the reader's.  After store_rewind n starts again at 0 and everything is read
 * anew.  step[] and value[] are freed by samples_free.  On failure what was there stays. */
struct samples {
	int64_t *step;
	double *value;
	size_t n, cap;
	int64_t cursor;
};
enum err_code reader_samples(struct reader_db *r, int series, struct samples *out, struct err *e);
void samples_free(struct samples *s);

/* A counter that changes when anything was committed since (PRAGMA data_version). */
int64_t reader_version(struct reader_db *r);

struct tweak_row {
	int64_t id, step;
	double time;
	char *kind, *name, *old_value, *new_value, *by, *answer;
};
enum err_code reader_tweaks(struct reader_db *r, int64_t after_id, struct tweak_row **out, size_t *n, struct err *e);
void reader_tweaks_free(struct tweak_row *rows, size_t n);

struct event_row {
	int64_t id, step;
	double time;
	char *level, *kind, *text;
};
enum err_code reader_events(struct reader_db *r, int64_t after_id, struct event_row **out, size_t *n, struct err *e);
void reader_events_free(struct event_row *rows, size_t n);

struct knob_row {
	char *name, *type, *help, *choices, *def, *value;
	double min, max;
	bool structural;
};
enum err_code reader_knobs(struct reader_db *r, struct knob_row **out, size_t *n, struct err *e);
void reader_knobs_free(struct knob_row *rows, size_t n);

struct eval_row {
	int64_t step;
	char part[16], metric[48];
	double value;
	bool larger_is_better;
};
enum err_code reader_evaluations(struct reader_db *r, struct eval_row **out, size_t *n, struct err *e); /* mem_free */
/* The per-user vector of one metric at one step (-1: the last); *out mem_free'd. */
enum err_code reader_per_user(struct reader_db *r, const char *part, const char *metric, int64_t step, float **out,
	int32_t *n, struct err *e);

struct checkpoint_row {
	int64_t step;
	char file[128], sha256[65];
	bool best;
};
enum err_code reader_checkpoints(
	struct reader_db *r, struct checkpoint_row **out, size_t *n, struct err *e); /* mem_free */

/* The latest probe of a kind (and args, where not NULL) as JSON text; NULL if there is none; mem_free. */
char *reader_probe(struct reader_db *r, const char *kind, const char *args_json, int64_t *step);

#endif
