/* Data with the size and the skew of well-known sets, for benches: log-normal lengths, Zipf popularity, no structure to learn.
 * (The planted world is the one to learn from.) */
#ifndef GUSTO_DATA_SYNTHETIC_H
#define GUSTO_DATA_SYNTHETIC_H

#include "data/dataset.h"

struct synthetic_options {
	uint64_t seed;
	int32_t users, items;
	int64_t interactions;		  /* about */
	double median;			  /* of a user's interactions */
	int32_t shortest, longest;	  /* bounds on them */
	double zipf_exponent, zipf_shift; /* weight of the item of rank r: (r + shift)^-exponent */
	bool ratings;			  /* 1..5 at random */
	int32_t groups;			  /* > 1: three items in a row are of one group of items / groups */
	bool repeats;			  /* a user may meet an item again */
};
/* "ml1m", "ml20m", "beauty", "rsc15" (windows of 51 clicks over 37,200 items), "catalogue" (10,000 items, people
 * with 31 to 60 clicks), "big" (200,000 x 100,000): false where unknown. */
bool synthetic_shape(const char *name, struct synthetic_options *o);
enum err_code synthetic_dataset(
	const char *name, const struct synthetic_options *o, struct dataset **out, struct err *e);

/* Interactions with attributes, which are what is learned from (synthetic_rows.c); every hundredth row is for testing:
 *   "frappe"   288,609 rows, 10 columns of words f1..f10, 5,382 words; rating 1 (liked) or 0
 *   "criteo"   400,000 rows, 39 columns f1..f39, 1,000,000 words; likewise
 *   "text"     30,000 ratings with a review of 200 words each, of a vocabulary of 50,000 */
bool synthetic_rows_shape(const char *name); /* is it one of these? */
enum err_code synthetic_rows(const char *shape, uint64_t seed, struct dataset **out, struct err *e);

#endif
