/* Kinds of batches: what a training batch and an evaluation batch of a model contain.  One C file kind_<name>.c, one row
 * in kinds.def each; a model chooses by name (`batch = "sequence"`).
 *
 * A training epoch visits the entries 0..entries-1 of the kind in the order of a permutation; `fill` turns those of one
 * batch into columns.  Everything random is keyed by (seed, epoch, entry), so that batch i of epoch e is the same however
 * it is reached.  An evaluation batch has one example per user: the column `user`, what `example` writes of its history,
 * and candidates where they are asked for; a rating batch has the targets in `query` instead (eval_rating_batch).
 *
 * A kind may have arguments of its own (desc.args: numbers and choices): a model sets them where it names its kind,
 * `batch = { "rows", by = "item" }`, and a knob of the model that has an argument's name overrides it; a knob called "kind"
 * overrides the kind itself, which starts with its own arguments' defaults then. */
#ifndef GUSTO_DATA_KIND_H
#define GUSTO_DATA_KIND_H

#include "base/batch.h"
#include "data/batcher.h"
#include "data/field.h"
#include "data/shuffle.h"

struct eval_writer;

/* What is known of one user when it is scored: the last interactions, oldest first. */
struct history {
	int32_t user, n;
	const int32_t *item;	    /* [n] */
	const float *rating;	    /* [n], or NULL: not known */
	const int64_t *time;	    /* [n], or NULL: not known */
	int32_t length;		    /* the window asked for */
	const struct dataset *data; /* NULL where histories are given by hand */
	const struct args *args;    /* of the kind */
};
/* Where the kind's examples are items, `user` is the item and `item` its users, ascending. */

/* A rating that is asked for. */
struct pair_query {
	const struct split *split;
	const struct args *args;
	int32_t user, item;
};

enum kind_flags {
	KIND_HISTORY = 1,   /* evaluation batches carry the history: scores depend on it */
	KIND_LENGTH = 2,    /* obeys `length`, a window of the history */
	KIND_NEGATIVES = 4, /* obeys `negatives` and `sampler` */
	KIND_RATINGS = 8,   /* needs ratings */
	KIND_QUERY = 16,    /* evaluation puts one token behind the history, which asks for the next item */
	KIND_FIELDS = 32,   /* needs fields: split->fields */
	KIND_APART = 64,    /* fill makes every example by itself: threads may share batches on AXIS_EXAMPLE alone */
};

struct kind_class {
	struct desc desc; /* help: the columns, as in batcher.h */
	unsigned flags;
	/* Sets b->entries (batcher_list_rows, batcher_list_users, or its own) and b->max_rows of the token axes in use. */
	enum err_code (*begin)(struct batcher *b, struct err *e);
	/* Columns on AXIS_FIXED are the kind's own memory, the same for all batches: it sets out->column[]. */
	void (*columns)(const struct batcher *b, struct batch *out);
	/* Fills b->column[] and b->offsets[axis] for the n entries b->order[0..n-1]. */
	void (*fill)(struct batcher *b, int32_t n);
	/* Are the examples items rather than users?  NULL: never. */
	bool (*by_item)(const struct args *a);
	/* Evaluation, KIND_HISTORY only: the columns behind `user` for histories of `length`, and one example's share. */
	void (*eval_columns)(const struct args *a, int32_t length, struct batch *out);
	enum err_code (*example)(struct eval_writer *w, const struct history *h, struct err *e);
	/* Rating batches without KIND_HISTORY: the columns behind `user` and `item`, and one pair's share of them. */
	void (*pair_columns)(const struct split *s, const struct args *a, struct batch *out);
	enum err_code (*pair)(struct eval_writer *w, const struct pair_query *q, struct err *e);
	/* An upper bound on an example's evaluation rows on an axis; NULL: `length` on AXIS_TOKEN. */
	int64_t (*eval_rows)(enum axis a, int32_t length, const struct dataset *d);
	/* Click-through evaluation (eval_points_batch), or NULL: the columns of observed rows, an upper bound on an example's
	 * rows on an axis, and the example of one row of the data set. */
	void (*points_columns)(const struct split *s, const struct args *a, struct batch *out);
	int64_t (*points_rows)(const struct split *s, const struct args *a, enum axis axis);
	enum err_code (*point)(
		struct eval_writer *w, const struct eval_source *src, int32_t user, int64_t row, struct err *e);
};
extern const struct registry kind_registry;
const struct kind_class *kind_need(const char *name, struct err *e); /* NULL: there is none */
/* The arguments of which some are given (NULL: none); the others have their defaults. */
struct args kind_args(const struct kind_class *k, const struct args *given);
bool kind_by_item(const struct kind_class *k, const struct args *given);

/* ---- training: what a kind sees of the batcher ---- */

struct batcher {
	struct split *split;
	const struct kind_class *kind;
	struct batch_options o; /* strings are not kept */
	struct sampler *sampler;
	int64_t rows, entries, steps;
	int32_t *row_user; /* [rows] the user (of some kinds, the item) of an entry's row, see batcher_list_* */
	int64_t max_rows[AXIS_N];
	int64_t *order;		  /* [batch] the entries of this batch */
	int64_t index;		  /* of this batch in the epoch */
	int32_t *offsets[AXIS_N]; /* [batch + 1] where max_rows[axis] > 0 */
	void *column[BATCH_FIELDS_MAX];
	struct batch signature;
	void *state; /* of the kind, mem_free'd */
	int32_t from; /* place in the batch of the first example that `fill` is to make */
	/* the epoch at hand */
	int64_t epoch;
	uint64_t negative_key, noise_key;
	struct shuffle shuffle;
};

/* Entries are the training rows (row_user[row] is its user) ... */
enum err_code batcher_list_rows(struct batcher *b, struct err *e);
/* ... or the users with at least `least` of them, ... */
enum err_code batcher_list_users(struct batcher *b, int64_t least, struct err *e);
/* ... or those i of 0..n-1 that have something between start[i] and start[i + 1]. */
enum err_code batcher_list(struct batcher *b, int32_t n, const int64_t *start, struct err *e);
/* max_rows[axis] = the sum of the `batch` largest sizes; size(b, row_user[i]) is at most `most`. */
enum err_code batcher_bound(struct batcher *b, enum axis axis, int32_t most,
	int32_t (*size)(const struct batcher *b, int32_t user), struct err *e);
/* k negatives for each of n examples: out[i * k + j] is the j-th of entry order[i]. */
void batcher_draw_negatives(const struct batcher *b, const int32_t *user, int32_t n, int64_t k, int32_t *out);
/* The column of that name, which the kind added. */
void *batcher_column(const struct batcher *b, const char *name);

/* ---- evaluation: the columns grow example by example ---- */

/* Room for n more values of a column (of 4 bytes or of a real) of the example at hand; NULL: no memory. */
int32_t *eval_writer_ints(struct eval_writer *w, const char *column, int32_t n);
real *eval_writer_reals(struct eval_writer *w, const char *column, int32_t n);

#endif
