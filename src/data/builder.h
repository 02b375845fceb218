/* The inside of a builder, for builder.c (which collects) and freeze.c (which makes the data set of it). */
#ifndef GUSTO_DATA_BUILDER_H
#define GUSTO_DATA_BUILDER_H

#include "data/intern.h"

struct cell_column {
	char name[32];
	enum column_type type;
	bool of_item;
	float *real; /* COLUMN_REAL: rows of NaN or a value */
	size_t rows, real_cap;
	/* the others: where each row's text lies in bytes; length 0 = missing */
	int64_t *at;
	size_t at_cap;
	int32_t *length;
	size_t length_cap;
	char *bytes;
	size_t used, bytes_cap;
};

/* A column of the interactions; rows that were added after its last cell miss it. */
struct cell_rows {
	char name[32];
	enum column_type type;
	int64_t rows; /* with a cell, or known to miss it */
	float *real;
	size_t real_cap;
	struct intern words;
	int32_t *code; /* tokens; a list's codes are code[first[i]..first[i] + length[i]) */
	size_t code_cap, codes;
	int64_t *first; /* lists: into code; texts: into bytes */
	size_t first_cap;
	int32_t *length;
	size_t length_cap;
	char *bytes;
	size_t bytes_cap, used;
};

struct pair {
	int32_t user, item;
};

struct builder {
	char name[64];
	struct intern users, items;
	int64_t n;
	int32_t *user, *item;
	float *rating;
	int64_t *time;
	uint8_t *part; /* from the first row that is not for training */
	enum part part_now;
	size_t user_cap, item_cap, rating_cap, time_cap, part_cap;
	struct cell_column *column;
	size_t n_columns, column_cap;
	struct cell_rows *row_column;
	size_t n_row_columns, row_column_cap;
	int32_t *held_out; /* [n_held], -1 = none */
	size_t n_held, held_cap;
	struct pair *candidate;
	size_t n_candidates, candidate_cap;
};

void builder_clear(struct builder *b); /* back to a new builder of the same name */
void cell_rows_fini(struct cell_rows *c);
/* The columns of the interactions; order[k] is the builder's row that becomes row k < n.  false: no memory. */
bool freeze_row_columns(struct builder *b, struct dataset *d, const int64_t *order, int64_t n);
enum err_code builder_no_memory(const struct builder *b, struct err *e);

#endif
