/* Evaluation: ranks each user's targets among its candidates and averages metrics over users.
 *
 * The caller (run/) feeds scores by blocks of users as the engine produces them, from many threads at once, each
 * with its own `worker` number: no locks, the result does not depend on the order of arrival. */
#ifndef GUSTO_EVAL_EVALUATE_H
#define GUSTO_EVAL_EVALUATE_H

#include "base/real.h"
#include "data/split.h"
#include "eval/metric.h"

struct protocol {
	char split[32];	     /* see data/split.h */
	char candidates[32]; /* "full", "given" (the data set's fixed ones), "uniform", "popularity" */
	int32_t n_candidates; /* for the sampled ones: drawn once, seeded, stored; unseen by the user, distinct, not a target */
	enum tie_policy ties;
	bool mask_seen; /* full: items of the history (train, and validation at test time) are no candidates (default) */
	bool hide_validation; /* at test time the validation part is masked, but no history (default: it is both) */
	uint64_t seed;
	int n_metrics;
	struct metric metric[16];
	int32_t max_users; /* 0: all; else a seeded subset (validation during training) */
};

struct evaluation;
/* part: PART_VALID or PART_TEST.  workers: how many threads will feed. */
enum err_code evaluation_new(const struct split *s, enum part part, const struct protocol *p, int workers,
	struct evaluation **out, struct err *e);
void evaluation_free(struct evaluation *v);

/* The users to score, in order; and their candidate lists ([n, width], -1 pads) where they are not the full catalogue:
 * the targets of the user first, then the others. */
int32_t evaluation_users(const struct evaluation *v, const int32_t **users);
const int32_t *evaluation_candidates(const struct evaluation *v, int32_t *width); /* NULL: full */

/* scores[count, width] of users first..first+count (positions in evaluation_users).  Full: width = n_items. */
void evaluation_feed(
	struct evaluation *v, int worker, int32_t first, int32_t count, const real *scores, int64_t stride);
/* Full, where the scores of all items are x table^T + bias: the ranks are counted without ever writing the scores.  Lists and ties
 * by the order of the catalogue need the scores themselves. */
struct eval_product {
	int64_t d;
	const real *table, *bias; /* [n_items, d]; [n_items] or NULL */
};
bool evaluation_takes_product(const struct evaluation *v);
enum err_code evaluation_product(struct evaluation *v, int64_t d, struct err *e); /* before the first feed */
void evaluation_feed_product(struct evaluation *v, int worker, int32_t first, int32_t count, const real *x,
	const struct eval_product *p); /* x [count, d] */
/* For rating metrics: predictions of the user's targets in split order, one call per user block. */
void evaluation_feed_ratings(
	struct evaluation *v, int worker, int32_t first, int32_t count, const int64_t *start, const real *predicted);

/* For metrics of click-through: the interactions to score (rows of the data set), and their logits, each once, from any
 * thread. */
int64_t evaluation_points(const struct evaluation *v, const int32_t **user, const int64_t **row);
void evaluation_feed_points(struct evaluation *v, int64_t first, int64_t n, const real *score);

struct evaluation_result {
	int n;
	struct metric metric[16];
	double value[16];
	double half[16];     /* half of a 95 % interval; 0: not known */
	float *per_user[16]; /* [n_users] NaN where not evaluated, or of all users together; owned by the evaluation */
	int32_t users;	     /* evaluated */
};
/* After all were fed.  ERR_NUMERIC names user and item of a score that is NaN. */
enum err_code evaluation_finish(struct evaluation *v, struct evaluation_result *out, struct err *e);
/* Starts anew with the same users and candidates. */
void evaluation_reset(struct evaluation *v);

/* The k best of scores[n] outside `skip` (sorted item ids): items and scores by falling score, ties by item id. */
int32_t top_k(
	const real *scores, int32_t n, const int32_t *skip, int32_t n_skip, int32_t k, int32_t *items, real *values);

#endif
