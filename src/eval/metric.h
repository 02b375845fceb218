/* Metrics: one file metric_<name>.c, one row in metrics.def.  Ranking metrics are functions of the ranks of a user's
 * targets; rating metrics of (prediction, truth) pairs; list metrics of the top-k lists.
 *
 * Definitions (gains are binary, k the cut-off, R the user's targets):
 *   hr@k        1 if any target ranks <= k             recall@k   targets in top k / |R|
 *   precision@k targets in top k / k                   ndcg@k     DCG / IDCG over min(|R|, k), gain 1/log2(rank+1)
 *   mrr@k       1 / best rank if <= k                  map@k      sum over hits of precision at the hit / min(|R|, k)
 *   auc         share of (target, other) pairs in order, ties half
 *   rmse, mae   over ratings                           coverage@k items in any top-k list / items
 *   return      reward of an episode                   ctr         clicks / shown              steps   of an episode
 *   roc_auc, logloss   over all interactions of the part together, each with a label and a logit (click-through)
 * Ties: "worst" (targets after their equals), "best", "average" (default: the expected value of the metric over random
 * orders of the tied block, not the metric of the average rank), "first" (equals stand in the order of the catalogue, as a
 * stable sort leaves them).  Under every policy a score of minus infinity means "not recommended": such an item ranks last,
 * behind its equals. */
#ifndef GUSTO_EVAL_METRIC_H
#define GUSTO_EVAL_METRIC_H

#include "base/desc.h"
#include "base/episodes.h"
#include "base/real.h"

#include <stdint.h>

enum tie_policy { TIE_AVERAGE = 0, TIE_WORST, TIE_BEST, TIE_FIRST };
#define TIE_POLICIES "average|worst|best|first"

/* One target: `above` candidates score higher, `equal` others score the same (targets of the same user not counted
 * in either; targets_above: how many of the user's other targets rank before it). */
struct target_rank {
	int32_t above, equal, targets_above, targets_equal;
};
struct user_ranks {
	const struct target_rank *target;
	int32_t n;	    /* targets */
	int32_t candidates; /* ranked items including the targets */
};

enum metric_needs { METRIC_RANKS, METRIC_RATINGS, METRIC_LISTS, METRIC_POINTS, METRIC_EPISODES };
struct metric_class {
	struct desc desc;
	enum metric_needs needs;
	bool larger_is_better;
	bool cutoff;								 /* takes @k */
	double (*user)(const struct user_ranks *r, int k, enum tie_policy ties); /* METRIC_RANKS */
	/* METRIC_RATINGS: error of one pair, and how the mean of errors becomes the metric */
	double (*pair)(double predicted, double truth);
	double (*finish)(double mean);
	/* METRIC_LISTS: count[item] = in how many users' top-k lists it stands */
	double (*lists)(const int32_t *count, int32_t n_items);
	/* METRIC_EPISODES: of one person; the metric is the sum of num over the sum of den */
	void (*episodes)(const struct episodes *x, double *num, double *den);
	/* METRIC_POINTS: label 0 or 1 and logit of n interactions */
	enum err_code (*points)(const float *label, const real *score, int64_t n, double *out, struct err *e);
};
extern const struct registry metric_registry;

/* A parsed "ndcg@10". */
struct metric {
	const struct metric_class *class;
	int k; /* 0: no cut-off */
	char name[48];
};
enum err_code metric_parse(const char *text, struct metric *out, struct err *e);

#endif
