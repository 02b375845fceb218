/* Shapley values (Shapley 1953), estimated by permutation sampling (Castro, Gomez and Tejada 2009): items of the
 * history come in one after the other in a random order (in their own places), and each is credited with the change
 * it makes; the mean over `rounds` orders, each also run backwards (antithetic).
 * The effects sum to the whole history's score minus the empty one's. */
#include "base/mem.h"
#include "base/rng.h"
#include "explain/explain.h"

#include <string.h>

enum { ROUNDS };

struct work {
	int32_t *order;
	bool *keep;	       /* [n + 1, n]: growing subsets */
	struct answer *answer; /* [n + 1] */
};

static void shuffle(int32_t *order, int32_t n, uint64_t seed, uint64_t round)
{
	struct rng r = rng_stream(seed, RNG_NOISE, rng_hash_name("shapley"), round);
	for (int32_t i = 0; i < n; i++)
		order[i] = i;
	for (int32_t i = n - 1; i > 0; i--) {
		int32_t j = (int32_t)rng_below(&r, (uint64_t)i + 1), t = order[i];
		order[i] = order[j];
		order[j] = t;
	}
}

static void reverse(int32_t *order, int32_t n)
{
	for (int32_t i = 0; i < n / 2; i++) {
		int32_t t = order[i];
		order[i] = order[n - 1 - i];
		order[n - 1 - i] = t;
	}
}

static enum err_code one_order(
	const struct question *q, struct work *w, double share, struct effect *effect, struct err *e)
{
	int32_t n = q->n;
	memset(w->keep, 0, (size_t)n * sizeof *w->keep);
	for (int32_t k = 0; k < n; k++) {
		bool *row = w->keep + (int64_t)(k + 1) * n;
		memcpy(row, row - n, (size_t)n * sizeof *row);
		row[w->order[k]] = true;
	}
	TRY(question_ask(q, w->keep, n + 1, w->answer, e));
	for (int32_t k = 0; k < n; k++) {
		effect[w->order[k]].score += share * (w->answer[k + 1].score - w->answer[k].score);
		effect[w->order[k]].rank += share * (w->answer[k].rank - w->answer[k + 1].rank);
	}
	return OK;
}

static enum err_code run(const struct question *q, const struct args *a, struct effect *effect, struct err *e)
{
	size_t n = (size_t)q->n;
	int64_t rounds = (int64_t)a->num[ROUNDS];
	struct work w = {mem_alloc(n * sizeof *w.order), mem_alloc((n + 1) * n * sizeof *w.keep),
		mem_alloc((n + 1) * sizeof *w.answer)};
	enum err_code rc = ERR_NOMEM;
	if (!w.order || !w.keep || !w.answer) {
		err_set(e, rc, "no memory to explain an item");
		goto done;
	}
	memset(effect, 0, n * sizeof *effect);
	rc = OK;
	for (int64_t k = 0; rc == OK && k < rounds; k++) {
		shuffle(w.order, q->n, q->seed, (uint64_t)k);
		rc = one_order(q, &w, .5 / (double)rounds, effect, e);
		reverse(w.order, q->n);
		if (rc == OK)
			rc = one_order(q, &w, .5 / (double)rounds, effect, e);
	}
done:
	mem_free(w.order);
	mem_free(w.keep);
	mem_free(w.answer);
	return rc;
}

const struct attribution_class attribution_shapley = {
	.desc = {"shapley", "shapley { rounds = 50 }",
		"Mean change of the target's score as the item joins random parts of the history (Shapley 1953).",
		(const struct arg_spec[]){
			{"rounds", ARG_INT, 50, 1, 1e6, 0, "random orders, each run forwards and backwards"}, {0}}},
	.run = run,
};
