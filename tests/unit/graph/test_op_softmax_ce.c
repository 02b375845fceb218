/* The fused losses over a catalogue against their formulas. */
#include "unit/graph/op_run.h"

#include "base/rng.h"

static real *random_reals(struct rng *r, int64_t n)
{
	real *x = op_run_block(n);
	for (int64_t i = 0; i < n; i++)
		x[i] = (real)(2 * rng_unit(r) - 1);
	return x;
}

static double logit(const real *h, const real *t, int d)
{
	double z = 0;
	for (int c = 0; c < d; c++)
		z += (double)h[c] * (double)t[c];
	return z;
}

/* More than one block of rows and tile of items; a row without target. */
static void softmax_ce_is_the_mean_negative_log_likelihood(void **state)
{
	enum { ROWS = 300, N = 700, D = 5 };
	struct rng r = rng_stream(3, RNG_TEST, 0, 0);
	real *h = random_reals(&r, ROWS * D), *table = random_reals(&r, N * D), one = 1;
	int32_t target[ROWS];
	double want = 0, *dh = mem_calloc(ROWS * D, sizeof *dh);
	assert_non_null(dh);
	for (int i = 0; i < ROWS; i++) {
		double sum = 0;
		target[i] = i == 7 ? -1 : (int32_t)rng_below(&r, N);
		for (int j = 0; j < N; j++)
			sum += exp(logit(h + i * D, table + j * D, D));
		if (target[i] < 0)
			continue;
		want += (log(sum) - logit(h + i * D, table + target[i] * D, D)) / ROWS;
		for (int j = 0; j < N; j++)
			for (int c = 0; c < D; c++)
				dh[i * D + c] += (exp(logit(h + i * D, table + j * D, D)) / sum - (j == target[i])) *
						 (double)table[j * D + c] / ROWS;
	}
	struct op_run run;
	op_run_init(&run, "softmax_ce", ROWS, NULL);
	op_run_real(&run, shape_rows(AXIS_EXAMPLE, 1, D, 0), h);
	op_run_real(&run, shape_fixed(2, N, D, 0), table);
	op_run_int(&run, shape_rows(AXIS_EXAMPLE, 0, 0, 0), target);
	op_run_forward(&run);
	assert_close(run.io.out.v[0], want, 1e-5);
	op_run_backward(&run, &one);
	for (int i = 0; i < ROWS * D; i++)
		assert_close(run.io.in[0].g[i], dh[i], 1e-5);
	op_run_fini(&run);
	mem_free(h);
	mem_free(table);
	mem_free(dh);
}

/* A slice too large to keep its probabilities gives what two smaller ones give. */
static void probabilities_computed_again_are_the_same(void **state)
{
	enum { ROWS = 1100, N = 20000, D = 3 };
	struct rng r = rng_stream(4, RNG_TEST, 0, 0);
	real *h = random_reals(&r, ROWS * D), *table = random_reals(&r, N * D), one = 1;
	int32_t target[ROWS];
	for (int i = 0; i < ROWS; i++)
		target[i] = (int32_t)rng_below(&r, N);
	struct op_run whole;
	op_run_init(&whole, "softmax_ce", ROWS, NULL);
	op_run_real(&whole, shape_rows(AXIS_EXAMPLE, 1, D, 0), h);
	op_run_real(&whole, shape_fixed(2, N, D, 0), table);
	op_run_int(&whole, shape_rows(AXIS_EXAMPLE, 0, 0, 0), target);
	op_run_forward(&whole);
	op_run_backward(&whole, &one);
	real *dtable = op_run_block(N * D);
	double loss = 0;
	for (int from = 0; from < ROWS; from += ROWS / 4) {
		struct op_run part;
		op_run_init(&part, "softmax_ce", ROWS / 4, NULL);
		op_run_real(&part, shape_rows(AXIS_EXAMPLE, 1, D, 0), h + from * D);
		op_run_real(&part, shape_fixed(2, N, D, 0), table);
		op_run_int(&part, shape_rows(AXIS_EXAMPLE, 0, 0, 0), target + from);
		for (int k = 0; k < 3; k++)
			part.io.in[k].total_rows = k == 1 ? 1 : ROWS;
		op_run_forward(&part);
		loss += (double)part.io.out.v[0];
		op_run_backward(&part, &one);
		for (int i = 0; i < ROWS / 4 * D; i++)
			assert_close(part.io.in[0].g[i], whole.io.in[0].g[from * D + i], 1e-5);
		for (int i = 0; i < N * D; i++)
			dtable[i] += part.io.in[1].g[i];
		op_run_fini(&part);
	}
	assert_close(whole.io.out.v[0], loss, 1e-5);
	for (int i = 0; i < N * D; i++)
		assert_close(whole.io.in[1].g[i], dtable[i], 1e-5);
	op_run_fini(&whole);
	mem_free(h);
	mem_free(table);
	mem_free(dtable);
}

static void sampled_softmax_leaves_out_hits_and_corrects_for_sampling(void **state)
{
	static const real h[] = {1, -1}, table[] = {1, 0, 0, 1, 2, 1, -1, 1}, logq[] = {-1, -2, -3, -0.5};
	static const int32_t target[] = {2}, negative[] = {0, 2, -1, 3, 3};
	double z[] = {1 + 3, 1 + 1, -2 + 0.5, -2 + 0.5}, sum = 0; /* of target 2, then 0, 3, 3 */
	for (int i = 0; i < 4; i++)
		sum += exp(z[i]);
	struct op_run run;
	real one = 1;
	op_run_init(&run, "sampled_softmax_ce", 1, NULL);
	op_run_real(&run, shape_rows(AXIS_EXAMPLE, 1, 2, 0), h);
	op_run_real(&run, shape_fixed(2, 4, 2, 0), table);
	op_run_int(&run, shape_rows(AXIS_EXAMPLE, 0, 0, 0), target);
	op_run_int(&run, shape_rows(AXIS_EXAMPLE, 1, 5, 0), negative);
	op_run_real(&run, shape_fixed(1, 4, 0, 0), logq);
	op_run_forward(&run);
	assert_close(run.io.out.v[0], log(sum) - z[0], 1e-6);
	op_run_backward(&run, &one);
	assert_close(run.io.in[1].g[2 * 2], exp(z[0]) / sum - 1, 1e-6);
	assert_close(run.io.in[1].g[2 * 3], 2 * exp(z[2]) / sum, 1e-6);
	assert_close(run.io.in[1].g[2 * 1], 0, 0);
	op_run_fini(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(softmax_ce_is_the_mean_negative_log_likelihood),
		cmocka_unit_test(probabilities_computed_again_are_the_same),
		cmocka_unit_test(sampled_softmax_leaves_out_hits_and_corrects_for_sampling),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
