/* The run directory: runs/<id>/ with everything about one run.
 *
 *   run.db               series, tweaks, events, evaluations, probes, environment (SQLite, WAL, one writer)
 *   experiment.lua, lua/ the script and every Lua file it loaded, as they were (snapshots)
 *   checkpoints/         <step>.safetensors (weights) + <step>.state (what else is needed to continue)
 *   log.txt              plain text
 *   control.sock         0600 in the 0700 directory; lock: held (OFD lock) by the living runner, its pid inside
 */
#ifndef GUSTO_STORE_RUNDIR_H
#define GUSTO_STORE_RUNDIR_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* The folder of runs: GUSTO_RUNS or ./runs. */
const char *rundir_root(void);

/* Makes <root>/<id>, id = "<name>-<n>" with the smallest free n >= 1 (atomic: mkdir decides), 0700,
 * with checkpoints/ in it.  What is not a letter, a digit or one of -_. in a name becomes -. */
enum err_code rundir_create(const char *root, const char *name, char *path, size_t size, struct err *e);

/* Resolves what a user typed (a path, an id, a unique prefix of an id, or "last") to a run directory. */
enum err_code rundir_resolve(const char *root, const char *given, char *path, size_t size, struct err *e);

/* Takes the lock of a run for this process's life; ERR_STATE if another process holds it.  fd in *lock. */
enum err_code rundir_lock(const char *path, int *lock, struct err *e);
bool rundir_alive(const char *path); /* somebody holds the lock */

/* The ids under root (directories with a run.db), the one started last first; none where root is missing.  Freed by rundir_list_free. */
enum err_code rundir_list(const char *root, char ***ids, size_t *n, struct err *e);
void rundir_list_free(char **ids, size_t n);

#endif
