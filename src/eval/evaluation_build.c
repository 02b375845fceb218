/* What an evaluation knows before the first score: users, their targets, and what competes with them. */
#include "eval/evaluation.h"

#include "base/mem.h"
#include "base/rng.h"
#include "eval/candidates.h"

#include <stdlib.h>
#include <string.h>

static const int64_t *part_start(const struct split *s, enum part p)
{
	return p == PART_VALID	   ? s->valid_start
	       : p == PART_TEST	   ? s->test_start
	       : p == PART_HISTORY ? s->history_start
				   : s->train_start;
}

static const int32_t *part_item(const struct split *s, enum part p)
{
	return p == PART_VALID	   ? s->valid_item
	       : p == PART_TEST	   ? s->test_item
	       : p == PART_HISTORY ? s->history_item
				   : s->train_item;
}

static enum err_code no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for the evaluation's lists");
}

static int by_value(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
	return x < y ? -1 : x > y;
}

static int32_t sort_unique(int32_t *a, int32_t n)
{
	int32_t k = 0;
	qsort(a, (size_t)n, sizeof *a, by_value);
	for (int32_t i = 0; i < n; i++)
		if (k == 0 || a[k - 1] != a[i])
			a[k++] = a[i];
	return k;
}

/* ---- users ---- */

static void draw_subset(int32_t *users, int32_t n, int32_t k, uint64_t seed)
{
	struct rng r = rng_stream(seed, RNG_CANDIDATE, rng_hash_name("users"), 0);
	for (int32_t i = 0; i < k; i++) {
		int32_t j = i + (int32_t)rng_below(&r, (uint64_t)(n - i)), t = users[i];
		users[i] = users[j];
		users[j] = t;
	}
	qsort(users, (size_t)k, sizeof *users, by_value);
}

static enum err_code build_users(struct evaluation *v, struct err *e)
{
	const struct split *s = v->split;
	const int64_t *start = part_start(s, v->part);
	int32_t n = s->data->n_users;
	v->users = mem_alloc((size_t)n * sizeof *v->users);
	if (!v->users)
		return no_memory(e);
	for (int32_t u = 0; start && u < n; u++)
		if (start[u + 1] > start[u])
			v->users[v->n++] = u;
	if (v->n == 0)
		return err_set(e, ERR_ARG,
			"data set '%s': no user has a %s item under split '%s'; choose another split", s->data->name,
			v->part == PART_VALID ? "validation" : "test", v->protocol.split);
	if (v->protocol.max_users > 0 && v->protocol.max_users < v->n) {
		draw_subset(v->users, v->n, v->protocol.max_users, v->protocol.seed);
		v->n = v->protocol.max_users;
	}
	return OK;
}

/* ---- targets ---- */

static int32_t copy_distinct(int32_t *to, const int32_t *from, int64_t n)
{
	int32_t k = 0;
	for (int64_t i = 0; i < n; i++) {
		int32_t j = 0;
		while (j < k && to[j] != from[i])
			j++;
		if (j == k)
			to[k++] = from[i];
	}
	return k;
}

static enum err_code build_targets(struct evaluation *v, struct err *e)
{
	const int64_t *start = part_start(v->split, v->part);
	const int32_t *item = part_item(v->split, v->part);
	int64_t room = 0;
	for (int32_t i = 0; i < v->n; i++)
		room += start[v->users[i] + 1] - start[v->users[i]];
	v->target_start = mem_calloc((size_t)v->n + 1, sizeof *v->target_start);
	v->target = mem_alloc((size_t)room * sizeof *v->target);
	if (!v->target_start || !v->target)
		return no_memory(e);
	for (int32_t i = 0; i < v->n; i++) {
		int64_t at = start[v->users[i]], n = start[v->users[i] + 1] - at;
		int32_t k = copy_distinct(v->target + v->target_start[i], item + at, n);
		v->target_start[i + 1] = v->target_start[i] + k;
		v->max_targets = k > v->max_targets ? k : v->max_targets;
	}
	return OK;
}

/* ---- masks ---- */

static int64_t append_part(const struct split *s, enum part p, int32_t user, int32_t *to)
{
	const int64_t *start = part_start(s, p);
	int64_t n = start ? start[user + 1] - start[user] : 0;
	if (n && to)
		memcpy(to, part_item(s, p) + start[user], (size_t)n * sizeof *to);
	return n;
}

/* Training and history items and, at test time, validation items; to NULL: only how many. */
static int64_t append_history(const struct evaluation *v, int32_t user, int32_t *to)
{
	int64_t n = append_part(v->split, PART_TRAIN, user, to);
	n += append_part(v->split, PART_HISTORY, user, to ? to + n : NULL);
	return v->part == PART_TEST ? n + append_part(v->split, PART_VALID, user, to ? to + n : NULL) : n;
}

static int32_t remove_targets(const struct evaluation *v, int32_t pos, int32_t *a, int32_t n)
{
	int32_t k = 0;
	for (int32_t i = 0; i < n; i++) {
		int64_t t = v->target_start[pos];
		while (t < v->target_start[pos + 1] && v->target[t] != a[i])
			t++;
		if (t == v->target_start[pos + 1])
			a[k++] = a[i];
	}
	return k;
}

static enum err_code build_mask(struct evaluation *v, struct err *e)
{
	int64_t room = 0;
	for (int32_t i = 0; v->protocol.mask_seen && i < v->n; i++)
		room += append_history(v, v->users[i], NULL);
	v->mask_start = mem_calloc((size_t)v->n + 1, sizeof *v->mask_start);
	v->mask = mem_alloc((size_t)room * sizeof *v->mask);
	if (!v->mask_start || !v->mask)
		return no_memory(e);
	for (int32_t i = 0; v->protocol.mask_seen && i < v->n; i++) {
		int32_t *a = v->mask + v->mask_start[i];
		int32_t n = sort_unique(a, (int32_t)append_history(v, v->users[i], a));
		v->mask_start[i + 1] = v->mask_start[i] + remove_targets(v, i, a, n);
	}
	v->width = v->split->data->n_items;
	return OK;
}

/* ---- candidates ---- */

static enum err_code candidates_alloc(struct evaluation *v, int64_t width, struct err *e)
{
	if (width > INT32_MAX)
		return err_set(e, ERR_ARG, "lists of %lld candidates are too long", (long long)width);
	v->width = (int32_t)width;
	v->candidate = mem_alloc((size_t)v->n * (size_t)width * sizeof *v->candidate);
	v->n_candidates = mem_calloc((size_t)v->n, sizeof *v->n_candidates);
	if (!v->candidate || !v->n_candidates)
		return no_memory(e);
	memset(v->candidate, 0xff, (size_t)v->n * (size_t)width * sizeof *v->candidate);
	return OK;
}

static int32_t begin_list(struct evaluation *v, int32_t pos)
{
	int32_t n = (int32_t)(v->target_start[pos + 1] - v->target_start[pos]);
	memcpy(v->candidate + (int64_t)pos * v->width, v->target + v->target_start[pos], (size_t)n * sizeof(int32_t));
	return n;
}

/* The given lists as they are: an item that is also the target (NCF's lists for ML-1M have 156 of them) competes. */
static enum err_code build_given(struct evaluation *v, struct err *e)
{
	const struct dataset *d = v->split->data;
	int64_t most = 0;
	if (!d->candidate_start)
		return err_set(e, ERR_ARG,
			"data set '%s' has no given candidates; use \"full\", \"uniform\" or \"popularity\"", d->name);
	for (int32_t i = 0; i < v->n; i++) {
		int64_t n = d->candidate_start[v->users[i] + 1] - d->candidate_start[v->users[i]];
		most = n > most ? n : most;
	}
	TRY(candidates_alloc(v, v->max_targets + most, e));
	for (int32_t i = 0; i < v->n; i++) {
		int64_t at = d->candidate_start[v->users[i]], n = d->candidate_start[v->users[i] + 1] - at;
		int32_t k = begin_list(v, i);
		memcpy(v->candidate + (int64_t)i * v->width + k, d->candidate + at, (size_t)n * sizeof(int32_t));
		v->n_candidates[i] = k + (int32_t)n;
	}
	return OK;
}

/* Sets the bits of everything the user ever did. */
static void mark_user(const struct split *s, int32_t user, uint64_t *taken)
{
	for (enum part p = PART_TRAIN; p <= PART_TEST; p++) {
		const int64_t *start = part_start(s, p);
		for (int64_t i = start ? start[user] : 0; start && i < start[user + 1]; i++) {
			int32_t item = part_item(s, p)[i];
			taken[item >> 6] |= (uint64_t)1 << (item & 63);
		}
	}
}

static void draw_user(
	struct evaluation *v, const struct candidate_pool *pool, int32_t pos, uint64_t *taken, size_t words)
{
	struct rng r = rng_stream(v->protocol.seed, RNG_CANDIDATE, (uint64_t)v->part, (uint64_t)v->users[pos]);
	int32_t k = begin_list(v, pos);
	memset(taken, 0, words * sizeof *taken);
	mark_user(v->split, v->users[pos], taken);
	int32_t *to = v->candidate + (int64_t)pos * v->width + k;
	v->n_candidates[pos] = k + candidate_draw(pool, &r, taken, v->protocol.n_candidates, to);
}

static enum err_code build_sampled(struct evaluation *v, bool popularity, struct err *e)
{
	struct candidate_pool pool = {0};
	size_t words = (size_t)v->split->data->n_items / 64 + 1;
	bool failed = false;
	if (v->protocol.n_candidates < 1)
		return err_set(
			e, ERR_ARG, "sampled candidates need a number of at least 1, got %d", v->protocol.n_candidates);
	TRY(candidates_alloc(v, (int64_t)v->max_targets + v->protocol.n_candidates, e));
	TRY(candidate_pool_init(&pool, v->split, popularity, e));
#pragma omp parallel reduction(|| : failed)
	{
		uint64_t *taken = mem_alloc(words * sizeof *taken);
		failed = !taken;
#pragma omp for schedule(static)
		for (int32_t i = 0; i < v->n; i++)
			if (taken)
				draw_user(v, &pool, i, taken, words);
		mem_free(taken);
	}
	candidate_pool_fini(&pool);
	return failed ? no_memory(e) : OK;
}

static enum err_code build_candidates(struct evaluation *v, struct err *e)
{
	const char *kind = v->protocol.candidates;
	v->full = strcmp(kind, "full") == 0;
	if (v->full)
		return build_mask(v, e);
	if (strcmp(kind, "given") == 0)
		return build_given(v, e);
	if (strcmp(kind, "uniform") == 0 || strcmp(kind, "popularity") == 0)
		return build_sampled(v, kind[0] == 'p', e);
	return err_set(e, ERR_ARG, "candidates must be full, given, uniform or popularity, got '%s'", kind);
}

/* ---- ratings ---- */

static enum err_code build_truth(struct evaluation *v, struct err *e)
{
	const struct split *s = v->split;
	const int64_t *start = part_start(s, v->part);
	int64_t room = 0;
	if (!s->data->rating || !s->part)
		return err_set(
			e, ERR_ARG, "data set '%s' has no ratings; rating metrics cannot be computed", s->data->name);
	for (int32_t i = 0; i < v->n; i++)
		room += start[v->users[i] + 1] - start[v->users[i]];
	v->truth_start = mem_calloc((size_t)v->n + 1, sizeof *v->truth_start);
	v->truth = mem_alloc((size_t)room * sizeof *v->truth);
	if (!v->truth_start || !v->truth)
		return no_memory(e);
	for (int32_t i = 0; i < v->n; i++) {
		int32_t u = v->users[i];
		int64_t k = v->truth_start[i], want = k + start[u + 1] - start[u];
		for (int64_t row = s->data->start[u]; row < s->data->start[u + 1] && k < want; row++)
			if (s->part[row] == v->part)
				v->truth[k++] = s->data->rating[row];
		if (k != want)
			return err_set(e, ERR_ARG, "data set '%s': held-out items of user %d have no ratings",
				s->data->name, u);
		v->truth_start[i + 1] = k;
	}
	return OK;
}

enum err_code evaluation_build(struct evaluation *v, struct err *e)
{
	TRY(build_users(v, e));
	TRY(build_targets(v, e));
	if (v->ranks)
		TRY(build_candidates(v, e));
	if (v->ratings)
		TRY(build_truth(v, e));
	return v->points ? points_build(v, e) : OK;
}
