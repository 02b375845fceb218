/* How evaluation batches are written, example by example, into columns that grow.  Between the files eval_*.c; kinds see the
 * functions of data/kind.h. */
#ifndef GUSTO_DATA_EVAL_WRITER_H
#define GUSTO_DATA_EVAL_WRITER_H

#include "data/batcher.h"
#include "data/kind.h"

/* A column that grows, and the same buffers again for the next batch. */
struct growing {
	void *data;
	size_t cap, n; /* in values */
};

struct eval_writer {
	const struct batch *signature;
	struct growing column[BATCH_FIELDS_MAX];
};

struct eval_scratch {
	struct eval_writer writer;
	struct growing offsets[AXIS_N];
	int32_t *item; /* the history of one user */
	float *rating;
	int64_t *time;
	size_t item_cap, rating_cap, time_cap;
	struct transpose *columns; /* where examples are items */
};

/* The kind, and that the window suits it. */
enum err_code eval_check_kind(const char *kind, int32_t length, const struct kind_class **out, struct err *e);
/* The columns of histories of the kind.  d: NULL where histories are given by hand and the ids' bounds are not known. */
void eval_columns(const struct kind_class *k, const struct args *given, const struct dataset *d, int32_t length,
	int32_t n_candidates, struct batch *out);
/* Makes *scratch where there is none, and begins a batch of the signature `out`. */
enum err_code eval_begin(struct eval_scratch **scratch, const struct batch *out, struct err *e);
/* Writes an example's owner and its history. */
enum err_code eval_write_example(
	struct eval_scratch *s, const struct kind_class *k, const struct history *h, struct err *e);
/* The example of one user (or item) of the source as far as its history. */
enum err_code eval_begin_example(const struct eval_source *src, const struct kind_class *k, const struct args *a,
	int32_t user, struct eval_scratch *s, struct err *e);
/* Closes an example: rows of each token axis up to here are those of its first column. */
enum err_code eval_close_example(struct eval_scratch *s, struct err *e);
/* The batch of n examples; candidates (or NULL) are borrowed. */
void eval_bind(const struct eval_scratch *s, int32_t n, const int32_t *candidates, struct batch *out);

#endif
