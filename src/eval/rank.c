/* A rank is a count, so nothing is sorted and nothing branches: one pass of vector comparisons over the row of
 * scores, in tiles that stay in the first level of the cache while the targets take turns.  Seen items are not
 * skipped in the pass: what they contributed is subtracted afterwards, item by item. */
#include "eval/rank.h"

#include <math.h>

enum { TILE = 2048 };

/* Returns how many are NaN where asked (`check` is a constant: two loops come out). */
static inline int32_t count_tile(const real *s, int32_t n, real t, bool check, int32_t *above, int32_t *equal)
{
	int32_t a = 0, q = 0, bad = 0;
	for (int32_t i = 0; i < n; i++) {
		a += s[i] > t;
		q += s[i] == t;
		bad += check && s[i] != s[i];
	}
	*above += a;
	*equal += q;
	return bad;
}

static int32_t find_nan(const real *s, int32_t n)
{
	int32_t i = 0;
	while (i < n && s[i] == s[i])
		i++;
	return i;
}

int32_t rank_count(const real *s, int32_t n, const real *t, int32_t n_targets, int32_t *above, int32_t *equal)
{
	for (int32_t k = 0; k < n_targets; k++)
		above[k] = equal[k] = 0;
	for (int32_t i = 0; i < n; i += TILE) {
		int32_t m = n - i < TILE ? n - i : TILE;
		if (count_tile(s + i, m, t[0], true, &above[0], &equal[0]))
			return i + find_nan(s + i, m);
		for (int32_t k = 1; k < n_targets; k++)
			count_tile(s + i, m, t[k], false, &above[k], &equal[k]);
	}
	return -1;
}

void rank_exclude(const real *s, const int32_t *items, int32_t n_items, const real *t, int32_t n_targets,
	int32_t *above, int32_t *equal)
{
	for (int32_t k = 0; k < n_targets; k++) {
		int32_t a = 0, q = 0;
		for (int32_t i = 0; i < n_items; i++) {
			a += s[items[i]] > t[k];
			q += s[items[i]] == t[k];
		}
		above[k] -= a;
		equal[k] -= q;
	}
}

void rank_targets(const real *t, int32_t n_targets, const int32_t *above, const int32_t *equal, bool counted,
	struct target_rank *out)
{
	for (int32_t k = 0; k < n_targets; k++) {
		int32_t a = 0, q = 0;
		for (int32_t j = 0; j < n_targets; j++) {
			a += t[j] > t[k];
			q += t[j] == t[k];
		}
		/* where targets were counted, a is theirs to leave and q includes the target itself */
		out[k] = (struct target_rank){above[k] - (counted ? a : 0), equal[k] - (counted ? q : 0), a, q - 1};
	}
}

/* How many candidates with score t have a lower number than `target`, itself and other targets left out. */
static int32_t equals_before(const struct rank_row *row, int32_t target, real t, const int32_t *targets,
	const real *scores, int32_t n_targets)
{
	int32_t n = 0;
	if (row->item) {
		for (int32_t i = 0; i < row->n; i++)
			n += row->item[i] < target && row->s[i] == t;
		return n;
	}
	for (int32_t i = 0; i < target; i++)
		n += row->s[i] == t;
	for (int32_t i = 0; i < row->n_skip && row->skip[i] < target; i++)
		n -= row->s[row->skip[i]] == t;
	for (int32_t k = 0; k < n_targets; k++)
		n -= targets[k] < target && scores[k] == t;
	return n;
}

void rank_settle(const struct rank_row *row, bool first, const int32_t *target, const real *t, int32_t n_targets,
	struct target_rank *rank)
{
	for (int32_t k = 0; k < n_targets; k++) {
		struct target_rank *r = &rank[k];
		int32_t others = r->equal, targets = r->targets_equal;
		bool never = isinf(t[k]) && t[k] < 0;
		if (!never && (!first || others + targets == 0))
			continue;
		if (!never) {
			others = others ? equals_before(row, target[k], t[k], target, t, n_targets) : 0;
			targets = 0;
			for (int32_t j = 0; j < n_targets; j++)
				targets += t[j] == t[k] && target[j] < target[k];
		}
		r->above += others;
		r->targets_above += targets;
		r->equal = r->targets_equal = 0;
	}
}
