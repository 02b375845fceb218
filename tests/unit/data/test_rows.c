/* Batches of kind "rows": every observed entry once, by user and by item, and what evaluation sees. */
#include "base/mem.h"
#include "data/batcher.h"
#include "data/kind.h"
#include "data/levels.h"
#include "data/planted.h"
#include "data/transpose.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <math.h>
#include <string.h>

#include <cmocka.h>

static struct split *ratio_split(void)
{
	struct planted_options p;
	planted_defaults(&p);
	p.interactions = 2000;
	struct dataset *d = NULL;
	struct split *s = NULL;
	assert_int_equal(planted_dataset(&p, &d, NULL), OK);
	struct split_options o = {.kind = "ratio", .valid = .1, .test = .2, .seed = 5};
	assert_int_equal(split_new(d, &o, &s, NULL), OK);
	dataset_unref(d);
	return s;
}

static struct args by(const char *what)
{
	struct args a;
	struct err e = {0};
	const struct kind_class *k = kind_need("rows", &e);
	assert_non_null(k);
	args_default(&k->desc, &a);
	assert_int_equal(args_set_text(&k->desc, &a, "by", what, &e), OK);
	return a;
}

static const void *column(const struct batch *b, const char *name, enum axis axis)
{
	for (int i = 0; i < b->nfields; i++)
		if (strcmp(b->spec[i].name, name) == 0) {
			assert_int_equal(b->spec[i].axis, axis);
			return b->column[i];
		}
	fail_msg("no column %s", name);
	return NULL;
}

/* ratings[u * items + i] += rating of the rows of the wanted parts; counts likewise. */
static void matrix(const struct split *s, unsigned parts, double *rating, int *count)
{
	const struct dataset *d = s->data;
	for (int32_t u = 0; u < d->n_users; u++)
		for (int64_t r = d->start[u]; r < d->start[u + 1]; r++)
			if (parts >> s->part[r] & 1) {
				rating[u * d->n_items + d->item[r]] += (double)d->rating[r];
				count[u * d->n_items + d->item[r]]++;
			}
}

static void every_entry_stands_there_once(void **state)
{
	(void)state;
	struct split *s = ratio_split();
	const struct dataset *d = s->data;
	size_t cells = (size_t)d->n_users * (size_t)d->n_items;
	for (int item = 0; item < 2; item++) {
		double *left = mem_calloc(cells, sizeof *left);
		int *count = mem_calloc(cells, sizeof *count);
		struct batch_options o = {.kind = "rows", .batch = 7, .args = by(item ? "item" : "user")};
		struct batcher *b = NULL;
		struct err e = {0};
		matrix(s, 1u << PART_TRAIN, left, count);
		assert_int_equal(batcher_new(s, &o, &b, &e), OK);
		for (int64_t i = 0; i < batcher_steps(b); i++) {
			struct batch x;
			batcher_get(b, 3, i, &x);
			assert_true(batch_rows(&x, AXIS_TOKEN) <= batcher_max_rows(b, AXIS_TOKEN));
			const int32_t *row = column(&x, item ? "item" : "user", AXIS_EXAMPLE);
			const int32_t *id = column(&x, item ? "user" : "item", AXIS_TOKEN);
			const real *rating = column(&x, "rating", AXIS_TOKEN);
			for (int32_t k = 0; k < x.examples; k++) {
				int32_t from = x.offsets[AXIS_TOKEN][k], to = x.offsets[AXIS_TOKEN][k + 1];
				assert_true(to > from);
				for (int32_t t = from; t < to; t++) {
					int32_t u = item ? id[t] : row[k], j = item ? row[k] : id[t];
					left[u * d->n_items + j] -= (double)rating[t];
					count[u * d->n_items + j]--;
				}
			}
		}
		for (size_t c = 0; c < cells; c++) {
			assert_int_equal(count[c], 0);
			assert_true(left[c] < 1e-5 && left[c] > -1e-5);
		}
		batcher_free(b);
		mem_free(left);
		mem_free(count);
	}
	split_unref(s);
}

static void levels_are_counted_over_training_ratings(void **state)
{
	(void)state;
	struct split *s = ratio_split();
	const struct dataset *d = s->data;
	for (int item = 0; item < 2; item++) {
		size_t cells = (size_t)(item ? d->n_items : d->n_users) * 5;
		real *count = mem_calloc(cells, sizeof *count);
		levels_count(s, item, 1, 1, 5, count);
		for (int32_t u = 0; u < d->n_users; u++)
			for (int64_t r = d->start[u]; r < d->start[u + 1]; r++)
				if (s->part[r] == PART_TRAIN)
					count[(item ? d->item[r] : u) * 5 + (int)d->rating[r] - 1] -= 1;
		for (size_t c = 0; c < cells; c++)
			assert_true(fabs((double)count[c]) < 1e-6);
		mem_free(count);
	}
	split_unref(s);
}

/* A rating batch holds what is known (with validation at test time) and the queries, in order. */
static void rating_batches_know_the_history(void **state)
{
	(void)state;
	struct split *s = ratio_split();
	const struct dataset *d = s->data;
	size_t cells = (size_t)d->n_users * (size_t)d->n_items;
	for (int item = 0; item < 2; item++)
		for (int test = 0; test < 2; test++) {
			double *known = mem_calloc(cells, sizeof *known);
			int *count = mem_calloc(cells, sizeof *count);
			struct args a = by(item ? "item" : "user");
			struct eval_source src = {.split = s,
				.part = test ? PART_TEST : PART_VALID,
				.kind = "rows",
				.args = &a,
				.with_validation = true};
			int32_t rows[] = {3, 0, 5}, query[] = {1, 4, 4, 2, 0};
			int64_t start[] = {0, 2, 2, 5};
			struct eval_scratch *scratch = NULL;
			struct batch x, signature;
			struct err e = {0};
			matrix(s, 1u << PART_TRAIN | (test ? 1u << PART_VALID : 0), known, count);
			assert_int_equal(eval_rating_batch(&src, rows, 3, query, start, &scratch, &x, &e), OK);
			eval_rating_signature(&src, &signature);
			assert_memory_equal(signature.spec, x.spec, sizeof x.spec);
			assert_memory_equal(column(&x, item ? "item" : "user", AXIS_EXAMPLE), rows, sizeof rows);
			assert_memory_equal(column(&x, "query", AXIS_TOKEN2), query, sizeof query);
			for (int k = 0; k < 4; k++)
				assert_int_equal(x.offsets[AXIS_TOKEN2][k], start[k]);
			const int32_t *id = column(&x, item ? "user" : "item", AXIS_TOKEN);
			const real *rating = column(&x, "rating", AXIS_TOKEN);
			for (int32_t k = 0; k < 3; k++) {
				for (int32_t t = x.offsets[AXIS_TOKEN][k]; t < x.offsets[AXIS_TOKEN][k + 1]; t++) {
					int32_t c = item ? id[t] * d->n_items + rows[k] : rows[k] * d->n_items + id[t];
					known[c] -= (double)rating[t];
					count[c]--;
				}
				for (int32_t other = 0; other < (item ? d->n_users : d->n_items); other++) {
					int32_t c = item ? other * d->n_items + rows[k] : rows[k] * d->n_items + other;
					assert_int_equal(count[c], 0);
					assert_true(known[c] < 1e-5 && known[c] > -1e-5);
				}
			}
			/* an unknown query is refused */
			query[4] = item ? d->n_users : d->n_items;
			assert_int_equal(eval_rating_batch(&src, rows, 3, query, start, &scratch, &x, &e), ERR_ARG);
			assert_non_null(strstr(e.text, item ? "no user" : "no item"));
			eval_scratch_free(scratch);
			mem_free(known);
			mem_free(count);
		}
	split_unref(s);
}

static void ratings_without_histories_are_pairs(void **state)
{
	(void)state;
	struct split *s = ratio_split();
	struct eval_source src = {.split = s, .part = PART_TEST, .kind = "ratings"};
	int32_t rows[] = {3, 0, 5}, query[] = {1, 4, 4, 2, 0}, users[] = {3, 3, 5, 5, 5};
	int64_t start[] = {0, 2, 2, 5};
	struct eval_scratch *scratch = NULL;
	struct batch x;
	struct err e = {0};
	assert_int_equal(eval_rating_batch(&src, rows, 3, query, start, &scratch, &x, &e), OK);
	assert_int_equal(x.examples, 5);
	assert_memory_equal(column(&x, "user", AXIS_EXAMPLE), users, sizeof users);
	assert_memory_equal(column(&x, "item", AXIS_EXAMPLE), query, sizeof query);
	eval_scratch_free(scratch);
	split_unref(s);
}

static void histories_by_hand_find_their_ratings(void **state)
{
	(void)state;
	struct split *s = ratio_split();
	const struct dataset *d = s->data;
	int64_t row = d->start[4];
	assert_true(d->start[5] - row >= 2);
	int32_t items[] = {d->item[row + 1], d->item[row]}, offsets[] = {0, 2}, user = 4;
	struct eval_scratch *scratch = NULL;
	struct batch x;
	struct err e = {0};
	struct args item = by("item");
	struct eval_histories h = {
		.kind = "rows", .items = items, .offsets = offsets, .n = 1, .users = &user, .data = d};
	assert_int_equal(eval_batch_histories(&h, &scratch, &x, &e), OK);
	const real *rating = column(&x, "rating", AXIS_TOKEN);
	assert_true(rating[0] == (real)d->rating[row + 1] && rating[1] == (real)d->rating[row]);
	h.data = NULL;
	assert_int_equal(eval_batch_histories(&h, &scratch, &x, &e), OK);
	rating = column(&x, "rating", AXIS_TOKEN);
	assert_true(rating[0] == 1 && rating[1] == 1);
	h.args = &item;
	assert_int_equal(eval_batch_histories(&h, &scratch, &x, &e), ERR_ARG);
	assert_non_null(strstr(e.text, "columns of items"));
	eval_scratch_free(scratch);
	split_unref(s);
}

/* Zeros are entries that are not there, about as many as asked for, others in the next epoch. */
static void zeros_are_entries_that_are_not_there(void **state)
{
	(void)state;
	struct split *s = ratio_split();
	const struct dataset *d = s->data;
	for (int item = 0; item < 2; item++) {
		struct batch_options o = {.kind = "rows", .batch = 9, .args = by(item ? "item" : "user"), .seed = 4};
		struct batcher *b = NULL;
		struct err e = {0};
		int64_t drawn = 0, absent = 0, moved = 0;
		assert_int_equal(args_set_number(&kind_need("rows", &e)->desc, &o.args, "zeros", 0.25, &e), OK);
		assert_int_equal(batcher_new(s, &o, &b, &e), OK);
		for (int64_t i = 0; i < batcher_steps(b); i++) {
			struct batch x;
			uint64_t sum[2] = {0};
			for (int epoch = 0; epoch < 2; epoch++) {
				batcher_get(b, epoch, 0, &x);
				const int32_t *row = column(&x, item ? "item" : "user", AXIS_EXAMPLE);
				const int32_t *zero = column(&x, "zero", AXIS_TOKEN2), *at = x.offsets[AXIS_TOKEN2];
				assert_true(at[x.examples] <= batcher_max_rows(b, AXIS_TOKEN2));
				for (int32_t k = 0; k < x.examples; k++) {
					for (int32_t t = at[k]; t < at[k + 1]; t++) {
						assert_true(t == at[k] || zero[t] > zero[t - 1]);
						assert_false(item ? split_seen(s, zero[t], row[k])
								  : split_seen(s, row[k], zero[t]));
						sum[epoch] = sum[epoch] * 31 + (uint64_t)zero[t];
					}
					const int32_t *seen = x.offsets[AXIS_TOKEN];
					absent += (item ? d->n_users : d->n_items) - (seen[k + 1] - seen[k]);
					drawn += at[k + 1] - at[k];
				}
			}
			moved += sum[0] != sum[1];
		}
		double share = (double)drawn / (double)absent;
		assert_true(share > 0.22 && share < 0.28);
		assert_true(moved > 0);
		batcher_free(b);
	}
	split_unref(s);
}

static struct batch_options masked_rows(double zeros, double masked, int32_t batch)
{
	struct batch_options o = {.kind = "rows", .batch = batch, .args = by("user"), .seed = 5};
	struct err e = {0};
	const struct desc *d = &kind_need("rows", &e)->desc;
	assert_int_equal(args_set_number(d, &o.args, "zeros", zeros, &e), OK);
	assert_int_equal(args_set_number(d, &o.args, "masked", masked, &e), OK);
	return o;
}

/* Of what is drawn a part is for masking and the rest to be rebuilt, as the shares say; a row's draw does not depend on its batch. */
static void masked_entries_are_zeros_of_their_own(void **state)
{
	(void)state;
	struct split *s = ratio_split();
	struct batch_options o = masked_rows(0.4, 0.1, 9), one = masked_rows(0.4, 0.1, 1);
	struct batcher *b = NULL, *c = NULL;
	struct err e = {0};
	struct batch x, y;
	int64_t drawn = 0, masked = 0, absent = 0;
	assert_int_equal(batcher_new(s, &o, &b, &e), OK);
	assert_int_equal(batcher_new(s, &one, &c, &e), OK);
	for (int64_t i = 0; i < batcher_steps(b); i++) {
		batcher_get(b, 0, i, &x);
		const int32_t *zero = column(&x, "zero", AXIS_TOKEN2), *mask = column(&x, "masked", AXIS_TOKEN2);
		const int32_t *at = x.offsets[AXIS_TOKEN2], *seen = x.offsets[AXIS_TOKEN];
		const real *rebuild = column(&x, "rebuild", AXIS_TOKEN2);
		for (int32_t t = 0; t < at[x.examples]; t++) {
			assert_true(mask[t] == zero[t] || mask[t] == -1);
			assert_true(rebuild[t] == (mask[t] == -1));
			masked += mask[t] >= 0;
		}
		for (int32_t k = 0; k < x.examples; k++) {
			batcher_get(c, 0, 9 * i + k, &y);
			const int32_t n = y.offsets[AXIS_TOKEN2][1];
			assert_int_equal(n, at[k + 1] - at[k]);
			assert_memory_equal(column(&y, "masked", AXIS_TOKEN2), mask + at[k], (size_t)n * sizeof *mask);
		}
		drawn += at[x.examples];
		absent += (int64_t)x.examples * s->data->n_items - seen[x.examples];
	}
	assert_true(fabs((double)drawn / (double)absent - 0.5) < 0.02);
	assert_true(fabs((double)masked / (double)absent - 0.1) < 0.02);
	batcher_free(b);
	batcher_free(c);
	o = masked_rows(0.7, 0.4, 9);
	assert_int_equal(batcher_new(s, &o, &b, &e), ERR_ARG);
	assert_non_null(strstr(e.text, "together they must be at most 1"));
	split_unref(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_entry_stands_there_once),
		cmocka_unit_test(levels_are_counted_over_training_ratings),
		cmocka_unit_test(rating_batches_know_the_history),
		cmocka_unit_test(ratings_without_histories_are_pairs),
		cmocka_unit_test(histories_by_hand_find_their_ratings),
		cmocka_unit_test(zeros_are_entries_that_are_not_there),
		cmocka_unit_test(masked_entries_are_zeros_of_their_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
