/* Asking in batches: as many histories at once as keep the scores within SCORES_BYTES. */
#include "base/mem.h"
#include "eval/rank.h"
#include "explain/explain.h"

#include <math.h>

enum { SCORES_BYTES = 4 << 20, BATCH_MAX = 256 };

struct ask {
	int32_t *items, *offsets;
	real *scores;
	int32_t batch;
};

static enum err_code ask_init(struct ask *a, const struct question *q, struct err *e)
{
	int64_t fit = SCORES_BYTES / ((int64_t)q->scorer->n_items * (int64_t)sizeof(real));
	a->batch = fit < 1 ? 1 : fit > BATCH_MAX ? BATCH_MAX : (int32_t)fit;
	a->items = mem_alloc((size_t)a->batch * (size_t)q->n * sizeof(int32_t));
	a->offsets = mem_alloc(((size_t)a->batch + 1) * sizeof(int32_t));
	a->scores = mem_aligned((size_t)a->batch * (size_t)q->scorer->n_items * sizeof(real));
	return a->items && a->offsets && a->scores ? OK : err_set(e, ERR_NOMEM, "no memory to explain an item");
}

static void ask_fini(struct ask *a)
{
	mem_free(a->items);
	mem_free(a->offsets);
	mem_aligned_free(a->scores);
}

static void pack(struct ask *a, const struct question *q, const bool *keep, int32_t n)
{
	int32_t at = 0;
	for (int32_t h = 0; h < n; h++) {
		a->offsets[h] = at;
		for (int32_t i = 0; i < q->n; i++)
			if (keep[(int64_t)h * q->n + i])
				a->items[at++] = q->history[i];
	}
	a->offsets[n] = at;
}

static enum err_code answer_row(const struct question *q, const real *row, struct answer *out, struct err *e)
{
	int32_t above, equal;
	real t = row[q->target];
	int32_t bad = rank_count(row, q->scorer->n_items, &t, 1, &above, &equal);
	if (bad >= 0)
		return err_set(e, ERR_NUMERIC, "the score of item %d for user %d is NaN", bad, q->user);
	equal--;
	for (int32_t i = 0; i < q->n_skip; i++) {
		above -= q->skip[i] != q->target && row[q->skip[i]] > t;
		equal -= q->skip[i] != q->target && row[q->skip[i]] == t;
	}
	*out = (struct answer){(double)t, 1 + above + .5 * equal};
	return OK;
}

static enum err_code ask_all(
	struct ask *a, const struct question *q, const bool *keep, int32_t n, struct answer *out, struct err *e)
{
	const struct scorer *s = q->scorer;
	for (int32_t at = 0; at < n; at += a->batch) {
		int32_t m = n - at < a->batch ? n - at : a->batch;
		pack(a, q, keep + (int64_t)at * q->n, m);
		TRY(s->score(s->ctx, a->items, a->offsets, m, q->user, a->scores, e));
		for (int32_t h = 0; h < m; h++)
			TRY(answer_row(q, a->scores + (int64_t)h * s->n_items, &out[at + h], e));
	}
	return OK;
}

enum err_code question_ask(
	const struct question *q, const bool *keep, int32_t n_histories, struct answer *out, struct err *e)
{
	struct ask a = {0};
	enum err_code rc = ask_init(&a, q, e);
	if (rc == OK)
		rc = ask_all(&a, q, keep, n_histories, out, e);
	ask_fini(&a);
	return rc;
}
