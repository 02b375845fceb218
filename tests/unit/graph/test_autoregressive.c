/* Neural autoregressive models: probabilities sum to one over all vectors, nothing sees what comes after it, samples follow the
 * probabilities, a random cut estimates the whole chain without bias, the ordinal cost is that of two rankings. */
#include "unit/graph/traced.h"

#include <stdlib.h>

/* ---- binary NADE over item sets ---- */

enum { D = 10, HIDDEN = 4, SETS = 1 << D };

struct nade {
	struct param *c, *w, *v, *b;
};

static struct nade nade_new(int items)
{
	return (struct nade){traced_param("c", 1, HIDDEN, 0, 1, false), traced_param("w", 2, items, HIDDEN, 1, false),
		traced_param("v", 2, items, HIDDEN, 1, false), traced_param("b", 1, items, 0, 1, false)};
}

static void nade_free(struct nade *m)
{
	param_unref(m->c);
	param_unref(m->w);
	param_unref(m->v);
	param_unref(m->b);
}

static int nade_op(struct trace *t, const char *op, const struct nade *m, bool random, int last)
{
	return TRACED(t, op, ((struct named[]){{"order", random}, {NULL, 0}}), trace_param(t, m->c, NULL),
		trace_param(t, m->w, NULL), trace_param(t, m->v, NULL), trace_param(t, m->b, NULL), last);
}

/* The sets first..first+n-1 as item lists: set s has item i where bit i is set. */
struct sets {
	struct batch batch;
	int32_t offsets[SETS + 1], item[SETS * D];
};

static void sets_init(struct sets *s, int first, int n, int items)
{
	for (int e = 0; e < n; e++) {
		int32_t at = s->offsets[e];
		for (int i = items - 1; i >= 0; i--)
			if ((first + e) >> i & 1)
				s->item[at++] = i;
		s->offsets[e + 1] = at;
	}
	s->batch = (struct batch){.examples = n,
		.nfields = 1,
		.spec = {{"item", FIELD_INT, AXIS_TOKEN, 1}},
		.column = {s->item},
		.seed = 4,
		.step = 6};
	s->batch.offsets[AXIS_TOKEN] = s->offsets;
}

static void nade_losses(const struct nade *m, const struct sets *s, bool random, real *out)
{
	struct trace *t;
	assert_int_equal(trace_new(&s->batch, &t, NULL), OK);
	struct program *p =
		traced_finish(t, PROGRAM_INFER, nade_op(t, "nade", m, random, trace_input(t, "item", NULL)));
	traced_infer(p, &s->batch, 2, out, 1);
	program_free(p);
}

static double sum_of_probabilities(const real *loss, int n)
{
	double sum = 0;
	for (int i = 0; i < n; i++)
		sum += exp(-(double)loss[i]);
	return sum;
}

static void nade_is_a_distribution_over_all_sets(void **state)
{
	struct nade m = nade_new(D);
	struct sets *s = calloc(1, sizeof *s);
	real *loss = calloc(SETS, sizeof *loss);
	sets_init(s, 0, SETS, D);
	nade_losses(&m, s, false, loss);
	assert_true(fabs(sum_of_probabilities(loss, SETS) - 1) < 1e-4);
	free(s);
	free(loss);
	nade_free(&m);
}

/* In a random order too: alone in its batch, every set meets the same order. */
static void nade_is_a_distribution_in_any_order(void **state)
{
	enum { FEW = 5 };
	struct nade m = nade_new(FEW);
	struct sets *s = calloc(1, sizeof *s);
	real loss[1 << FEW], given[1 << FEW];
	double moved = 0;
	for (int k = 0; k < 1 << FEW; k++) {
		sets_init(s, k, 1, FEW);
		nade_losses(&m, s, true, loss + k);
		nade_losses(&m, s, false, given + k);
		moved += fabs((double)loss[k] - (double)given[k]);
	}
	assert_true(fabs(sum_of_probabilities(loss, 1 << FEW) - 1) < 1e-5);
	assert_true(moved > 0.1); /* it is another order */
	free(s);
	nade_free(&m);
}

static void nade_samples_follow_its_probabilities(void **state)
{
	enum { FEW = 4, EXAMPLES = 20000 };
	struct nade m = nade_new(FEW);
	struct sets *s = calloc(1, sizeof *s);
	real loss[1 << FEW], *out = calloc(EXAMPLES * FEW, sizeof *out);
	int32_t *user = calloc(EXAMPLES, sizeof *user);
	double expected[1 << FEW];
	int64_t seen[1 << FEW] = {0};
	struct batch b = {
		.examples = EXAMPLES, .nfields = 1, .spec = {{"user", FIELD_INT, AXIS_EXAMPLE, 1}}, .column = {user}};
	struct trace *t;
	sets_init(s, 0, 1 << FEW, FEW);
	nade_losses(&m, s, false, loss);
	for (int k = 0; k < 1 << FEW; k++)
		expected[k] = EXAMPLES * exp(-(double)loss[k]);
	assert_int_equal(trace_new(&b, &t, NULL), OK);
	struct program *p =
		traced_finish(t, PROGRAM_INFER, nade_op(t, "nade_sample", &m, false, trace_input(t, "user", NULL)));
	traced_infer(p, &b, 2, out, FEW);
	for (int e = 0; e < EXAMPLES; e++) {
		int k = 0;
		for (int i = 0; i < FEW; i++)
			k |= (out[e * FEW + i] != 0) << i;
		seen[k]++;
	}
	traced_chi_square(seen, expected, 1 << FEW);
	program_free(p);
	free(s);
	free(out);
	free(user);
	nade_free(&m);
}

/* ---- CF-NADE: ratings of given items ---- */

enum { ITEMS = 4, LEVELS = 3, STATES = 81 };

struct cfnade {
	struct param *w, *v, *b, *c;
};

static struct cfnade cfnade_new(void)
{
	return (struct cfnade){traced_param("w", 2, ITEMS, LEVELS * HIDDEN, 1, true),
		traced_param("v", 2, ITEMS, LEVELS * HIDDEN, 1, true), traced_param("b", 2, ITEMS, LEVELS, 1, true),
		traced_param("c", 1, HIDDEN, 0, 1, false)};
}

static void cfnade_free(struct cfnade *m)
{
	param_unref(m->w);
	param_unref(m->v);
	param_unref(m->b);
	param_unref(m->c);
}

struct rows {
	struct batch batch;
	int32_t *offsets, *item;
	real *rating;
};

/* Example e rates all items; state(e) in base LEVELS says how. */
static struct rows rows_new(int32_t examples, int first)
{
	struct rows r = {.offsets = calloc((size_t)examples + 1, sizeof(int32_t)),
		.item = calloc((size_t)examples * ITEMS, sizeof(int32_t)),
		.rating = calloc((size_t)examples * ITEMS, sizeof(real))};
	for (int32_t e = 0; e < examples; e++) {
		int left = (first + e) % STATES;
		r.offsets[e + 1] = (e + 1) * ITEMS;
		for (int i = 0; i < ITEMS; i++, left /= LEVELS) {
			r.item[e * ITEMS + i] = (i + 1) % ITEMS;
			r.rating[e * ITEMS + i] = (real)(1 + left % LEVELS);
		}
	}
	r.batch = (struct batch){.examples = examples,
		.nfields = 2,
		.spec = {{"item", FIELD_INT, AXIS_TOKEN, 1}, {"rating", FIELD_REAL, AXIS_TOKEN, 1}},
		.column = {r.item, r.rating},
		.seed = 8,
		.step = 2};
	r.batch.offsets[AXIS_TOKEN] = r.offsets;
	return r;
}

static void rows_free(struct rows *r)
{
	free(r->offsets);
	free(r->item);
	free(r->rating);
}

static int op_with(struct trace *t, const char *op, const char *extra, double value, int n, const int *in)
{
	struct named a[] = {{"levels", LEVELS}, {"low", 1}, {"step", 1}, {"up_to", 1}, {extra, value}, {NULL, 0}};
	return traced_op(t, op, a, n, in);
}

/* tanh(c + sums) -> logits of the ratings' items. */
static int logits(struct trace *t, const struct cfnade *m, int sums, int item)
{
	int h = TRACED(t, "tanh", NULL, TRACED(t, "add", NULL, sums, trace_param(t, m->c, NULL)));
	int in[] = {h, trace_param(t, m->v, NULL), trace_param(t, m->b, NULL), item};
	return op_with(t, "level_logits", NULL, 0, 4, in);
}

static int cost(struct trace *t, int s, int rating)
{
	return TRACED(t, "level_cost", ((struct named[]){{"levels", LEVELS}, {NULL, 0}}), s, rating);
}

static int pool_sum(struct trace *t, int x)
{
	return TRACED(t, "pool", ((struct named[]){{"over", 1}, {NULL, 0}}), x);
}

/* [E]: -log p of an example's ratings. */
static int chain(struct trace *t, const struct cfnade *m, int item, int rating, bool random)
{
	int in[] = {trace_param(t, m->w, NULL), item, rating};
	int sums = op_with(t, "level_prefix", "order", random, 3, in);
	return pool_sum(t, cost(t, logits(t, m, sums, item), rating));
}

/* [E]: its estimate from one random cut. */
static int cut(struct trace *t, const struct cfnade *m, int item, int rating)
{
	int parts = TRACED(t, "random_cut", NULL, item);
	int seen = TRACED(
		t, "sum", NULL, TRACED(t, "slice", ((struct named[]){{"from", 0}, {"to", 1}, {NULL, 0}}), parts));
	int rest = TRACED(
		t, "sum", NULL, TRACED(t, "slice", ((struct named[]){{"from", 1}, {"to", 2}, {NULL, 0}}), parts));
	int in[] = {trace_param(t, m->w, NULL), item, rating, seen};
	int s = logits(t, m, op_with(t, "level_bag", NULL, 0, 4, in), item);
	return pool_sum(t, TRACED(t, "mul", NULL, cost(t, s, rating), rest));
}

enum way { GIVEN, RANDOM, CUT };

static void run(const struct cfnade *m, const struct rows *r, enum way way, real *out)
{
	struct trace *t;
	assert_int_equal(trace_new(&r->batch, &t, NULL), OK);
	int item = trace_input(t, "item", NULL), rating = trace_input(t, "rating", NULL);
	int y = way == CUT ? cut(t, m, item, rating) : chain(t, m, item, rating, way == RANDOM);
	struct program *p = traced_finish(t, PROGRAM_INFER, y);
	traced_infer(p, &r->batch, 2, out, 1);
	program_free(p);
}

static void cfnade_is_a_distribution_over_all_ratings(void **state)
{
	struct cfnade m = cfnade_new();
	real loss[STATES];
	struct rows r = rows_new(STATES, 0);
	run(&m, &r, GIVEN, loss);
	assert_true(fabs(sum_of_probabilities(loss, STATES) - 1) < 1e-5);
	rows_free(&r);
	for (int s = 0; s < STATES; s++) { /* alone in its batch: the same random order each time */
		r = rows_new(1, s);
		run(&m, &r, RANDOM, loss + s);
		rows_free(&r);
	}
	assert_true(fabs(sum_of_probabilities(loss, STATES) - 1) < 1e-5);
	cfnade_free(&m);
}

/* What a number in all logits of an item, or other names for the items, cannot change. */
static void likelihood_is_invariant(void **state)
{
	struct cfnade m = cfnade_new();
	struct rows r = rows_new(STATES, 0);
	struct param *of_items[] = {m.w, m.v, m.b};
	real before[STATES], after[STATES];
	run(&m, &r, GIVEN, before);
	for (int i = 0; i < ITEMS; i++)
		m.b->value[i * LEVELS] += 3; /* logits sum over the levels below: it reaches them all */
	for (int k = 0; k < 3; k++) {	     /* items 0 and 2 change places */
		real *row = of_items[k]->value, kept[LEVELS * HIDDEN];
		size_t bytes = (size_t)of_items[k]->width * sizeof *row;
		memcpy(kept, row, bytes);
		memcpy(row, row + 2 * of_items[k]->width, bytes);
		memcpy(row + 2 * of_items[k]->width, kept, bytes);
	}
	for (int t = 0; t < STATES * ITEMS; t++)
		r.item[t] = r.item[t] == 0 ? 2 : r.item[t] == 2 ? 0 : r.item[t];
	run(&m, &r, GIVEN, after);
	for (int s = 0; s < STATES; s++)
		assert_true(fabs((double)(before[s] - after[s])) < 1e-5);
	rows_free(&r);
	cfnade_free(&m);
}

static void cfnade_samples_follow_its_probabilities(void **state)
{
	enum { EXAMPLES = 40000 };
	struct cfnade m = cfnade_new();
	struct rows few = rows_new(STATES, 0), many = rows_new(EXAMPLES, 0);
	real loss[STATES], *out = calloc(EXAMPLES * ITEMS, sizeof *out);
	double expected[STATES];
	int64_t seen[STATES] = {0};
	struct trace *t;
	run(&m, &few, GIVEN, loss);
	for (int s = 0; s < STATES; s++)
		expected[s] = EXAMPLES * exp(-(double)loss[s]);
	assert_int_equal(trace_new(&many.batch, &t, NULL), OK);
	struct program *p = traced_finish(t, PROGRAM_INFER,
		TRACED(t, "level_sample", ((struct named[]){{"levels", LEVELS}, {NULL, 0}}), trace_param(t, m.c, NULL),
			trace_param(t, m.w, NULL), trace_param(t, m.v, NULL), trace_param(t, m.b, NULL),
			trace_input(t, "item", NULL)));
	traced_infer(p, &many.batch, 2, out, 1);
	for (int e = 0; e < EXAMPLES; e++) {
		int s = 0;
		for (int i = ITEMS - 1; i >= 0; i--)
			s = s * LEVELS + (int)out[e * ITEMS + i] - 1;
		seen[s]++;
	}
	traced_chi_square(seen, expected, STATES);
	program_free(p);
	free(out);
	rows_free(&few);
	rows_free(&many);
	cfnade_free(&m);
}

/* Both estimate the expectation over orders of -log p; the same number to every level's logit changes nothing. */
static void a_random_cut_estimates_the_chain(void **state)
{
	enum { EXAMPLES = 40000 };
	struct cfnade m = cfnade_new();
	struct rows r = rows_new(EXAMPLES, 0);
	real *loss = calloc(EXAMPLES, sizeof *loss);
	double mean[2], deviation[2];
	for (int k = 0; k < 2; k++) {
		double s = 0, ss = 0;
		run(&m, &r, k ? CUT : RANDOM, loss);
		for (int e = 0; e < EXAMPLES; e++) {
			s += (double)loss[e];
			ss += (double)loss[e] * (double)loss[e];
		}
		mean[k] = s / EXAMPLES;
		deviation[k] = sqrt((ss / EXAMPLES - mean[k] * mean[k]) / EXAMPLES);
	}
	if (!(fabs(mean[0] - mean[1]) < 4 * hypot(deviation[0], deviation[1])))
		fail_msg("%g +- %g against %g +- %g", mean[0], deviation[0], mean[1], deviation[1]);
	free(loss);
	rows_free(&r);
	cfnade_free(&m);
}

/* What stands before a rating does not depend on the rating nor on what follows. */
static void nothing_sees_what_comes_after_it(void **state)
{
	struct cfnade m = cfnade_new();
	struct rows r = rows_new(1, 0);
	real before[ITEMS * HIDDEN], after[ITEMS * HIDDEN];
	for (int changed = 0; changed < ITEMS; changed++)
		for (int k = 0; k < 2; k++) {
			struct trace *t;
			r.rating[changed] = (real)(1 + k);
			assert_int_equal(trace_new(&r.batch, &t, NULL), OK);
			int in[] = {trace_param(t, m.w, NULL), trace_input(t, "item", NULL),
				trace_input(t, "rating", NULL)};
			struct program *p = traced_finish(t, PROGRAM_INFER, op_with(t, "level_prefix", NULL, 0, 3, in));
			traced_infer(p, &r.batch, 1, k ? after : before, HIDDEN);
			program_free(p);
			if (!k)
				continue;
			size_t same = (size_t)(changed + 1) * HIDDEN;
			assert_memory_equal(before, after, same * sizeof *before);
			for (size_t j = same; j < ITEMS * HIDDEN; j++)
				assert_true(before[j] != after[j]);
		}
	rows_free(&r);
	cfnade_free(&m);
}

/* ---- the ordinal cost ---- */

/* -log of the probability of drawing all levels in the order `rank`, each from the softmax of those left. */
static double ranking_cost(const double *s, const int *rank, int n)
{
	double cost = 0;
	for (int j = 0; j < n; j++) {
		double left = 0;
		for (int i = j; i < n; i++)
			left += exp(s[rank[i]]);
		cost -= log(exp(s[rank[j]]) / left);
	}
	return cost;
}

static void the_ordinal_cost_is_that_of_two_rankings(void **state)
{
	enum { K = 5 };
	struct rng random = rng_stream(1, RNG_TEST, 0, 0);
	for (int round = 0; round < 50; round++) {
		int k = round % K, down[K], up[K];
		double s[K];
		real logit[K], out[1], rating = (real)(1 + k);
		for (int i = 0; i < K; i++)
			logit[i] = (real)(s[i] = 8 * rng_unit(&random) - 4);
		for (int i = 0; i <= k; i++)
			down[i] = k - i;
		for (int i = k; i < K; i++)
			up[i - k] = i;
		struct batch b = {.examples = 1,
			.nfields = 2,
			.spec = {{"s", FIELD_REAL, AXIS_EXAMPLE, K}, {"rating", FIELD_REAL, AXIS_EXAMPLE, 1}},
			.column = {logit, &rating}};
		struct trace *t;
		assert_int_equal(trace_new(&b, &t, NULL), OK);
		struct program *p = traced_finish(t, PROGRAM_INFER,
			TRACED(t, "level_cost", ((struct named[]){{"ordinal", 1}, {NULL, 0}}),
				trace_input(t, "s", NULL), trace_input(t, "rating", NULL)));
		traced_infer(p, &b, 1, out, 1);
		double want = ranking_cost(s, down, k + 1) + ranking_cost(s, up, K - k);
		if (!(fabs((double)out[0] - want) < 1e-5 * fmax(1, want)))
			fail_msg("%g, expected %g", (double)out[0], want);
		program_free(p);
	}
}

/* ---- the cut ---- */

/* d is uniform, every token is as likely to be seen, and the weights make up for what is left out. */
static void cuts_are_uniform(void **state)
{
	enum { EXAMPLES = 20000, N = 5 };
	int32_t *offsets = calloc(EXAMPLES + 1, sizeof *offsets), *item = calloc(EXAMPLES * N, sizeof *item);
	real *out = calloc(EXAMPLES * N * 2, sizeof *out), *again = calloc(EXAMPLES * N * 2, sizeof *out);
	int64_t sizes[N] = {0}, places[N] = {0};
	double uniform[N];
	for (int e = 0; e < EXAMPLES; e++)
		offsets[e + 1] = (e + 1) * N;
	struct batch b = {.examples = EXAMPLES,
		.nfields = 1,
		.spec = {{"item", FIELD_INT, AXIS_TOKEN, 1}},
		.column = {item},
		.seed = 3,
		.step = 5};
	b.offsets[AXIS_TOKEN] = offsets;
	struct trace *t;
	assert_int_equal(trace_new(&b, &t, NULL), OK);
	struct program *p =
		traced_finish(t, PROGRAM_INFER, TRACED(t, "random_cut", NULL, trace_input(t, "item", NULL)));
	traced_infer(p, &b, 1, out, 2);
	traced_infer(p, &b, 3, again, 2);
	assert_memory_equal(out, again, EXAMPLES * N * 2 * sizeof *out);
	for (int e = 0; e < EXAMPLES; e++) {
		int d = 0;
		for (int i = 0; i < N; i++)
			d += out[(e * N + i) * 2] != 0;
		sizes[d]++;
		for (int i = 0; i < N; i++) {
			const real *x = out + (e * N + i) * 2;
			assert_true(x[0] + 0 == 0 || x[0] == 1);
			assert_true(fabs((double)x[1] - (x[0] != 0 ? 0 : (double)N / (N - d))) < 1e-6);
			places[i] += d == 1 && x[0] != 0;
		}
	}
	for (int i = 0; i < N; i++)
		uniform[i] = EXAMPLES / (double)N;
	traced_chi_square(sizes, uniform, N);
	for (int i = 0; i < N; i++)
		uniform[i] = (double)sizes[1] / N;
	traced_chi_square(places, uniform, N);
	program_free(p);
	free(offsets);
	free(item);
	free(out);
	free(again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nade_is_a_distribution_over_all_sets),
		cmocka_unit_test(nade_is_a_distribution_in_any_order),
		cmocka_unit_test(nade_samples_follow_its_probabilities),
		cmocka_unit_test(cfnade_is_a_distribution_over_all_ratings),
		cmocka_unit_test(likelihood_is_invariant),
		cmocka_unit_test(cfnade_samples_follow_its_probabilities),
		cmocka_unit_test(a_random_cut_estimates_the_chain),
		cmocka_unit_test(nothing_sees_what_comes_after_it),
		cmocka_unit_test(the_ordinal_cost_is_that_of_two_rankings),
		cmocka_unit_test(cuts_are_uniform),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
