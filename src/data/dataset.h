/* A data set: interactions in CSR order with columns, the original ids, and user and item attributes.
 *
 * Rows are sorted by (user, time, original line): user u's interactions are start[u]..start[u+1], oldest first.
 * Ids are dense int32 from 0 in order of first appearance (or as the reader's options say); the strings that stood
 * in the file are kept in `users` and `items`.  Data are immutable once made, shared by reference count, and can be
 * mapped from one cache file keyed by content hash (data/cache.h), so pointers may point into a read-only map. */
#ifndef GUSTO_DATA_DATASET_H
#define GUSTO_DATA_DATASET_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Interned strings: string i is bytes[offset[i]..offset[i+1]), not NUL-terminated. */
struct strtab {
	int32_t n;
	const int64_t *offset; /* [n + 1] */
	const char *bytes;
};

/* A hash index of a strtab: open addressing with linear probing over size = 2^k slots; id -1 marks a free one. */
struct strslot {
	uint32_t hash;
	int32_t id;
};
struct strindex {
	uint32_t size; /* a power of two above n, or 0 for an empty table */
	const struct strslot *slot;
};

/* Of the interactions only: COLUMN_TEXT, free text. */
enum column_type { COLUMN_REAL, COLUMN_TOKEN, COLUMN_TOKENS, COLUMN_TEXT };

/* An attribute of users or items, one row per id; missing reals are NaN, missing tokens empty. */
struct column {
	char name[32];	       /* "title", "genres", "age", ... */
	enum column_type type; /* COLUMN_TOKENS: a list, parts joined by '|' in its cell */
	const float *real;     /* COLUMN_REAL: [rows] */
	struct strtab text;    /* the others: rows strings */
};

/* What a row is for.  History rows are inputs of evaluation only, never targets and never trained on: the fold-in of users
 * of strong generalisation, the prefix of a test session, the earlier baskets of a test user. */
enum part { PART_TRAIN = 0, PART_VALID = 1, PART_TEST = 2, PART_HISTORY = 3 };

/* An attribute of the interactions (a context, a review), one row per interaction.  Tokens are codes into a vocabulary in
 * order of first appearance in the rows. */
struct row_column {
	char name[32]; /* "weekday", "city", "review", ... */
	enum column_type type;
	const float *real;    /* COLUMN_REAL: [n], NaN where missing */
	const int32_t *code;  /* COLUMN_TOKEN: [n], -1 where missing; COLUMN_TOKENS: [first[n]] */
	const int64_t *first; /* COLUMN_TOKENS: [n + 1], row i has the codes first[i]..first[i+1] */
	struct strtab words;  /* tokens: the vocabulary; COLUMN_TEXT: the n texts, empty where missing */
};

struct dataset {
	int refs;
	char name[64];
	uint64_t hash; /* of the content: the same interactions, columns and ids give the same hash */
	int32_t n_users, n_items;
	int64_t n;	      /* interactions */
	const int64_t *start; /* [n_users + 1] */
	const int32_t *item;  /* [n] */
	const float *rating;  /* [n], or NULL where the source has none */
	const int64_t *time;  /* [n] seconds or any ordinal, or NULL: file order is time order */
	const uint8_t *part;  /* [n] enum part as the source publishes it, or NULL: split "given" takes it */
	struct strtab users, items;
	struct strindex user_index, item_index;
	int n_user_columns, n_item_columns;
	const struct column *user_columns, *item_columns;
	int n_row_columns;
	const struct row_column *row_columns;

	/* Fixed evaluation candidates shipped with a leave-one-out set; NULL elsewhere.
	 * candidate[candidate_start[u]..candidate_start[u+1]) are the given negatives of user u, in file order. */
	const int64_t *candidate_start;
	const int32_t *candidate;
	/* The fixed held-out item of each user (or -1), where the source publishes it; its interaction is NOT in the rows. */
	const int32_t *held_out;

	void *owner; /* private: what the pointers live in */
};

struct dataset *dataset_ref(struct dataset *d);
void dataset_unref(struct dataset *d); /* NULL is legal */

/* The user or item with this original id, -1 if there is none. */
int32_t dataset_find_user(const struct dataset *d, const char *id);
int32_t dataset_find_item(const struct dataset *d, const char *id);

/* The number of the string in the table, -1 if it is not there. */
int32_t strtab_find(const struct strtab *t, const struct strindex *x, const char *bytes, size_t len);
uint32_t strtab_hash(const char *bytes, size_t len);
/* The length of string i; *bytes points at it. */
size_t strtab_get(const struct strtab *t, int32_t i, const char **bytes);

/* Copies string i of a table into buf (always NUL-terminated, cut to size); returns buf. */
char *strtab_copy(const struct strtab *t, int32_t i, char *buf, size_t size);

const struct column *dataset_item_column(const struct dataset *d, const char *name); /* NULL: none */
const struct column *dataset_user_column(const struct dataset *d, const char *name);
const struct row_column *dataset_row_column(const struct dataset *d, const char *name);

/* What to show for an item: its "title" column where there is one, else its original id.  Control characters are
 * replaced; the result is valid UTF-8. */
char *dataset_item_label(const struct dataset *d, int32_t item, char *buf, size_t size);

/* Interactions per item over rows where keep[row] (all rows where keep is NULL) into count[n_items]. */
void dataset_popularity(const struct dataset *d, const bool *keep, int64_t *count);

/* ---- building (readers, filters, the planted world) ---- */

/* Collects rows in any order; dataset_build sorts, interns and freezes. */
struct builder;
struct builder *builder_new(const char *name); /* NULL: no memory */
void builder_free(struct builder *b);

struct builder_row {
	const char *user, *item; /* not NUL-terminated */
	size_t user_len, item_len;
	float rating; /* NaN: none */
	int64_t time; /* INT64_MIN: none */
};
enum err_code builder_add(struct builder *b, const struct builder_row *row, struct err *e);
/* The part of the rows that are added from here on (PART_TRAIN at first), and of one row by its place in the order of
 * adding. */
void builder_part(struct builder *b, enum part part);
enum err_code builder_row_part(struct builder *b, int64_t row, enum part part, struct err *e);
/* The same with ids from builder_user and builder_item. */
enum err_code builder_add_ids(struct builder *b, int32_t user, int32_t item, float rating, int64_t time, struct err *e);
int32_t builder_users(const struct builder *b); /* made so far */
int32_t builder_items(const struct builder *b);
int64_t builder_rows(const struct builder *b);
/* The dense id of a user or item, made if new (for attribute files and candidates): -1 = no memory. */
int32_t builder_user(struct builder *b, const char *id, size_t len);
int32_t builder_item(struct builder *b, const char *id, size_t len);
/* As above without making one: -1 where unknown. */
int32_t builder_find_user(const struct builder *b, const char *id, size_t len);
int32_t builder_find_item(const struct builder *b, const char *id, size_t len);

/* Attributes: a column is made by its first cell.  of_item selects items or users. */
enum err_code builder_cell_text(struct builder *b, bool of_item, int32_t id, const char *column, enum column_type type,
	const char *text, size_t len, struct err *e);
enum err_code builder_cell_real(
	struct builder *b, bool of_item, int32_t id, const char *column, float v, struct err *e);
/* Attributes of the row that was added last. */
enum err_code builder_row_text(
	struct builder *b, const char *column, enum column_type type, const char *text, size_t len, struct err *e);
enum err_code builder_row_real(struct builder *b, const char *column, float v, struct err *e);
enum err_code builder_held_out(struct builder *b, int32_t user, int32_t item, struct err *e);
int32_t builder_find_held_out(const struct builder *b, int32_t user); /* -1: none so far */
enum err_code builder_candidate(struct builder *b, int32_t user, int32_t item, struct err *e);

/* Freezes.  Rows of equal time keep the order in which they were added; rows that repeat a held-out pair are left out.
 * The builder is empty afterwards and still to be freed. */
enum err_code builder_finish(struct builder *b, struct dataset **out, struct err *e);

/* ---- private to data/: a data set under construction ---- */

struct dataset *dataset_new(const char *name);			  /* one reference, no rows; NULL: no memory */
void *dataset_alloc(struct dataset *d, size_t bytes);		  /* zeroed, lives as long as d; NULL: no memory */
void dataset_own_map(struct dataset *d, void *map, size_t bytes); /* unmapped with d */
uint64_t dataset_content_hash(const struct dataset *d);
/* Pages of the map that were read are no longer counted as this process's; they are there again when they are read.  Who walks through
 * a whole map does so every window. */
void dataset_forget(const struct dataset *d); /* NULL, and sets without a map: nothing to do */
enum { DATASET_WINDOW = 1 << 24 };

#endif
