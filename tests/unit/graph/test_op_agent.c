/* The ops of agents against brute force: slates by enumeration, regressions by hand. */
#include "op_run.h"

#include "base/rng.h"

enum { C = 7, K = 3 };
enum method { TOP, GREEDY, EXACT };

static double worth_of(const real *v, const real *q, double none, int set)
{
	double gain = 0, mass = none;
	for (int i = 0; i < C; i++)
		if (set >> i & 1) {
			gain += (double)(v[i] * q[i]);
			mass += (double)v[i];
		}
	return gain / mass;
}

/* The best and the mean worth over all slates of K. */
static double brute(const real *v, const real *q, double none, double *mean)
{
	double best = -1e30, sum = 0;
	int n = 0;
	for (int set = 0; set < 1 << C; set++) {
		if (__builtin_popcount((unsigned)set) != K)
			continue;
		double w = worth_of(v, q, none, set);
		best = w > best ? w : best;
		sum += w;
		n++;
	}
	*mean = sum / n;
	return best;
}

static double slate(const real *v, const real *q, double none, enum method method, int *set)
{
	struct op_run r, p;
	struct shape shape = shape_rows(AXIS_EXAMPLE, 1, C, 0);
	op_run_init(&r, "slate", 1, NULL);
	r.attr[0] = K;
	r.attr[1] = method;
	r.attr[2] = none;
	op_run_real(&r, shape, v);
	op_run_real(&r, shape, q);
	op_run_forward(&r);
	double w = (double)r.io.out.v[0];
	op_run_fini(&r);
	op_run_init(&p, "slate", 1, NULL);
	p.attr[0] = K;
	p.attr[1] = method;
	p.attr[2] = none;
	p.attr[3] = 1;
	op_run_real(&p, shape, v);
	op_run_real(&p, shape, q);
	op_run_forward(&p);
	*set = 0;
	int places = 0;
	for (int i = 0; i < C; i++)
		if (p.io.out.v[i] > 0) {
			*set |= 1 << i;
			places |= 1 << (int)p.io.out.v[i];
		}
	assert_int_equal(places, (1 << (K + 1)) - 2); /* 1, 2, ..., K once each */
	op_run_fini(&p);
	return w;
}

/* exact = enumeration >= greedy >= a random slate; top >= a random slate on average. */
static void slates(void **state)
{
	struct rng r = rng_stream(1, RNG_TEST, 0, 0);
	double sum[3] = {0}, random = 0;
	int strictly = 0;
	for (int trial = 0; trial < 500; trial++) {
		real v[C], q[C];
		double w[3], mean, none = 0.1 + 3 * rng_unit(&r);
		int set;
		for (int i = 0; i < C; i++) {
			v[i] = (real)(2 * rng_unit(&r));
			q[i] = (real)(10 * rng_unit(&r) - (trial % 2 ? 3 : 0));
		}
		double best = brute(v, q, none, &mean);
		for (int m = TOP; m <= EXACT; m++) {
			w[m] = slate(v, q, none, (enum method)m, &set);
			assert_int_equal(__builtin_popcount((unsigned)set), K);
			assert_close(w[m], worth_of(v, q, none, set), 1e-5);
			sum[m] += w[m];
		}
		assert_close(w[EXACT], best, 1e-5);
		assert_true(w[EXACT] >= w[GREEDY] - 1e-5 && w[EXACT] >= w[TOP] - 1e-5);
		assert_true(w[GREEDY] >= mean - 1e-5);
		strictly += w[EXACT] > w[GREEDY] + 1e-4;
		random += mean;
	}
	print_message("mean worth: exact %.4f, greedy %.4f, top %.4f, random %.4f; greedy missed %d of 500\n",
		sum[EXACT] / 500, sum[GREEDY] / 500, sum[TOP] / 500, random / 500, strictly);
	assert_true(sum[EXACT] >= sum[GREEDY] && sum[GREEDY] > random && sum[TOP] > random);
}

static void too_large_a_slate(void **state)
{
	struct op_run r;
	const real v[2] = {1, 1};
	struct shape shape = shape_rows(AXIS_EXAMPLE, 1, 2, 0), out;
	struct err e = {0};
	op_run_init(&r, "slate", 1, NULL);
	r.attr[0] = 3;
	op_run_real(&r, shape, v);
	op_run_real(&r, shape, v);
	assert_int_not_equal(r.io.class->shape(&r.sig, &out, &e), OK);
	assert_non_null(strstr(e.text, "a slate of 3 cannot be chosen from 2 candidates"));
	op_run_fini(&r);
}

/* ---- regressions ---- */

enum { N = 40, D = 3, GROUPS = 2 };

/* By hand: Gauss-Jordan on (prior I + X^T X | X^T r | x). */
static void solve(const real *x, const real *y, const int32_t *g, int group, double prior, const real *at, double *mean,
	double *width)
{
	double m[D][D + 2] = {{0}};
	for (int i = 0; i < D; i++)
		m[i][i] = prior;
	for (int n = 0; n < N; n++)
		for (int i = 0; i < D && g[n] == group; i++) {
			for (int j = 0; j < D; j++)
				m[i][j] += (double)(x[n * D + i] * x[n * D + j]);
			m[i][D] += (double)(x[n * D + i] * y[n]);
		}
	for (int i = 0; i < D; i++)
		m[i][D + 1] = (double)at[i];
	for (int p = 0; p < D; p++)
		for (int i = 0; i < D; i++) {
			double f = i == p ? 0 : m[i][p] / m[p][p];
			for (int j = 0; j < D + 2; j++)
				m[i][j] -= f * m[p][j];
		}
	*mean = *width = 0;
	for (int i = 0; i < D; i++) {
		*mean += (double)at[i] * m[i][D] / m[i][i];
		*width += (double)at[i] * m[i][D + 1] / m[i][i];
	}
	*width = sqrt(*width);
}

static void ask(int mode, const real *at, int32_t rows, const real *sums, const int32_t *group, uint64_t key, real *out)
{
	struct op_run r;
	op_run_init(&r, "ridge", rows, NULL);
	r.attr[0] = mode;
	r.attr[1] = 0.5;
	r.attr[2] = 2;
	r.io.key = key;
	op_run_real(&r, shape_rows(AXIS_EXAMPLE, 1, D, 0), at);
	op_run_real(&r, shape_fixed(2, GROUPS, D * (D + 1), 0), sums);
	op_run_int(&r, shape_rows(AXIS_EXAMPLE, 0, 0, 0), group);
	op_run_forward(&r);
	memcpy(out, r.io.out.v, (size_t)rows * sizeof(real));
	op_run_fini(&r);
}

static void regressions(void **state)
{
	enum { DRAWS = 20000 };
	struct rng r = rng_stream(2, RNG_TEST, 0, 0);
	struct op_run s;
	real x[N * D], y[N], sums[GROUPS * D * (D + 1)], got[N], sample[1];
	int32_t g[N];
	for (int n = 0; n < N; n++) {
		g[n] = (int32_t)rng_below(&r, GROUPS);
		y[n] = (real)rng_normal(&r);
		for (int i = 0; i < D; i++)
			x[n * D + i] = (real)rng_normal(&r);
	}
	op_run_init(&s, "ridge_sums", N, NULL);
	s.attr[0] = GROUPS;
	op_run_real(&s, shape_rows(AXIS_EXAMPLE, 1, D, 0), x);
	op_run_real(&s, shape_rows(AXIS_EXAMPLE, 0, 0, 0), y);
	op_run_int(&s, shape_rows(AXIS_EXAMPLE, 0, 0, 0), g);
	op_run_forward(&s);
	memcpy(sums, s.io.out.v, sizeof sums);
	op_run_fini(&s);
	for (int mode = 0; mode < 2; mode++) {
		ask(mode, x, N, sums, g, 1, got);
		for (int n = 0; n < N; n++) {
			double want[2];
			solve(x, y, g, g[n], 0.5, x + n * D, &want[0], &want[1]);
			assert_close((double)got[n], want[mode], 1e-4);
		}
	}
	double mean = 0, square = 0, want[2];
	solve(x, y, g, g[0], 0.5, x, &want[0], &want[1]);
	for (int k = 0; k < DRAWS; k++) {
		ask(2, x, 1, sums, g, (uint64_t)k, sample);
		mean += (double)sample[0] / DRAWS;
		square += (double)(sample[0] * sample[0]) / DRAWS;
	}
	double sd = sqrt(square - mean * mean);
	assert_close(mean, want[0], 4 * 2 * want[1] / sqrt(DRAWS));
	assert_close(sd, 2 * want[1], 0.03);
}

/* The same context a million times, in float: rounding must not make the width something else than a small number. */
static void many_observations(void **state)
{
	enum { WIDE = 24 };
	struct rng r = rng_stream(5, RNG_TEST, 0, 0);
	real x[WIDE], sums[WIDE * (WIDE + 1)] = {0};
	for (int i = 0; i < WIDE; i++)
		x[i] = (real)(2 * rng_unit(&r) - 1);
	for (int i = 0; i < WIDE; i++)
		for (int j = 0; j < WIDE; j++)
			sums[i * WIDE + j] = (real)(1e6 * (double)x[i] * (double)x[j]);
	for (int mode = 0; mode < 3; mode++) {
		struct op_run run;
		op_run_init(&run, "ridge", 1, NULL);
		run.attr[0] = mode;
		op_run_real(&run, shape_rows(AXIS_EXAMPLE, 1, WIDE, 0), x);
		op_run_real(&run, shape_fixed(2, 1, WIDE * (WIDE + 1), 0), sums);
		op_run_forward(&run);
		assert_true(isfinite((double)run.io.out.v[0]) && fabs((double)run.io.out.v[0]) < 0.1);
		op_run_fini(&run);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slates),
		cmocka_unit_test(too_large_a_slate),
		cmocka_unit_test(regressions),
		cmocka_unit_test(many_observations),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
