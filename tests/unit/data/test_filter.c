#include "data/split.h"

#include "base/rng.h"

#include <math.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

enum { USERS = 14, ITEMS = 12 };

/* Random sets in which user "u<k>" and item "i<k>" carry their number as an attribute. */
static struct dataset *random_set(struct rng *r)
{
	struct err e;
	struct builder *b = builder_new("random");
	int n = 20 + (int)rng_below(r, 60);
	for (int i = 0; i < n; i++) {
		char user[8], item[8];
		int u = (int)rng_below(r, USERS), v = (int)rng_below(r, ITEMS);
		struct builder_row row = {user, item, (size_t)snprintf(user, sizeof user, "u%d", u),
			(size_t)snprintf(item, sizeof item, "i%d", v), (float)rng_below(r, 5) + 1, i};
		assert_int_equal(builder_add(b, &row, &e), OK);
		char tags[32];
		size_t length = (size_t)snprintf(tags, sizeof tags, "t%d|t%d", i, u);
		assert_int_equal(builder_row_real(b, "number", (float)i, &e), OK);
		assert_int_equal(builder_row_text(b, "tags", COLUMN_TOKENS, tags, length, &e), OK);
		assert_int_equal(builder_row_text(b, "user", COLUMN_TOKEN, user, row.user_len, &e), OK);
		assert_int_equal(builder_row_text(b, "item", COLUMN_TEXT, item, row.item_len, &e), OK);
		int32_t id = builder_item(b, item, row.item_len);
		assert_int_equal(builder_cell_real(b, true, id, "number", (float)v, &e), OK);
		assert_int_equal(builder_cell_text(b, true, id, "title", COLUMN_TOKEN, item, row.item_len, &e), OK);
		assert_int_equal(
			builder_cell_real(b, false, builder_user(b, user, row.user_len), "number", (float)u, &e), OK);
	}
	struct dataset *d;
	assert_int_equal(builder_finish(b, &d, &e), OK);
	builder_free(b);
	return d;
}

/* Ids, attributes and strings must still say the same about each other. */
static void check_row(const struct dataset *d, int32_t u, int64_t i)
{
	char id[8], want[8];
	const struct row_column *tags = dataset_row_column(d, "tags"), *user = dataset_row_column(d, "user");
	strtab_copy(&d->users, u, want, sizeof want);
	assert_string_equal(strtab_copy(&user->words, user->code[i], id, sizeof id), want);
	assert_int_equal(tags->first[i + 1] - tags->first[i], 2);
	want[0] = 't'; /* u7 is tagged t7 */
	assert_string_equal(strtab_copy(&tags->words, tags->code[tags->first[i] + 1], id, sizeof id), want);
	/* The number of the row is its time. */
	assert_true(dataset_row_column(d, "number")->real[i] == (float)d->time[i]);
	snprintf(want, sizeof want, "t%d", (int)d->time[i]);
	assert_string_equal(strtab_copy(&tags->words, tags->code[tags->first[i]], id, sizeof id), want);
	strtab_copy(&d->items, d->item[i], want, sizeof want);
	assert_string_equal(strtab_copy(&dataset_row_column(d, "item")->words, (int32_t)i, id, sizeof id), want);
}

static void check_carried(const struct dataset *d)
{
	char id[8], want[8];
	for (int32_t u = 0; u < d->n_users; u++)
		for (int64_t i = d->start[u]; i < d->start[u + 1]; i++)
			check_row(d, u, i);
	for (int32_t i = 0; i < d->n_items; i++) {
		snprintf(want, sizeof want, "i%d", (int)dataset_item_column(d, "number")->real[i]);
		assert_string_equal(strtab_copy(&d->items, i, id, sizeof id), want);
		assert_string_equal(dataset_item_label(d, i, id, sizeof id), want);
		assert_int_equal(dataset_find_item(d, want), i);
	}
	for (int32_t u = 0; u < d->n_users; u++) {
		snprintf(want, sizeof want, "u%d", (int)dataset_user_column(d, "number")->real[u]);
		assert_string_equal(strtab_copy(&d->users, u, id, sizeof id), want);
	}
}

/* The slow way: one row's worth of deletion at a time, on a matrix of rows. */
static int64_t brute_kcore(const struct dataset *d, int users, int items, bool *keep)
{
	for (int64_t i = 0; i < d->n; i++)
		keep[i] = true;
	for (bool changed = true; changed;) {
		changed = false;
		int64_t of_user[USERS] = {0}, of_item[ITEMS] = {0};
		for (int32_t u = 0; u < d->n_users; u++)
			for (int64_t i = d->start[u]; i < d->start[u + 1]; i++) {
				of_user[u] += keep[i];
				of_item[d->item[i]] += keep[i];
			}
		for (int32_t u = 0; u < d->n_users && !changed; u++)
			for (int64_t i = d->start[u]; i < d->start[u + 1] && !changed; i++)
				if (keep[i] && (of_user[u] < users || of_item[d->item[i]] < items)) {
					keep[i] = false;
					changed = true;
				}
	}
	int64_t left = 0;
	for (int64_t i = 0; i < d->n; i++)
		left += keep[i];
	return left;
}

static void kcore_is_the_core(void **state)
{
	struct rng r = rng_stream(3, RNG_TEST, 0, 0);
	for (int round = 0; round < 150; round++) {
		struct dataset *d = random_set(&r), *core;
		struct err e;
		bool keep[128];
		int users = 1 + (int)rng_below(&r, 6), items = 1 + (int)rng_below(&r, 6);
		assert_int_equal(filter_kcore(d, users, items, &core, &e), OK);
		assert_int_equal(core->n, brute_kcore(d, users, items, keep));
		int64_t count[ITEMS];
		dataset_popularity(core, NULL, count);
		for (int32_t i = 0; i < core->n_items; i++)
			assert_true(count[i] >= items);
		for (int32_t u = 0; u < core->n_users; u++)
			assert_true(core->start[u + 1] - core->start[u] >= users);
		/* Rows keep their order: the times of the rows that are left. */
		int64_t at = 0;
		for (int64_t i = 0; i < d->n; i++)
			if (keep[i])
				assert_true(core->time[at++] == d->time[i]);
		check_carried(core);
		dataset_unref(core);
		dataset_unref(d);
	}
}

static void rating_threshold(void **state)
{
	struct rng r = rng_stream(4, RNG_TEST, 0, 0);
	for (int round = 0; round < 50; round++) {
		struct dataset *d = random_set(&r), *good;
		struct err e;
		int64_t want = 0;
		for (int64_t i = 0; i < d->n; i++)
			want += d->rating[i] >= 4;
		assert_int_equal(filter_rating(d, 4, &good, &e), OK);
		assert_int_equal(good->n, want);
		for (int64_t i = 0; i < good->n; i++)
			assert_true(good->rating[i] >= 4);
		check_carried(good);
		dataset_unref(good);
		want = 0;
		for (int64_t i = 0; i < d->n; i++)
			want += d->rating[i] != 3;
		assert_int_equal(filter_without_rating(d, 3, &good, &e), OK);
		assert_int_equal(good->n, want);
		for (int64_t i = 0; i < good->n; i++)
			assert_true(good->rating[i] != 3);
		check_carried(good);
		dataset_unref(good);
		assert_int_equal(filter_rating(d, 0, &good, &e), OK);
		assert_true(good->hash == d->hash);
		dataset_unref(good);
		assert_int_equal(filter_rating(d, 6, &good, &e), OK);
		assert_int_equal(good->n_users, 0);
		dataset_unref(good);
		assert_int_equal(filter_rating(d, NAN, &good, &e), ERR_ARG);
		dataset_unref(d);
	}
}

static void given_tests_are_carried(void **state)
{
	struct err e;
	struct builder *b = builder_new("given");
	static const char *const rows[][2] = {{"u", "a"}, {"u", "b"}, {"v", "a"}, {"w", "c"}};
	for (int i = 0; i < 4; i++)
		assert_int_equal(
			builder_add(b, &(struct builder_row){rows[i][0], rows[i][1], 1, 1, i < 3 ? 5 : 1, i}, &e), OK);
	assert_int_equal(builder_held_out(b, 1, 1, &e), OK); /* v: b */
	assert_int_equal(builder_held_out(b, 0, 2, &e), OK); /* u: c */
	assert_int_equal(builder_candidate(b, 1, 2, &e), OK);
	assert_int_equal(builder_candidate(b, 1, 0, &e), OK);
	struct dataset *d, *f;
	assert_int_equal(builder_finish(b, &d, &e), OK);
	builder_free(b);
	assert_int_equal(filter_rating(d, 3, &f, &e), OK);
	assert_int_equal(f->n_users, 2);
	assert_int_equal(f->n_items, 2);
	assert_int_equal(f->held_out[1], 1);
	assert_int_equal(f->held_out[0], -1); /* c is gone */
	assert_int_equal(f->candidate_start[2], 1);
	assert_int_equal(f->candidate[0], 0);
	dataset_unref(f);
	dataset_unref(d);
}

static void no_ratings_is_an_error(void **state)
{
	struct err e;
	struct builder *b = builder_new("bare");
	assert_int_equal(builder_add(b, &(struct builder_row){"u", "a", 1, 1, NAN, INT64_MIN}, &e), OK);
	struct dataset *d, *f;
	assert_int_equal(builder_finish(b, &d, &e), OK);
	builder_free(b);
	assert_int_equal(filter_rating(d, 3, &f, &e), ERR_ARG);
	assert_string_equal(e.text, "bare has no ratings to filter by; leave the rating threshold out");
	dataset_unref(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kcore_is_the_core),
		cmocka_unit_test(rating_threshold),
		cmocka_unit_test(given_tests_are_carried),
		cmocka_unit_test(no_ratings_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
