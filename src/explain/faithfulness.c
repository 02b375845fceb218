/* Asking the model again without what an attribution calls important. */
#include "base/mem.h"
#include "explain/explain.h"

#include <stdlib.h>
#include <string.h>

/* order[k] = the item with the k-th largest effect, earlier ones first among equals (an insertion sort: histories
 * are short). */
static void order_by_effect(const struct effect *effect, int32_t n, int32_t *order)
{
	for (int32_t i = 0; i < n; i++) {
		int32_t k = i;
		for (; k > 0 && effect[order[k - 1]].score < effect[i].score; k--)
			order[k] = order[k - 1];
		order[k] = i;
	}
}

/* keep[k] = the history without the k first of the order. */
static void deletions(const int32_t *order, int32_t n, bool *keep)
{
	for (int32_t i = 0; i < n; i++)
		keep[i] = true;
	for (int32_t k = 0; k < n; k++) {
		bool *row = keep + (int64_t)(k + 1) * n;
		for (int32_t i = 0; i < n; i++)
			row[i] = row[i - n];
		row[order[k]] = false;
	}
}

static enum err_code delete_in_order(
	const struct question *q, const struct effect *effect, int32_t *order, struct answer *out, struct err *e)
{
	bool *keep = mem_alloc(((size_t)q->n + 1) * (size_t)q->n * sizeof *keep);
	if (!keep)
		return err_set(e, ERR_NOMEM, "no memory to explain an item");
	order_by_effect(effect, q->n, order);
	deletions(order, q->n, keep);
	enum err_code rc = question_ask(q, keep, q->n + 1, out, e);
	mem_free(keep);
	return rc;
}

enum err_code explain_deletion(const struct question *q, const struct effect *effect, struct answer *out, struct err *e)
{
	int32_t *order = mem_alloc((size_t)q->n * sizeof *order);
	enum err_code rc = order ? delete_in_order(q, effect, order, out, e)
				 : err_set(e, ERR_NOMEM, "no memory to explain an item");
	mem_free(order);
	return rc;
}

/* How many deletions push the target behind place k. */
static int32_t fall_behind(const struct answer *answer, int32_t n, int32_t k)
{
	for (int32_t i = 0; i <= n; i++)
		if (answer[i].rank > k)
			return i;
	return -1;
}

enum err_code explain_counterfactual(
	const struct question *q, const struct effect *effect, int32_t k, bool *removed, int32_t *n, struct err *e)
{
	int32_t *order = mem_alloc((size_t)q->n * sizeof *order);
	struct answer *answer = mem_alloc(((size_t)q->n + 1) * sizeof *answer);
	enum err_code rc = ERR_NOMEM;
	if (!order || !answer) {
		err_set(e, rc, "no memory to explain an item");
		goto done;
	}
	rc = delete_in_order(q, effect, order, answer, e);
	if (rc != OK)
		goto done;
	memset(removed, 0, (size_t)q->n * sizeof *removed);
	*n = fall_behind(answer, q->n, k);
	for (int32_t i = 0; i < *n; i++)
		removed[order[i]] = true;
done:
	mem_free(order);
	mem_free(answer);
	return rc;
}
