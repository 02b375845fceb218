/* Ranks from scores that are products, s = x . T_i + b_i, counted while a tile of them is in the first cache: nothing of
 * [users, items] is ever written to memory.
 *
 * Per tile of items the rows of the table are packed side by side, T[k][item], so that a score is the sum over k of one number of x
 * times a vector of items, in the order of k: a few users by two vectors of items at a time stay in registers.  A target's
 * own score is summed in the same order, hence equal to the bit to what the tile holds, and so are those of equal rows: ties are
 * what they are, whatever the tile, the slice or the thread.  Items that do not compete (seen ones, the targets) are taken
 * out of the counts tile by tile. */
#include "base/mem.h"
#include "eval/evaluation.h"
#include "eval/rank.h"
#include "tensor/vec.h"

enum { USERS = 8, WIDE = 2 * VEC, TILE = 16 * WIDE };

/* By worker: the packed tile, the scores of a few users, counts of one tile.  By target: what was counted so far.  By user:
 * how far its mask was read. */
struct product_room {
	int64_t d;
	real **panel; /* [workers][TILE * d] */
	real *t;
	int32_t *above, *equal; /* [targets] */
	int64_t *at;		/* [users] */
};

bool evaluation_takes_product(const struct evaluation *v)
{
	bool lists = false;
	for (int m = 0; m < v->protocol.n_metrics; m++)
		lists |= v->protocol.metric[m].class->needs == METRIC_LISTS;
	return v->ranks && v->full && !lists && v->protocol.ties != TIE_FIRST;
}

void product_free(struct evaluation *v)
{
	struct product_room *r = v->product;
	for (int w = 0; r && r->panel && w < v->workers; w++)
		mem_aligned_free(r->panel[w]);
	if (r) {
		mem_free(r->panel);
		mem_free(r->t);
		mem_free(r->above);
		mem_free(r->equal);
		mem_free(r->at);
	}
	mem_free(r);
	v->product = NULL;
}

enum err_code evaluation_product(struct evaluation *v, int64_t d, struct err *e)
{
	if (v->product && v->product->d == d)
		return OK;
	product_free(v);
	struct product_room *r = v->product = mem_calloc(1, sizeof *r);
	size_t targets = (size_t)v->target_start[v->n] + 1;
	bool ok = r && (r->panel = mem_calloc((size_t)v->workers, sizeof *r->panel)) &&
		  (r->t = mem_calloc(targets, sizeof *r->t)) && (r->above = mem_calloc(targets, sizeof *r->above)) &&
		  (r->equal = mem_calloc(targets, sizeof *r->equal)) &&
		  (r->at = mem_calloc((size_t)v->n + 1, sizeof *r->at));
	for (int w = 0; ok && w < v->workers; w++)
		ok = (r->panel[w] = mem_aligned(TILE * (size_t)d * sizeof(real)));
	if (!ok) {
		product_free(v);
		return err_set(e, ERR_NOMEM, "no memory for ranks of %d users", v->n);
	}
	r->d = d;
	return OK;
}

/* ---- scores ---- */

/* The rows of items first..first+n-1, zeros behind: panel[block of WIDE][k][item]. */
static void pack(const real *table, int64_t d, int32_t first, int32_t n, real *panel)
{
	for (int32_t i = 0; i < TILE; i++) {
		const real *row = table + (int64_t)(first + i) * d;
		real *to = panel + (int64_t)(i / WIDE) * WIDE * d + i % WIDE;
		for (int64_t k = 0; k < d; k++)
			to[k * WIDE] = i < n ? row[k] : 0;
	}
}

/* out[u][0..WIDE) = x_u . the block's items */
static void multiply(const real *x, int64_t d, const real *block, real (*out)[TILE])
{
	vec sum[USERS][2] = {{{0}}};
	for (int64_t k = 0; k < d; k++) {
		vec a = vec_load(block + k * WIDE), b = vec_load(block + k * WIDE + VEC);
#pragma GCC unroll 8
		for (int u = 0; u < USERS; u++) {
			sum[u][0] += x[u * d + k] * a;
			sum[u][1] += x[u * d + k] * b;
		}
	}
#pragma GCC unroll 8
	for (int u = 0; u < USERS; u++) {
		vec_store(out[u], sum[u][0]);
		vec_store(out[u] + VEC, sum[u][1]);
	}
}

/* Fewer than USERS at the end. */
static void multiply_some(const real *x, int32_t users, int64_t d, const real *block, real (*out)[TILE])
{
	for (int32_t u = 0; u < users; u++) {
		vec a = {0}, b = {0};
		for (int64_t k = 0; k < d; k++) {
			a += x[u * d + k] * vec_load(block + k * WIDE);
			b += x[u * d + k] * vec_load(block + k * WIDE + VEC);
		}
		vec_store(out[u], a);
		vec_store(out[u] + VEC, b);
	}
}

static void score_tile(const struct eval_product *p, const real *x, int32_t users, const real *panel, int32_t first,
	int32_t n, real (*out)[TILE])
{
	for (int32_t i = 0; i < n; i += WIDE) {
		const real *block = panel + (int64_t)i * p->d;
		if (users == USERS)
			multiply(x, p->d, block, (real(*)[TILE])(out[0] + i));
		else
			multiply_some(x, users, p->d, block, (real(*)[TILE])(out[0] + i));
	}
	for (int32_t u = 0; p->bias && u < users; u++)
		for (int32_t i = 0; i < n; i++)
			out[u][i] += p->bias[first + i];
}

static real score_one(const struct eval_product *p, const real *x, int32_t item)
{
	const real *row = p->table + (int64_t)item * p->d;
	real sum = 0;
	for (int64_t k = 0; k < p->d; k++)
		sum += x[k] * row[k];
	return p->bias ? sum + p->bias[item] : sum;
}

/* ---- counts ---- */

struct span {
	int32_t first, n;
};

static void leave_out(
	struct span tile, const real *row, int32_t item, const real *t, int32_t n, int32_t *above, int32_t *equal)
{
	real s = row[item - tile.first];
	for (int32_t k = 0; k < n; k++) {
		above[k] -= s > t[k];
		equal[k] -= s == t[k];
	}
}

static void count_user(struct evaluation *v, struct eval_worker *w, int32_t pos, struct span tile, const real *row)
{
	struct product_room *r = v->product;
	int64_t from = v->target_start[pos];
	int32_t n = (int32_t)(v->target_start[pos + 1] - from), end = tile.first + tile.n;
	const real *t = r->t + from;
	int32_t bad = rank_count(row, tile.n, t, n, w->above, w->equal);
	if (bad >= 0)
		evaluation_bad(w, pos, tile.first + bad);
	for (; r->at[pos] < v->mask_start[pos + 1] && v->mask[r->at[pos]] < end; r->at[pos]++)
		leave_out(tile, row, v->mask[r->at[pos]], t, n, w->above, w->equal);
	for (int32_t k = 0; k < n; k++)
		if (v->target[from + k] >= tile.first && v->target[from + k] < end)
			leave_out(tile, row, v->target[from + k], t, n, w->above, w->equal);
	for (int32_t k = 0; k < n; k++) {
		r->above[from + k] += w->above[k];
		r->equal[from + k] += w->equal[k];
	}
}

static void begin_user(struct evaluation *v, int32_t pos, const real *x, const struct eval_product *p)
{
	struct product_room *r = v->product;
	r->at[pos] = v->mask_start[pos];
	for (int64_t k = v->target_start[pos]; k < v->target_start[pos + 1]; k++) {
		r->t[k] = score_one(p, x, v->target[k]);
		r->above[k] = r->equal[k] = 0;
	}
}

static void finish_user(struct evaluation *v, struct eval_worker *w, int32_t pos)
{
	const struct product_room *r = v->product;
	int64_t from = v->target_start[pos];
	int32_t n = (int32_t)(v->target_start[pos + 1] - from);
	rank_targets(r->t + from, n, r->above + from, r->equal + from, false, w->rank);
	rank_settle(&(struct rank_row){0}, false, v->target + from, r->t + from, n, w->rank);
	evaluation_note(v, w, pos);
}

void evaluation_feed_product(
	struct evaluation *v, int worker, int32_t first, int32_t count, const real *x, const struct eval_product *p)
{
	CHECK(worker >= 0 && worker < v->workers, "worker %d of %d", worker, v->workers);
	CHECK(first >= 0 && count >= 0 && first <= v->n - count, "users %d+%d of %d", first, count, v->n);
	CHECK(v->product && v->product->d == p->d, "evaluation_product was not called for rows of %lld",
		(long long)p->d);
	_Alignas(64) real scores[USERS][TILE];
	struct eval_worker *w = &v->worker[worker];
	real *panel = v->product->panel[worker];
	for (int32_t i = 0; i < count; i++)
		begin_user(v, first + i, x + i * p->d, p);
	for (struct span tile = {0, TILE}; tile.first < v->width; tile.first += TILE) {
		tile.n = v->width - tile.first < TILE ? v->width - tile.first : TILE;
		pack(p->table, p->d, tile.first, tile.n, panel);
		for (int32_t i = 0; i < count; i += USERS) {
			int32_t users = count - i < USERS ? count - i : USERS;
			score_tile(p, x + i * p->d, users, panel, tile.first, tile.n, scores);
			for (int32_t u = 0; u < users; u++)
				count_user(v, w, first + i + u, tile, scores[u]);
		}
	}
	for (int32_t i = 0; i < count; i++)
		finish_user(v, w, first + i);
}
