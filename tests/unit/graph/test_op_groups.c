/* Ops over groups of tokens (baskets): pool with sizes and multi_hot_ce, against plain loops. */
#include "unit/graph/op_run.h"

#include "base/rng.h"

enum { EXAMPLES = 3, GROUPS = 6, ITEMS = 11, N = 8, D = 4 };
static const int32_t group_offsets[] = {0, 3, 4, 6}, item_offsets[] = {0, 6, 7, 11};
static const int32_t size[GROUPS] = {2, 1, 3, 1, 0, 4};
static const int32_t ids[ITEMS] = {3, 0, 7, 1, 1, 5, 2, 6, 4, 6, 0};

static void fill(real *x, int64_t n, uint64_t key)
{
	for (int64_t i = 0; i < n; i++) {
		struct rng r = {rng_at(key, (uint64_t)i), 0};
		x[i] = (real)(2 * rng_unit(&r) - 1);
	}
}

static void begin(struct op_run *run, const char *op)
{
	op_run_init(run, op, EXAMPLES, group_offsets);
	run->io.offsets[AXIS_TOKEN2] = item_offsets;
}

/* Pooling by sizes is pooling of as many examples. */
static void groups_pool_like_examples(void **state)
{
	static const int32_t bounds[] = {0, 2, 3, 6, 7, 7, 11};
	real x[ITEMS * D], g[GROUPS * D];
	fill(x, ITEMS * D, 1);
	fill(g, GROUPS * D, 2);
	for (int over = 0; over < 3; over++) {
		struct op_run grouped, plain;
		begin(&grouped, "pool");
		op_run_init(&plain, "pool", GROUPS, bounds);
		grouped.attr[0] = plain.attr[0] = over;
		op_run_real(&grouped, shape_rows(AXIS_TOKEN2, 1, D, 0), x);
		op_run_int(&grouped, shape_rows(AXIS_TOKEN, 0, 0, 0), size);
		op_run_real(&plain, shape_rows(AXIS_TOKEN, 1, D, 0), x);
		op_run_forward(&grouped);
		op_run_forward(&plain);
		assert_int_equal(grouped.io.out.rows, GROUPS);
		assert_memory_equal(grouped.io.out.v, plain.io.out.v, GROUPS * D * sizeof(real));
		op_run_backward(&grouped, g);
		op_run_backward(&plain, g);
		assert_memory_equal(grouped.io.in[0].g, plain.io.in[0].g, ITEMS * D * sizeof(real));
		op_run_fini(&grouped);
		op_run_fini(&plain);
	}
}

/* Loss of a row with these targets, and its slopes. */
static double row(const double *z, const int32_t *target, int32_t n, bool bce, double *slope)
{
	double sum = 0, loss = 0;
	for (int j = 0; j < N; j++)
		sum += exp(z[j]);
	for (int j = 0; j < N; j++) {
		slope[j] = bce ? 1 / (1 + exp(-z[j])) : exp(z[j]) / sum;
		loss += bce ? log1p(exp(z[j])) : 0;
	}
	for (int32_t i = 0; i < n; i++) {
		slope[target[i]] -= bce ? 1 : 1. / n;
		loss -= bce ? z[target[i]] : z[target[i]] / n;
	}
	return bce ? loss : loss + log(sum);
}

/* Group 0 predicts group 1, 1 predicts 2, 4 predicts 5; 2, 3 and 5 are the last of their examples. */
static void sets_are_predicted_one_ahead(void **state)
{
	static const int32_t predicts[GROUPS][2] = {{2, 1}, {3, 3}, {0, 0}, {0, 0}, {7, 4}, {0, 0}};
	real h[GROUPS * D], table[N * D], bias[N], one = 1;
	fill(h, GROUPS * D, 3);
	fill(table, N * D, 4);
	fill(bias, N, 5);
	for (int bce = 0; bce < 2; bce++) {
		struct op_run run;
		double loss = 0, dh[GROUPS * D] = {0}, db[N] = {0};
		begin(&run, "multi_hot_ce");
		run.attr[1] = bce;
		op_run_real(&run, shape_rows(AXIS_TOKEN, 1, D, 0), h);
		op_run_real(&run, shape_fixed(2, N, D, 0), table);
		op_run_int(&run, shape_rows(AXIS_TOKEN2, 0, 0, 0), ids);
		op_run_int(&run, shape_rows(AXIS_TOKEN, 0, 0, 0), size);
		op_run_real(&run, shape_fixed(1, N, 0, 0), bias);
		op_run_forward(&run);
		for (int r = 0; r < GROUPS; r++) {
			double z[N], slope[N];
			for (int j = 0; j < N; j++) {
				z[j] = (double)bias[j];
				for (int c = 0; c < D; c++)
					z[j] += (double)h[r * D + c] * (double)table[j * D + c];
			}
			if (predicts[r][1] == 0)
				continue;
			loss += row(z, ids + predicts[r][0], predicts[r][1], bce, slope) / 3;
			for (int j = 0; j < N; j++) {
				db[j] += slope[j] / 3;
				for (int c = 0; c < D; c++)
					dh[r * D + c] += slope[j] * (double)table[j * D + c] / 3;
			}
		}
		assert_close(run.io.out.v[0], loss, 1e-5);
		op_run_backward(&run, &one);
		for (int i = 0; i < GROUPS * D; i++)
			assert_close(run.io.in[0].g[i], dh[i], 1e-5);
		for (int j = 0; j < N; j++)
			assert_close(run.io.in[4].g[j], db[j], 1e-5);
		op_run_fini(&run);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_pool_like_examples),
		cmocka_unit_test(sets_are_predicted_one_ahead),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
