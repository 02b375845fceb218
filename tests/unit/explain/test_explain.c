/* Attributions of scorers whose causes are known in closed form. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "explain/agreement.h"
#include "explain/explain.h"
#include "support/close.h"

enum { ITEMS = 40, N = 12 };

/* linear: score[i] = base[i] + sum over the history of weight[i][h];
 * pairs: the target also gains `bonus` where items a and b are both there; or: where at least one of them is. */
struct world {
	double base[ITEMS], weight[ITEMS][ITEMS];
	int32_t a, b, target;
	double both, either;
	int calls, largest;
};

static enum err_code score(
	void *ctx, const int32_t *items, const int32_t *offsets, int32_t n, int32_t user, real *scores, struct err *e)
{
	struct world *w = ctx;
	w->calls++;
	w->largest = n > w->largest ? n : w->largest;
	for (int32_t h = 0; h < n; h++) {
		bool a = false, b = false;
		for (int i = 0; i < ITEMS; i++) {
			double s = w->base[i];
			for (int32_t t = offsets[h]; t < offsets[h + 1]; t++)
				s += w->weight[i][items[t]];
			scores[h * ITEMS + i] = (real)s;
		}
		for (int32_t t = offsets[h]; t < offsets[h + 1]; t++) {
			a |= items[t] == w->a;
			b |= items[t] == w->b;
		}
		scores[h * ITEMS + w->target] += (real)(w->both * (a && b) + w->either * (a || b));
	}
	return OK;
}

static void world_init(struct world *w, uint64_t round)
{
	struct rng r = rng_stream(4, RNG_TEST, round, 0);
	memset(w, 0, sizeof *w);
	for (int i = 0; i < ITEMS; i++) {
		w->base[i] = rng_normal(&r);
		for (int j = 0; j < ITEMS; j++)
			w->weight[i][j] = rng_normal(&r);
	}
	w->a = w->b = -1;
	w->target = 20;
}

static struct scorer scorer_of(struct world *w)
{
	return (struct scorer){w, score, ITEMS};
}

static struct question question_of(const struct scorer *s, const struct world *w, const int32_t *history, int32_t n)
{
	return (struct question){.scorer = s, .target = w->target, .history = history, .n = n, .seed = 5};
}

static void run(const char *name, const struct question *q, struct effect *effect)
{
	struct err e;
	if (attribution_run(name, q, NULL, effect, &e) != OK)
		fail_msg("%s", e.text);
}

static void make_history(int32_t *history, int32_t n)
{
	for (int32_t i = 0; i < n; i++)
		history[i] = (i * 7 + 3) % 19;
}

/* The rank by definition, of a history as a list of items. */
static double rank_of(struct world *w, const int32_t *items, int32_t n, const int32_t *skip, int32_t n_skip)
{
	real s[ITEMS];
	double rank = 1;
	const int32_t offsets[2] = {0, n};
	score(w, items, offsets, 1, 0, s, NULL);
	for (int32_t i = 0; i < ITEMS; i++) {
		bool skipped = i == w->target;
		for (int32_t k = 0; k < n_skip; k++)
			skipped |= skip[k] == i;
		if (!skipped)
			rank += s[i] > s[w->target] ? 1 : s[i] == s[w->target] ? .5 : 0;
	}
	return rank;
}

static void test_linear(void **state)
{
	for (uint64_t round = 0; round < 10; round++) {
		struct world w;
		int32_t history[N];
		const int32_t skip[] = {1, 2, 3, 20, 30};
		static const char *const names[] = {"leave_one_out", "keep_one", "shapley"};
		world_init(&w, round);
		make_history(history, N);
		struct scorer s = scorer_of(&w);
		struct question q = question_of(&s, &w, history, N);
		q.skip = skip;
		q.n_skip = 5;
		for (int k = 0; k < 3; k++) {
			struct effect effect[N];
			run(names[k], &q, effect);
			for (int i = 0; i < N; i++)
				assert_close(effect[i].score, w.weight[w.target][history[i]], 1e-5);
		}
		struct effect effect[N];
		run("leave_one_out", &q, effect);
		for (int i = 0; i < N; i++) {
			int32_t rest[N], n = 0;
			for (int j = 0; j < N; j++)
				if (j != i)
					rest[n++] = history[j];
			assert_close(
				effect[i].rank, rank_of(&w, rest, n, skip, 5) - rank_of(&w, history, N, skip, 5), 0);
		}
	}
}

/* Exact Shapley values over all subsets. */
static void exact_shapley(struct world *w, const int32_t *history, int32_t n, double *value)
{
	for (int32_t i = 0; i < n; i++) {
		value[i] = 0;
		for (unsigned set = 0; set < 1u << n; set++) {
			int32_t without[N], with[N], k = 0, m = 0;
			if (set >> i & 1)
				continue;
			for (int32_t j = 0; j < n; j++) {
				if (set >> j & 1)
					without[k++] = history[j];
				if (set >> j & 1 || j == i)
					with[m++] = history[j];
			}
			double p = 1.0 / n;
			for (int32_t j = 1; j <= k; j++)
				p *= (double)j / (n - j);
			real a[ITEMS], b[ITEMS];
			score(w, without, (const int32_t[]){0, k}, 1, 0, a, NULL);
			score(w, with, (const int32_t[]){0, m}, 1, 0, b, NULL);
			value[i] += p * ((double)b[w->target] - (double)a[w->target]);
		}
	}
}

static void test_shapley(void **state)
{
	struct world w;
	int32_t history[6];
	struct effect effect[6], left[6];
	double want[6], sum = 0;
	struct err e;
	world_init(&w, 3);
	make_history(history, 6);
	w.a = history[1];
	w.b = history[4];
	w.both = 3;
	w.either = 5;
	struct scorer s = scorer_of(&w);
	struct question q = question_of(&s, &w, history, 6);
	struct args a;
	const struct desc *d = registry_find(&attribution_registry, "shapley");
	args_default(d, &a);
	assert_int_equal(args_set_number(d, &a, "rounds", 1500, &e), OK);
	assert_int_equal(attribution_run("shapley", &q, &a, effect, &e), OK);
	exact_shapley(&w, history, 6, want);
	real whole[ITEMS], none[ITEMS];
	score(&w, history, (const int32_t[]){0, 6}, 1, 0, whole, NULL);
	score(&w, history, (const int32_t[]){0, 0}, 1, 0, none, NULL);
	for (int i = 0; i < 6; i++) {
		assert_close(effect[i].score, want[i], .15);
		sum += effect[i].score;
	}
	assert_close(sum, (double)whole[w.target] - (double)none[w.target], 1e-4);
	/* what leave-one-out cannot see: either of two is enough */
	w.both = 0;
	run("leave_one_out", &q, left);
	assert_close(left[1].score, w.weight[w.target][history[1]], 1e-5);
	run("shapley", &q, effect);
	assert_close(effect[1].score, w.weight[w.target][history[1]] + 2.5, 1e-4);
}

static void test_baselines(void **state)
{
	struct world w;
	int32_t history[N];
	struct effect a[N], b[N];
	world_init(&w, 1);
	make_history(history, N);
	struct scorer s = scorer_of(&w);
	struct question q = question_of(&s, &w, history, N);
	double first = 0;
	for (int32_t u = 0; u < 6000; u++) {
		double x[N];
		q.user = u;
		run("random", &q, a);
		for (int i = 0; i < N; i++)
			x[i] = a[i].score;
		first += agreement_first(x, N, 4);
	}
	/* four deviations of a share of 1/12 in 6000 draws */
	assert_close(first / 6000, 1.0 / N, 4 * sqrt(1.0 / N / 6000));
	run("random", &q, b);
	assert_memory_equal(a, b, sizeof a);
	run("recency", &q, a);
	for (int i = 1; i < N; i++)
		assert_true(a[i].score > a[i - 1].score);
	assert_int_equal(w.calls, 0);
}

static void test_faithfulness(void **state)
{
	struct world w;
	int32_t history[N], n;
	struct effect effect[N];
	struct answer answer[N + 1];
	struct err e;
	bool removed[N];
	world_init(&w, 2);
	make_history(history, N);
	for (int i = 0; i < ITEMS; i++)
		for (int j = 0; j < ITEMS; j++)
			w.weight[i][j] = i == w.target ? 1 + .1 * j : 0;
	struct scorer s = scorer_of(&w);
	struct question q = question_of(&s, &w, history, N);
	run("leave_one_out", &q, effect);
	assert_int_equal(explain_deletion(&q, effect, answer, &e), OK);
	assert_close(answer[N].score, w.base[w.target], 1e-5);
	for (int k = 1; k <= N; k++) {
		assert_true(answer[k].score < answer[k - 1].score);
		/* the largest goes first: steps shrink */
		assert_true(k < 2 ||
			    answer[k - 1].score - answer[k].score <= answer[k - 2].score - answer[k - 1].score + 1e-4);
	}
	assert_int_equal(explain_counterfactual(&q, effect, 1, removed, &n, &e), OK);
	assert_true(n > 0 && answer[n].rank > 1 && answer[n - 1].rank <= 1);
	int count = 0;
	double least = 1e9, most = -1e9;
	for (int i = 0; i < N; i++) {
		count += removed[i];
		if (removed[i])
			least = fmin(least, effect[i].score);
		else
			most = fmax(most, effect[i].score);
	}
	assert_int_equal(count, n);
	assert_true(least >= most);
	assert_int_equal(explain_counterfactual(&q, effect, ITEMS, removed, &n, &e), OK);
	assert_int_equal(n, -1);
	w.base[5] = 1000;
	assert_int_equal(explain_counterfactual(&q, effect, 1, removed, &n, &e), OK);
	assert_int_equal(n, 0);
}

static void test_agreement(void **state)
{
	const double x[5] = {1, 2, 3, 4, 5}, back[5] = {5, 4, 3, 2, 1}, tied[5] = {1, 1, 2, 2, 3}, flat[5] = {0};
	assert_close(agreement_kendall(x, x, 5), 1, 0);
	assert_close(agreement_kendall(x, back, 5), -1, 0);
	/* 8 concordant pairs, 2 tied in the second: 8 / sqrt(10 * 8) */
	assert_close(agreement_kendall(x, tied, 5), 8 / sqrt(80), 1e-15);
	assert_true(isnan(agreement_kendall(x, flat, 5)));
	assert_true(isnan(agreement_kendall(x, x, 1)));
	assert_close(agreement_first(x, 5, 4), 1, 0);
	assert_close(agreement_first(x, 5, 3), 0, 0);
	assert_close(agreement_first(flat, 5, 3), .2, 0);
	assert_close(agreement_reciprocal(x, 5, 3), .5, 0);
	assert_close(agreement_reciprocal(tied, 5, 2), (1. / 2 + 1. / 3) / 2, 1e-15);
	assert_close(agreement_overlap(x, back, 5, 2), 0, 0);
	assert_close(agreement_overlap(x, back, 5, 3), 1. / 3, 1e-15);
	assert_close(agreement_overlap(x, x, 5, 99), 1, 0);
}

static enum err_code score_nan(
	void *ctx, const int32_t *items, const int32_t *offsets, int32_t n, int32_t user, real *scores, struct err *e)
{
	if (user == 1)
		return err_set(e, ERR_CANCELLED, "stopped");
	for (int32_t i = 0; i < n * ITEMS; i++)
		scores[i] = (real)NAN;
	return OK;
}

static void test_errors(void **state)
{
	struct scorer s = {NULL, score_nan, ITEMS};
	int32_t history[2] = {1, ITEMS};
	struct effect effect[2];
	struct err e;
	struct question q = {.scorer = &s, .target = ITEMS, .history = history, .n = 1};
	assert_int_equal(attribution_run("leave_one_out", &q, NULL, effect, &e), ERR_ARG);
	assert_non_null(strstr(e.text, "items 0..39"));
	q.target = 3;
	assert_int_equal(attribution_run("leave_one_out", &q, NULL, effect, &e), ERR_NUMERIC);
	assert_int_equal(attribution_run("leave_two_out", &q, NULL, effect, &e), ERR_NOTFOUND);
	q.n = 2;
	assert_int_equal(attribution_run("leave_one_out", &q, NULL, effect, &e), ERR_ARG);
	q.n = 1;
	q.user = 1;
	assert_int_equal(attribution_run("keep_one", &q, NULL, effect, &e), ERR_CANCELLED);
	/* nothing to attribute to: nothing is done, nothing fails */
	struct world w;
	world_init(&w, 0);
	s = scorer_of(&w);
	q.n = 0;
	for (size_t i = 0; i < attribution_registry.n; i++)
		assert_int_equal(attribution_run(attribution_registry.rows[i]->name, &q, NULL, effect, &e), OK);
}

/* Long histories are asked in several batches with the same answers. */
static void test_batches(void **state)
{
	enum { LONG = 700 };
	static int32_t history[LONG];
	static struct effect effect[LONG];
	struct world w;
	world_init(&w, 6);
	make_history(history, LONG);
	struct scorer s = scorer_of(&w);
	struct question q = question_of(&s, &w, history, LONG);
	run("leave_one_out", &q, effect);
	assert_true(w.calls > 1 && w.largest < LONG);
	for (int i = 0; i < LONG; i++)
		assert_close(effect[i].score, w.weight[w.target][history[i]], 1e-3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_linear), cmocka_unit_test(test_shapley),
		cmocka_unit_test(test_baselines), cmocka_unit_test(test_faithfulness), cmocka_unit_test(test_agreement),
		cmocka_unit_test(test_errors), cmocka_unit_test(test_batches)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
