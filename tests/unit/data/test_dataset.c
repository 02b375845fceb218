#include "data/dataset.h"
#include "data/text.h"

#include "base/mem.h"
#include "base/rng.h"

#include <math.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void add(struct builder *b, const char *user, const char *item, float rating, int64_t time)
{
	struct err e;
	struct builder_row row = {user, item, strlen(user), strlen(item), rating, time};
	assert_int_equal(builder_add(b, &row, &e), OK);
}

static struct dataset *finish(struct builder *b)
{
	struct err e;
	struct dataset *d = NULL;
	assert_int_equal(builder_finish(b, &d, &e), OK);
	builder_free(b);
	return d;
}

static void sorts_by_time_then_by_line(void **state)
{
	struct builder *b = builder_new("x");
	add(b, "ann", "c", 3, 30);
	add(b, "bob", "a", 1, 5);
	add(b, "ann", "a", 1, 10);
	add(b, "ann", "d", 4, 30);
	add(b, "ann", "b", 2, 10);
	struct dataset *d = finish(b);
	static const char *const want[] = {"a", "b", "c", "d"};
	char id[8];
	assert_int_equal(d->n_users, 2);
	assert_int_equal(d->n_items, 4);
	assert_int_equal(dataset_find_user(d, "ann"), 0);
	assert_int_equal(d->start[1], 4);
	for (int i = 0; i < 4; i++) {
		assert_string_equal(strtab_copy(&d->items, d->item[i], id, sizeof id), want[i]);
		assert_true(d->rating[i] == (float)(i + 1));
	}
	assert_int_equal(dataset_find_item(d, "zzz"), -1);
	assert_int_equal(dataset_find_item(d, ""), -1);
	dataset_unref(d);
}

static void absent_columns_are_null(void **state)
{
	struct builder *b = builder_new("x");
	add(b, "u", "a", NAN, INT64_MIN);
	add(b, "u", "b", NAN, INT64_MIN);
	struct dataset *d = finish(b);
	assert_null(d->rating);
	assert_null(d->time);
	assert_null(d->candidate_start);
	assert_null(d->held_out);
	dataset_unref(d);
	b = builder_new("x");
	add(b, "u", "a", NAN, INT64_MIN);
	add(b, "u", "b", 2, 7);
	add(b, "u", "c", NAN, 3);
	d = finish(b);
	assert_true(isnan(d->rating[0]) && isnan(d->rating[1]) && d->rating[2] == 2);
	assert_true(d->time[0] == INT64_MIN && d->time[1] == 3 && d->time[2] == 7);
	dataset_unref(d);
}

static void empty_is_a_data_set(void **state)
{
	struct dataset *d = finish(builder_new("empty"));
	assert_int_equal(d->n, 0);
	assert_int_equal(d->start[0], 0);
	assert_int_equal(dataset_find_user(d, "x"), -1);
	dataset_unref(d);
	dataset_unref(NULL);
	builder_free(NULL);
}

/* Against the obvious: a stable insertion sort of all rows by (first appearance of the user, time). */
struct row {
	int user, item;
	float rating;
	int64_t time;
};

static void matches_brute_force(void **state)
{
	struct rng r = rng_stream(1, RNG_TEST, 0, 0);
	for (int round = 0; round < 200; round++) {
		struct row rows[60], sorted[60];
		int n = (int)rng_below(&r, 60), seen[10], n_seen = 0, n_sorted = 0;
		struct builder *b = builder_new("x");
		for (int i = 0; i < n; i++) {
			rows[i] = (struct row){(int)rng_below(&r, 10), (int)rng_below(&r, 20), (float)rng_below(&r, 5),
				(int64_t)rng_below(&r, 8) - 4};
			char user[16], item[16];
			snprintf(user, sizeof user, "user %d", rows[i].user);
			snprintf(item, sizeof item, "%d", rows[i].item);
			add(b, user, item, rows[i].rating, rows[i].time);
			bool new_user = true;
			for (int k = 0; k < n_seen; k++)
				new_user &= seen[k] != rows[i].user;
			if (new_user)
				seen[n_seen++] = rows[i].user;
		}
		for (int k = 0; k < n_seen; k++)
			for (int64_t t = -4; t < 4; t++)
				for (int i = 0; i < n; i++)
					if (rows[i].user == seen[k] && rows[i].time == t)
						sorted[n_sorted++] = rows[i];
		struct dataset *d = finish(b);
		assert_int_equal(d->n, n_sorted);
		assert_int_equal(d->n_users, n_seen);
		for (int u = 0, i = 0; u < n_seen; u++)
			for (; i < d->start[u + 1]; i++) {
				char id[16];
				assert_int_equal(sorted[i].user, seen[u]);
				assert_int_equal(
					atoi(strtab_copy(&d->items, d->item[i], id, sizeof id)), sorted[i].item);
				assert_true(d->rating[i] == sorted[i].rating && d->time[i] == sorted[i].time);
			}
		dataset_unref(d);
	}
}

static void interns_many_ids(void **state)
{
	enum { N = 100000 };
	struct builder *b = builder_new("x");
	char id[32];
	for (int i = 0; i < N; i++)
		assert_int_equal(builder_item(b, id, (size_t)snprintf(id, sizeof id, "id-%d", i * 7919)), i);
	for (int i = 0; i < N; i += 37)
		assert_int_equal(builder_item(b, id, (size_t)snprintf(id, sizeof id, "id-%d", i * 7919)), i);
	assert_int_equal(builder_find_item(b, "id", 2), -1);
	assert_int_equal(builder_items(b), N);
	/* Bytes are bytes: a prefix, an empty id and one with a NUL are different ids. */
	int32_t empty = builder_item(b, "", 0), nul = builder_item(b, "\0", 1), two = builder_item(b, "\0\0", 2);
	assert_true(empty == N && nul == N + 1 && two == N + 2);
	struct dataset *d = finish(b);
	assert_int_equal(dataset_find_item(d, "id-7919"), 1);
	assert_int_equal(dataset_find_item(d, ""), N);
	dataset_unref(d);
}

static void keeps_attributes(void **state)
{
	struct err e;
	struct builder *b = builder_new("x");
	add(b, "u", "a", 1, 1);
	add(b, "u", "b", 1, 2);
	int32_t last = builder_item(b, "c", 1);
	assert_int_equal(builder_cell_text(b, true, 1, "title", COLUMN_TOKEN, "Bee", 3, &e), OK);
	assert_int_equal(builder_cell_text(b, true, 1, "title", COLUMN_TOKEN, "Bee\x1b[2J\xff", 8, &e), OK);
	assert_int_equal(builder_cell_real(b, true, 0, "year", 1999, &e), OK);
	assert_int_equal(builder_cell_real(b, false, 0, "age", 30, &e), OK);
	assert_int_equal(builder_cell_text(b, true, 0, "year", COLUMN_TOKEN, "x", 1, &e), ERR_ARG);
	assert_string_equal(e.text, "x: column 'year' of items holds numbers, not words");
	assert_int_equal(builder_cell_real(b, true, 0, "a name of more than thirty-one bytes", 1, &e), ERR_ARG);
	struct dataset *d = finish(b);
	char buf[32];
	const struct column *year = dataset_item_column(d, "year");
	assert_true(year->real[0] == 1999 && isnan(year->real[1]) && isnan(year->real[last]));
	assert_true(dataset_user_column(d, "age")->real[0] == 30);
	assert_null(dataset_item_column(d, "age"));
	assert_string_equal(dataset_item_label(d, 0, buf, sizeof buf), "a");
	assert_string_equal(dataset_item_label(d, 1, buf, sizeof buf), "Bee?[2J?");
	assert_string_equal(dataset_item_label(d, -1, buf, sizeof buf), "");
	assert_string_equal(dataset_item_label(d, 1, buf, 3), "Be");
	dataset_unref(d);
}

static void held_out_pairs_leave_the_rows(void **state)
{
	struct err e;
	struct builder *b = builder_new("x");
	add(b, "u", "a", 1, 1);
	add(b, "u", "b", 1, 2);
	add(b, "v", "b", 1, 1);
	assert_int_equal(builder_find_held_out(b, 0), -1);
	assert_int_equal(builder_held_out(b, 0, 1, &e), OK);
	assert_int_equal(builder_candidate(b, 1, 0, &e), OK);
	assert_int_equal(builder_candidate(b, 0, 1, &e), OK);
	assert_int_equal(builder_candidate(b, 1, 1, &e), OK);
	struct dataset *d = finish(b);
	assert_int_equal(d->n, 2);
	assert_int_equal(d->start[1], 1);
	assert_int_equal(d->held_out[0], 1);
	assert_int_equal(d->held_out[1], -1);
	assert_int_equal(d->candidate_start[1], 1);
	assert_int_equal(d->candidate_start[2], 3);
	assert_int_equal(d->candidate[1], 0);
	assert_int_equal(d->candidate[2], 1);
	dataset_unref(d);
}

/* A cell belongs to the row added last; rows are sorted with their cells, and a held-out row takes its cells along. */
static void cells_stay_with_their_rows(void **state)
{
	struct err e;
	struct builder *b = builder_new("x");
	add(b, "u", "a", NAN, 3);
	add(b, "u", "b", NAN, 2);
	assert_int_equal(builder_row_text(b, "mood", COLUMN_TOKEN, "sad", 3, &e), OK);
	add(b, "v", "a", NAN, 1);
	add(b, "u", "c", NAN, 1);
	assert_int_equal(builder_row_text(b, "mood", COLUMN_TOKEN, "glad", 4, &e), OK);
	assert_int_equal(builder_row_real(b, "mood", 1, &e), ERR_ARG);
	assert_string_equal(e.text, "x: column 'mood' of interactions holds words, not numbers");
	add(b, "u", "d", NAN, 0);
	assert_int_equal(builder_held_out(b, builder_user(b, "u", 1), builder_item(b, "b", 1), &e), OK);
	struct dataset *d = finish(b);
	const struct row_column *mood = dataset_row_column(d, "mood");
	char buf[16];
	assert_int_equal(d->n, 4); /* u: d c a, v: a */
	assert_int_equal(mood->code[0], -1);
	assert_string_equal(strtab_copy(&mood->words, mood->code[1], buf, sizeof buf), "glad");
	assert_int_equal(mood->code[2], -1);
	assert_int_equal(mood->code[3], -1);
	assert_null(dataset_row_column(d, "weather"));
	dataset_unref(d);
}

static struct dataset *hashed(float rating, const char *title)
{
	struct err e;
	struct builder *b = builder_new("x");
	add(b, "u", "a", 1, 1);
	add(b, "u", "b", rating, 2);
	if (title)
		assert_int_equal(builder_cell_text(b, true, 0, "title", COLUMN_TOKEN, title, strlen(title), &e), OK);
	return finish(b);
}

static void hash_is_of_the_content(void **state)
{
	struct dataset *d[] = {hashed(1, NULL), hashed(1, NULL), hashed(2, NULL), hashed(1, "t"), hashed(1, "s")};
	assert_true(d[0]->hash == d[1]->hash);
	for (int i = 1; i < 5; i++)
		for (int k = 1; k < i; k++)
			assert_true(d[i]->hash != d[k]->hash);
	for (int i = 0; i < 5; i++)
		dataset_unref(d[i]);
}

static void counts_popularity(void **state)
{
	struct builder *b = builder_new("x");
	add(b, "u", "a", 1, 1);
	add(b, "u", "b", 1, 2);
	add(b, "v", "b", 1, 3);
	struct dataset *d = finish(b);
	int64_t count[2];
	dataset_popularity(d, NULL, count);
	assert_true(count[0] == 1 && count[1] == 2);
	dataset_popularity(d, (const bool[]){true, false, true}, count);
	assert_true(count[0] == 1 && count[1] == 1);
	dataset_unref(d);
}

/* ---- text ---- */

static void reads_numbers(void **state)
{
	static const struct {
		const char *text;
		bool fits;
		double value;
	} cases[] = {{"3", true, 3}, {"-0.5", true, -.5}, {"+1e-3", true, 1e-3}, {".5", true, .5}, {"5.", true, 5},
		{"1E2", true, 100}, {"", false, 0}, {"-", false, 0}, {".", false, 0}, {"1e", false, 0},
		{"1,5", false, 0}, {"nan", false, 0}, {"inf", false, 0}, {"1e400", false, 0}, {"0x10", false, 0},
		{"1 ", false, 0}, {"123456789012345678901234567890", true, 123456789012345678901234567890.}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		double v = 0;
		assert_true(text_real(cases[i].text, strlen(cases[i].text), &v) == cases[i].fits);
		assert_true(fabs(v - cases[i].value) <= 1e-15 * fabs(cases[i].value));
	}
	int64_t v;
	assert_true(text_int("-9223372036854775808", 20, &v) && v == INT64_MIN);
	assert_true(text_int("9223372036854775807", 19, &v) && v == INT64_MAX);
	assert_false(text_int("9223372036854775808", 19, &v));
	assert_false(text_int("1.0", 3, &v));
}

/* strtod is the oracle for numbers as files print them. */
static void reads_random_numbers_like_strtod(void **state)
{
	struct rng r = rng_stream(2, RNG_TEST, 0, 0);
	for (int i = 0; i < 20000; i++) {
		char text[64];
		double x = rng_normal(&r) * pow(10, (double)rng_below(&r, 60) - 30), v;
		int n = snprintf(text, sizeof text, i % 2 ? "%.*g" : "%.*f", (int)rng_below(&r, 12) + 1, x);
		double want = strtod(text, NULL);
		assert_true(text_real(text, (size_t)n, &v));
		assert_true(fabs(v - want) <= 4e-16 * fabs(want));
	}
}

static void knows_utf8(void **state)
{
	assert_int_equal(text_utf8_check("Am\xc3\xa9lie", 7), 7);
	assert_int_equal(text_utf8_check("Am\xe9lie", 6), 2);
	assert_int_equal(text_utf8_check("a\0b", 3), 1);
	static const char *const bad[] = {
		"\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xc3", "\x80"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(text_utf8_length(bad[i], strlen(bad[i])), 0);
	struct str s = {0};
	for (int c = 1; c < 256; c++)
		text_from_latin1(&s, &(char){(char)c}, 1);
	assert_int_equal(text_utf8_check(s.data, s.len), s.len);
	assert_int_equal(s.len, 127 + 2 * 128);
	str_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sorts_by_time_then_by_line),
		cmocka_unit_test(absent_columns_are_null),
		cmocka_unit_test(empty_is_a_data_set),
		cmocka_unit_test(matches_brute_force),
		cmocka_unit_test(interns_many_ids),
		cmocka_unit_test(keeps_attributes),
		cmocka_unit_test(held_out_pairs_leave_the_rows),
		cmocka_unit_test(cells_stay_with_their_rows),
		cmocka_unit_test(hash_is_of_the_content),
		cmocka_unit_test(counts_popularity),
		cmocka_unit_test(reads_numbers),
		cmocka_unit_test(reads_random_numbers_like_strtod),
		cmocka_unit_test(knows_utf8),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
