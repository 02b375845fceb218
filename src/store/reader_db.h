/* The inside of a reader, shared by reader*.c. */
#ifndef GUSTO_STORE_READER_DB_H
#define GUSTO_STORE_READER_DB_H

#include "store/db.h"
#include "store/reader.h"

enum read_query { READ_FACT, READ_SERIES, READ_COUNT, READ_CHUNKS, READ_VERSION, READ_N };

struct reader_db {
	sqlite3 *db;
	char *path;
	sqlite3_stmt *st[READ_N];
};

/* A statement that is prepared once and kept; the caller ends with reader_query_end. */
enum err_code reader_query(struct reader_db *r, enum read_query which, sqlite3_stmt **out, struct err *e);
void reader_query_end(sqlite3_stmt *st);

#endif
