/* The schema of run.db, its version (PRAGMA user_version) and the way from every older one.  Private to this folder. */
#ifndef GUSTO_STORE_SCHEMA_H
#define GUSTO_STORE_SCHEMA_H

#include "store/db.h"

/* The version that this binary writes. */
int schema_version(void);

/* The version of an open database: 0 for an empty one; refuses a newer one and one that is not gusto's. */
enum err_code schema_check(sqlite3 *db, const char *path, int *version, struct err *e);

/* Brings the database forward in one transaction, or leaves it as it was. */
enum err_code schema_migrate(sqlite3 *db, const char *path, struct err *e);

#endif
