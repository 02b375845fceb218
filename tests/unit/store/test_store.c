/* What is written is what is read, for every kind of row. */
#include "store_test.h"

#include "base/mem.h"
#include "store/reader.h"
#include "store/store.h"

#include <math.h>
#include <unistd.h>

struct run {
	char dir[256];
	struct store *s;
	struct reader_db *r;
};

static int run_open(void **state)
{
	struct err err = {0};
	struct run *run = calloc(1, sizeof *run);
	temp_dir(run->dir, sizeof run->dir);
	must(store_open(run->dir, &run->s, &err));
	must(reader_open(run->dir, &run->r, &err));
	*state = run;
	return 0;
}

static int run_close(void **state)
{
	struct run *run = *state;
	struct err err = {0};
	reader_close(run->r);
	must(store_close(run->s, &err));
	temp_remove(run->dir);
	free(run);
	return 0;
}

static void test_facts(void **state)
{
	struct run *run = *state;
	struct err err = {0};
	char buf[32];
	assert_false(reader_get(run->r, "state", buf, sizeof buf));
	assert_string_equal(buf, "");
	must(store_set(run->s, "state", "training", &err));
	must(store_set(run->s, "state", "paused", &err));
	must(store_setf(run->s, "seed", &err, "%d", 42));
	assert_true(reader_get(run->r, "state", buf, sizeof buf));
	assert_string_equal(buf, "paused");
	assert_true(reader_get(run->r, "seed", buf, sizeof buf));
	assert_string_equal(buf, "42");
}

static void test_series_summary(void **state)
{
	struct run *run = *state;
	struct err err = {0};
	int loss, ndcg, again;
	must(store_series(run->s, "train/loss", false, &loss, &err));
	must(store_series(run->s, "valid/ndcg@10", true, &ndcg, &err));
	must(store_series(run->s, "train/loss", false, &again, &err));
	assert_int_equal(loss, again);
	const double v[] = {3, 2, NAN, 1, INFINITY, 1, 4};
	for (int i = 0; i < 7; i++) {
		store_scalar(run->s, loss, 10 * i, v[i]);
		store_scalar(run->s, ndcg, i, v[i]);
	}
	must(store_flush(run->s, &err));
	struct series_info *info;
	size_t n;
	must(reader_series(run->r, &info, &n, &err));
	assert_int_equal(n, 2);
	assert_string_equal(info[0].name, "train/loss");
	assert_int_equal(info[0].n, 7);
	assert_int_equal(info[0].bad, 2);
	assert_int_equal(info[0].last_step, 60);
	assert_true(info[0].best == 1 && info[0].best_step == 30);
	assert_true(info[1].best == 4 && info[1].best_step == 6 && info[1].last == 4);
	mem_free(info);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_facts, run_open, run_close),
		cmocka_unit_test_setup_teardown(test_series_summary, run_open, run_close),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
