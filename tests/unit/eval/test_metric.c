/* Metrics against their definitions, averaged over every order that the scores and the tie policy allow. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "eval/evaluate.h"
#include "eval/rank.h"
#include "support/close.h"

enum { ITEMS = 7, TARGETS_MAX = 3 };

/* ---- the definitions, on one list ---- */

/* hit[p]: is the item at rank p + 1 a target? */
static double by_definition(const char *name, const bool *hit, int n, int targets, int k)
{
	int cut = k && k < n ? k : n, hits = 0, wrong_pairs = 0, others_above = 0;
	double dcg = 0, idcg = 0, mrr = 0, ap = 0;
	for (int p = 0; p < n; p++) {
		if (!hit[p]) {
			others_above++;
			continue;
		}
		wrong_pairs += others_above;
		if (p >= cut)
			continue;
		hits++;
		dcg += 1 / log2(p + 2);
		ap += (double)hits / (p + 1);
		if (hits == 1)
			mrr = 1.0 / (p + 1);
	}
	int ideal = k && k < targets ? k : targets;
	for (int p = 0; p < ideal; p++)
		idcg += 1 / log2(p + 2);
	if (strcmp(name, "hr") == 0)
		return hits > 0;
	if (strcmp(name, "recall") == 0)
		return (double)hits / targets;
	if (strcmp(name, "precision") == 0)
		return (double)hits / (k ? k : n);
	if (strcmp(name, "ndcg") == 0)
		return dcg / idcg;
	if (strcmp(name, "mrr") == 0)
		return mrr;
	if (strcmp(name, "map") == 0)
		return ap / ideal;
	assert_string_equal(name, "auc");
	return n == targets ? .5 : 1 - (double)wrong_pairs / ((double)targets * (n - targets));
}

/* ---- all orders ---- */

struct world {
	real score[ITEMS];
	int n, targets; /* the first `targets` items are the targets */
	enum tie_policy ties;
	const char *metric;
	int k;
	double sum;
	int64_t orders;
};

static bool may_follow(const struct world *w, int a, int b)
{
	if (w->score[a] != w->score[b])
		return w->score[a] > w->score[b];
	bool target_a = a < w->targets, target_b = b < w->targets;
	if (w->ties == TIE_WORST)
		return !(target_a && !target_b);
	return w->ties == TIE_BEST ? !(target_b && !target_a) : true;
}

static void visit(struct world *w, int *order, int at, unsigned used)
{
	if (at == w->n) {
		bool hit[ITEMS] = {false};
		for (int p = 0; p < w->n; p++)
			hit[p] = order[p] < w->targets;
		w->sum += by_definition(w->metric, hit, w->n, w->targets, w->k);
		w->orders++;
		return;
	}
	for (int i = 0; i < w->n; i++) {
		if (used >> i & 1 || (at && !may_follow(w, order[at - 1], i)))
			continue;
		order[at] = i;
		visit(w, order, at + 1, used | 1u << i);
	}
}

static double over_all_orders(struct world *w)
{
	int order[ITEMS];
	w->sum = 0;
	w->orders = 0;
	visit(w, order, 0, 0);
	return w->sum / (double)w->orders;
}

static double by_metric(const struct world *w)
{
	struct metric m;
	struct err e;
	char text[48];
	int32_t above[TARGETS_MAX], equal[TARGETS_MAX];
	struct target_rank rank[TARGETS_MAX];
	snprintf(text, sizeof text, w->k ? "%s@%d" : "%s", w->metric, w->k);
	assert_int_equal(metric_parse(text, &m, &e), OK);
	assert_int_equal(rank_count(w->score, w->n, w->score, w->targets, above, equal), -1);
	rank_targets(w->score, w->targets, above, equal, true, rank);
	struct user_ranks r = {rank, w->targets, w->n};
	return m.class->user(&r, m.k, w->ties);
}

static void test_every_order(void **state)
{
	static const char *const names[] = {"hr", "recall", "precision", "ndcg", "mrr", "map", "auc"};
	static const int cuts[] = {0, 1, 2, 3, 5, 20};
	for (uint64_t round = 0; round < 120; round++) {
		struct rng r = rng_stream(11, RNG_TEST, round, 0);
		struct world w = {.targets = 1 + (int)rng_below(&r, TARGETS_MAX)};
		w.n = w.targets + (int)rng_below(&r, (uint64_t)(ITEMS - w.targets + 1));
		uint64_t levels = 1 + rng_below(&r, 4);
		for (int i = 0; i < w.n; i++)
			w.score[i] = (real)rng_below(&r, levels);
		for (size_t m = 0; m < 7; m++) {
			w.metric = names[m];
			w.ties = (enum tie_policy)rng_below(&r, 3);
			w.k = strcmp(names[m], "auc") == 0 ? 0 : cuts[rng_below(&r, 6)];
			assert_close(by_metric(&w), over_all_orders(&w), 1e-12);
		}
	}
}

/* Published figures to check the definitions themselves: DCG of hits at ranks 1 and 3 is 1 + 1/2. */
static void test_by_hand(void **state)
{
	struct target_rank t[2] = {{0, 0, 0, 0}, {1, 0, 1, 0}};
	struct user_ranks r = {t, 2, 10};
	struct metric m;
	struct err e;
	assert_int_equal(metric_parse("ndcg@3", &m, &e), OK);
	assert_close(m.class->user(&r, m.k, TIE_AVERAGE), 1.5 / (1 + 1 / log2(3)), 1e-12);
	assert_int_equal(metric_parse("map", &m, &e), OK);
	assert_close(m.class->user(&r, m.k, TIE_AVERAGE), (1 + 2.0 / 3) / 2, 1e-12);
	assert_int_equal(metric_parse("auc", &m, &e), OK);
	assert_close(m.class->user(&r, m.k, TIE_AVERAGE), 15.0 / 16, 1e-12);
}

/* All of a large catalogue tied: closed forms. */
static void test_all_tied(void **state)
{
	struct target_rank t = {0, 99999, 0, 0};
	struct user_ranks r = {&t, 1, 100000};
	struct metric m;
	struct err e;
	double discounts = 0;
	for (int p = 1; p <= 10; p++)
		discounts += 1 / log2(p + 1);
	assert_int_equal(metric_parse("hr@10", &m, &e), OK);
	assert_close(m.class->user(&r, m.k, TIE_AVERAGE), 1e-4, 1e-15);
	assert_close(m.class->user(&r, m.k, TIE_WORST), 0, 0);
	assert_close(m.class->user(&r, m.k, TIE_BEST), 1, 0);
	assert_int_equal(metric_parse("ndcg@10", &m, &e), OK);
	assert_close(m.class->user(&r, m.k, TIE_AVERAGE), discounts / 1e5, 1e-15);
}

static void refuses(const char *text, const char *part)
{
	struct metric m;
	struct err e = {0};
	assert_int_not_equal(metric_parse(text, &m, &e), OK);
	if (!strstr(e.text, part))
		fail_msg("'%s': \"%s\" does not say \"%s\"", text, e.text, part);
}

static void test_parse(void **state)
{
	struct metric m;
	struct err e;
	assert_int_equal(metric_parse("ndcg@10", &m, &e), OK);
	assert_int_equal(m.k, 10);
	assert_string_equal(m.name, "ndcg@10");
	assert_string_equal(m.class->desc.name, "ndcg");
	refuses("ndgc@10", "ndcg");
	refuses("ndcg@", "cut-off");
	refuses("ndcg@0", "cut-off");
	refuses("ndcg@-3", "cut-off");
	refuses("ndcg@10x", "cut-off");
	refuses("ndcg@99999999999999999999", "cut-off");
	refuses("auc@10", "no cut-off");
	refuses("coverage", "coverage@10");
	refuses("a-name-that-goes-on-and-on-and-on-and-on-and-on-and-on@10", "too long");
}

/* Click-through metrics by their definitions: over all pairs, and as probabilities. */
static void test_points(void **state)
{
	enum { N = 40 };
	struct metric auc, logloss;
	struct err e;
	assert_int_equal(metric_parse("roc_auc", &auc, &e), OK);
	assert_int_equal(metric_parse("logloss", &logloss, &e), OK);
	for (uint64_t seed = 0; seed < 50; seed++) {
		struct rng r = rng_stream(seed, RNG_TEST, 0, 0);
		float label[N];
		real score[N];
		double pairs = 0, won = 0, loss = 0, got;
		for (int i = 0; i < N; i++) {
			label[i] = (float)(rng_below(&r, 3) == 0);
			score[i] = (real)((double)rng_below(&r, 9) - 4); /* ties */
		}
		for (int i = 0; i < N; i++) {
			double p = 1 / (1 + exp(-(double)score[i]));
			loss -= log(label[i] > 0 ? p : 1 - p) / N;
			for (int j = 0; j < N; j++)
				if (label[i] > label[j]) {
					pairs++;
					won += score[i] > score[j] ? 1 : score[i] == score[j] ? .5 : 0;
				}
		}
		assert_int_equal(auc.class->points(label, score, N, &got, &e), OK);
		assert_close(got, pairs > 0 ? won / pairs : .5, 1e-12);
		assert_int_equal(logloss.class->points(label, score, N, &got, &e), OK);
		assert_close(got, loss, 1e-6);
	}
	const float ones[2] = {1, 1};
	const real far[2] = {1000, -1000};
	double got;
	assert_int_equal(auc.class->points(ones, far, 2, &got, &e), OK);
	assert_close(got, .5, 0);
	assert_int_equal(logloss.class->points(ones, far, 2, &got, &e), OK);
	assert_close(got, 500, 1e-9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_order), cmocka_unit_test(test_by_hand),
		cmocka_unit_test(test_all_tied), cmocka_unit_test(test_points), cmocka_unit_test(test_parse)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
