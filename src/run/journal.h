/* The journal of a run: what was done to it (tweaks of run.db), in the order in which it takes effect, (step, id). */
#ifndef GUSTO_RUN_JOURNAL_H
#define GUSTO_RUN_JOURNAL_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum journal_kind { JOURNAL_SET, JOURNAL_EVAL, JOURNAL_RELOAD, JOURNAL_STOP };

/* A set of several knobs at once is several rows; all but the first have an answer that begins so. */
#define JOURNAL_TOGETHER "together with "
/* The `by` of sets that a chunk of Lua made: the chunk itself is obeyed again, they are not. */
#define JOURNAL_BY_EVAL "eval"
/* And of sets that the experiment itself planned: it plans them again. */
#define JOURNAL_BY_PLAN "plan"

struct journal_entry {
	int64_t step, id;
	enum journal_kind kind;
	char *name, *value, *by;
	bool together; /* with the entry before */
};
struct journal {
	struct journal_entry *entry;
	size_t n, next;
};
/* Do sets `by` this come about again by themselves? */
bool journal_again(const char *by);
/* The entries that are obeyed again.  stop_at: keep a stop at this step (-1: drop all stops). */
enum err_code journal_load(const char *run_dir, int64_t stop_at, struct journal *out, struct err *e);
void journal_free(struct journal *j);
/* Moves `next` to the first entry that a state of `step`, in which `done` entries of that very step were obeyed, has not
 * seen. */
void journal_seek(struct journal *j, int64_t step, int64_t done);
/* The entries that take effect before `step` runs, a set of several as one: *n of them from the returned; NULL: none. */
const struct journal_entry *journal_due(struct journal *j, int64_t step, size_t *n);

#endif
