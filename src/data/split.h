/* Splits: which interaction is for training, validation or test.  Part of the protocol, always seeded. */
#ifndef GUSTO_DATA_SPLIT_H
#define GUSTO_DATA_SPLIT_H

#include "data/dataset.h"

struct fieldset; /* data/fields.h */

struct split {
	int refs;
	struct dataset *data; /* a reference */
	const uint8_t *part;  /* [n] enum part per interaction */
	int64_t count[4];     /* targets and training rows by part; "given" counts the held-out items as tests */
	/* The training rows in CSR form (same users; rows in time order). */
	const int64_t *train_start; /* [n_users + 1] */
	const int32_t *train_item;
	const float *train_rating; /* or NULL */
	/* The targets by part: users that have one, and their items, in time order. */
	const int64_t *valid_start, *test_start; /* [n_users + 1] */
	const int32_t *valid_item, *test_item;
	/* Rows of PART_HISTORY by user, in time order. */
	const int64_t *history_start; /* [n_users + 1] */
	const int32_t *history_item;
	double positive;	 /* ratings of at least this are positives; 0: those above 0 */
	struct fieldset *fields; /* of click-through models, or NULL; owned */
	/* What split_seen reads. */
	const int32_t *train_sorted; /* train_item with each user's items ascending */
	const uint64_t *seen_bits;   /* [n_users][seen_words], or NULL where that were too large */
	int64_t seen_words;
	struct corpus **corpus; /* a cache behind the split: data/corpus.h */
	void *owner;
};

/* kind: "leave_one_out" (last = test, one before = validation, by time; needs 3 interactions, else all train),
 *       "leave_last" (last = test only, no validation; needs 2),
 *       "given" (dataset.part as published; dataset.held_out = test where there is one, the rest train),
 *       "ratio" (random by user or over all rows; shares are rounded to whole rows, by user at least one row trains),
 *       "time" (global cuts at time quantiles: what has the time of a cut is after it, so that no moment is in two
 *       parts). */
struct split_options {
	const char *kind;
	double valid, test; /* shares, for "ratio" and "time" */
	bool per_user;	    /* for "ratio" */
	uint64_t seed;
	/* For how many random users the last training item is held out for validation; the others keep it in training.
	 * leave_one_out: 0 = all; given: 0 = none beyond what the source publishes. */
	int32_t valid_users;
	double positive; /* ratings of at least this are positives; 0: those above 0 */
};
enum err_code split_new(struct dataset *d, const struct split_options *o, struct split **out, struct err *e);
struct split *split_ref(struct split *s);
void split_unref(struct split *s); /* NULL is legal */

/* Makes the fields of a click-through model (data/fields.h) for the split, which is not shared yet. */
enum err_code split_add_fields(struct split *s, const char *spec, struct err *e);

/* 1 for a positive: rated high enough, or without ratings all. */
static inline int split_label(const struct split *s, int64_t row)
{
	const float *rating = s->data->rating;
	return !rating || (s->positive != 0 ? rating[row] >= (float)s->positive : rating[row] > 0);
}

/* True if `user` has `item` among its training items. */
static inline bool split_seen(const struct split *s, int32_t user, int32_t item)
{
	if (s->seen_bits)
		return s->seen_bits[user * s->seen_words + (item >> 6)] >> (item & 63) & 1;
	const int32_t *row = s->train_sorted + s->train_start[user];
	int64_t n = s->train_start[user + 1] - s->train_start[user];
	while (n > 1) {
		int64_t half = n / 2;
		row += row[half] <= item ? half : 0;
		n -= half;
	}
	return n == 1 && *row == item;
}

/* Filters return a new data set (ids renumbered, strings and columns carried over). */
enum err_code filter_rating(struct dataset *d, float at_least, struct dataset **out, struct err *e);
/* Leaves out the rows of this rating: neither liked nor disliked. */
enum err_code filter_without_rating(struct dataset *d, float rating, struct dataset **out, struct err *e);
/* Iterates until every user has >= users and every item >= items interactions. */
enum err_code filter_kcore(struct dataset *d, int32_t users, int32_t items, struct dataset **out, struct err *e);

#endif
