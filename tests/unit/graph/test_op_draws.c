/* Ops of games between players: draws, hardest, multi_hot, reverse. */
#include "unit/graph/op_run.h"

#include <math.h>
#include <stdlib.h>

/* Shares of many draws are the probabilities, within five standard deviations; they differ by row and by key alone. */
static void shares_are_probabilities(void **state)
{
	enum { PLACES = 7, DRAWS = 20000 };
	static const int32_t offsets[] = {0, 1, 2};
	struct op_run run;
	real *w = op_run_block(2 * PLACES);
	double total = 0;
	for (int j = 0; j < PLACES; j++) {
		w[j] = w[PLACES + j] = (real)(j * j);
		total += j * j;
	}
	op_run_init(&run, "draws", 2, offsets);
	run.attr[0] = DRAWS;
	op_run_real(&run, shape_rows(AXIS_EXAMPLE, 1, PLACES, 0), w);
	op_run_forward(&run);
	const real *y = run.io.out.v;
	bool differ = false;
	for (int r = 0; r < 2; r++) {
		double sum = 0;
		for (int j = 0; j < PLACES; j++) {
			double p = j * j / total, sd = sqrt(p * (1 - p) / DRAWS), share = (double)y[r * PLACES + j];
			assert_true(fabs(share - p) <= 5 * sd + 1e-5);
			sum += share;
			differ = differ || share != (double)y[j];
		}
		assert_true(fabs(sum - 1) < 1e-3);
	}
	assert_true(differ);
	op_run_fini(&run);
	mem_free(w);
}

static void a_row_of_zeros_draws_nothing(void **state)
{
	static const real w[] = {0, 0, 0, 0, 2, 0};
	static const int32_t offsets[] = {0, 1, 2};
	static const real want[] = {0, 0, 0, 0, 1, 0};
	struct op_run run;
	op_run_init(&run, "draws", 2, offsets);
	op_run_real(&run, shape_rows(AXIS_EXAMPLE, 1, 3, 0), w);
	op_run_forward(&run);
	for (int j = 0; j < 6; j++)
		assert_close((double)run.io.out.v[j], (double)want[j], 1e-5);
	op_run_fini(&run);
}

/* Of many draws the hardest is the largest score that is not the example's own; of one draw each other item comes equally often. */
static void hardest_is_the_largest_of_the_others(void **state)
{
	enum { ITEMS = 5, TOKENS = 9000 };
	static const int32_t offsets[] = {0, TOKENS, TOKENS, TOKENS + 2};
	int32_t *ids = mem_calloc(TOKENS + 2, sizeof *ids);
	real *s = op_run_block(3 * ITEMS);
	for (int i = 0; i < 3 * ITEMS; i++)
		s[i] = (real)(i % ITEMS); /* item 4 is the hardest */
	for (int t = 0; t < TOKENS; t++)
		ids[t] = t % 2 ? 4 : 1;
	ids[TOKENS] = 0;
	ids[TOKENS + 1] = -1;
	for (int draws = 1; draws <= 64; draws += 63) {
		struct op_run run;
		int seen[ITEMS] = {0};
		op_run_init(&run, "hardest", 3, offsets);
		run.attr[0] = draws;
		op_run_real(&run, shape_rows(AXIS_EXAMPLE, 1, ITEMS, 0), s);
		op_run_int(&run, shape_rows(AXIS_TOKEN, 0, 0, 0), ids);
		op_run_forward(&run);
		for (int t = 0; t < TOKENS; t++)
			seen[(int)run.io.out.v[t]]++;
		assert_int_equal(seen[1] + seen[4], 0);
		for (int j = 0; j < ITEMS; j++) /* five standard deviations */
			if (draws == 1 && j != 1 && j != 4)
				assert_true(abs(seen[j] - TOKENS / 3) < 5 * 45);
		if (draws == 64) {
			assert_true(seen[3] == TOKENS);
			assert_true((double)run.io.out.v[TOKENS] == 4 && (double)run.io.out.v[TOKENS + 1] == 4);
		}
		op_run_fini(&run);
	}
	mem_free(s);
	mem_free(ids);
}

static void who_has_everything_meets_nothing(void **state)
{
	static const int32_t offsets[] = {0, 3}, ids[] = {1, 0, 1};
	static const real s[] = {5, 6};
	struct op_run run;
	op_run_init(&run, "hardest", 1, offsets);
	run.attr[0] = 3;
	op_run_real(&run, shape_rows(AXIS_EXAMPLE, 1, 2, 0), s);
	op_run_int(&run, shape_rows(AXIS_TOKEN, 0, 0, 0), ids);
	op_run_forward(&run);
	for (int t = 0; t < 3; t++)
		assert_true(run.io.out.v[t] == 0);
	op_run_fini(&run);
}

static void ids_are_counted_by_example(void **state)
{
	static const int32_t ids[] = {2, 0, 2, -1, 7}, offsets[] = {0, 3, 3, 5};
	static const real want[] = {1, 0, 2, 0, 0, 0, 0, 0, 0};
	struct op_run run;
	op_run_init(&run, "multi_hot", 3, offsets);
	run.attr[0] = 3;
	op_run_int(&run, shape_rows(AXIS_TOKEN, 0, 0, 0), ids);
	op_run_forward(&run);
	assert_memory_equal(run.io.out.v, want, sizeof want);
	op_run_fini(&run);
}

static void a_reversed_gradient_is_turned_round(void **state)
{
	static const real x[] = {1, -2, 3, 4}, g[] = {1, 2, -3, 0}, want[] = {-0.5, -1, 1.5, 0};
	struct op_run run;
	op_run_init(&run, "reverse", 2, NULL);
	run.attr[0] = 0.5;
	op_run_real(&run, shape_rows(AXIS_EXAMPLE, 1, 2, 0), x);
	op_run_forward(&run);
	assert_memory_equal(run.io.out.v, x, sizeof x);
	op_run_backward(&run, g);
	for (int k = 0; k < 4; k++)
		assert_true(run.io.in[0].g[k] == want[k]);
	op_run_fini(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(shares_are_probabilities),
		cmocka_unit_test(a_row_of_zeros_draws_nothing), cmocka_unit_test(hardest_is_the_largest_of_the_others),
		cmocka_unit_test(who_has_everything_meets_nothing), cmocka_unit_test(ids_are_counted_by_example),
		cmocka_unit_test(a_reversed_gradient_is_turned_round)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
