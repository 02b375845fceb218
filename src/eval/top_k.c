/* The k best by a bounded heap whose root is the worst kept: most scores fall to one comparison with it. */
#include "eval/evaluate.h"

struct heap {
	int32_t n;
	int32_t *item;
	real *value;
};

/* Does (v, item) come after (w, other) in the result? */
static bool worse(real v, int32_t item, real w, int32_t other)
{
	return v < w || (v == w && item > other);
}

static void sink(struct heap *h, int32_t at, int32_t item, real v)
{
	for (;;) {
		int32_t child = 2 * at + 1;
		if (child + 1 < h->n && worse(h->value[child + 1], h->item[child + 1], h->value[child], h->item[child]))
			child++;
		if (child >= h->n || !worse(h->value[child], h->item[child], v, item))
			break;
		h->item[at] = h->item[child];
		h->value[at] = h->value[child];
		at = child;
	}
	h->item[at] = item;
	h->value[at] = v;
}

static void rise(struct heap *h, int32_t item, real v)
{
	int32_t at = h->n++;
	while (at > 0 && worse(v, item, h->value[(at - 1) / 2], h->item[(at - 1) / 2])) {
		h->item[at] = h->item[(at - 1) / 2];
		h->value[at] = h->value[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	h->item[at] = item;
	h->value[at] = v;
}

/* Items come in rising order, so an equal score never displaces one that is kept. */
static void offer(struct heap *h, int32_t k, const real *scores, int32_t from, int32_t to)
{
	int32_t i = from;
	for (; i < to && h->n < k; i++)
		if (scores[i] == scores[i])
			rise(h, i, scores[i]);
	for (; i < to; i++)
		if (scores[i] > h->value[0])
			sink(h, 0, i, scores[i]);
}

/* Worst first out, from the back: leaves the result in falling order. */
static void sort(struct heap *h)
{
	while (h->n > 1) {
		int32_t last = --h->n, item = h->item[last];
		real v = h->value[last];
		h->item[last] = h->item[0];
		h->value[last] = h->value[0];
		sink(h, 0, item, v);
	}
}

int32_t top_k(
	const real *scores, int32_t n, const int32_t *skip, int32_t n_skip, int32_t k, int32_t *items, real *values)
{
	struct heap h = {0, items, values};
	int32_t from = 0;
	if (k <= 0)
		return 0;
	for (int32_t s = 0; s < n_skip; s++) {
		if (skip[s] < from)
			continue;
		if (skip[s] >= n)
			break;
		offer(&h, k, scores, from, skip[s]);
		from = skip[s] + 1;
	}
	offer(&h, k, scores, from, n);
	int32_t found = h.n;
	sort(&h);
	return found;
}
