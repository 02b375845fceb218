/* Private copies of a run.db, for readers that cannot open the file itself as it is.  Private to this folder. */
#ifndef GUSTO_STORE_SNAPSHOT_H
#define GUSTO_STORE_SNAPSHOT_H

#include "store/db.h"

/* The database lies where no -shm file can be made (a read-only directory or medium): opens it as immutable, or, where a
 * WAL was left behind, a copy of both.  *db is replaced; *version is its schema. */
enum err_code snapshot_unwritable(const char *path, sqlite3 **db, int *version, struct err *e);

/* Replaces *db, of an older schema, by a copy that was brought forward. */
enum err_code snapshot_migrated(const char *path, sqlite3 **db, struct err *e);

#endif
