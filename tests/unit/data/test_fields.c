/* Fields of interactions against the cells they were made of, in training and in evaluation batches. */
#include "base/mem.h"
#include "data/batcher.h"
#include "data/fields.h"
#include "data/format.h"
#include "data/kind.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { USERS = 5, ITEMS = 8, ROWS = 6 };

static const char *const moods[] = {"glad", "sad", "calm", ""};

/* The cells of user u's r-th interaction, from which everything can be told again. */
static int item_of(int u, int r)
{
	return (3 * u + 2 * r) % ITEMS;
}

static int mood_of(int u, int r)
{
	return (u + r) % 4;
}

static const char *genres_of(int item)
{
	static const char *const g[] = {"a", "b|c", "a|b|c", ""};
	return g[item % 4];
}

static void read(struct builder *b, const char *text, const char *table, const char *columns)
{
	struct err e;
	struct format_options o = {.columns = columns, .table = table};
	if (format_read_memory(b, "f", text, strlen(text), "csv", &o, &e) != OK)
		fail_msg("%s", e.text);
}

static struct dataset *data(void)
{
	char text[8192] = "";
	struct err e;
	struct dataset *d;
	struct builder *b = builder_new("small");
	for (int u = 0; u < USERS; u++)
		for (int r = 0; r < ROWS; r++)
			snprintf(text + strlen(text), sizeof text - strlen(text), "u%d,i%d,%d,%d,%s,%g\n", u,
				item_of(u, r), (u + r) % 3 - 1, r, moods[mood_of(u, r)], r * 1.5);
	for (int i = 0; i < ITEMS; i++) /* so that every item occurs */
		snprintf(text + strlen(text), sizeof text - strlen(text), "u0,i%d,1,99,glad,\n", i);
	read(b, text, NULL, "user,item,rating,time,mood,amount:real");
	text[0] = '\0';
	for (int i = 0; i < ITEMS; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "i%d,Item %d,%s,%d\n", i, i, genres_of(i),
			1990 + i);
	read(b, text, "item", "item,title,genres:tokens,year:real");
	read(b, "u0,F\nu1,M\nu3,F\n", "user", "user,sex");
	assert_int_equal(builder_finish(b, &d, &e), OK);
	builder_free(b);
	return d;
}

static struct split *split_with(const char *fields)
{
	struct err e;
	struct split *s = NULL;
	struct dataset *d = data();
	assert_int_equal(split_new(d, &(struct split_options){.kind = "leave_one_out"}, &s, &e), OK);
	dataset_unref(d);
	if (split_add_fields(s, fields, &e) != OK)
		fail_msg("%s", e.text);
	return s;
}

static void names(void **state)
{
	static const struct {
		const char *name;
		enum fieldset_kind kind;
		int32_t first, size;
	} want[] = {{"user", FIELDSET_CATEGORY, 0, 5}, {"item", FIELDSET_CATEGORY, 5, 8},
		{"mood", FIELDSET_CATEGORY, 13, 3}, {"amount", FIELDSET_NUMBER, 16, 0},
		{"user.sex", FIELDSET_CATEGORY, 16, 2}, {"item.genres", FIELDSET_LIST, 18, 3},
		{"item.year", FIELDSET_NUMBER, 21, 0}};
	struct split *s = split_with(NULL),
		     *chosen = split_with("item,sex, item.year:category ,mood:hash=7,item*mood:hash=11");
	(void)state;
	/* items come after users, and item cells in the order of their files */
	assert_int_equal(s->fields->n, 7);
	for (int i = 0; i < s->fields->n; i++) {
		assert_string_equal(s->fields->field[i].name, want[i].name);
		assert_int_equal(s->fields->field[i].kind, want[i].kind);
		assert_int_equal(s->fields->field[i].first, want[i].first);
		assert_int_equal(s->fields->field[i].size, want[i].size);
	}
	assert_int_equal(s->fields->features, 21);
	assert_int_equal(chosen->fields->field[2].size, 8); /* each year a word */
	assert_int_equal(chosen->fields->field[3].size, 7);
	assert_int_equal(chosen->fields->crossed, 11);
	split_unref(s);
	split_unref(chosen);
}

static void refuses(const char *fields, const char *part)
{
	struct err e = {0};
	struct split *s = NULL;
	struct dataset *d = data();
	assert_int_equal(split_new(d, &(struct split_options){.kind = "leave_one_out"}, &s, &e), OK);
	dataset_unref(d);
	assert_int_equal(split_add_fields(s, fields, &e), ERR_ARG);
	if (!strstr(e.text, part))
		fail_msg("%s: \"%s\" does not say \"%s\"", fields, e.text, part);
	split_unref(s);
}

static void wrong_fields_are_named(void **state)
{
	(void)state;
	refuses("user,weather", "data set 'small' has no field 'weather'; it has user, item, mood, amount, user.sex");
	refuses("user,weather", "models that read no fields (neumf, mf, sasrec) would fit");
	refuses("user,mood:log", "holds words; log and standard are for numbers");
	refuses("item.year:hash=4", "write item.year:category:hash=N");
	refuses("user,mood:fold", "there is no option 'fold'");
	refuses("user,,item", "is no name of a field");
	refuses("user,item*mood:hash=9", "'item' is not a category among the fields before it");
	refuses("user,item,user*item", "user*item:hash=100000");
}

static const void *column(const struct batch *b, const char *name)
{
	for (int i = 0; i < b->nfields; i++)
		if (strcmp(b->spec[i].name, name) == 0)
			return b->column[i];
	fail_msg("no column %s", name);
	return NULL;
}

/* What stands in example e of a batch must be the cells of the interaction's user, context and of the item. */
static void check_example(const struct split *s, const struct batch *b, int32_t e, int64_t row)
{
	const struct dataset *d = s->data;
	const int32_t *field = (const int32_t *)column(b, "field") + 3 * e;
	const int32_t *cross = (const int32_t *)column(b, "cross") + e, *list = column(b, "list");
	const real *number = (const real *)column(b, "number") + 2 * e;
	const int32_t user = ((const int32_t *)column(b, "user"))[e], item = ((const int32_t *)column(b, "item"))[e];
	const struct row_column *mood = dataset_row_column(d, "mood");
	char text[32], want[32] = "";
	assert_int_equal(field[0], user);
	assert_int_equal(field[1], d->n_users + item);
	assert_int_equal(field[2], mood->code[row] < 0 ? -1 : d->n_users + d->n_items + mood->code[row]);
	assert_int_equal(*cross < 0, mood->code[row] < 0);
	assert_true(*cross < 50);
	float amount = dataset_row_column(d, "amount")->real[row];
	assert_true(fabs((double)number[0] - (isnan(amount) ? 0 : log1p((double)amount))) < 1e-6);
	/* genres, spelled again */
	const struct fieldset_field *genres = &s->fields->field[4];
	int32_t from = b->offsets[AXIS_TOKEN][e], to = b->offsets[AXIS_TOKEN][e + 1];
	strtab_copy(&d->items, item, text, sizeof text);
	int id = text[1] - '0';
	size_t n = strlen(genres_of(id));
	assert_int_equal(to - from, n == 0 ? 0 : (int)n / 2 + 1);
	for (int32_t t = from; t < to; t++) {
		assert_in_range(list[t], genres->first, genres->first + genres->size - 1);
		snprintf(want + strlen(want), sizeof want - strlen(want), "%s%c", t > from ? "|" : "",
			"abc"[list[t] - genres->first]);
	}
	assert_string_equal(want, genres_of(id));
}

#define SPEC "user,item,mood,amount:log,genres,item.year:standard,item*mood:hash=50"

static struct args redraw(int on)
{
	struct err e;
	struct args a;
	const struct kind_class *k = kind_need("fields", &e);
	args_default(&k->desc, &a);
	assert_int_equal(args_set_number(&k->desc, &a, "redraw", on, &e), OK);
	return a;
}

/* Every training row once with its label, and as often as asked for with another item, its context and label 0. */
static void training(void **state)
{
	struct split *s = split_with(SPEC);
	struct batcher *b = NULL;
	struct err e;
	struct batch batch;
	int64_t n = s->count[PART_TRAIN], seen = 0, positives = 0, own = 0;
	(void)state;
	struct batch_options o = {.kind = "fields", .args = redraw(1), .batch = 16, .negatives = 2, .seed = 3};
	assert_int_equal(batcher_new(s, &o, &b, &e), OK);
	for (int64_t k = 0; k < batcher_steps(b); k++) {
		batcher_get(b, 0, k, &batch);
		for (int32_t i = 0; i < batch.examples; i++, seen++) {
			int64_t at = b->order[i] % n, row = ((const int64_t *)b->state)[at];
			bool mine = b->order[i] < n;
			int32_t item = ((const int32_t *)column(&batch, "item"))[i];
			double label = (double)((const real *)column(&batch, "label"))[i];
			check_example(s, &batch, i, row);
			assert_true(mine ? item == s->data->item[row] : !split_seen(s, b->row_user[at], item));
			assert_true(label == (mine && s->data->rating[row] > 0));
			positives += label > 0;
			own += mine;
		}
	}
	int64_t liked = 0;
	for (int64_t r = 0; r < s->data->n; r++)
		liked += s->part[r] == PART_TRAIN && s->data->rating[r] > 0;
	assert_int_equal(seen, 3 * n);
	assert_int_equal(own, n);
	assert_int_equal(positives, liked);
	batcher_free(b);
	split_unref(s);
}

/* items[entry] of one epoch */
static void epoch_items(struct batcher *b, int64_t epoch, int32_t *items)
{
	struct batch batch;
	for (int64_t k = 0; k < batcher_steps(b); k++) {
		batcher_get(b, epoch, k, &batch);
		for (int32_t i = 0; i < batch.examples; i++)
			items[b->order[i]] = ((const int32_t *)column(&batch, "item"))[i];
	}
}

static void negatives_are_redrawn_or_stay(void **state)
{
	(void)state;
	for (int on = 0; on < 2; on++) {
		struct split *s = split_with("user,item");
		struct batcher *b = NULL;
		struct err e;
		int32_t first[256], second[256];
		struct batch_options o = {.kind = "fields", .args = redraw(on), .batch = 7, .negatives = 2, .seed = 3};
		assert_int_equal(batcher_new(s, &o, &b, &e), OK);
		epoch_items(b, 0, first);
		epoch_items(b, 1, second);
		size_t bytes = (size_t)(3 * s->count[PART_TRAIN]) * sizeof *first;
		assert_int_equal(memcmp(first, second, bytes) == 0, !on);
		batcher_free(b);
		split_unref(s);
	}
}

static void evaluation(void **state)
{
	struct split *s = split_with(SPEC);
	struct eval_source src = {.split = s, .part = PART_TEST, .kind = "fields"};
	struct eval_scratch *scratch = NULL;
	struct batch batch;
	struct err e;
	int32_t user[ROWS * USERS];
	int64_t row[ROWS * USERS];
	int32_t n = 0;
	(void)state;
	for (int32_t u = 0; u < s->data->n_users; u++)
		for (int64_t r = s->data->start[u]; r < s->data->start[u + 1] && n < ROWS * USERS; r++) {
			user[n] = u;
			row[n++] = r;
		}
	for (int round = 0; round < 2; round++) {
		assert_int_equal(eval_points_batch(&src, user, row, n, &scratch, &batch, &e), OK);
		assert_int_equal(batch.examples, n);
		for (int32_t i = 0; i < n; i++) {
			assert_int_equal(((const int32_t *)column(&batch, "item"))[i], s->data->item[row[i]]);
			check_example(s, &batch, i, row[i]);
		}
	}
	src.kind = "points";
	assert_int_equal(eval_points_signature(&src, &batch, &e), ERR_ARG);
	eval_scratch_free(scratch);
	split_unref(s);
}

/* The last N liked items before the row, by brute force: in training of training rows, in a test also the validation row. */
static void check_history(
	const struct split *s, const struct batch *b, int32_t e, int32_t user, int64_t row, int most, bool validation)
{
	const int32_t *history = (const int32_t *)column(b, "history") + b->offsets[AXIS_TOKEN2][e];
	int32_t n = b->offsets[AXIS_TOKEN2][e + 1] - b->offsets[AXIS_TOKEN2][e], found = 0;
	for (int64_t r = row - 1; r >= s->data->start[user] && found < most; r--) {
		bool known = s->part[r] == PART_TRAIN || (validation && s->part[r] == PART_VALID);
		if (!known || !(s->data->rating[r] > 0))
			continue;
		found++;
		assert_true(found <= n);
		assert_int_equal(history[n - found], s->fields->field[1].first + s->data->item[r]);
	}
	assert_int_equal(found, n);
}

static void histories(void **state)
{
	struct split *s = split_with("user,item,item.genres");
	struct err e;
	struct batch batch;
	(void)state;
	for (int most = 1; most < 5; most += 3) {
		struct args a = redraw(1);
		const struct kind_class *k = kind_need("fields", &e);
		struct batcher *b = NULL;
		struct eval_scratch *scratch = NULL;
		assert_int_equal(args_set_number(&k->desc, &a, "history", most, &e), OK);
		struct batch_options o = {.kind = "fields", .args = a, .batch = 9, .negatives = 1, .seed = 3};
		assert_int_equal(batcher_new(s, &o, &b, &e), OK);
		for (int64_t i = 0; i < batcher_steps(b); i++) {
			batcher_get(b, 0, i, &batch);
			for (int32_t x = 0; x < batch.examples; x++) {
				int64_t at = b->order[x] % s->count[PART_TRAIN];
				check_history(
					s, &batch, x, b->row_user[at], ((const int64_t *)b->state)[at], most, false);
			}
		}
		batcher_free(b);
		struct eval_source src = {
			.split = s, .part = PART_TEST, .kind = "fields", .args = &a, .with_validation = true};
		for (int32_t u = 0; u < s->data->n_users; u++) {
			int64_t row = s->data->start[u + 1] - 1;
			assert_int_equal(eval_points_batch(&src, &u, &row, 1, &scratch, &batch, &e), OK);
			check_history(s, &batch, 0, u, row, most, true);
		}
		eval_scratch_free(scratch);
	}
	split_unref(s);
}

/* Mean 0 and deviation 1 over the training rows, whatever the held-out rows hold. */
static void standard_is_of_the_training_rows(void **state)
{
	struct split *s = split_with("amount:standard,item.year:standard");
	const struct dataset *d = s->data;
	(void)state;
	for (int k = 0; k < 2; k++) {
		const struct fieldset_field *f = &s->fields->field[k];
		double sum = 0, square = 0;
		int64_t n = 0;
		for (int32_t u = 0; u < d->n_users; u++)
			for (int64_t r = d->start[u]; r < d->start[u + 1]; r++) {
				if (s->part[r] != PART_TRAIN ||
					(k == 0 && isnan(dataset_row_column(d, "amount")->real[r])))
					continue;
				double x = (double)f->value[fieldset_owner_of(f, u, d->item[r], r)];
				sum += x;
				square += x * x;
				n++;
			}
		assert_true(fabs(sum / (double)n) < 1e-5 && fabs(square / (double)n - 1) < 1e-5);
	}
	split_unref(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(names), cmocka_unit_test(wrong_fields_are_named),
		cmocka_unit_test(training), cmocka_unit_test(negatives_are_redrawn_or_stay),
		cmocka_unit_test(evaluation), cmocka_unit_test(histories),
		cmocka_unit_test(standard_is_of_the_training_rows)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
