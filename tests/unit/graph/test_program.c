/* The engine as a whole: gradients of programs against central differences, for any number of workers and any slices;
 * row-sparse against dense; bit-identical repetition; no allocation inside a step; the flight recorder. */
#include "graph/program.h"
#include "base/rng.h"
#include "graph/reduce.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define COUNT_ALLOCATIONS 1
extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);
extern void *__libc_memalign(size_t align, size_t n);
static long allocations;
void *malloc(size_t n)
{
	__atomic_add_fetch(&allocations, 1, __ATOMIC_RELAXED);
	return __libc_malloc(n);
}
void *calloc(size_t n, size_t size)
{
	__atomic_add_fetch(&allocations, 1, __ATOMIC_RELAXED);
	return __libc_calloc(n, size);
}
void *realloc(void *p, size_t n)
{
	__atomic_add_fetch(&allocations, 1, __ATOMIC_RELAXED);
	return __libc_realloc(p, n);
}
void *aligned_alloc(size_t align, size_t n)
{
	__atomic_add_fetch(&allocations, 1, __ATOMIC_RELAXED);
	return __libc_memalign(align, n);
}
#endif

enum { EXAMPLES = 7, ITEMS = 11, DIM = 6, TOKENS = 23 };

/* A small sequence model: items -> embedding -> linear -> tanh -> layer norm, times the embedding of the target, BCE. */
struct world {
	struct param *table, *weight, *bias, *gain, *shift;
	struct batch batch;
	int32_t offsets[EXAMPLES + 1], item[TOKENS], target[TOKENS];
	real label[TOKENS];
};

static struct param *make(const char *name, int ndim, int d0, int d1, bool lazy)
{
	struct shape s = shape_fixed(ndim, d0, d1, 0);
	struct param *p;
	assert_int_equal(param_new(name, &s, &p, NULL), OK);
	struct rng r = rng_stream(3, RNG_TEST, rng_hash_name(name), 0);
	for (int64_t i = 0; i < p->n; i++)
		p->value[i] = (real)(rng_unit(&r) * 2 - 1);
	p->lazy = lazy;
	return p;
}

static void world_init(struct world *w, bool lazy)
{
	memset(w, 0, sizeof *w);
	w->table = make("item", 2, ITEMS, DIM, lazy);
	w->weight = make("weight", 2, DIM, DIM, false);
	w->bias = make("bias", 1, DIM, 0, false);
	w->gain = make("gain", 1, DIM, 0, false);
	w->shift = make("shift", 1, DIM, 0, false);
	struct rng r = rng_stream(5, RNG_TEST, 0, 0);
	static const int32_t lengths[EXAMPLES] = {4, 1, 6, 2, 5, 3, 2};
	for (int x = 0; x < EXAMPLES; x++)
		w->offsets[x + 1] = w->offsets[x] + lengths[x];
	for (int t = 0; t < TOKENS; t++) {
		w->item[t] = (int32_t)rng_below(&r, ITEMS);
		w->target[t] = (int32_t)rng_below(&r, ITEMS);
		w->label[t] = (real)rng_below(&r, 2);
	}
	w->batch = (struct batch){.examples = EXAMPLES,
		.nfields = 3,
		.spec = {{"item", FIELD_INT, AXIS_TOKEN, 1}, {"target", FIELD_INT, AXIS_TOKEN, 1},
			{"label", FIELD_REAL, AXIS_TOKEN, 1}},
		.column = {w->item, w->target, w->label},
		.seed = 1,
		.step = 12};
	w->batch.offsets[AXIS_TOKEN] = w->offsets;
}

static void world_fini(struct world *w)
{
	param_unref(w->table);
	param_unref(w->weight);
	param_unref(w->bias);
	param_unref(w->gain);
	param_unref(w->shift);
}

static int apply(struct trace *t, const char *op, int n, ...)
{
	int in[8];
	va_list ap;
	struct err e = {OK, ""};
	va_start(ap, n);
	for (int i = 0; i < n; i++)
		in[i] = va_arg(ap, int);
	va_end(ap);
	int out = trace_apply(t, op, in, n, NULL, &e);
	if (out < 0)
		fail_msg("%s: %s", op, e.text);
	return out;
}

static struct program *trace_world(struct world *w, bool inner_log)
{
	struct trace *t;
	struct program *p;
	struct err e = {OK, ""};
	assert_int_equal(trace_new(&w->batch, &t, &e), OK);
	int table = trace_param(t, w->table, &e);
	int x = apply(t, "embedding", 2, table, trace_input(t, "item", &e));
	trace_push(t, "tower");
	int h = apply(t, "linear", 3, x, trace_param(t, w->weight, &e), trace_param(t, w->bias, &e));
	h = apply(t, "add", 2, apply(t, "tanh", 1, h), apply(t, "mul", 2, x, x));
	if (inner_log)
		h = apply(t, "log", 1, h);
	h = apply(t, "layer_norm", 3, h, trace_param(t, w->gain, &e), trace_param(t, w->shift, &e));
	trace_pop(t);
	int y = apply(t, "embedding", 2, table, trace_input(t, "target", &e));
	int s = apply(t, "linear", 2, apply(t, "mul", 2, h, y), trace_param(t, w->weight, &e));
	/* the sum over the last dimension, as a product with a parameter would be; the loss takes [tokens, DIM] against labels */
	int label = trace_input(t, "label", &e);
	int logits = apply(t, "dot", 2, s, y);
	int loss = apply(t, "bce_logits", 2, logits, label);
	int half = trace_number(t, 0.5, &e);
	loss = apply(t, "add", 2, apply(t, "mul", 2, loss, half), half);
	if (trace_finish(t, PROGRAM_TRAIN, &loss, 1, &p, &e) != OK)
		fail_msg("%s", e.text);
	trace_free(t);
	return p;
}

static double loss_of(struct engine *g, struct program *p, struct batch *b)
{
	double loss[1];
	struct err e = {OK, ""};
	if (program_step(g, p, b, loss, &e) != OK)
		fail_msg("%s", e.text);
	return loss[0];
}

static struct engine *engine_of(int threads, int64_t slice_rows)
{
	struct engine_options o = {threads, slice_rows};
	struct engine *g;
	assert_int_equal(engine_new(&o, &g, NULL), OK);
	return g;
}

static void check_gradients(int threads, int64_t slice_rows, bool lazy)
{
	struct world w;
	world_init(&w, lazy);
	struct engine *g = engine_of(threads, slice_rows);
	struct program *p = trace_world(&w, false);
	struct param *const *params;
	int n = program_params(p, &params);
	double h = sizeof(real) == 8 ? 1e-6 : 1e-2, tolerance = sizeof(real) == 8 ? 1e-6 : 2e-2;
	for (int q = 0; q < n; q++) {
		real *grad = calloc((size_t)params[q]->n, sizeof *grad);
		loss_of(g, p, &w.batch);
		reduce_dense(g, p, q, grad);
		for (int64_t i = 0; i < params[q]->n; i++) {
			real keep = params[q]->value[i];
			params[q]->value[i] = keep + (real)h;
			double up = loss_of(g, p, &w.batch);
			params[q]->value[i] = keep - (real)h;
			double down = loss_of(g, p, &w.batch);
			params[q]->value[i] = keep;
			double numeric = (up - down) / (2 * h);
			if (fabs(numeric - (double)grad[i]) > tolerance * (1 + fabs(numeric)))
				fail_msg("%s[%lld]: %g, by differences %g (threads %d, slice %lld)", params[q]->name,
					(long long)i, (double)grad[i], numeric, threads, (long long)slice_rows);
		}
		free(grad);
	}
	program_free(p);
	engine_free(g);
	world_fini(&w);
}

static void test_gradients(void **state)
{
	(void)state;
	check_gradients(1, 0, false);
	check_gradients(1, 0, true);
	check_gradients(2, 1, true);
	check_gradients(3, 4, false);
	check_gradients(5, 2, true);
}

static void test_loss_does_not_depend_on_slices(void **state)
{
	(void)state;
	struct world w;
	world_init(&w, true);
	double first = 0;
	for (int threads = 1; threads <= 4; threads++)
		for (int64_t rows = 1; rows < 40; rows = rows * 2 + 1) {
			struct engine *g = engine_of(threads, rows);
			struct program *p = trace_world(&w, false);
			double loss = loss_of(g, p, &w.batch);
			if (threads == 1 && rows == 1)
				first = loss;
			assert_true(fabs(loss - first) < (sizeof(real) == 8 ? 1e-12 : 1e-5));
			program_free(p);
			engine_free(g);
		}
	world_fini(&w);
}

static void test_repeats_to_the_bit(void **state)
{
	(void)state;
	struct world w;
	world_init(&w, true);
	real grad[2][ITEMS * DIM];
	for (int k = 0; k < 2; k++) {
		struct engine *g = engine_of(2, 3);
		struct program *p = trace_world(&w, false);
		loss_of(g, p, &w.batch);
		reduce_dense(g, p, 0, grad[k]);
		program_free(p);
		engine_free(g);
	}
	assert_memory_equal(grad[0], grad[1], sizeof grad[0]);
	world_fini(&w);
}

static void test_step_does_not_allocate(void **state)
{
	(void)state;
#ifdef COUNT_ALLOCATIONS
	struct world w;
	world_init(&w, true);
	struct engine *g = engine_of(2, 3);
	struct program *p = trace_world(&w, false);
	loss_of(g, p, &w.batch);
	reduce_norm(g, p);
	long before = allocations;
	for (int i = 0; i < 10; i++) {
		w.batch.step++;
		loss_of(g, p, &w.batch);
		reduce_norm(g, p);
	}
	assert_int_equal(allocations, before);
	program_free(p);
	engine_free(g);
	world_fini(&w);
#endif
}

static void expect_report(struct world *w, struct program *p, const char *const *words)
{
	struct engine *g = engine_of(2, 3);
	struct err e = {OK, ""};
	double loss[1];
	assert_int_equal(program_step(g, p, &w->batch, loss, &e), ERR_NUMERIC);
	for (; *words; words++)
		if (!strstr(e.text, *words))
			fail_msg("'%s' is not in: %s", *words, e.text);
	program_free(p);
	engine_free(g);
}

static void test_recorder_names_the_culprit(void **state)
{
	(void)state;
	struct world w;
	world_init(&w, true);
	static const char *const in_log[] = {"step 12", "log", "tower", "row", NULL}, *const in_table[] = {
											      "item", "row 4", NULL};
	expect_report(&w, trace_world(&w, true), in_log);
	w.table->value[4 * DIM + 2] = (real)INFINITY;
	w.item[0] = 4;
	expect_report(&w, trace_world(&w, false), in_table);
	world_fini(&w);
}

static void test_rules_of_sums(void **state)
{
	(void)state;
	struct world w;
	world_init(&w, false);
	struct trace *t;
	struct program *p;
	struct err e = {OK, ""};
	assert_int_equal(trace_new(&w.batch, &t, &e), OK);
	assert_int_equal(trace_input(t, "nothing", &e), -1);
	assert_non_null(strstr(e.text, "item, target, label"));
	int x = apply(t, "embedding", 2, trace_param(t, w.table, &e), trace_input(t, "item", &e));
	assert_int_equal(trace_finish(t, PROGRAM_TRAIN, &x, 1, &p, &e), ERR_SHAPE);
	int loss = apply(t, "bce_logits", 2, apply(t, "dot", 2, x, x), trace_input(t, "label", &e));
	assert_int_equal(trace_apply(t, "sigmoid", &loss, 1, NULL, &e), -1);
	trace_push(t, "block 1");
	int bad[2] = {x, trace_param(t, w.bias, &e)};
	assert_int_equal(trace_apply(t, "linear", bad, 2, NULL, &e), -1);
	assert_true(strncmp(e.text, "block 1: linear", 15) == 0);
	trace_free(t);
	world_fini(&w);
}

static void test_scopes_close_as_they_were_opened(void **state)
{
	struct trace *t = NULL;
	assert_int_equal(trace_new(NULL, &t, NULL), OK);
	trace_push(t, "user/attention");
	trace_push(t, "inner");
	assert_string_equal(trace_scope(t), "user/attention/inner");
	trace_pop(t);
	assert_string_equal(trace_scope(t), "user/attention");
	trace_pop(t);
	assert_string_equal(trace_scope(t), "");
	for (int i = 0; i < 200; i++)
		trace_push(t, "deep");
	for (int i = 0; i < 200; i++)
		trace_pop(t);
	assert_string_equal(trace_scope(t), "");
	trace_free(t);
}

/* ---- work ---- */

static double flops_of(const struct op_time *times, int n, const char *op)
{
	double sum = 0;
	for (int k = 0; k < n; k++)
		sum += strcmp(times[k].op, op) == 0 ? times[k].work.flops : 0;
	return sum;
}

/* What a step's products come to by hand, whatever its slices: a linear layer multiplies three times (y, dx, dW), two of them stand in
 * the program; a lookup copies its rows and adds their gradients, two of these too. */
static void test_work(void **state)
{
	(void)state;
	for (int slice = 0; slice < 3; slice++) {
		struct world w;
		struct op_time times[32];
		world_init(&w, slice == 1);
		struct engine *g = engine_of(1, slice);
		struct program *p = trace_world(&w, false);
		loss_of(g, p, &w.batch);
		int n = program_times(p, times, 32);
		assert_true(flops_of(times, n, "linear") == 0); /* only in a profile */
		engine_profile(g, true);
		loss_of(g, p, &w.batch);
		loss_of(g, p, &w.batch);
		assert_int_equal(program_times(p, times, 32), n);
		assert_true(flops_of(times, n, "linear") == 2 * 2 * 3 * (2. * TOKENS * DIM * DIM));
		assert_true(flops_of(times, n, "dot") == 2 * 3 * (2. * TOKENS * DIM));
		assert_true(flops_of(times, n, "embedding") == 2 * 2 * (1. * TOKENS * DIM));
		assert_true(flops_of(times, n, "tanh") == 0);
		for (int k = 0; k < n; k++)
			assert_true((times[k].work.flops > 0) == (times[k].work.bytes > 0));
		program_free(p);
		engine_free(g);
		world_fini(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gradients),
		cmocka_unit_test(test_loss_does_not_depend_on_slices),
		cmocka_unit_test(test_repeats_to_the_bit),
		cmocka_unit_test(test_step_does_not_allocate),
		cmocka_unit_test(test_work),
		cmocka_unit_test(test_recorder_names_the_culprit),
		cmocka_unit_test(test_rules_of_sums),
		cmocka_unit_test(test_scopes_close_as_they_were_opened),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
