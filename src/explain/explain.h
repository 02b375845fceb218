/* Explanations of a recommendation by the history it was made from.
 *
 * A scorer answers for a batch of histories; an attribution gives every item of one history a number: how much it
 * speaks for the target.  One file attribution_<name>.c, one row in attributions.def.  What is asked is always the
 * model itself, so the same code explains every model.  Attention weights and gradients, which only some models
 * have, are read by the caller (probes) and compared with these through the measures in agreement.h. */
#ifndef GUSTO_EXPLAIN_EXPLAIN_H
#define GUSTO_EXPLAIN_EXPLAIN_H

#include "base/desc.h"
#include "base/real.h"

#include <stdint.h>

/* History h is items[offsets[h]..offsets[h+1]), oldest first, and may be empty.  scores: [n_histories, n_items]. */
struct scorer {
	void *ctx;
	enum err_code (*score)(void *ctx, const int32_t *items, const int32_t *offsets, int32_t n_histories,
		int32_t user, real *scores, struct err *e);
	int32_t n_items;
};

/* What is to be explained: why `target` for this user with this history. */
struct question {
	const struct scorer *scorer;
	int32_t user, target;
	const int32_t *history; /* [n], oldest first */
	int32_t n;
	const int32_t
		*skip; /* sorted items that are not ranked (seen ones); the target ranks even if it is among them */
	int32_t n_skip;
	uint64_t seed;
};

struct effect {
	double score; /* the attribution: larger speaks more for the target */
	double rank; /* places by which the target falls without the item (0 where the method does not look at ranks) */
};

struct attribution_class {
	struct desc desc;
	/* Fills effect[q->n]. */
	enum err_code (*run)(const struct question *q, const struct args *a, struct effect *effect, struct err *e);
};
extern const struct registry attribution_registry;

/* By name; a may be NULL (defaults).  ERR_ARG where target or history are no items of the scorer, ERR_NUMERIC where
 * a score of the target is NaN. */
enum err_code attribution_run(
	const char *name, const struct question *q, const struct args *a, struct effect *effect, struct err *e);

/* ---- asking a scorer ---- */

/* What a question needs to know of one history: the target's score and its rank among the candidates (1 = first; equal
 * scores count half a place each). */
struct answer {
	double score, rank;
};

/* Answers for histories made of the question's own: history h keeps item i iff keep[h * q->n + i].  Asks in batches, so
 * that scores of a large catalogue never need more than a few megabytes. */
enum err_code question_ask(
	const struct question *q, const bool *keep, int32_t n_histories, struct answer *out, struct err *e);

/* ---- faithfulness ---- */

/* Removes items in the order of falling effect: out[k] answers for the history without the k best attributed items,
 * k = 0..n. The faster the target falls, the more faithful the attribution (comprehensiveness, DeYoung et al. 2020). */
enum err_code explain_deletion(
	const struct question *q, const struct effect *effect, struct answer *out, struct err *e);

/* The smallest set of history items, grown greedily in the order of falling effect, without which the target is no
 * longer among the first k; removed[i] says which.  *n = 0: it was not among them to begin with; *n = -1: no removal
 * of that order does it. */
enum err_code explain_counterfactual(
	const struct question *q, const struct effect *effect, int32_t k, bool *removed, int32_t *n, struct err *e);

#endif
