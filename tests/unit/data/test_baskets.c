/* Kind baskets: rows of equal time, grouped in training, in evaluation, and in histories given by hand. */
#include "data/batcher.h"
#include "data/builder.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Users a: baskets {0 1} {2} {0 3 4}, b: {5}, c: {6 7} {6}; the last row of each is not for training. */
static struct split *small_split(void)
{
	static const struct {
		const char *user;
		int32_t item, time;
		const char *part;
	} rows[] = {{"a", 0, 1, "train"}, {"a", 1, 1, "train"}, {"a", 2, 4, "train"}, {"a", 0, 9, "train"},
		{"a", 3, 9, "train"}, {"a", 4, 9, "train"}, {"a", 5, 10, "test"}, {"b", 5, 2, "train"},
		{"b", 1, 3, "test"}, {"c", 6, 2, "train"}, {"c", 7, 2, "train"}, {"c", 6, 3, "train"},
		{"c", 0, 3, "test"}};
	struct builder *b = builder_new("baskets");
	for (int32_t i = 0; i < 8; i++) {
		char item[8];
		assert_int_equal(builder_item(b, item, (size_t)snprintf(item, sizeof item, "i%d", i)), i);
	}
	for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
		char item[8];
		size_t n = (size_t)snprintf(item, sizeof item, "i%d", rows[k].item);
		builder_part(b, strcmp(rows[k].part, "test") == 0 ? PART_TEST : PART_TRAIN);
		struct builder_row row = {rows[k].user, item, 1, n, NAN, rows[k].time};
		assert_int_equal(builder_add(b, &row, NULL), OK);
	}
	struct dataset *d = NULL;
	struct split *s = NULL;
	assert_int_equal(builder_finish(b, &d, NULL), OK);
	builder_free(b);
	assert_int_equal(split_new(d, &(struct split_options){.kind = "given"}, &s, NULL), OK);
	dataset_unref(d);
	return s;
}

static const int32_t *column(const struct batch *b, const char *name)
{
	for (int i = 0; i < b->nfields; i++)
		if (strcmp(b->spec[i].name, name) == 0)
			return b->column[i];
	fail_msg("no column %s", name);
	return NULL;
}

static void assert_ints(const int32_t *got, const int32_t *want, int n)
{
	for (int i = 0; i < n; i++)
		if (got[i] != want[i])
			fail_msg("number %d is %d, expected %d", i, got[i], want[i]);
}
#define ASSERT_INTS(got_, ...)                                                                                         \
	assert_ints(got_, (const int32_t[]){__VA_ARGS__}, sizeof((const int32_t[]){__VA_ARGS__}) / sizeof(int32_t))

static void training_groups_rows_of_equal_time(void **state)
{
	struct split *s = small_split();
	struct batcher *b = NULL;
	struct batch got;
	assert_int_equal(
		batcher_new(s, &(struct batch_options){.kind = "baskets", .batch = 2, .length = 5}, &b, NULL), OK);
	batcher_get(b, 0, 0, &got);
	assert_int_equal(batcher_steps(b), 1); /* b has one basket only */
	assert_int_equal(got.examples, 2);
	int a = column(&got, "user")[0] != 0; /* a's place */
	const int32_t *sizes = column(&got, "size") + got.offsets[AXIS_TOKEN][a];
	const int32_t *items = column(&got, "item") + got.offsets[AXIS_TOKEN2][a];
	assert_int_equal(got.offsets[AXIS_TOKEN][2], 5);
	assert_int_equal(got.offsets[AXIS_TOKEN2][2], 9);
	assert_int_equal(got.offsets[AXIS_TOKEN][a + 1] - got.offsets[AXIS_TOKEN][a], 3);
	ASSERT_INTS(sizes, 2, 1, 3);
	ASSERT_INTS(items, 0, 1, 2, 0, 3, 4);
	ASSERT_INTS(column(&got, "size") + got.offsets[AXIS_TOKEN][!a], 2, 1);
	ASSERT_INTS(column(&got, "item") + got.offsets[AXIS_TOKEN2][!a], 6, 7, 6);
	batcher_free(b);
	split_unref(s);
}

static void windows_count_baskets(void **state)
{
	struct split *s = small_split();
	struct batcher *b = NULL;
	struct batch got;
	assert_int_equal(
		batcher_new(s, &(struct batch_options){.kind = "baskets", .batch = 2, .length = 1}, &b, NULL), OK);
	batcher_get(b, 0, 0, &got);
	int a = column(&got, "user")[0] != 0;
	ASSERT_INTS(column(&got, "size") + got.offsets[AXIS_TOKEN][a], 1, 3);
	ASSERT_INTS(column(&got, "item") + got.offsets[AXIS_TOKEN2][a], 2, 0, 3, 4);
	assert_int_equal(batcher_max_rows(b, AXIS_TOKEN), 4);
	assert_int_equal(batcher_max_rows(b, AXIS_TOKEN2), 7);
	batcher_free(b);
	split_unref(s);
}

static void evaluation_sees_the_last_baskets(void **state)
{
	struct split *s = small_split();
	struct eval_source src = {.split = s, .part = PART_TEST, .kind = "baskets", .length = 2};
	struct eval_scratch *scratch = NULL;
	struct batch got;
	static const int32_t users[] = {0, 1, 2};
	assert_int_equal(eval_batch(&src, users, 3, NULL, 0, &scratch, &got, NULL), OK);
	ASSERT_INTS(got.offsets[AXIS_TOKEN], 0, 2, 3, 5);
	ASSERT_INTS(got.offsets[AXIS_TOKEN2], 0, 4, 5, 8);
	ASSERT_INTS(column(&got, "size"), 1, 3, 1, 2, 1);
	ASSERT_INTS(column(&got, "item"), 2, 0, 3, 4, 5, 6, 7, 6);
	assert_int_equal(eval_rows(&src, AXIS_TOKEN), 2);
	assert_int_equal(eval_rows(&src, AXIS_TOKEN2), 7);
	eval_scratch_free(scratch);
	split_unref(s);
}

/* Items that were left out leave the others in their baskets; unknown ones stand alone; nobody's stand alone too. */
static void histories_by_hand_find_their_baskets(void **state)
{
	struct split *s = small_split();
	struct eval_scratch *scratch = NULL;
	struct batch got;
	static const int32_t items[] = {0, 1, 0, 4, 7, 6, 2, 1, 5}, offsets[] = {0, 5, 6, 9}, users[] = {0, 2, 1};
	struct eval_histories h = {.kind = "baskets",
		.length = 10,
		.n = 3,
		.items = items,
		.offsets = offsets,
		.users = users,
		.data = s->data};
	assert_int_equal(eval_batch_histories(&h, &scratch, &got, NULL), OK);
	ASSERT_INTS(got.offsets[AXIS_TOKEN], 0, 3, 4, 7);
	ASSERT_INTS(column(&got, "size"), 2, 2, 1, 1, 1, 1, 1);
	h.users = NULL;
	assert_int_equal(eval_batch_histories(&h, &scratch, &got, NULL), OK);
	ASSERT_INTS(got.offsets[AXIS_TOKEN], 0, 5, 6, 9);
	eval_scratch_free(scratch);
	split_unref(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(training_groups_rows_of_equal_time),
		cmocka_unit_test(windows_count_baskets),
		cmocka_unit_test(evaluation_sees_the_last_baskets),
		cmocka_unit_test(histories_by_hand_find_their_baskets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
