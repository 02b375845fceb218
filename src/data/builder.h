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
	int32_t *held_out; /* [n_held], -1 = none */
	size_t n_held, held_cap;
	struct pair *candidate;
	size_t n_candidates, candidate_cap;
};

void builder_clear(struct builder *b); /* back to a new builder of the same name */
enum err_code builder_no_memory(const struct builder *b, struct err *e);

#endif
