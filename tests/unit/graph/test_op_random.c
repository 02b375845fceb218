/* Ops with noise or with a memory of the step: moments, closed forms, ties. */
#include "unit/graph/op_run.h"

#include "base/rng.h"

/* gaussian: the mean and the variance of draws; what is not training is the mean. */
static void gaussian_draws_have_its_moments(void **state)
{
	enum { N = 40000 };
	static real mu[N], v[N];
	double sum = 0, square = 0;
	for (int i = 0; i < N; i++) {
		mu[i] = (real)0.7;
		v[i] = (real)log(0.25);
	}
	struct op_run run;
	op_run_init(&run, "gaussian", N, NULL);
	op_run_real(&run, shape_rows(AXIS_EXAMPLE, 0, 0, 0), mu);
	op_run_real(&run, shape_rows(AXIS_EXAMPLE, 0, 0, 0), v);
	op_run_forward(&run);
	for (int i = 0; i < N; i++) {
		double z = (double)run.io.out.v[i] - 0.7;
		sum += z;
		square += z * z;
	}
	/* four standard errors of either */
	assert_true(fabs(sum / N) < 4 * 0.5 / sqrt(N));
	assert_true(fabs(square / N - 0.25) < 4 * 0.25 * sqrt(2. / N));
	run.io.train = false;
	op_run_forward(&run);
	for (int i = 0; i < N; i++)
		assert_true(run.io.out.v[i] == mu[i]);
	op_run_fini(&run);
}

/* KL(q || p) = E_q[log q - log p], drawn from q. */
static void gaussian_kl_is_the_mean_log_ratio(void **state)
{
	enum { DRAWS = 200000 };
	real mu[] = {(real)0.8, (real)-1.1}, v[] = {(real)-0.6, (real)0.4};
	struct rng r = rng_stream(5, RNG_TEST, 0, 0);
	double sum = 0, square = 0;
	for (int k = 0; k < DRAWS; k++) {
		double ratio = 0;
		for (int j = 0; j < 2; j++) {
			double eps = rng_normal(&r), z = (double)mu[j] + exp((double)v[j] / 2) * eps;
			ratio += (-eps * eps - (double)v[j] + z * z) / 2;
		}
		sum += ratio;
		square += ratio * ratio;
	}
	double mean = sum / DRAWS, error = sqrt((square / DRAWS - mean * mean) / DRAWS);
	struct op_run run;
	op_run_init(&run, "gaussian_kl", 1, NULL);
	op_run_real(&run, shape_rows(AXIS_EXAMPLE, 1, 2, 0), mu);
	op_run_real(&run, shape_rows(AXIS_EXAMPLE, 1, 2, 0), v);
	op_run_forward(&run);
	assert_true(fabs((double)run.io.out.v[0] - mean) < 4 * error);
	op_run_fini(&run);
}

/* The penalty against the Jacobian by differences of h = sigmoid(x W + c). */
static void contractive_is_the_norm_of_the_jacobian(void **state)
{
	enum { IN = 5, OUT = 3 };
	real w[IN * OUT], h[OUT];
	double x[IN], c[OUT] = {.3, -.2, .1}, step = 1e-5, want = 0;
	for (int i = 0; i < IN * OUT; i++)
		w[i] = (real)sin(3.1 * i + 1);
	for (int i = 0; i < IN; i++)
		x[i] = cos(2.3 * i);
	for (int j = 0; j < OUT; j++) {
		double a = c[j];
		for (int i = 0; i < IN; i++)
			a += x[i] * (double)w[i * OUT + j];
		h[j] = (real)(1 / (1 + exp(-a)));
		for (int i = 0; i < IN; i++) {
			double up = a + step * (double)w[i * OUT + j], down = a - step * (double)w[i * OUT + j];
			double slope = (1 / (1 + exp(-up)) - 1 / (1 + exp(-down))) / (2 * step);
			want += slope * slope;
		}
	}
	struct op_run run;
	op_run_init(&run, "contractive", 1, NULL);
	op_run_real(&run, shape_rows(AXIS_EXAMPLE, 1, OUT, 0), h);
	op_run_real(&run, shape_fixed(2, IN, OUT, 0), w);
	op_run_forward(&run);
	assert_close(run.io.out.v[0], want, 1e-5);
	op_run_fini(&run);
}

static void k_sparse_keeps_k_whatever_is_equal(void **state)
{
	real x[] = {2, 1, 2, 1, 1, 0, -3, 2, 2}, kept[] = {2, 0, 2, 0, 0, 0, 0, 2, 0},
	     one[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
	struct op_run run;
	op_run_init(&run, "k_sparse", 1, NULL);
	op_run_real(&run, shape_rows(AXIS_EXAMPLE, 1, 9, 0), x);
	run.attr[0] = 3;
	op_run_forward(&run);
	op_run_backward(&run, one);
	for (int j = 0; j < 9; j++) {
		assert_true(run.io.out.v[j] == kept[j]);
		assert_true(run.io.in[0].g[j] == (kept[j] != 0));
	}
	op_run_fini(&run);
	/* against a count over many rows of coarse numbers */
	struct rng r = rng_stream(9, RNG_TEST, 0, 0);
	for (int k = 1; k <= 12; k++) {
		real y[40 * 11];
		for (int i = 0; i < 40 * 11; i++)
			y[i] = (real)(1 + rng_below(&r, 6));
		op_run_init(&run, "k_sparse", 40, NULL);
		op_run_real(&run, shape_rows(AXIS_EXAMPLE, 1, 11, 0), y);
		run.attr[0] = k;
		op_run_forward(&run);
		for (int row = 0; row < 40; row++) {
			int n = 0;
			real least = 100, most = 0;
			for (int j = row * 11; j < (row + 1) * 11; j++)
				if (run.io.out.v[j] != 0) {
					n++;
					least = y[j] < least ? y[j] : least;
				} else {
					most = y[j] > most ? y[j] : most;
				}
			assert_int_equal(n, k < 11 ? k : 11);
			assert_true(most <= least);
		}
		op_run_fini(&run);
	}
}

static void ramp_moves_with_the_step(void **state)
{
	real x[] = {2};
	struct op_run run;
	op_run_init(&run, "ramp", 1, NULL);
	op_run_real(&run, shape_rows(AXIS_EXAMPLE, 0, 0, 0), x);
	run.attr[0] = 1;
	run.attr[1] = 3;
	run.attr[2] = 10;
	const struct {
		uint64_t step;
		bool train;
		double y;
	} at[] = {{0, true, 2}, {5, true, 4}, {10, true, 6}, {99, true, 6}, {0, false, 6}};
	for (size_t k = 0; k < sizeof at / sizeof *at; k++) {
		run.io.step = at[k].step;
		run.io.train = at[k].train;
		op_run_forward(&run);
		assert_close(run.io.out.v[0], at[k].y, 1e-6);
	}
	op_run_fini(&run);
}

/* Masking noise: about the rate is dropped, the others stay what they were; or are divided by 1 - rate. */
static void masking_noise_keeps_the_others(void **state)
{
	enum { N = 20000 };
	static real x[N];
	for (int i = 0; i < N; i++)
		x[i] = 3;
	for (int plain = 0; plain < 2; plain++) {
		struct op_run run;
		int dropped = 0;
		op_run_init(&run, "dropout", N, NULL);
		op_run_real(&run, shape_rows(AXIS_EXAMPLE, 0, 0, 0), x);
		run.attr[0] = 0.25;
		run.attr[1] = plain;
		op_run_forward(&run);
		for (int i = 0; i < N; i++) {
			dropped += run.io.out.v[i] == 0;
			assert_true(run.io.out.v[i] == 0 || fabs((double)run.io.out.v[i] - (plain ? 3 : 4)) < 1e-5);
		}
		assert_true(abs(dropped - N / 4) < 4 * sqrt(N * .25 * .75));
		op_run_fini(&run);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gaussian_draws_have_its_moments),
		cmocka_unit_test(gaussian_kl_is_the_mean_log_ratio),
		cmocka_unit_test(contractive_is_the_norm_of_the_jacobian),
		cmocka_unit_test(k_sparse_keeps_k_whatever_is_equal),
		cmocka_unit_test(ramp_moves_with_the_step),
		cmocka_unit_test(masking_noise_keeps_the_others),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
