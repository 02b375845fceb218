/* Batches of kind "window": every window of every user once, padding, and the window that evaluation sees. */
#include "data/batcher.h"
#include "data/kind.h"
#include "data/planted.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LENGTH = 4, TARGETS = 3 };

static struct split *planted_split(void)
{
	struct planted_options p;
	planted_defaults(&p);
	p.interactions = 1500;
	struct dataset *d = NULL;
	struct split *s = NULL;
	assert_int_equal(planted_dataset(&p, &d, NULL), OK);
	assert_int_equal(split_new(d, &(struct split_options){.kind = "leave_one_out"}, &s, NULL), OK);
	dataset_unref(d);
	return s;
}

/* Users with so many items each: item numbers are 10 user + place. */
static struct split *hand_split(const int *items, int users)
{
	struct builder *b = builder_new("hand");
	struct dataset *d = NULL;
	struct split *s = NULL;
	for (int u = 0; u < users; u++)
		for (int i = 0; i < items[u]; i++) {
			char user[16], item[16];
			struct builder_row row = {user, item, (size_t)snprintf(user, sizeof user, "u%d", u),
				(size_t)snprintf(item, sizeof item, "%d", 10 * u + i), 1, i};
			assert_int_equal(builder_add(b, &row, NULL), OK);
		}
	assert_int_equal(builder_finish(b, &d, NULL), OK);
	builder_free(b);
	/* no user has three items here: all rows train */
	assert_int_equal(split_new(d, &(struct split_options){.kind = "ratio", .seed = 1}, &s, NULL), OK);
	dataset_unref(d);
	return s;
}

static struct batcher *windows(struct split *s, int32_t batch, int32_t negatives)
{
	struct batcher *b = NULL;
	struct err e = {0};
	struct batch_options o = {
		.kind = "window", .batch = batch, .length = LENGTH, .negatives = negatives, .seed = 3};
	o.args.num[0] = TARGETS;
	o.args.given[0] = true;
	if (batcher_new(s, &o, &b, &e) != OK)
		fail_msg("%s", e.text);
	return b;
}

static const int32_t *ints(const struct batch *b, const char *name)
{
	for (int i = 0; i < b->nfields; i++)
		if (strcmp(b->spec[i].name, name) == 0)
			return b->column[i];
	fail_msg("no column %s", name);
	return NULL;
}

static void every_window_stands_there_once(void **state)
{
	struct split *s = planted_split();
	struct batcher *b = windows(s, 37, 2);
	int64_t wanted = 0, met = 0;
	int *seen = calloc((size_t)s->train_start[s->data->n_users] + 1, sizeof *seen);
	for (int32_t u = 0; u < s->data->n_users; u++) {
		int64_t n = s->train_start[u + 1] - s->train_start[u];
		wanted += n < 2 ? 0 : n <= TARGETS ? 1 : n - TARGETS;
	}
	for (int64_t i = 0; i < batcher_steps(b); i++) {
		struct batch x;
		batcher_get(b, 1, i, &x);
		const int32_t *user = ints(&x, "user"), *item = ints(&x, "item"), *target = ints(&x, "target");
		for (int32_t k = 0; k < x.examples; k++, met++) {
			const int32_t *own = s->train_item + s->train_start[user[k]];
			int64_t n = s->train_start[user[k] + 1] - s->train_start[user[k]], p = 1;
			/* items are not repeated in the planted world: the first target says which window it is */
			while (p < n && own[p] != target[k * TARGETS])
				p++;
			assert_true(p < n);
			assert_int_equal(seen[s->train_start[user[k]] + p]++, 0);
			for (int l = 0; l < LENGTH; l++)
				assert_int_equal(item[k * LENGTH + LENGTH - 1 - l], l < p ? own[p - 1 - l] : -1);
			for (int t = 0; t < TARGETS; t++)
				assert_int_equal(target[k * TARGETS + t], p + t < n ? own[p + t] : -1);
			for (int j = 0; j < 2; j++)
				assert_false(split_seen(s, user[k], ints(&x, "negative")[k * 2 + j]));
		}
	}
	assert_int_equal(met, wanted);
	free(seen);
	batcher_free(b);
	split_unref(s);
}

static void short_histories_are_filled_with_absent_ids(void **state)
{
	static const int items[] = {1, 2, 3, 4, 6};
	struct split *s = hand_split(items, 5);
	struct batcher *b = windows(s, 64, 0);
	struct batch x;
	int windows_of[5] = {0};
	batcher_get(b, 0, 0, &x);
	assert_int_equal(batcher_steps(b), 1);
	assert_int_equal(x.examples, 0 + 1 + 1 + 1 + 3);
	for (int32_t k = 0; k < x.examples; k++) {
		const int32_t *item = ints(&x, "item") + k * LENGTH, *target = ints(&x, "target") + k * TARGETS;
		int u = ints(&x, "user")[k];
		windows_of[u]++;
		assert_true(item[LENGTH - 1] >= 0);
		assert_true(target[0] >= 0);
		if (u == 1) {
			assert_int_equal(item[0], -1);
			assert_int_equal(target[1], -1);
			assert_int_equal(target[2], -1);
		}
	}
	assert_int_equal(windows_of[4], 3);
	batcher_free(b);
	split_unref(s);
}

static void evaluation_sees_the_last_items(void **state)
{
	struct split *s = planted_split();
	struct eval_source src = {
		.split = s, .part = PART_TEST, .kind = "window", .length = LENGTH, .with_validation = true};
	struct eval_scratch *scratch = NULL;
	struct batch x;
	int32_t users[] = {0, 3, 5}, last[LENGTH];
	assert_int_equal(eval_batch(&src, users, 3, NULL, 0, &scratch, &x, NULL), OK);
	for (int k = 0; k < 3; k++) {
		int32_t n = eval_history(&src, users[k], last, LENGTH);
		for (int l = 0; l < LENGTH; l++)
			assert_int_equal(ints(&x, "item")[k * LENGTH + LENGTH - 1 - l], l < n ? last[n - 1 - l] : -1);
	}
	/* a person without a history */
	struct eval_histories none = {
		.kind = "window", .length = LENGTH, .n = 1, .items = last, .offsets = (const int32_t[]){0, 0}};
	assert_int_equal(eval_batch_histories(&none, &scratch, &x, NULL), OK);
	for (int l = 0; l < LENGTH; l++)
		assert_int_equal(ints(&x, "item")[l], -1);
	eval_scratch_free(scratch);
	split_unref(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_window_stands_there_once),
		cmocka_unit_test(short_histories_are_filled_with_absent_ids),
		cmocka_unit_test(evaluation_sees_the_last_items),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
