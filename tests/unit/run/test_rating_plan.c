/* Plans by user and by item ask for the same targets. */
#include "run/rating_plan.h"

#include "data/planted.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void both_orders_cover_all_targets(void **state)
{
	(void)state;
	struct planted_options o;
	planted_defaults(&o);
	o.interactions = 3000;
	struct dataset *d = NULL;
	struct split *s = NULL;
	struct err e = {0};
	assert_int_equal(planted_dataset(&o, &d, &e), OK);
	assert_int_equal(split_new(d, &(struct split_options){.kind = "ratio", .test = .3, .seed = 2}, &s, &e), OK);
	int32_t users[] = {7, 2, 9, 30, 11};
	for (int by_item = 0; by_item < 2; by_item++) {
		struct rating_plan p;
		int64_t n = 0, seen = 0;
		assert_int_equal(rating_plan_init(&p, s, PART_TEST, users, 5, by_item, &e), OK);
		for (int i = 0; i < 5; i++, n = p.of_user[i])
			for (int64_t k = s->test_start[users[i]]; k < s->test_start[users[i] + 1]; k++, n++, seen++) {
				/* exactly one query predicts target n, and it asks for the right pair */
				int found = 0;
				for (int32_t x = 0; x < p.examples; x++)
					for (int64_t q = p.start[x]; q < p.start[x + 1]; q++)
						if (p.place[q] == n) {
							found++;
							assert_int_equal(by_item ? p.query[q] : p.example[x], users[i]);
							assert_int_equal(
								by_item ? p.example[x] : p.query[q], s->test_item[k]);
						}
				assert_int_equal(found, 1);
				assert_int_equal(n >= p.of_user[i] && n < p.of_user[i + 1], 1);
			}
		assert_true(seen > 20);
		assert_int_equal(p.targets, seen);
		assert_int_equal(p.start[p.examples], seen);
		rating_plan_fini(&p);
	}
	split_unref(s);
	dataset_unref(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(both_orders_cover_all_targets)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
