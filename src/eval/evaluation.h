/* Private to eval/: what an evaluation holds. */
#ifndef GUSTO_EVAL_EVALUATION_H
#define GUSTO_EVAL_EVALUATION_H

#include "eval/evaluate.h"

enum { METRICS_MAX = 16 };

/* Of one feeding thread. */
struct eval_worker {
	real *t; /* scores of the targets [max_targets] */
	int32_t *above, *equal;
	struct target_rank *rank;
	int32_t *top; /* [max_k] */
	real *top_value;
	int32_t *count[METRICS_MAX]; /* METRIC_LISTS: [n_items] */
	int32_t bad_user, bad_item;  /* position of the first user with a NaN (n: none), and the item (-1: a rating) */
};

struct evaluation {
	struct split *split;
	enum part part;
	struct protocol protocol;
	int workers;
	bool ranks, ratings, points; /* what the metrics need */
	bool full;
	int32_t n, *users; /* rising */

	int64_t *target_start; /* [n + 1] */
	int32_t *target;       /* distinct per user, in split order */
	int32_t max_targets;
	int64_t *mask_start; /* full: items that are no candidates, sorted, distinct, no targets */
	int32_t *mask;
	int32_t width, *candidate, *n_candidates; /* not full: [n, width], [n] */
	int64_t *truth_start;			  /* ratings: [n + 1] */
	float *truth;

	int64_t n_points, *point; /* rows of the data set */
	int32_t *point_user;
	float *label;
	real *score;

	double *value[METRICS_MAX];   /* [n]: per user, NaN where not fed; ratings: the mean error of its pairs */
	float *per_user[METRICS_MAX]; /* [n_users] */
	struct eval_worker *worker;
	struct product_room *product; /* product.c */
};

/* The score of that item for the user at `pos` is NaN. */
void evaluation_bad(struct eval_worker *w, int32_t pos, int32_t item);
/* The metrics of the user whose targets' ranks are in w->rank. */
void evaluation_note(struct evaluation *v, const struct eval_worker *w, int32_t pos);

void product_free(struct evaluation *v);

/* evaluation_build.c: users, targets, masks, candidates, truths. */
enum err_code evaluation_build(struct evaluation *v, struct err *e);

/* points.c */
enum err_code points_build(struct evaluation *v, struct err *e);
void points_free(struct evaluation *v);
void points_reset(struct evaluation *v);
enum err_code points_check(const struct evaluation *v, struct err *e); /* all were fed a number */

#endif
