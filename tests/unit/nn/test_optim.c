/* Updates against trajectories of torch.optim (tests/reference/optim), dense, by rows, and with clipping. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "nn/optim_rows.h"
#include "nn/schedule.h"
#include "support/close.h"

struct trajectory {
	const char *name;
	double lr;
	struct {
		const char *arg;
		double v;
	} set[6];
	struct {
		int64_t t;
		double w[3];
	} point[4];
};

static const struct trajectory trajectories[] = {
#include "reference/optim/torch.h"
};

enum { CASES = sizeof trajectories / sizeof *trajectories };

static const double start[3] = {1, -2, .5};

static const struct optim_class *class_of(const struct trajectory *c, struct args *a)
{
	const struct desc *d = registry_find(&optim_registry, c->name);
	assert_non_null(d);
	args_default(d, a);
	/* torch's default for AdamW is ours; elsewhere decay is 0 in both */
	for (int i = 0; c->set[i].arg; i++)
		assert_int_equal(args_set_number(d, a, c->set[i].arg, c->set[i].v, NULL), OK);
	return (const struct optim_class *)d;
}

static struct optim_step step_of(
	const struct optim_class *class, const struct trajectory *c, const struct args *a, int64_t t)
{
	struct optim_step s = {.t = t, .lr = c->lr, .clip = 1, .args = a};
	s.decay = a->num[arg_index(&class->desc, "decay")];
	if (class->begin)
		class->begin(&s);
	return s;
}

static void gradient(const real *w, int64_t t, real *g)
{
	static const double to[3] = {.3, -.1, 2}, scale[3] = {1, 10, .1};
	for (int k = 0; k < 3; k++)
		g[k] = (real)(((double)w[k] - to[k]) * scale[k] + .1 * sin((double)t + k));
}

static void compare(const struct trajectory *c, int64_t t, const real *w)
{
	double tolerance = sizeof(real) == 4 ? 3e-5 : 1e-10;
	for (int i = 0; i < 4; i++)
		for (int k = 0; k < 3 && c->point[i].t == t; k++)
			assert_close((double)w[k], c->point[i].w[k], tolerance);
}

static void test_torch(void **state)
{
	for (int i = 0; i < CASES; i++) {
		struct args a;
		const struct trajectory *c = &trajectories[i];
		const struct optim_class *class = class_of(c, &a);
		real w[3], g[3], s[OPTIM_STATES_MAX][3] = {{0}}, *part[OPTIM_STATES_MAX] = {s[0], s[1], s[2]};
		for (int k = 0; k < 3; k++)
			w[k] = (real)start[k];
		for (int64_t t = 1; t <= 50; t++) {
			struct optim_step step = step_of(class, c, &a, t);
			gradient(w, t, g);
			class->update(&step, w, g, part, 3);
			compare(c, t, w);
		}
	}
}

/* The same in the even rows of a table, in mixed order; the odd rows must not move. */
static void test_rows(void **state)
{
	enum { ROWS = 40, TOUCHED = 20 };
	for (int i = 0; i < CASES; i++) {
		struct args a;
		const struct trajectory *c = &trajectories[i];
		const struct optim_class *class = class_of(c, &a);
		real w[ROWS * 3], g[TOUCHED * 3], s[OPTIM_STATES_MAX][ROWS * 3] = {{0}};
		real *part[OPTIM_STATES_MAX] = {s[0], s[1], s[2]};
		struct grad_row rows[TOUCHED];
		for (int r = 0; r < TOUCHED; r++)
			rows[r] = (struct grad_row){(r * 7 % TOUCHED) * 2, g + r * 3};
		for (int k = 0; k < ROWS * 3; k++)
			w[k] = (real)start[k % 3];
		for (int64_t t = 1; t <= 50; t++) {
			struct optim_step step = step_of(class, c, &a, t);
			for (int r = 0; r < TOUCHED; r++)
				gradient(w + rows[r].row * 3, t, rows[r].g);
			optim_update_rows(class, &step, w, part, 3, rows, TOUCHED);
			for (int r = 0; r < TOUCHED; r++)
				compare(c, t, w + rows[r].row * 3);
		}
		for (int k = 0; k < ROWS * 3; k++) {
			if (k / 3 % 2 == 0)
				continue;
			assert_true(w[k] == (real)start[k % 3]);
			for (int j = 0; j < class->states; j++)
				assert_true(s[j][k] == 0);
		}
	}
}

static void test_clip(void **state)
{
	for (int i = 0; i < CASES; i++) {
		struct args a;
		const struct optim_class *class = class_of(&trajectories[i], &a);
		enum { N = 37 };
		real w[2][N], g[2][N], s[2][OPTIM_STATES_MAX][N] = {{{0}}};
		struct rng r = rng_stream(1, RNG_TEST, 0, 0);
		for (int k = 0; k < N; k++) {
			w[0][k] = w[1][k] = (real)rng_unit(&r);
			g[0][k] = (real)rng_unit(&r);
			g[1][k] = g[0][k] / 4;
		}
		for (int v = 0; v < 2; v++) {
			struct optim_step step = step_of(class, &trajectories[i], &a, 1);
			step.clip = v ? 1 : .25;
			class->update(&step, w[v], g[v], (real *[]){s[v][0], s[v][1], s[v][2]}, N);
		}
		assert_memory_equal(w[0], w[1], sizeof w[0]);
	}
}

static void test_arguments(void **state)
{
	struct optim *o = NULL;
	struct err e;
	assert_int_equal(optim_new("adan", &o, &e), ERR_NOTFOUND);
	assert_non_null(strstr(e.text, "adam"));
	assert_int_equal(optim_new("adam", &o, &e), OK);
	assert_close(optim_get(o, "beta2"), .999, 0);
	assert_true(isnan(optim_get(o, "momentum")));
	assert_int_equal(optim_set(o, "beta1", 1.5, &e), ERR_ARG);
	assert_string_equal(e.text, "adam: beta1 must be in 0..0.999999, got 1.5");
	assert_int_equal(optim_set(o, "beta", .5, &e), ERR_ARG);
	assert_int_equal(optim_set(o, "eps", 1e-6, &e), OK);
	assert_close(optim_get(o, "eps"), 1e-6, 0);
	optim_free(o);
	optim_free(NULL);
	for (size_t i = 0; i < optim_registry.n; i++) {
		assert_true(arg_index(optim_registry.rows[i], "lr") >= 0);
		assert_true(arg_index(optim_registry.rows[i], "decay") >= 0);
		assert_true(arg_index(optim_registry.rows[i], "decay_bias") >= 0);
	}
}

static double factor(const char *name, double a0, double a1, double a2, int64_t step)
{
	const struct schedule_class *c = (const struct schedule_class *)registry_find(&schedule_registry, name);
	assert_non_null(c);
	struct args a = {.num = {a0, a1, a2}};
	return c->factor(&a, step);
}

static void test_schedules(void **state)
{
	assert_close(factor("constant", 0, 0, 0, 1000), 1, 0);
	assert_close(factor("step", 10, .5, 0, 9), 1, 0);
	assert_close(factor("step", 10, .5, 0, 10), .5, 0);
	assert_close(factor("step", 10, .5, 0, 35), .125, 1e-15);
	assert_close(factor("cosine", 100, .2, 0, 0), 1, 0);
	assert_close(factor("cosine", 100, .2, 0, 50), .6, 1e-12);
	assert_close(factor("cosine", 100, .2, 0, 100), .2, 1e-12);
	assert_close(factor("cosine", 100, .2, 0, 1000), .2, 1e-12);
	assert_close(factor("warmup", 4, 0, 0, 0), .25, 0);
	assert_close(factor("warmup", 4, 0, 0, 3), 1, 0);
	assert_close(factor("warmup", 4, 0, 0, 9), 1, 0);
	assert_close(factor("warmup_cosine", 10, 110, 0, 4), .5, 0);
	assert_close(factor("warmup_cosine", 10, 110, 0, 10), 1, 0);
	assert_close(factor("warmup_cosine", 10, 110, 0, 60), .5, 1e-12);
	assert_close(factor("warmup_cosine", 0, 100, .1, 100), .1, 1e-12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_torch), cmocka_unit_test(test_rows),
		cmocka_unit_test(test_clip), cmocka_unit_test(test_arguments), cmocka_unit_test(test_schedules)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
