#include "base/mem.h"
#include "base/rng.h"
#include "data/builder.h"
#include "data/planted.h"
#include "data/split.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void add_row(struct builder *b, int32_t user, int32_t item, float rating, int64_t time)
{
	char u[16], i[16];
	int un = snprintf(u, sizeof u, "u%d", user), in = snprintf(i, sizeof i, "i%d", item);
	struct builder_row row = {u, i, (size_t)un, (size_t)in, rating, time};
	assert_int_equal(builder_add(b, &row, NULL), OK);
}

/* Random histories of 1..12 rows, with equal times and repeated items now and then. */
static struct dataset *random_data(uint64_t seed, bool with_time, bool with_held_out)
{
	struct rng r = rng_stream(seed, RNG_TEST, 0, 0);
	struct builder *b = builder_new("random");
	int32_t users = 1 + (int32_t)rng_below(&r, 60), items = 5 + (int32_t)rng_below(&r, 90);
	for (int32_t u = 0; u < users; u++) {
		int32_t n = 1 + (int32_t)rng_below(&r, 12);
		for (int32_t k = 0; k < n; k++)
			add_row(b, u, (int32_t)rng_below(&r, (uint64_t)items), (float)(1 + rng_below(&r, 5)),
				with_time ? (int64_t)rng_below(&r, 40) : INT64_MIN);
		char id[16];
		int len = snprintf(id, sizeof id, "i%d", (int32_t)rng_below(&r, (uint64_t)items));
		if (with_held_out && rng_unit(&r) < .7)
			assert_int_equal(builder_held_out(b, u, builder_item(b, id, (size_t)len), NULL), OK);
	}
	struct dataset *d = NULL;
	struct err e = {0};
	assert_int_equal(builder_finish(b, &d, &e), OK);
	builder_free(b);
	return d;
}

static struct split *split_of(struct dataset *d, const struct split_options *o)
{
	struct split *s = NULL;
	struct err e = {0};
	if (split_new(d, o, &s, &e) != OK)
		fail_msg("%s", e.text);
	return s;
}

/* Every row is in one part, and the lists by user hold exactly the rows of their part, in order. */
static void check_lists(const struct split *s, bool given)
{
	const struct dataset *d = s->data;
	int64_t count[4] = {0};
	for (int32_t u = 0; u < d->n_users; u++) {
		int64_t at[4] = {s->train_start[u], s->valid_start[u], s->test_start[u], s->history_start[u]};
		const int32_t *list[4] = {s->train_item, s->valid_item, s->test_item, s->history_item};
		for (int64_t i = d->start[u]; i < d->start[u + 1]; i++) {
			assert_in_range(s->part[i], PART_TRAIN, PART_HISTORY);
			if (s->part[i] == PART_TRAIN && d->rating)
				assert_true(s->train_rating[at[0]] == d->rating[i]);
			assert_int_equal(list[s->part[i]][at[s->part[i]]++], d->item[i]);
			count[s->part[i]]++;
		}
		if (given && d->held_out[u] >= 0) {
			assert_int_equal(s->test_item[at[2]++], d->held_out[u]);
			count[PART_TEST]++;
		}
		assert_int_equal(at[0], s->train_start[u + 1]);
		assert_int_equal(at[1], s->valid_start[u + 1]);
		assert_int_equal(at[2], s->test_start[u + 1]);
		assert_int_equal(at[3], s->history_start[u + 1]);
	}
	assert_memory_equal(count, s->count, sizeof count);
}

/* By brute force; also without the bits, by binary search. */
static void check_seen(const struct split *s)
{
	struct split searched = *s;
	searched.seen_bits = NULL;
	for (int32_t u = 0; u < s->data->n_users; u++)
		for (int32_t i = 0; i < s->data->n_items; i++) {
			bool seen = false;
			for (int64_t k = s->train_start[u]; k < s->train_start[u + 1]; k++)
				seen |= s->train_item[k] == i;
			assert_int_equal(split_seen(s, u, i), seen);
			assert_int_equal(split_seen(&searched, u, i), seen);
		}
}

static const struct split_options options[] = {
	{.kind = "leave_one_out"},
	{.kind = "leave_one_out", .valid_users = 5, .seed = 3},
	{.kind = "leave_last"},
	{.kind = "given"},
	{.kind = "ratio", .valid = .1, .test = .2, .seed = 4},
	{.kind = "ratio", .valid = .1, .test = .2, .seed = 4, .per_user = true},
	{.kind = "ratio", .test = .9, .per_user = true},
	{.kind = "time", .valid = .2, .test = .1},
	{.kind = "given", .valid_users = 6, .seed = 2},
};
enum { OPTIONS = sizeof options / sizeof *options };

static void every_row_is_in_one_part(void **state)
{
	for (uint64_t seed = 0; seed < 40; seed++)
		for (int k = 0; k < OPTIONS; k++) {
			struct dataset *d = random_data(seed, true, true);
			struct split *s = split_of(d, &options[k]), *again = split_of(d, &options[k]);
			check_lists(s, strcmp(options[k].kind, "given") == 0);
			check_seen(s);
			assert_memory_equal(s->part, again->part, (size_t)d->n);
			split_unref(again);
			assert_ptr_equal(split_ref(s), s);
			split_unref(s);
			dataset_unref(d); /* the split keeps the data */
			assert_int_equal(s->data->start[0], 0);
			split_unref(s);
		}
}

static void leave_one_out_holds_out_the_last(void **state)
{
	for (uint64_t seed = 0; seed < 40; seed++) {
		struct dataset *d = random_data(seed, seed % 2, false);
		struct split *all = split_of(d, &options[0]), *some = split_of(d, &options[1]),
			     *last = split_of(d, &options[2]);
		int64_t eligible = 0, valid = 0;
		for (int32_t u = 0; u < d->n_users; u++) {
			int64_t from = d->start[u], to = d->start[u + 1];
			for (int64_t i = from; i < to; i++) {
				enum part want = to - from < 3 || i < to - 2 ? PART_TRAIN
						 : i == to - 1		     ? PART_TEST
									     : PART_VALID;
				assert_int_equal(all->part[i], want);
				if (want == PART_VALID && some->part[i] == PART_VALID)
					valid++;
				else
					assert_int_equal(some->part[i], want == PART_VALID ? PART_TRAIN : want);
				assert_int_equal(last->part[i], to - from >= 2 && i == to - 1 ? PART_TEST : PART_TRAIN);
			}
			eligible += to - from >= 3;
		}
		assert_int_equal(valid, eligible < 5 ? eligible : 5);
		split_unref(all);
		split_unref(some);
		split_unref(last);
		dataset_unref(d);
	}
}

/* Which users give a validation item depends on the seed, and every user is chosen about equally often. */
static void valid_users_are_a_random_subset(void **state)
{
	struct planted_options p;
	planted_defaults(&p);
	p.interactions = 1000;
	struct dataset *d = NULL;
	assert_int_equal(planted_dataset(&p, &d, NULL), OK);
	enum { ROUNDS = 2000 };
	int32_t hits[64] = {0};
	assert_true(d->n_users <= 64);
	for (uint64_t seed = 0; seed < ROUNDS; seed++) {
		struct split *s =
			split_of(d, &(struct split_options){.kind = "leave_one_out", .valid_users = 5, .seed = seed});
		for (int32_t u = 0; u < d->n_users; u++)
			hits[u] += s->valid_start[u + 1] > s->valid_start[u];
		split_unref(s);
	}
	double expect = ROUNDS * 5. / d->n_users;
	for (int32_t u = 0; u < d->n_users; u++)
		assert_true(fabs(hits[u] - expect) < 6 * sqrt(expect));
	dataset_unref(d);
}

/* Beside given tests: the last training row of so many users, who keep another one. */
static void given_tests_leave_room_for_validation(void **state)
{
	for (uint64_t seed = 0; seed < 40; seed++) {
		struct dataset *d = random_data(seed, true, true);
		struct split *s = split_of(d, &(struct split_options){.kind = "given", .valid_users = 6, .seed = seed}),
			     *without = split_of(d, &options[3]);
		int64_t able = 0;
		for (int32_t u = 0; u < d->n_users; u++) {
			int64_t n = d->start[u + 1] - d->start[u], valid = s->valid_start[u + 1] - s->valid_start[u];
			able += n >= 2;
			assert_true(valid == 0 || (valid == 1 && n >= 2));
			for (int64_t i = d->start[u]; i < d->start[u + 1]; i++)
				assert_int_equal(
					s->part[i], valid && i == d->start[u + 1] - 1 ? PART_VALID : PART_TRAIN);
		}
		assert_int_equal(s->count[PART_VALID], able < 6 ? able : 6);
		assert_int_equal(s->count[PART_TEST], without->count[PART_TEST]);
		assert_int_equal(without->count[PART_VALID], 0);
		split_unref(s);
		split_unref(without);
		dataset_unref(d);
	}
}

static void ratio_has_exact_shares(void **state)
{
	for (uint64_t seed = 0; seed < 40; seed++) {
		struct dataset *d = random_data(seed, true, false);
		struct split *all = split_of(d, &options[4]), *user = split_of(d, &options[5]),
			     *most = split_of(d, &options[6]);
		assert_int_equal(all->count[PART_TEST], llround(.2 * (double)d->n));
		assert_true(fabs((double)all->count[PART_VALID] - .1 * (double)d->n) <= 1);
		for (int32_t u = 0; u < d->n_users; u++) {
			double n = (double)(d->start[u + 1] - d->start[u]);
			assert_true(fabs((double)(user->test_start[u + 1] - user->test_start[u]) - .2 * n) <= .5);
			assert_true(fabs((double)(user->valid_start[u + 1] - user->valid_start[u]) - .1 * n) <= 1);
			assert_true(most->train_start[u + 1] > most->train_start[u]);
		}
		split_unref(all);
		split_unref(user);
		split_unref(most);
		dataset_unref(d);
	}
}

/* Every row is a test row with the same probability, whatever its place. */
static void ratio_is_fair(void **state)
{
	struct builder *b = builder_new("ten");
	for (int32_t i = 0; i < 10; i++)
		add_row(b, 0, i, 1, i);
	struct dataset *d = NULL;
	assert_int_equal(builder_finish(b, &d, NULL), OK);
	builder_free(b);
	for (int per_user = 0; per_user < 2; per_user++) {
		enum { ROUNDS = 6000 };
		double count[10][3] = {{0}}, share[3] = {.5, .2, .3};
		for (uint64_t seed = 0; seed < ROUNDS; seed++) {
			struct split *s = split_of(d,
				&(struct split_options){
					.kind = "ratio", .valid = .2, .test = .3, .per_user = per_user, .seed = seed});
			for (int i = 0; i < 10; i++)
				count[i][s->part[i]]++;
			split_unref(s);
		}
		for (int i = 0; i < 10; i++)
			for (int p = 0; p < 3; p++)
				assert_true(fabs(count[i][p] - share[p] * ROUNDS) <
					    5 * sqrt(share[p] * (1 - share[p]) * ROUNDS));
	}
	dataset_unref(d);
}

static void time_never_leaks(void **state)
{
	for (uint64_t seed = 0; seed < 40; seed++) {
		struct dataset *d = random_data(seed, true, false);
		struct split *s = split_of(d, &options[7]);
		int64_t latest[3] = {INT64_MIN, INT64_MIN, INT64_MIN}, earliest[3] = {INT64_MAX, INT64_MAX, INT64_MAX};
		for (int64_t i = 0; i < d->n; i++) {
			int p = s->part[i];
			latest[p] = d->time[i] > latest[p] ? d->time[i] : latest[p];
			earliest[p] = d->time[i] < earliest[p] ? d->time[i] : earliest[p];
		}
		assert_true(latest[PART_TRAIN] < earliest[PART_VALID] && latest[PART_TRAIN] < earliest[PART_TEST]);
		assert_true(latest[PART_VALID] < earliest[PART_TEST]);
		/* Equal times move the cut to the left only. */
		assert_true((double)s->count[PART_TEST] >= .1 * (double)d->n - 1);
		assert_true((double)s->count[PART_TRAIN] <= .7 * (double)d->n + 1);
		split_unref(s);
		dataset_unref(d);
	}
}

static void wrong_splits_are_named(void **state)
{
	static const struct {
		struct split_options o;
		const char *word;
	} cases[] = {
		{{.kind = "leave_two_out"}, "leave_two_out"},
		{{.kind = NULL}, "leave_one_out"},
		{{.kind = "given"}, "held-out"},
		{{.kind = "time", .test = .1}, "no times"},
		{{.kind = "ratio", .test = .6, .valid = .4}, "test=0.6"},
		{{.kind = "ratio", .test = NAN}, "shares"},
		{{.kind = "leave_one_out", .valid_users = -1}, "valid_users"},
	};
	struct dataset *d = random_data(1, false, false);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct err e = {0};
		struct split *s;
		assert_int_equal(split_new(d, &cases[i].o, &s, &e), ERR_ARG);
		assert_null(s);
		assert_non_null(strstr(e.text, cases[i].word));
	}
	dataset_unref(d);
	split_unref(NULL);
}

/* Parts that the source publishes stay with their rows through sorting by time and through a filter; what is history is
 * no target and not trained on. */
static void given_parts_stay_with_their_rows(void **state)
{
	struct builder *b = builder_new("parts");
	struct rng r = rng_stream(3, RNG_TEST, 1, 0);
	struct err e = {0};
	for (int k = 0; k < 400; k++) {
		/* the rating says which part the row is for */
		enum part part = (enum part)rng_below(&r, 4);
		builder_part(b, part);
		add_row(b, (int32_t)rng_below(&r, 20), (int32_t)rng_below(&r, 30), (float)part,
			(int64_t)rng_below(&r, 50));
	}
	assert_int_equal(builder_row_part(b, 400, PART_TEST, &e), ERR_ARG);
	assert_int_equal(builder_row_part(b, 7, PART_HISTORY, &e), OK);
	b->rating[7] = PART_HISTORY;
	struct dataset *d = NULL, *core = NULL;
	assert_int_equal(builder_finish(b, &d, &e), OK);
	builder_free(b);
	assert_int_equal(filter_kcore(d, 2, 15, &core, &e), OK);
	assert_true(core->n > 0 && core->n < d->n);
	for (int pass = 0; pass < 2; pass++) {
		struct dataset *x = pass ? core : d;
		int64_t count[4] = {0};
		for (int64_t i = 0; i < x->n; i++) {
			assert_int_equal(x->part[i], (int)x->rating[i]);
			count[x->part[i]]++;
		}
		struct split *s = split_of(x, &(struct split_options){.kind = "given"});
		check_lists(s, false);
		for (int p = 0; p < 4; p++)
			assert_int_equal(s->count[p], count[p]);
		assert_int_equal(s->history_start[x->n_users], count[PART_HISTORY]);
		for (int64_t i = 0; i < s->count[PART_TRAIN]; i++)
			assert_int_equal((int)s->train_rating[i], PART_TRAIN);
		split_unref(s);
	}
	dataset_unref(core);
	dataset_unref(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_is_in_one_part),
		cmocka_unit_test(leave_one_out_holds_out_the_last),
		cmocka_unit_test(valid_users_are_a_random_subset),
		cmocka_unit_test(ratio_has_exact_shares),
		cmocka_unit_test(ratio_is_fair),
		cmocka_unit_test(time_never_leaks),
		cmocka_unit_test(given_parts_stay_with_their_rows),
		cmocka_unit_test(given_tests_leave_room_for_validation),
		cmocka_unit_test(wrong_splits_are_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
