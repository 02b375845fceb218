/* Live numbers: a program that takes them over computes what a program traced with them computes, to the bit. */
#include "graph/program.h"
#include "graph/reduce.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { EXAMPLES = 33, ROWS = 9, DIM = 5 };

static const struct variant {
	double rate, weight, slope;
	bool squared;
} usual = {.rate = .3, .weight = .5, .slope = .1};

struct world {
	struct param *table;
	int32_t id[EXAMPLES];
	struct batch batch;
	struct engine *engine;
};

static int setup(void **state)
{
	static struct world w;
	struct shape s = shape_fixed(2, ROWS, DIM, 0);
	struct rng r = rng_stream(3, RNG_TEST, 0, 0);
	assert_int_equal(param_new("table", &s, &w.table, NULL), OK);
	for (int64_t i = 0; i < w.table->n; i++)
		w.table->value[i] = (real)(rng_unit(&r) * 2 - 1);
	for (int i = 0; i < EXAMPLES; i++)
		w.id[i] = (int32_t)rng_below(&r, ROWS);
	w.batch = (struct batch){.examples = EXAMPLES,
		.nfields = 1,
		.spec = {{.name = "id", .type = FIELD_INT, .axis = AXIS_EXAMPLE, .width = 1, .below = ROWS}},
		.column = {w.id},
		.seed = 1,
		.step = 4};
	assert_int_equal(engine_new(&(struct engine_options){.threads = 2, .slice_rows = 8}, &w.engine, NULL), OK);
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	param_unref(w->table);
	engine_free(w->engine);
	return 0;
}

/* attr: the op's first, where it is not negative. */
static int op(struct trace *t, const char *name, int a, int b, double attr)
{
	struct err e;
	struct args args;
	int in[2] = {a, b};
	args_default(&op_find(name)->desc, &args);
	if (attr >= 0)
		args.num[0] = attr;
	int y = trace_apply(t, name, in, b < 0 ? 1 : 2, args.num, &e);
	if (y < 0)
		fail_msg("%s: %s", name, e.text);
	return y;
}

static struct program *traced(const struct world *w, const struct variant *v, struct param *table)
{
	struct trace *t;
	struct program *p;
	struct err e;
	assert_int_equal(trace_new(&w->batch, &t, &e), OK);
	assert_int_equal(trace_below(t, trace_input(t, "id", &e)), ROWS);
	int h = op(t, "embedding", trace_param(t, table, &e), trace_input(t, "id", &e), -1);
	h = op(t, "leaky_relu", op(t, "dropout", h, -1, v->rate), -1, v->slope);
	if (v->squared)
		h = op(t, "square", h, -1, -1);
	h = op(t, "mul", h, trace_number(t, v->weight, &e), -1);
	int loss = op(t, "mean_all", op(t, "square", h, -1, -1), -1, -1);
	assert_int_equal(trace_finish(t, PROGRAM_TRAIN, &loss, 1, &p, &e), OK);
	trace_free(t);
	return p;
}

static double step(struct world *w, struct program *p, real gradient[ROWS * DIM])
{
	double loss;
	struct err e;
	if (program_step(w->engine, p, &w->batch, &loss, &e) != OK)
		fail_msg("%s", e.text);
	reduce_dense(w->engine, p, 0, gradient);
	return loss;
}

static void live_numbers_are_taken_over(void **state)
{
	struct world *w = *state;
	struct variant other = {.rate = .6, .weight = -2, .slope = .02};
	struct program *p = traced(w, &usual, w->table), *q = traced(w, &other, w->table);
	real before[ROWS * DIM], after[ROWS * DIM], wanted[ROWS * DIM];
	double first = step(w, p, before), target = step(w, q, wanted);
	assert_true(first != target);
	assert_true(program_same(p, q));
	assert_int_equal(program_take_live(p, q), 3);
	assert_int_equal(program_take_live(p, q), 0);
	assert_true(step(w, p, after) == target);
	assert_memory_equal(after, wanted, sizeof after);
	program_free(p);
	program_free(q);
}

static void other_programs_are_not_the_same(void **state)
{
	struct world *w = *state;
	struct variant squared = usual;
	struct shape s = shape_fixed(2, ROWS, DIM, 0);
	struct param *twin;
	squared.squared = true;
	assert_int_equal(param_new("table", &s, &twin, NULL), OK);
	memcpy(twin->value, w->table->value, (size_t)twin->n * sizeof(real));
	struct program *p = traced(w, &usual, w->table), *q = traced(w, &squared, w->table),
		       *r = traced(w, &usual, twin);
	assert_true(program_same(p, p));
	assert_false(program_same(p, q)); /* another op */
	assert_false(program_same(p, r)); /* another parameter, whatever its numbers */
	program_free(q);
	program_free(r);
	program_free(p);
	param_unref(twin);
}

/* Attributes that are not declared so are no live numbers; constants are the same where their numbers are. */
static void other_attributes_and_constants_count(void **state)
{
	struct world *w = *state;
	struct err e;
	struct program *p[4];
	struct shape s = shape_fixed(1, DIM, 0, 0);
	for (int k = 0; k < 4; k++) {
		struct trace *t;
		struct param *c;
		assert_int_equal(param_new("constant", &s, &c, &e), OK);
		c->trainable = false;
		for (int i = 0; i < DIM; i++)
			c->value[i] = (real)(k == 2 ? 2 * i : i);
		assert_int_equal(trace_new(&w->batch, &t, &e), OK);
		int h = op(t, "embedding", trace_param(t, w->table, &e), trace_input(t, "id", &e), -1);
		h = op(t, "add", h, trace_param(t, c, &e), -1);
		int in[] = {h, trace_param(t, c, &e), trace_param(t, c, &e)};
		h = trace_apply(t, "layer_norm", in, 3, (const double[]){k == 3 ? 1e-3 : 1e-5}, &e);
		if (h < 0)
			fail_msg("%s", e.text);
		assert_int_equal(trace_finish(t, PROGRAM_INFER, &h, 1, &p[k], &e), OK);
		trace_free(t);
		param_unref(c);
	}
	assert_true(program_same(p[0], p[1]));
	assert_false(program_same(p[0], p[2]));
	assert_false(program_same(p[0], p[3]));
	for (int k = 0; k < 4; k++)
		program_free(p[k]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(live_numbers_are_taken_over),
		cmocka_unit_test(other_programs_are_not_the_same),
		cmocka_unit_test(other_attributes_and_constants_count),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
