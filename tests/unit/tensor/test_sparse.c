/* Sparse products, neighbours and least squares against dense loops over the definitions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/rng.h"
#include "tensor/blas.h"
#include "tensor/sparse.h"

#include <string.h>

enum { ROWS = 37, COLS = 23, DIM = 5 };

static const double tolerance = sizeof(real) == sizeof(double) ? 1e-9 : 2e-3;

/* A third of the places filled; column 7 and row 3 are empty. */
static struct sparse *draw(uint64_t seed, real dense[ROWS][COLS])
{
	struct rng r = rng_stream(seed, RNG_TEST, 0, 0);
	struct sparse *s = NULL;
	struct err e;
	assert_int_equal(sparse_new(ROWS, COLS, ROWS * COLS, &s, &e), OK);
	for (int i = 0; i < ROWS; i++) {
		s->start[i + 1] = s->start[i];
		for (int j = 0; j < COLS; j++) {
			bool there = rng_below(&r, 3) == 0 && j != 7 && i != 3;
			dense[i][j] = there ? (real)(rng_unit(&r) * 2 - 0.5) : 0;
			if (!there)
				continue;
			s->col[s->start[i + 1]] = j;
			s->value[s->start[i + 1]++] = dense[i][j];
		}
	}
	return s;
}

static void close_to(double got, double want)
{
	if (!(fabs(got - want) <= tolerance * (1 + fabs(want))))
		fail_msg("got %.9g, expected %.9g", got, want);
}

static void a_transpose_has_every_entry_in_order(void **state)
{
	static real d[ROWS][COLS];
	struct err e;
	struct sparse *a = draw(1, d), *t = NULL;
	assert_int_equal(sparse_transpose(a, &t, &e), OK);
	assert_int_equal(t->rows, COLS);
	assert_int_equal(t->cols, ROWS);
	assert_int_equal(sparse_entries(t), sparse_entries(a));
	for (int j = 0; j < COLS; j++)
		for (int64_t p = t->start[j]; p < t->start[j + 1]; p++) {
			assert_true(p == t->start[j] || t->col[p - 1] < t->col[p]);
			assert_true(t->value[p] == d[t->col[p]][j]);
		}
	sparse_free(a);
	sparse_free(t);
}

static void products_agree_with_loops(void **state)
{
	static real d[ROWS][COLS], gram[COLS][COLS], x[COLS][DIM], y[ROWS][DIM];
	struct err e;
	struct sparse *a = draw(2, d), *t = NULL;
	assert_int_equal(sparse_transpose(a, &t, &e), OK);
	sparse_gram(a, t, &gram[0][0]);
	for (int j = 0; j < COLS; j++)
		for (int k = 0; k < DIM; k++)
			x[j][k] = (real)(j - k) / 7;
	sparse_times(a, &x[0][0], DIM, &y[0][0]);
	for (int i = 0; i < COLS; i++)
		for (int j = 0; j < COLS; j++) {
			double want = 0;
			for (int r = 0; r < ROWS; r++)
				want += (double)d[r][i] * (double)d[r][j];
			close_to((double)gram[i][j], want);
		}
	for (int r = 0; r < ROWS; r++)
		for (int k = 0; k < DIM; k++) {
			double want = 0;
			for (int j = 0; j < COLS; j++)
				want += (double)d[r][j] * (double)x[j][k];
			close_to((double)y[r][k], want);
		}
	sparse_free(a);
	sparse_free(t);
}

/* The formula of the header over the dense matrix. */
static double alike(const struct similarity_options *o, real d[ROWS][COLS], int i, int j)
{
	double dot = 0, ni = 0, nj = 0;
	bool pattern = o->kind == SIM_JACCARD || o->kind == SIM_DICE || o->kind == SIM_TVERSKY;
	for (int r = 0; r < ROWS; r++) {
		double x = pattern ? d[r][i] != 0 : (double)d[r][i], y = pattern ? d[r][j] != 0 : (double)d[r][j];
		dot += x * y;
		ni += x * x;
		nj += y * y;
	}
	switch (o->kind) {
	case SIM_COSINE:
		return dot / (sqrt(ni * nj) + o->shrink);
	case SIM_ASYMMETRIC:
		return dot / (pow(ni, o->alpha) * pow(nj, 1 - o->alpha) + o->shrink);
	case SIM_JACCARD:
		return dot / (ni + nj - dot + o->shrink);
	case SIM_DICE:
		return 2 * dot / (ni + nj + o->shrink);
	case SIM_TVERSKY:
		return dot / (dot + o->alpha * (ni - dot) + o->beta * (nj - dot) + o->shrink);
	case SIM_DOT:
		return dot / (1 + o->shrink);
	}
	return 0;
}

static void check_neighbours(const struct similarity_options *o, real d[ROWS][COLS], const struct sparse *s)
{
	for (int i = 0; i < COLS; i++) {
		int kept = 0, better = 0, positive = 0;
		double worst = INFINITY;
		for (int64_t p = s->start[i]; p < s->start[i + 1]; p++, kept++) {
			assert_true(p == s->start[i] || s->col[p - 1] < s->col[p]);
			assert_int_not_equal(s->col[p], i);
			close_to((double)s->value[p], alike(o, d, i, s->col[p]));
			worst = fmin(worst, (double)s->value[p]);
		}
		for (int j = 0; j < COLS; j++) {
			double v = j == i ? 0 : alike(o, d, i, j);
			positive += v > 1e-9;
			better += v > worst + tolerance;
		}
		assert_int_equal(kept, positive < o->k ? positive : o->k);
		assert_true(better < kept || kept == 0);
	}
}

static void neighbours_are_the_most_similar_columns(void **state)
{
	static real d[ROWS][COLS];
	struct err e;
	struct sparse *a = draw(3, d);
	for (int kind = SIM_COSINE; kind <= SIM_DOT; kind++)
		for (int32_t k = 1; k <= COLS + 3; k += 5) {
			struct similarity_options o = {(enum similarity)kind, k, k % 2 ? 0 : 1.5, 0.3, 0.9};
			struct sparse *s = NULL;
			assert_int_equal(sparse_neighbours(a, &o, &s, &e), OK);
			check_neighbours(&o, d, s);
			sparse_free(s);
		}
	struct similarity_options none = {SIM_COSINE, 0, 0, 0, 0};
	struct sparse *s = NULL;
	assert_int_equal(sparse_neighbours(a, &none, &s, &e), ERR_ARG);
	assert_null(s);
	sparse_free(a);
}

/* Columns 0 and 1 are equally like column 2: the lower one stays. */
static void ties_go_to_the_lower_column(void **state)
{
	struct sparse *a = NULL, *s = NULL;
	struct err e;
	assert_int_equal(sparse_new(1, 3, 3, &a, &e), OK);
	a->start[1] = 3;
	for (int j = 0; j < 3; j++) {
		a->col[j] = j;
		a->value[j] = 1;
	}
	struct similarity_options o = {SIM_COSINE, 1, 0, 0, 0};
	assert_int_equal(sparse_neighbours(a, &o, &s, &e), OK);
	assert_int_equal(s->col[s->start[2]], 0);
	assert_int_equal(s->col[s->start[0]], 1);
	sparse_free(a);
	sparse_free(s);
}

/* The gradient of the weighted objective is zero at the solution of each row. */
static void least_squares_minimise_their_objective(void **state)
{
	static real d[ROWS][COLS], y[COLS][DIM], x[ROWS][DIM];
	struct err e;
	struct sparse *c = draw(4, d);
	struct rng r = rng_stream(5, RNG_TEST, 0, 0);
	const double reg = 0.7, nu = 0.5;
	for (int64_t p = 0; p < sparse_entries(c); p++)
		c->value[p] = (real)(1 + 3 * rng_unit(&r));
	for (int j = 0; j < COLS; j++)
		for (int k = 0; k < DIM; k++)
			y[j][k] = (real)(rng_unit(&r) - 0.5);
	memset(x, 0x7f, sizeof x);
	assert_int_equal(sparse_least_squares(c, &y[0][0], DIM, reg, nu, &x[0][0], &e), OK);
	for (int u = 0; u < ROWS; u++) {
		int64_t from = c->start[u], n = c->start[u + 1] - from;
		for (int k = 0; k < DIM; k++) {
			double g = reg * pow((double)n, nu) * (double)x[u][k];
			for (int j = 0; j < COLS; j++) {
				double confidence = 1, preference = 0, predicted = 0;
				for (int64_t p = from; p < from + n; p++)
					if (c->col[p] == j) {
						confidence = (double)c->value[p];
						preference = 1;
					}
				for (int l = 0; l < DIM; l++)
					predicted += (double)x[u][l] * (double)y[j][l];
				g += confidence * (predicted - preference) * (double)y[j][k];
			}
			if (n > 0)
				close_to(g, 0);
			else
				assert_true(x[u][k] == 0);
		}
	}
	c->value[0] = -1e6; /* no confidence: the first row's system is not positive definite */
	assert_int_equal(sparse_least_squares(c, &y[0][0], DIM, 0, 0, &x[0][0], &e), ERR_NUMERIC);
	sparse_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_transpose_has_every_entry_in_order),
		cmocka_unit_test(products_agree_with_loops),
		cmocka_unit_test(neighbours_are_the_most_similar_columns),
		cmocka_unit_test(ties_go_to_the_lower_column),
		cmocka_unit_test(least_squares_minimise_their_objective),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
