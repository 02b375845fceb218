/* Drawing in proportion to weights without replacement: draw, and draw again what is taken.  That is fast while
 * little of the weight is taken; after too many misses the rest is drawn by running over all items, which continues
 * the same law. */
#include "eval/candidates.h"

#include "base/mem.h"

enum { MISSES_PER_ITEM = 16, MISSES = 64 };

enum err_code candidate_pool_init(struct candidate_pool *p, const struct split *s, bool popularity, struct err *e)
{
	int32_t n = s->data->n_items;
	*p = (struct candidate_pool){n, mem_calloc((size_t)n + 1, sizeof(int64_t))};
	if (!p->until)
		return err_set(e, ERR_NOMEM, "no memory for the weights of %d items", n);
	for (int64_t i = 0; popularity && i < s->train_start[s->data->n_users]; i++)
		p->until[s->train_item[i] + 1]++;
	for (int32_t i = 0; i < n; i++)
		p->until[i + 1] = p->until[i] + (popularity ? p->until[i + 1] : 1);
	return OK;
}

void candidate_pool_fini(struct candidate_pool *p)
{
	mem_free(p->until);
	p->until = NULL;
}

static bool is_taken(const uint64_t *taken, int32_t item)
{
	return taken[item >> 6] >> (item & 63) & 1;
}

static void take(uint64_t *taken, int32_t item)
{
	taken[item >> 6] |= (uint64_t)1 << (item & 63);
}

/* The item with until[item] <= x < until[item + 1]. */
static int32_t item_at(const struct candidate_pool *p, int64_t x)
{
	int32_t low = 0, high = p->n_items - 1;
	while (low < high) {
		int32_t mid = low + (high - low) / 2;
		if (p->until[mid + 1] > x)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

static int64_t weight(const struct candidate_pool *p, int32_t item)
{
	return p->until[item + 1] - p->until[item];
}

/* One draw over what is left; -1 where nothing is. */
static int32_t draw_rest(const struct candidate_pool *p, struct rng *r, const uint64_t *taken)
{
	int64_t left = 0;
	for (int32_t i = 0; i < p->n_items; i++)
		left += is_taken(taken, i) ? 0 : weight(p, i);
	if (left == 0)
		return -1;
	int64_t x = (int64_t)rng_below(r, (uint64_t)left);
	for (int32_t i = 0;; i++) {
		int64_t w = is_taken(taken, i) ? 0 : weight(p, i);
		if (x < w)
			return i;
		x -= w;
	}
}

int32_t candidate_draw(const struct candidate_pool *p, struct rng *r, uint64_t *taken, int32_t n, int32_t *out)
{
	int64_t total = p->until[p->n_items], misses = (int64_t)MISSES_PER_ITEM * n + MISSES;
	int32_t k = 0;
	while (k < n && total > 0) {
		int32_t item = misses > 0 ? item_at(p, (int64_t)rng_below(r, (uint64_t)total)) : draw_rest(p, r, taken);
		if (item < 0)
			break;
		if (is_taken(taken, item)) {
			misses--;
			continue;
		}
		take(taken, item);
		out[k++] = item;
	}
	return k;
}
