/* Attention, dropout, embedding: what their gradients alone do not show. */
#include "unit/graph/op_run.h"

#include "base/rng.h"

static real *random_reals(int64_t n, uint64_t seed)
{
	struct rng r = rng_stream(seed, RNG_TEST, 0, 0);
	real *x = op_run_block(n);
	for (int64_t i = 0; i < n; i++)
		x[i] = (real)(2 * rng_unit(&r) - 1);
	return x;
}

/* Short and long sequences, against the formula. */
static void attention_weights_are_a_causal_distribution(void **state)
{
	static const int32_t offsets[] = {0, 5, 5, 6, 76, 108, 141};
	enum { EXAMPLES = 6, D = 6, HEADS = 2, PART = D / HEADS };
	int32_t tokens = offsets[EXAMPLES];
	real *q = random_reals(tokens * D, 1), *k = random_reals(tokens * D, 2), *v = random_reals(tokens * D, 3);
	struct op_run run;
	op_run_init(&run, "attention", EXAMPLES, offsets);
	run.attr[0] = HEADS;
	op_run_real(&run, shape_rows(AXIS_TOKEN, 1, D, 0), q);
	op_run_real(&run, shape_rows(AXIS_TOKEN, 1, D, 0), k);
	op_run_real(&run, shape_rows(AXIS_TOKEN, 1, D, 0), v);
	op_run_forward(&run);
	const real *w = run.io.aux;
	for (int s = 0; s < EXAMPLES; s++) {
		int32_t from = offsets[s], len = offsets[s + 1] - from;
		for (int h = 0; h < HEADS; h++, w += len * len)
			for (int32_t i = 0; i < len; i++) {
				double e[80], sum = 0, row = 0;
				for (int32_t j = 0; j <= i; j++) {
					double z = 0;
					for (int c = h * PART; c < (h + 1) * PART; c++)
						z += (double)q[(from + i) * D + c] * (double)k[(from + j) * D + c];
					sum += e[j] = exp(z / sqrt(PART));
				}
				for (int32_t j = 0; j < len; j++) {
					row += (double)w[i * len + j];
					assert_close(w[i * len + j], j <= i ? e[j] / sum : 0, 2e-5);
				}
				assert_close(row, 1, 1e-5);
				for (int c = h * PART; c < (h + 1) * PART; c++) {
					double o = 0;
					for (int32_t j = 0; j <= i; j++)
						o += e[j] / sum * (double)v[(from + j) * D + c];
					assert_close(run.io.out.v[(from + i) * D + c], o, 2e-5);
				}
			}
	}
	op_run_fini(&run);
	mem_free(q);
	mem_free(k);
	mem_free(v);
}

static void attention_dropout_spares_the_probe_and_inference(void **state)
{
	static const int32_t offsets[] = {0, 7, 57};
	enum { D = 4 };
	real *x = random_reals(57 * D, 4), *out[3], *weights[3];
	for (int round = 0; round < 3; round++) {
		struct op_run run;
		op_run_init(&run, "attention", 2, offsets);
		run.attr[2] = round ? 0.5 : 0;
		run.io.train = round < 2;
		for (int k = 0; k < 3; k++)
			op_run_real(&run, shape_rows(AXIS_TOKEN, 1, D, 0), x);
		op_run_forward(&run);
		out[round] = run.io.out.v;
		weights[round] = run.io.aux;
		run.io.out.v = run.io.aux = NULL;
		op_run_fini(&run);
	}
	assert_memory_equal(weights[0], weights[1], (7 * 7 + 50 * 50) * sizeof(real));
	assert_memory_equal(out[0], out[2], 57 * D * sizeof(real));
	assert_memory_not_equal(out[0], out[1], 57 * D * sizeof(real));
	for (int round = 0; round < 3; round++) {
		mem_free(out[round]);
		mem_free(weights[round]);
	}
	mem_free(x);
}

static void dropout_keeps_the_mean_and_knows_the_place(void **state)
{
	enum { ROWS = 4000, D = 50 };
	real *x = op_run_block(ROWS * D);
	for (int i = 0; i < ROWS * D; i++)
		x[i] = 1;
	struct op_run run;
	op_run_init(&run, "dropout", ROWS, NULL);
	run.attr[0] = 0.2;
	op_run_real(&run, shape_rows(AXIS_EXAMPLE, 1, D, 0), x);
	op_run_forward(&run);
	double sum = 0, dropped = 0;
	for (int i = 0; i < ROWS * D; i++) {
		sum += (double)run.io.out.v[i];
		dropped += run.io.out.v[i] == 0;
	}
	/* five standard deviations of 200,000 draws */
	assert_close(dropped / (ROWS * D), 0.2, 5 * 0.4 / sqrt(ROWS * D));
	assert_close(sum / (ROWS * D), 1, 5 * 0.5 / sqrt(ROWS * D));
	for (int from = 1; from < 8; from++) { /* a slice sees the same mask */
		struct op_run part;
		op_run_init(&part, "dropout", 37, NULL);
		part.attr[0] = 0.2;
		op_run_real(&part, shape_rows(AXIS_EXAMPLE, 1, D, 0), x);
		part.io.in[0].first_row = from;
		op_run_forward(&part);
		assert_memory_equal(part.io.out.v, run.io.out.v + from * D, 37 * D * sizeof(real));
		op_run_fini(&part);
	}
	run.io.train = false;
	run.io.class->forward(&run.io);
	assert_memory_equal(run.io.out.v, x, ROWS * D * sizeof(real));
	op_run_fini(&run);
	mem_free(x);
}

static void embedding_leaves_out_negative_ids(void **state)
{
	static const real table[] = {1, 2, 3, 4, 5, 6}, g[] = {1, 1, 10, 10, 100, 100, 1000, 1000};
	static const int32_t ids[] = {2, -1, 0, 2};
	struct rowgrad sparse;
	assert_true(rowgrad_init(&sparse, 3, 2, 3, 2));
	struct op_run run;
	op_run_init(&run, "embedding", 4, NULL);
	op_run_real(&run, shape_fixed(2, 3, 2, 0), table);
	op_run_int(&run, shape_rows(AXIS_EXAMPLE, 0, 0, 0), ids);
	op_run_forward(&run);
	static const real want[] = {5, 6, 0, 0, 1, 2, 5, 6};
	assert_memory_equal(run.io.out.v, want, sizeof want);
	op_run_backward(&run, g);
	static const real dense[] = {100, 100, 0, 0, 1001, 1001};
	assert_memory_equal(run.io.in[0].g, dense, sizeof dense);
	run.io.in[0].sparse = &sparse;
	op_run_backward(&run, g);
	assert_memory_equal(rowgrad_look(&sparse, 0), dense, 2 * sizeof *dense);
	assert_null(rowgrad_look(&sparse, 1));
	assert_memory_equal(rowgrad_look(&sparse, 2), dense + 4, 2 * sizeof *dense);
	rowgrad_fini(&sparse);
	op_run_fini(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attention_weights_are_a_causal_distribution),
		cmocka_unit_test(attention_dropout_spares_the_probe_and_inference),
		cmocka_unit_test(dropout_keeps_the_mean_and_knows_the_place),
		cmocka_unit_test(embedding_leaves_out_negative_ids),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
