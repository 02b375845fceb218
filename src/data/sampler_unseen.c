/* Uniform over the items that the user has not in training, by rejection.  Where rejection would take long (a user who
 * has seen nearly everything) the draw is made by rank among the missing items of the sorted list.
 *
 * log_q: the user of a random training row has n_u different items; then
 *   q(i) = sum_u w_u [i unseen by u] / (n - n_u) = base - sum_{u has i} w_u / (n - n_u),   w_u = share of u's rows. */
#include "base/mem.h"
#include "data/sampler.h"

enum { TRIES = 32 };

/* The `rank`-th item (from 0) that is not in sorted[0..n), which may hold an item twice. */
static int32_t missing_at(const int32_t *sorted, int64_t n, int32_t rank)
{
	int32_t item = rank, last = -1;
	for (int64_t i = 0; i < n && sorted[i] <= item; i++) {
		item += sorted[i] != last;
		last = sorted[i];
	}
	return item;
}

static int32_t count_distinct(const int32_t *sorted, int64_t n)
{
	int32_t distinct = n > 0;
	for (int64_t i = 1; i < n; i++)
		distinct += sorted[i] != sorted[i - 1];
	return distinct;
}

static int32_t draw_by_rank(const struct split *s, int32_t user, struct rng *r)
{
	const int32_t *sorted = s->train_sorted + s->train_start[user];
	int64_t n = s->train_start[user + 1] - s->train_start[user];
	int32_t missing = s->data->n_items - count_distinct(sorted, n);
	if (missing == 0)
		return (int32_t)rng_below(r, (uint64_t)s->data->n_items);
	return missing_at(sorted, n, (int32_t)rng_below(r, (uint64_t)missing));
}

static int32_t draw(const struct sampler *s, int32_t user, struct rng *r)
{
	uint64_t n = (uint64_t)s->split->data->n_items;
	for (int i = 0; i < TRIES; i++) {
		int32_t item = (int32_t)rng_below(r, n);
		if (!split_seen(s->split, user, item))
			return item;
	}
	return draw_by_rank(s->split, user, r);
}

/* All first tries are made before one is checked, so that the reads of the seen items overlap: with users in random
 * order nearly each of them misses the cache. */
static void draw_each(const struct sampler *s, const int32_t *user, const uint64_t *key, int32_t *item, int32_t n)
{
	const struct split *p = s->split;
	uint64_t items = (uint64_t)p->data->n_items;
	for (int32_t i = 0; i < n; i++) {
		struct rng r = {key[i], 0};
		item[i] = (int32_t)rng_below(&r, items);
		if (p->seen_bits)
			__builtin_prefetch(&p->seen_bits[user[i] * p->seen_words + (item[i] >> 6)]);
		else
			__builtin_prefetch(&p->train_start[user[i]]);
	}
	for (int32_t i = 0; i < n; i++) {
		if (!split_seen(p, user[i], item[i]))
			continue;
		struct rng r = {key[i], 0};
		item[i] = draw(s, user[i], &r);
	}
}

static enum err_code init(struct sampler *s, struct err *e)
{
	const struct split *p = s->split;
	int32_t n = p->data->n_items;
	double *less = mem_calloc((size_t)n, sizeof *less), base = 0;
	if (!less)
		return err_set(e, ERR_NOMEM, "no memory for the probabilities of %d items", n);
	double rows = (double)p->count[PART_TRAIN];
	for (int32_t u = 0; u < p->data->n_users; u++) {
		const int32_t *sorted = p->train_sorted + p->train_start[u];
		int64_t m = p->train_start[u + 1] - p->train_start[u];
		int32_t missing = n - count_distinct(sorted, m);
		/* Who has everything is given any item. */
		double q = (double)m / rows / (missing ? missing : n);
		base += m ? q : 0;
		for (int64_t i = 0; i < m && missing; i++)
			less[sorted[i]] += i == 0 || sorted[i] != sorted[i - 1] ? q : 0;
	}
	if (rows == 0)
		base = 1. / n;
	for (int32_t i = 0; i < n; i++)
		s->log_q[i] = base - less[i] > 1e-12 ? (float)log(base - less[i]) : SAMPLER_NEVER;
	mem_free(less);
	return OK;
}

extern const struct sampler_class sampler_unseen;
const struct sampler_class sampler_unseen = {
	.desc = {.name = "unseen",
		.usage = "sampler = \"unseen\"",
		.help = "Uniform over the items that the user has not in training; a user who has them all is given "
			"any item."},
	.init = init,
	.draw = draw,
	.draw_each = draw_each,
	.excludes = true,
};
