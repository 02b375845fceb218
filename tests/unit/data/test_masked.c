#include "base/mem.h"
#include "data/batcher.h"
#include "data/planted.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct split *planted_split(void)
{
	struct planted_options o;
	struct dataset *d;
	struct split *s;
	planted_defaults(&o);
	o.interactions = 4000;
	assert_int_equal(planted_dataset(&o, &d, NULL), OK);
	assert_int_equal(split_new(d, &(struct split_options){.kind = "leave_one_out"}, &s, NULL), OK);
	dataset_unref(d);
	return s;
}

static const int32_t *ints(const struct batch *b, const char *name)
{
	for (int i = 0; i < b->nfields; i++)
		if (strcmp(b->spec[i].name, name) == 0)
			return b->column[i];
	fail_msg("no column %s", name);
	return NULL;
}

/* With what was hidden put back, an example is a user's window, or the beginning of it.  How many were hidden. */
static int32_t check_example(const struct split *s, const struct batch *b, int32_t i, int32_t length, bool whole)
{
	const int32_t *at = b->offsets[AXIS_TOKEN] + i, *at2 = b->offsets[AXIS_TOKEN2] + i;
	const int32_t *item = ints(b, "item"), *masked = ints(b, "masked"), *position = ints(b, "position");
	int32_t user = ints(b, "user")[i], n = at[1] - at[0], hidden = 0, back[64];
	assert_in_range(n, 2, length);
	for (int32_t k = 0; k < n; k++) {
		back[k] = item[at[0] + k];
		assert_int_equal(position[at[0] + k], length - n + k);
		assert_int_equal(masked[at[0] + k], back[k] < 0 ? 0 : -1);
		hidden += back[k] < 0;
	}
	assert_int_equal(at2[1] - at2[0], hidden);
	for (int32_t r = at2[0]; r < at2[1]; r++) {
		int32_t place = ints(b, "place")[r];
		assert_int_equal(back[place], -1);
		back[place] = ints(b, "target")[r];
	}
	int64_t end = s->train_start[user + 1], window = end - s->train_start[user];
	window = window < length ? window : length;
	assert_true(whole ? n == window : n <= window);
	assert_memory_equal(back, s->train_item + end - window, (size_t)n * sizeof *back);
	return hidden;
}

static void hidden_items_can_be_put_back(void **state)
{
	enum { LENGTH = 30 };
	struct split *s = planted_split();
	struct batch_options o = {.kind = "masked", .batch = 16, .length = LENGTH, .seed = 5};
	o.args.num[0] = 0.3; /* mask */
	o.args.given[0] = true;
	struct batcher *x, *y;
	assert_int_equal(batcher_new(s, &o, &x, NULL), OK);
	assert_int_equal(batcher_new(s, &o, &y, NULL), OK);
	int64_t hidden = 0, tokens = 0;
	for (int64_t epoch = 0; epoch < 3; epoch++)
		for (int64_t k = batcher_steps(x); k-- > 0;) {
			struct batch b, again;
			batcher_get(x, epoch, k, &b);
			for (int32_t i = 0; i < b.examples; i++) {
				int32_t n = check_example(s, &b, i, LENGTH, true);
				assert_true(n >= 1);
				hidden += n;
			}
			tokens += b.offsets[AXIS_TOKEN][b.examples];
			assert_true(
				tokens > 0 && b.offsets[AXIS_TOKEN2][b.examples] <= batcher_max_rows(x, AXIS_TOKEN2));
			batcher_get(y, epoch, k, &again); /* whatever was asked before */
			assert_memory_equal(ints(&b, "item"), ints(&again, "item"),
				(size_t)b.offsets[AXIS_TOKEN][b.examples] * sizeof(int32_t));
		}
	double share = (double)hidden / (double)tokens;
	assert_true(share > 0.27 && share < 0.33);
	batcher_free(x);
	batcher_free(y);
	split_unref(s);
}

/* With last = 1 every example ends with one hidden item, drawn from all but the first of its window. */
static void an_example_can_end_with_the_only_hidden_item(void **state)
{
	enum { LENGTH = 8 };
	struct split *s = planted_split();
	struct batch_options o = {.kind = "masked", .batch = 64, .length = LENGTH, .seed = 5};
	o.args.num[1] = 1; /* last */
	o.args.given[1] = true;
	bool ends[LENGTH + 1] = {false};
	struct batcher *x;
	struct batch b;
	assert_int_equal(batcher_new(s, &o, &x, NULL), OK);
	for (int64_t epoch = 0; epoch < 4; epoch++) {
		batcher_get(x, epoch, 0, &b);
		for (int32_t i = 0; i < b.examples; i++) {
			const int32_t *at = b.offsets[AXIS_TOKEN] + i;
			assert_int_equal(check_example(s, &b, i, LENGTH, false), 1);
			assert_int_equal(ints(&b, "item")[at[1] - 1], -1);
			ends[at[1] - at[0]] = true;
		}
	}
	for (int32_t n = 0; n <= LENGTH; n++)
		assert_int_equal(ends[n], n >= 2);
	batcher_free(x);
	split_unref(s);
}

static void evaluation_asks_behind_the_history(void **state)
{
	struct split *s = planted_split();
	struct eval_scratch *scratch = NULL;
	struct batch b;
	int32_t users[] = {3, 7}, history[64];
	struct eval_source src = {
		.split = s, .part = PART_TEST, .kind = "masked", .length = 12, .with_validation = true};
	assert_int_equal(eval_batch(&src, users, 2, NULL, 0, &scratch, &b, NULL), OK);
	for (int32_t i = 0; i < 2; i++) {
		const int32_t *at = b.offsets[AXIS_TOKEN] + i;
		int32_t n = eval_history(&src, users[i], history, 11);
		assert_int_equal(at[1] - at[0], n + 1);
		assert_memory_equal(ints(&b, "item") + at[0], history, (size_t)n * sizeof *history);
		assert_int_equal(ints(&b, "item")[at[1] - 1], -1);
		assert_int_equal(ints(&b, "masked")[at[1] - 1], 0);
		assert_int_equal(ints(&b, "position")[at[1] - 1], 11);
	}
	assert_true(eval_rows(&src, AXIS_TOKEN) >= 12);
	eval_scratch_free(scratch);
	split_unref(s);
}

/* Counted from the start, positions are places in the window, in training and behind a history. */
static void positions_may_count_from_the_start(void **state)
{
	struct split *s = planted_split();
	struct batch_options o = {.kind = "masked", .batch = 64, .length = 20, .seed = 5};
	o.args.num[2] = 1; /* positions */
	o.args.given[2] = true;
	struct batcher *x;
	struct eval_scratch *scratch = NULL;
	struct batch b;
	int32_t user = 3;
	struct eval_source src = {.split = s, .part = PART_VALID, .kind = "masked", .args = &o.args, .length = 40};
	assert_int_equal(batcher_new(s, &o, &x, NULL), OK);
	batcher_get(x, 0, 0, &b);
	for (int32_t i = 0; i < b.examples; i++)
		for (int32_t at = b.offsets[AXIS_TOKEN][i], t = at; t < b.offsets[AXIS_TOKEN][i + 1]; t++)
			assert_int_equal(ints(&b, "position")[t], t - at);
	assert_int_equal(eval_batch(&src, &user, 1, NULL, 0, &scratch, &b, NULL), OK);
	assert_true(batch_rows(&b, AXIS_TOKEN) > 1);
	for (int32_t t = 0; t < batch_rows(&b, AXIS_TOKEN); t++)
		assert_int_equal(ints(&b, "position")[t], t);
	eval_scratch_free(scratch);
	batcher_free(x);
	split_unref(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hidden_items_can_be_put_back),
		cmocka_unit_test(an_example_can_end_with_the_only_hidden_item),
		cmocka_unit_test(evaluation_asks_behind_the_history),
		cmocka_unit_test(positions_may_count_from_the_start),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
