/* Evaluations of small data sets against going through users, items and lists one by one. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "eval/evaluate.h"
#include "support/close.h"

enum { USERS = 60, ITEMS = 90 };

static struct split *make_split_of(int items, const char *kind, double test)
{
	struct err e;
	struct builder *b = builder_new("small");
	struct dataset *d = NULL;
	struct split *s = NULL;
	assert_non_null(b);
	for (int u = 0; u < USERS; u++) {
		struct rng r = rng_stream(5, RNG_TEST, (uint64_t)u, 0);
		int n = 3 + (int)rng_below(&r, 30);
		for (int i = 0; i < n; i++) {
			char user[16], item[16];
			/* squared: some items are popular; repeats occur */
			double x = rng_unit(&r);
			snprintf(user, sizeof user, "u%d", u);
			snprintf(item, sizeof item, "i%d", (int)(x * x * items));
			struct builder_row row = {
				user, item, strlen(user), strlen(item), 1 + (float)rng_below(&r, 5), i};
			assert_int_equal(builder_add(b, &row, &e), OK);
		}
	}
	assert_int_equal(builder_finish(b, &d, &e), OK);
	builder_free(b);
	struct split_options o = {.kind = kind, .test = test, .valid = test / 2, .per_user = true, .seed = 3};
	if (split_new(d, &o, &s, &e) != OK)
		fail_msg("%s", e.text);
	dataset_unref(d);
	return s;
}

static struct split *make_split(const char *kind, double test)
{
	return make_split_of(ITEMS, kind, test);
}

static struct protocol protocol(const char *candidates, const char *const *metrics)
{
	struct protocol p = {.mask_seen = true, .seed = 9};
	struct err e;
	snprintf(p.candidates, sizeof p.candidates, "%s", candidates);
	for (; *metrics; metrics++)
		if (metric_parse(*metrics, &p.metric[p.n_metrics++], &e) != OK)
			fail_msg("%s", e.text);
	return p;
}

static struct evaluation *make(const struct split *s, enum part part, const struct protocol *p, int workers)
{
	struct evaluation *v = NULL;
	struct err e;
	if (evaluation_new(s, part, p, workers, &v, &e) != OK)
		fail_msg("%s", e.text);
	return v;
}

static real score_of(int32_t user, int32_t item, uint64_t levels)
{
	return (real)(rng_at(rng_key(1, RNG_TEST, (uint64_t)user, levels), (uint64_t)item) % levels);
}

static void score_users(const struct evaluation *v, real *scores, uint64_t levels)
{
	const int32_t *users;
	int32_t n = evaluation_users(v, &users), width;
	const int32_t *list = evaluation_candidates(v, &width);
	for (int32_t i = 0; i < n; i++)
		for (int32_t j = 0; j < width; j++) {
			int32_t item = list ? list[(int64_t)i * width + j] : j;
			scores[(int64_t)i * width + j] = item < 0 ? (real)1e9 : score_of(users[i], item, levels);
		}
}

/* ---- the oracle: full ranking, hr and ndcg of distinct scores ---- */

static bool among(const int32_t *a, int64_t n, int32_t x)
{
	for (int64_t i = 0; i < n; i++)
		if (a[i] == x)
			return true;
	return false;
}

static bool targeted(const struct split *s, int32_t u, int32_t item)
{
	return among(s->test_item + s->test_start[u], s->test_start[u + 1] - s->test_start[u], item);
}

static bool seen(const struct split *s, int32_t u, int32_t item)
{
	return among(s->train_item + s->train_start[u], s->train_start[u + 1] - s->train_start[u], item) ||
	       among(s->valid_item + s->valid_start[u], s->valid_start[u + 1] - s->valid_start[u], item);
}

/* Distinct scores: ties between items are broken by a hash finer than the levels used. */
static void oracle_user(const struct split *s, int32_t u, int k, double *hr, double *ndcg)
{
	double dcg = 0, idcg = 0;
	int targets = 0;
	for (int32_t i = 0; i < s->data->n_items; i++) {
		int rank = 1;
		if (!targeted(s, u, i))
			continue;
		for (int32_t j = 0; j < s->data->n_items; j++)
			rank += (targeted(s, u, j) || !seen(s, u, j)) &&
				score_of(u, j, 1 << 20) > score_of(u, i, 1 << 20);
		dcg += rank <= k ? 1 / log2(rank + 1) : 0;
		idcg += ++targets <= k ? 1 / log2(targets + 1) : 0;
	}
	*hr = dcg > 0;
	*ndcg = dcg / idcg;
}

static void test_full(void **state)
{
	struct split *s = make_split("ratio", .3);
	static const char *const names[] = {"hr@5", "ndcg@5", NULL};
	struct protocol p = protocol("full", names);
	struct evaluation *v = make(s, PART_TEST, &p, 1);
	struct evaluation_result got;
	struct err e;
	const int32_t *users;
	int32_t n = evaluation_users(v, &users), n_items = s->data->n_items;
	real *scores = mem_alloc((size_t)n * (size_t)n_items * sizeof(real));
	double hr_sum = 0, ndcg_sum = 0;
	score_users(v, scores, 1 << 20);
	evaluation_feed(v, 0, 0, n, scores, n_items);
	assert_int_equal(evaluation_finish(v, &got, &e), OK);
	assert_int_equal(got.users, n);
	for (int32_t i = 0; i < n; i++) {
		double hr, ndcg;
		oracle_user(s, users[i], 5, &hr, &ndcg);
		assert_close((double)got.per_user[0][users[i]], hr, 0);
		assert_close((double)got.per_user[1][users[i]], ndcg, 1e-6);
		hr_sum += hr;
		ndcg_sum += ndcg;
	}
	assert_close(got.value[0], hr_sum / n, 1e-12);
	assert_close(got.value[1], ndcg_sum / n, 1e-12);
	mem_free(scores);
	evaluation_free(v);
	split_unref(s);
}

/* The same numbers, bit for bit, however the users are cut into blocks and whoever feeds them, and a second time. */
static void test_order_of_feeding(void **state)
{
	struct split *s = make_split("ratio", .3);
	static const char *const names[] = {"hr@5", "ndcg@5", "map", "mrr@10", "auc", "recall@3", "coverage@4", NULL};
	static const char *const lists[] = {"full", "uniform", "popularity"};
	for (int c = 0; c < 3; c++) {
		struct protocol p = protocol(lists[c], names);
		p.n_candidates = 20;
		struct evaluation *v = make(s, PART_TEST, &p, 3);
		struct evaluation_result a, b;
		struct err e;
		const int32_t *users;
		int32_t n = evaluation_users(v, &users), width;
		evaluation_candidates(v, &width);
		real *scores = mem_alloc((size_t)n * (size_t)width * sizeof(real));
		score_users(v, scores, 7);
		evaluation_feed(v, 0, 0, n, scores, width);
		assert_int_equal(evaluation_finish(v, &a, &e), OK);
		evaluation_reset(v);
		assert_int_equal(evaluation_finish(v, &b, &e), ERR_STATE);
		for (int32_t i = n; i > 0;) {
			int32_t k = i < 7 ? i : 7;
			i -= k;
			evaluation_feed(v, i % 3, i, k, scores + (int64_t)i * width, width);
		}
		assert_int_equal(evaluation_finish(v, &b, &e), OK);
		assert_memory_equal(a.value, b.value, sizeof a.value);
		mem_free(scores);
		evaluation_free(v);
	}
	split_unref(s);
}

static void test_sampled(void **state)
{
	struct split *s = make_split("leave_one_out", 0);
	static const char *const names[] = {"hr@5", NULL};
	static const char *const lists[] = {"uniform", "popularity"};
	for (int c = 0; c < 2; c++) {
		for (int32_t want = 1; want <= 200; want *= 3) {
			struct protocol p = protocol(lists[c], names);
			p.n_candidates = want;
			struct evaluation *v = make(s, PART_VALID, &p, 1), *w = make(s, PART_VALID, &p, 1);
			const int32_t *users;
			int32_t n = evaluation_users(v, &users), width, width2;
			const int32_t *a = evaluation_candidates(v, &width), *b = evaluation_candidates(w, &width2);
			assert_int_equal(width, width2);
			assert_memory_equal(a, b, (size_t)n * (size_t)width * sizeof *a);
			for (int32_t i = 0; i < n; i++, a += width) {
				int32_t u = users[i], others = 0, possible = 0;
				assert_int_equal(a[0], s->valid_item[s->valid_start[u]]);
				for (int32_t j = 1; j < width && a[j] >= 0; j++, others++) {
					assert_false(seen(s, u, a[j]) || targeted(s, u, a[j]));
					assert_false(among(a, j, a[j]));
				}
				for (int32_t j = 0; j < s->data->n_items; j++) {
					int64_t train = s->train_start[s->data->n_users];
					possible += !seen(s, u, j) && !targeted(s, u, j) &&
						    (c == 0 || among(s->train_item, train, j));
				}
				assert_int_equal(others, want < possible ? want : possible);
			}
			evaluation_free(v);
			evaluation_free(w);
		}
	}
	split_unref(s);
}

static void test_subset_and_errors(void **state)
{
	struct split *s = make_split("leave_one_out", 0);
	static const char *const names[] = {"hr@5", NULL}, *const ratings[] = {"rmse", "mae", NULL};
	struct protocol p = protocol("full", names);
	struct evaluation *v;
	struct err e;
	const int32_t *users;
	p.max_users = 10;
	v = make(s, PART_TEST, &p, 2);
	assert_int_equal(evaluation_users(v, &users), 10);
	for (int i = 1; i < 10; i++)
		assert_true(users[i - 1] < users[i]);
	real scores[ITEMS] = {0};
	for (int32_t i = 9; i >= 0; i--) {
		scores[3] = i == 4 || i == 7 ? (real)NAN : 0;
		evaluation_feed(v, i % 2, i, 1, scores, ITEMS);
	}
	struct evaluation_result got;
	assert_int_equal(evaluation_finish(v, &got, &e), ERR_NUMERIC);
	char want[64];
	snprintf(want, sizeof want, "item 3 for user %d", users[4]);
	assert_non_null(strstr(e.text, want));
	evaluation_free(v);

	snprintf(p.candidates, sizeof p.candidates, "given");
	assert_int_equal(evaluation_new(s, PART_TEST, &p, 1, &v, &e), ERR_ARG);
	assert_non_null(strstr(e.text, "no given candidates"));
	snprintf(p.candidates, sizeof p.candidates, "some");
	assert_int_equal(evaluation_new(s, PART_TEST, &p, 1, &v, &e), ERR_ARG);
	split_unref(s);

	s = make_split("leave_last", 0);
	p = protocol("full", names);
	assert_int_equal(evaluation_new(s, PART_VALID, &p, 1, &v, &e), ERR_ARG);
	assert_non_null(strstr(e.text, "no user has a validation item"));

	/* ratings: predicting 3 for everything */
	p = protocol("full", ratings);
	v = make(s, PART_TEST, &p, 1);
	int32_t n = evaluation_users(v, &users);
	double square = 0, absolute = 0;
	for (int32_t i = 0; i < n; i++) {
		double x = (double)s->data->rating[s->data->start[users[i] + 1] - 1] - 3;
		real three = 3;
		square += x * x;
		absolute += fabs(x);
		evaluation_feed_ratings(v, 0, i, 1, (const int64_t[]){0, 1}, &three);
	}
	assert_int_equal(evaluation_finish(v, &got, &e), OK);
	assert_close(got.value[0], sqrt(square / n), 1e-12);
	assert_close(got.value[1], absolute / n, 1e-12);
	evaluation_free(v);
	split_unref(s);
}

/* ---- scores that are products ---- */

/* Whole numbers, few of them: sums are exact and ties many. */
static real *whole_numbers(int64_t n, uint64_t key)
{
	real *x = mem_alloc((size_t)n * sizeof *x);
	assert_non_null(x);
	for (int64_t i = 0; i < n; i++)
		x[i] = (real)(rng_at(key, (uint64_t)i) % 3) - 1;
	return x;
}

static void feed_scores(struct evaluation *v, const struct eval_product *p, const real *x, int32_t n, int32_t items)
{
	real *scores = mem_alloc((size_t)n * (size_t)items * sizeof *scores);
	for (int32_t u = 0; u < n; u++)
		for (int32_t i = 0; i < items; i++) {
			real s = p->bias ? p->bias[i] : 0;
			for (int64_t k = 0; k < p->d; k++)
				s += x[u * p->d + k] * p->table[i * p->d + k];
			scores[(int64_t)u * items + i] = s;
		}
	evaluation_feed(v, 0, 0, n, scores, items);
	mem_free(scores);
}

static void check_product(const struct split *s, enum tie_policy ties, int64_t d, bool biased, int32_t step)
{
	static const char *const names[] = {"hr@5", "ndcg@10", "mrr@100", "auc", "map@20", NULL};
	struct protocol p = protocol("full", names);
	p.ties = ties;
	struct evaluation *v = make(s, PART_TEST, &p, 2);
	struct evaluation_result want, got;
	struct err e;
	const int32_t *users;
	int32_t n = evaluation_users(v, &users), items = s->data->n_items;
	real *x = whole_numbers(n * d, 7), *table = whole_numbers(items * d, 8), *bias = whole_numbers(items, 9);
	struct eval_product product = {d, table, biased ? bias : NULL};
	assert_true(evaluation_takes_product(v));
	feed_scores(v, &product, x, n, items);
	assert_int_equal(evaluation_finish(v, &want, &e), OK);
	float *per_user = mem_alloc((size_t)s->data->n_users * sizeof *per_user);
	memcpy(per_user, want.per_user[1], (size_t)s->data->n_users * sizeof *per_user);
	for (int again = 0; again < 2; again++) {
		evaluation_reset(v);
		assert_int_equal(evaluation_product(v, d, &e), OK);
		for (int32_t i = 0; i < n; i += step)
			evaluation_feed_product(v, i / step % 2, i, n - i < step ? n - i : step, x + i * d, &product);
		assert_int_equal(evaluation_finish(v, &got, &e), OK);
		for (int m = 0; m < got.n; m++)
			assert_true(got.value[m] == want.value[m]);
		assert_memory_equal(per_user, got.per_user[1], (size_t)s->data->n_users * sizeof *per_user);
	}
	mem_free(per_user);
	mem_free(x);
	mem_free(table);
	mem_free(bias);
	evaluation_free(v);
}

static void test_product(void **state)
{
	(void)state;
	struct split *small = make_split("ratio", .3), *large = make_split_of(4000, "ratio", .3);
	assert_true(large->data->n_items > 600); /* more than a tile */
	for (enum tie_policy ties = TIE_AVERAGE; ties <= TIE_BEST; ties++) {
		check_product(small, ties, 5, true, 7);
		check_product(large, ties, 1, false, 60);
		check_product(large, ties, 19, true, 8);
		check_product(large, ties, 64, false, 11);
	}
	split_unref(small);
	split_unref(large);
}

static void test_product_of_nan(void **state)
{
	(void)state;
	static const char *const names[] = {"hr@5", NULL}, *const lists[] = {"hr@5", "coverage@5", NULL};
	struct split *s = make_split("ratio", .3);
	struct protocol p = protocol("full", names), listed = protocol("full", lists);
	struct evaluation *v = make(s, PART_TEST, &p, 1), *no = make(s, PART_TEST, &listed, 1);
	struct evaluation_result got;
	struct err e;
	const int32_t *users;
	int32_t n = evaluation_users(v, &users);
	real *x = whole_numbers(n * 4, 7), *table = whole_numbers(ITEMS * 4, 8);
	assert_false(evaluation_takes_product(no)); /* lists need the scores */
	x[3 * 4 + 1] = (real)NAN;
	assert_int_equal(evaluation_product(v, 4, &e), OK);
	evaluation_feed_product(v, 0, 0, n, x, &(struct eval_product){4, table, NULL});
	assert_int_equal(evaluation_finish(v, &got, &e), ERR_NUMERIC);
	char want[80];
	snprintf(want, sizeof want, "item 0 for user %d is NaN", users[3]);
	assert_non_null(strstr(e.text, want));
	mem_free(x);
	mem_free(table);
	evaluation_free(v);
	evaluation_free(no);
	split_unref(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_full), cmocka_unit_test(test_order_of_feeding),
		cmocka_unit_test(test_sampled), cmocka_unit_test(test_subset_and_errors),
		cmocka_unit_test(test_product), cmocka_unit_test(test_product_of_nan)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
