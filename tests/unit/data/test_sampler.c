#include "base/mem.h"
#include "data/planted.h"
#include "data/sampler.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static struct split *split_and_drop(struct dataset *d)
{
	struct split *s = NULL;
	assert_int_equal(split_new(d, &(struct split_options){.kind = "leave_one_out"}, &s, NULL), OK);
	dataset_unref(d);
	return s;
}

static struct split *planted_split(int64_t interactions)
{
	struct planted_options o;
	planted_defaults(&o);
	o.interactions = interactions;
	struct dataset *d = NULL;
	assert_int_equal(planted_dataset(&o, &d, NULL), OK);
	return split_and_drop(d);
}

/* Four users over six items: one has seen all but one item, one has seen everything, one has an item twice. */
static struct split *tiny_split(void)
{
	static const char *const rows[] = {"abcdeff", "fabcdeaa", "aabxx", "cdxx", NULL};
	struct builder *b = builder_new("tiny");
	for (int32_t i = 0; i < 6; i++)
		assert_int_equal(builder_item(b, &"abcdef"[i], 1), i);
	for (int u = 0; rows[u]; u++)
		for (int t = 0; rows[u][t]; t++) {
			struct builder_row row = {.user = &"0123"[u],
				.item = rows[u][t] == 'x' ? "f" : rows[u] + t,
				.user_len = 1,
				.item_len = 1,
				.rating = NAN,
				.time = t};
			assert_int_equal(builder_add(b, &row, NULL), OK);
		}
	struct dataset *d = NULL;
	assert_int_equal(builder_finish(b, &d, NULL), OK);
	builder_free(b);
	return split_and_drop(d);
}

static struct sampler *sampler_of(const struct split *s, const char *name, double alpha)
{
	struct sampler *x = NULL;
	struct err e = {0};
	if (sampler_new(s, name, alpha, &x, &e) != OK)
		fail_msg("%s", e.text);
	return x;
}

static double sum_q(const struct sampler *x)
{
	double sum = 0;
	for (int32_t i = 0; i < x->split->data->n_items; i++)
		sum += x->log_q[i] > SAMPLER_NEVER ? exp((double)x->log_q[i]) : 0;
	return sum;
}

/* Chi-square of `draws` counts against probabilities q; 0 expected must be 0 seen. */
static void assert_fits(const int64_t *count, const double *q, int32_t n, int64_t draws)
{
	double chi = 0;
	int32_t free = -1;
	for (int32_t i = 0; i < n; i++) {
		double expect = q[i] * (double)draws;
		if (expect == 0) {
			assert_int_equal(count[i], 0);
			continue;
		}
		free++;
		chi += ((double)count[i] - expect) * ((double)count[i] - expect) / expect;
	}
	assert_true(chi < free + 5 * sqrt(2. * (free + 1)) + 5);
}

/* The marginal of the draws made for the users of random training rows is exp(log_q). */
static void check_marginal(const struct split *s, const char *name, double alpha)
{
	struct sampler *x = sampler_of(s, name, alpha);
	int32_t n = s->data->n_items;
	int64_t *count = mem_calloc((size_t)n, sizeof *count), draws = 0;
	double *q = mem_calloc((size_t)n, sizeof *q);
	int64_t each = 400000 / s->count[PART_TRAIN] + 1;
	for (int32_t u = 0; u < s->data->n_users; u++) {
		struct rng r = rng_stream(5, RNG_TEST, 1, (uint64_t)u);
		for (int64_t k = 0; k < each * (s->train_start[u + 1] - s->train_start[u]); k++, draws++) {
			int32_t item = sampler_draw(x, u, &r);
			assert_in_range(item, 0, n - 1);
			count[item]++;
		}
	}
	for (int32_t i = 0; i < n; i++)
		q[i] = x->log_q[i] > SAMPLER_NEVER ? exp((double)x->log_q[i]) : 0;
	assert_true(fabs(sum_q(x) - 1) < 1e-5);
	assert_fits(count, q, n, draws);
	sampler_free(x);
	mem_free(count);
	mem_free(q);
}

static void marginals_are_log_q(void **state)
{
	struct split *splits[] = {planted_split(3000), tiny_split()};
	for (int k = 0; k < 2; k++) {
		check_marginal(splits[k], "uniform", 0);
		check_marginal(splits[k], "unseen", 0);
		for (int a = 0; a < 4; a++)
			check_marginal(splits[k], "popularity", (double[]){0, .5, .75, 1}[a]);
		split_unref(splits[k]);
	}
}

static void popularity_is_count_to_the_alpha(void **state)
{
	struct split *s = planted_split(3000);
	int64_t *count = mem_calloc((size_t)s->data->n_items, sizeof *count);
	for (int64_t i = 0; i < s->count[PART_TRAIN]; i++)
		count[s->train_item[i]]++;
	struct sampler *x = sampler_of(s, "popularity", .6);
	int32_t a = s->train_item[0], b = s->train_item[40];
	double ratio = .6 * log((double)count[a] / (double)count[b]);
	assert_true(fabs((double)(x->log_q[a] - x->log_q[b]) - ratio) < 1e-5);
	sampler_free(x);
	mem_free(count);
	split_unref(s);
}

/* For one user: uniform over exactly the items not in training, also by rank when rejection hardly ever succeeds. */
static void unseen_is_uniform_over_the_rest(void **state)
{
	struct split *s = tiny_split();
	struct sampler *x = sampler_of(s, "unseen", 0);
	assert_true(x->class->excludes);
	for (int32_t u = 0; u < 4; u++) {
		int64_t count[6] = {0};
		double q[6] = {0}, unseen = 0;
		for (int32_t i = 0; i < 6; i++)
			unseen += !split_seen(s, u, i);
		assert_true(unseen == ((double[]){1, 0, 4, 4})[u]);
		for (int32_t i = 0; i < 6; i++)
			q[i] = unseen == 0 ? 1. / 6 : split_seen(s, u, i) ? 0 : 1 / unseen;
		struct rng r = rng_stream(5, RNG_TEST, 2, (uint64_t)u);
		for (int k = 0; k < 60000; k++)
			count[sampler_draw(x, u, &r)]++;
		assert_fits(count, q, 6, 60000);
	}
	sampler_free(x);
	split_unref(s);
}

/* A user who knows all but 3 of 5,000 items: most draws are made by rank. */
static void unseen_finds_the_last_items(void **state)
{
	struct builder *b = builder_new("much");
	for (int32_t i = 0; i < 5000; i++) {
		char id[16];
		size_t n = (size_t)snprintf(id, sizeof id, "%d", i);
		bool missing = i == 0 || i == 2500 || i == 4999;
		struct builder_row row = {.user = missing ? "b" : "a",
			.item = id,
			.user_len = 1,
			.item_len = n,
			.rating = NAN,
			.time = i};
		assert_int_equal(builder_item(b, id, n), i);
		assert_int_equal(builder_add(b, &row, NULL), OK);
	}
	struct dataset *d = NULL;
	assert_int_equal(builder_finish(b, &d, NULL), OK);
	builder_free(b);
	struct split *s = NULL;
	assert_int_equal(split_new(d, &(struct split_options){.kind = "ratio"}, &s, NULL), OK);
	dataset_unref(d);
	struct sampler *x = sampler_of(s, "unseen", 0);
	struct rng r = rng_stream(5, RNG_TEST, 3, 0);
	int32_t user = dataset_find_user(s->data, "a");
	int64_t count[3] = {0};
	for (int k = 0; k < 30000; k++) {
		int32_t item = sampler_draw(x, user, &r);
		assert_true(item == 0 || item == 2500 || item == 4999);
		count[item / 2500 + (item == 4999)]++;
	}
	assert_fits(count, (double[]){1. / 3, 1. / 3, 1. / 3}, 3, 30000);
	sampler_free(x);
	split_unref(s);
}

static void same_stream_same_item(void **state)
{
	struct split *s = planted_split(3000);
	for (size_t k = 0; k < sampler_registry.n; k++) {
		struct sampler *x = sampler_of(s, sampler_registry.rows[k]->name, .75),
			       *y = sampler_of(s, sampler_registry.rows[k]->name, .75);
		int32_t last = -1, changes = 0;
		for (uint64_t i = 0; i < 1000; i++) {
			struct rng a = rng_stream(9, RNG_TEST, 4, i), b = a;
			int32_t user = (int32_t)(i % (uint64_t)s->data->n_users), item = sampler_draw(x, user, &a);
			assert_int_equal(item, sampler_draw(y, user, &b));
			if (x->class->excludes)
				assert_false(split_seen(s, user, item));
			changes += item != last;
			last = item;
		}
		assert_true(changes > 900);
		assert_non_null(x->class->desc.help);
		assert_non_null(x->class->desc.usage);
		sampler_free(x);
		sampler_free(y);
	}
	split_unref(s);
}

static void many_draws_are_the_single_draws(void **state)
{
	struct split *splits[] = {planted_split(3000), tiny_split()};
	for (size_t k = 0; k < 2 * sampler_registry.n; k++) {
		const struct split *s = splits[k % 2];
		struct sampler *x = sampler_of(s, sampler_registry.rows[k / 2]->name, .75);
		enum { N = 1000 };
		int32_t user[N], item[N];
		uint64_t key[N];
		for (int32_t i = 0; i < N; i++) {
			user[i] = i % s->data->n_users;
			key[i] = rng_at(3, (uint64_t)i);
		}
		for (int bits = 0; bits < 2; bits++) {
			struct split without = *s;
			without.seen_bits = bits ? s->seen_bits : NULL;
			x->split = &without;
			sampler_draw_each(x, user, key, item, N);
			x->split = s;
			for (int32_t i = 0; i < N; i++) {
				struct rng r = {key[i], 0};
				assert_int_equal(item[i], sampler_draw(x, user[i], &r));
			}
		}
		sampler_free(x);
	}
	split_unref(splits[0]);
	split_unref(splits[1]);
}

static void wrong_samplers_are_named(void **state)
{
	struct split *s = tiny_split();
	struct sampler *x;
	struct err e = {0};
	assert_int_equal(sampler_new(s, "unsen", 0, &x, &e), ERR_NOTFOUND);
	assert_non_null(strstr(e.text, "unseen"));
	assert_int_equal(sampler_new(s, "popularity", -1, &x, &e), ERR_ARG);
	assert_non_null(strstr(e.text, "alpha"));
	assert_null(x);
	sampler_free(NULL);
	split_unref(s);
}

static void speed(void **state)
{
	struct split *s = planted_split(200000);
	for (size_t k = 0; k < sampler_registry.n; k++) {
		struct sampler *x = sampler_of(s, sampler_registry.rows[k]->name, .75);
		struct timespec t0, t1;
		int64_t sum = 0, n = 2000000;
		clock_gettime(CLOCK_MONOTONIC, &t0);
		for (int64_t i = 0; i < n; i++) {
			struct rng r = {rng_at(77, (uint64_t)i), 0};
			sum += sampler_draw(x, (int32_t)((i / 4) * 7919 % s->data->n_users), &r);
		}
		clock_gettime(CLOCK_MONOTONIC, &t1);
		double sec = (double)(t1.tv_sec - t0.tv_sec) + 1e-9 * (double)(t1.tv_nsec - t0.tv_nsec);
		print_message("%s: %.0f million draws a second (mean item %.0f)\n", x->class->desc.name,
			1e-6 * (double)n / sec, (double)sum / (double)n);
		sampler_free(x);
	}
	split_unref(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(marginals_are_log_q),
		cmocka_unit_test(popularity_is_count_to_the_alpha),
		cmocka_unit_test(unseen_is_uniform_over_the_rest),
		cmocka_unit_test(unseen_finds_the_last_items),
		cmocka_unit_test(same_stream_same_item),
		cmocka_unit_test(many_draws_are_the_single_draws),
		cmocka_unit_test(wrong_samplers_are_named),
		cmocka_unit_test(speed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
