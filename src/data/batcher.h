/* Batches for training and evaluation, from a split.
 *
 * What a batch contains is fixed by its kind (data/kind.h: one file and one row each; the columns are the signature a model
 * is traced with), among others:
 *   "points"    user[E] item[E] label[E](real)              positives with `negatives` sampled negatives each,
 *                                                           redrawn every epoch, shuffled together (He et al. 2017);
 *                                                           label 1 for positives, 0 for negatives
 *   "pairs"     user[E] item[E] negative[E,k]               one positive with k negatives (BPR)
 *   "sequence"  item[T] target[T] negative[T,k] position[T] user[E], offsets[AXIS_TOKEN]
 *               one example per user with two or more training items: s = the last `length`+1 of them,
 *               item = s[0..n-1], target = s[1..n]; negatives unseen by the user; position counts from the END of
 *               the window: the last token has position length-1; positions = "start": the first has position 0
 *   "session_parallel"  item[T] target[T] negative[k] position[T] user[E] lane[E] carried[E](real)
 *               one token of each of `batch` sessions read side by side; a model carries a state per lane
 *   "ratings"   user[E] item[E] label[E](real)              observed ratings
 *   "baskets"   item[T2] size[T] user[E]                    items of equal time form a basket of size[b] items
 *   "fields"    user[E] item[E] field[E,F] number[E,N] cross[E,C] list[T] list2[T2] label[E]   as the data have them
 *   "rows"      user[E] item[T] rating[T]                   all training items of a user; by item: item[E] user[T] rating[T]
 * Evaluation batches (eval_batch): user[E], the user's history as item[T] position[T] for sequence models, and
 *   candidate[E,C] where candidates are asked for.  A user without history has no tokens.
 *
 * Everything is drawn from counter-based streams keyed by (seed, epoch, entry of the epoch): batch i of epoch e is the
 * same however it is reached, and beginning an epoch costs nothing.  One batcher is called by one thread. */
#ifndef GUSTO_DATA_BATCHER_H
#define GUSTO_DATA_BATCHER_H

#include "base/batch.h"
#include "base/team.h"
#include "data/sampler.h"
#include "data/split.h"

struct batch_options {
	const char *kind;
	struct args args;    /* of the kind: those given (texts are not read: choices by index) */
	int32_t batch;	     /* examples per batch */
	int32_t negatives;   /* per positive / position; 0 = no negative column */
	int32_t length;	     /* window of "sequence" */
	const char *sampler; /* "uniform", "popularity", "unseen" (uniform, excluding seen items: the default) */
	double alpha;	     /* popularity^alpha */
	uint64_t seed;
	bool drop_last; /* leave out a last batch that is not full */
	struct team *
		team; /* that fills a batch together, where the kind can (NULL: the caller alone); the batch is the same */
};

struct batcher;
/* Keeps a reference to the split; the strings of *o are not kept. */
enum err_code batcher_new(struct split *s, const struct batch_options *o, struct batcher **out, struct err *e);
void batcher_free(struct batcher *b);

/* The columns of its batches, in order, with axes and widths; columns are NULL but for those that all batches share. */
void batcher_signature(const struct batcher *b, struct batch *out);
int64_t batcher_steps(const struct batcher *b); /* batches per epoch */
/* An upper bound on the rows of an axis in any batch: lets the engine reserve memory once. */
int64_t batcher_max_rows(const struct batcher *b, enum axis a);

/* Fills *out with batch `index` of `epoch`; pointers stay valid until the next call.  Never allocates. */
void batcher_get(struct batcher *b, int64_t epoch, int64_t index, struct batch *out);

/* logQ of the sampler: log of the probability with which an item is drawn as a negative, [n_items]. */
const float *batcher_log_q(const struct batcher *b);

/* ---- evaluation ---- */
struct eval_source {
	const struct split *split;
	enum part part;		 /* PART_VALID or PART_TEST: whose targets */
	const char *kind;	 /* as the training kind: "sequence" adds the history columns */
	const struct args *args; /* of the kind; NULL: defaults */
	int32_t length;		 /* window of the history */
	bool with_validation;	 /* at test time the validation item belongs to the history and is masked as seen */
};
/* Fills *out for users[0..n): user[E]; for "sequence" item[T], position[T]; candidate[E,C] where candidates != NULL
 * ([n, n_candidates], -1 pads; out points at the caller's array).  The other buffers live in `scratch`, made by the
 * first call, freed by eval_scratch_free. */
struct eval_scratch;
enum err_code eval_batch(const struct eval_source *src, const int32_t *users, int32_t n, const int32_t *candidates,
	int32_t n_candidates, struct eval_scratch **scratch, struct batch *out, struct err *e);
void eval_scratch_free(struct eval_scratch *s);
/* The signature of such batches (n_candidates 0: no candidate column). */
void eval_signature(const struct eval_source *src, int32_t n_candidates, struct batch *out);

/* A batch for rating prediction: of users[0..n) (of items, where the kind's examples are items) the ratings of
 * query[start[i]..start[i+1]) are asked for, which are items (users).  Where the kind knows histories the columns are those
 * of an evaluation batch and query[T2], one prediction per row of AXIS_TOKEN2; otherwise user[E] item[E], one example per
 * rating.  Predictions come in the order of the queries. */
enum err_code eval_rating_batch(const struct eval_source *src, const int32_t *users, int32_t n, const int32_t *query,
	const int64_t *start, struct eval_scratch **scratch, struct batch *out, struct err *e);
void eval_rating_signature(const struct eval_source *src, struct batch *out);
/* Observed rows of the data set for click-through prediction: user[i]'s row[i], one example each. */
enum err_code eval_points_batch(const struct eval_source *src, const int32_t *user, const int64_t *row, int32_t n,
	struct eval_scratch **scratch, struct batch *out, struct err *e);
/* ERR_ARG: the kind has no such batches. */
enum err_code eval_points_signature(const struct eval_source *src, struct batch *out, struct err *e);
int64_t eval_points_rows(const struct eval_source *src, enum axis a); /* as eval_rows */
/* Are the examples of such batches items? */
bool eval_by_item(const struct eval_source *src);

/* Histories given by hand (what-if, leave-one-out explanations, new users). */
struct eval_histories {
	const char *kind;
	const struct args *args; /* of the kind; NULL: defaults */
	int32_t length, n;
	const int32_t *items, *offsets; /* history h is items[offsets[h]..offsets[h+1]) */
	const int32_t *users;		/* [n], or NULL: user = 0 */
	const struct dataset *data; /* where the users' ratings of these items (the mean where there is none) and their
					 * times are read; NULL: neither is known */
};
enum err_code eval_batch_histories(
	const struct eval_histories *h, struct eval_scratch **scratch, struct batch *out, struct err *e);

/* An upper bound on an example's rows on an axis in such batches: lets the engine reserve memory. */
int64_t eval_rows(const struct eval_source *src, enum axis a);

/* The history of one user as evaluation sees it (oldest first), at most `max` last items; returns how many. */
int32_t eval_history(const struct eval_source *src, int32_t user, int32_t *items, int32_t max);

#endif
