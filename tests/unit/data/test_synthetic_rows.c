/* Synthetic rows: sizes, codes within their vocabularies, the same for the same seed, both labels. */
#include "data/synthetic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct dataset *make(const char *shape, uint64_t seed)
{
	struct err e;
	struct dataset *d = NULL;
	assert_int_equal(synthetic_rows(shape, seed, &d, &e), OK);
	return d;
}

static void fields_have_their_words(void **state)
{
	struct dataset *d = make("frappe", 1), *again = make("frappe", 1), *other = make("frappe", 2);
	int64_t liked = 0, words = 0, tests = 0;
	assert_int_equal(d->n, 288609);
	assert_int_equal(d->n_row_columns, 10);
	assert_true(d->hash == again->hash && d->hash != other->hash);
	for (int f = 0; f < 10; f++) {
		const struct row_column *c = &d->row_columns[f];
		words += c->words.n;
		for (int64_t i = 0; i < d->n; i++)
			assert_in_range(c->code[i], 0, c->words.n - 1);
	}
	assert_int_equal(words, 5382);
	for (int64_t i = 0; i < d->n; i++) {
		liked += d->rating[i] > 0;
		tests += d->part[i] == PART_TEST;
	}
	assert_in_range(liked, d->n / 5, d->n / 2);
	assert_int_equal(tests, d->n / 100);
	dataset_unref(d);
	dataset_unref(again);
	dataset_unref(other);
}

static void reviews_have_their_length(void **state)
{
	struct dataset *d = make("text", 1);
	const struct row_column *c = dataset_row_column(d, "review");
	assert_int_equal(d->n, 30000);
	assert_non_null(c);
	for (int64_t i = 0; i < d->n; i += 1000) {
		const char *text;
		size_t n = strtab_get(&c->words, (int32_t)i, &text);
		int words = 0;
		for (size_t k = 0; k < n; k++)
			words += text[k] == ' ';
		assert_int_equal(words, 200);
	}
	for (int32_t u = 0; u < d->n_users; u++)
		assert_int_equal(d->start[u + 1] - d->start[u], 5);
	dataset_unref(d);
}

static void unknown_shapes_are_named(void **state)
{
	struct err e;
	struct dataset *d;
	assert_int_equal(synthetic_rows("nothing", 1, &d, &e), ERR_ARG);
	assert_non_null(strstr(e.text, "nothing"));
	assert_false(synthetic_rows_shape("ml1m"));
	assert_true(synthetic_rows_shape("criteo"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(fields_have_their_words),
		cmocka_unit_test(reviews_have_their_length), cmocka_unit_test(unknown_shapes_are_named)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
