/* Optimizers inside the engine: lazy tables beside dense ones, clipping, resuming from checkpoints, kill -9 while
 * saving. */
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "nn/checkpoint.h"
#include "nn/layer.h"
#include "support/close.h"

enum { ROWS = 50, DIM = 8, BATCH = 40 };

/* Logistic matrix factorisation: loss = sum of BCE over (user, item, label). */
struct model {
	struct paramset *s;
	struct layer *user, *item, *bias;
	struct engine *g;
	struct program *p;
	struct optim *o;
	struct batch b;
	int32_t users[BATCH], items[BATCH];
	real labels[BATCH];
};

static struct layer *make_layer(
	struct model *m, const char *class, const char *name, const char *const *arg, const double *v)
{
	const struct desc *d = registry_find(&layer_registry, class);
	struct args a;
	struct err e;
	struct layer *l = NULL;
	args_default(d, &a);
	for (; *arg; arg++, v++)
		if (args_set_number(d, &a, *arg, *v, &e) != OK)
			fail_msg("%s", e.text);
	if (layer_new(class, name, &a, m->s, &l, &e) != OK)
		fail_msg("%s", e.text);
	return l;
}

static struct layer *make_table(struct model *m, const char *name, bool lazy)
{
	static const char *const args[] = {"rows", "dim", "std", "lazy", NULL};
	return make_layer(m, "embedding", name, args, (const double[]){ROWS, DIM, .3, lazy});
}

static void signature(struct model *m)
{
	static const struct field_spec spec[3] = {{"user", FIELD_INT, AXIS_EXAMPLE, 1},
		{"item", FIELD_INT, AXIS_EXAMPLE, 1}, {"label", FIELD_REAL, AXIS_EXAMPLE, 1}};
	m->b = (struct batch){.examples = BATCH, .nfields = 3};
	for (int i = 0; i < 3; i++)
		m->b.spec[i] = spec[i];
	m->b.column[0] = m->users;
	m->b.column[1] = m->items;
	m->b.column[2] = m->labels;
}

static void trace_model(struct model *m, struct err *e)
{
	struct trace *t = NULL;
	assert_int_equal(trace_new(&m->b, &t, e), OK);
	int user = trace_input(t, "user", e), item = trace_input(t, "item", e), label = trace_input(t, "label", e);
	int u = layer_apply(m->user, t, &user, 1, e), i = layer_apply(m->item, t, &item, 1, e);
	int w = layer_apply(m->bias, t, &i, 1, e);
	int logit = trace_apply(t, "dot", (const int[]){u, w}, 2, NULL, e);
	int loss = trace_apply(t, "bce_logits", (const int[]){logit, label}, 2, NULL, e);
	const struct shape *s = loss < 0 ? NULL : trace_shape(t, loss);
	if (s && s->axis != AXIS_FIXED)
		loss = trace_apply(t, "sum_all", &loss, 1, NULL, e);
	if (loss < 0 || trace_finish(t, PROGRAM_TRAIN, &loss, 1, &m->p, e) != OK)
		fail_msg("%s", e->text);
	trace_free(t);
}

static void model_init(struct model *m, const char *optim, bool lazy)
{
	struct err e = {0};
	static const char *const linear_args[] = {"in", "out", NULL};
	memset(m, 0, sizeof *m);
	m->s = paramset_new(3);
	m->user = make_table(m, "user", lazy);
	m->item = make_table(m, "item", lazy);
	m->bias = make_layer(m, "linear", "turn", linear_args, (const double[]){DIM, DIM});
	signature(m);
	trace_model(m, &e);
	assert_int_equal(engine_new(&(struct engine_options){.threads = 2, .slice_rows = 8}, &m->g, &e), OK);
	assert_int_equal(program_reserve(m->g, m->p, (const int64_t[AXIS_N]){1, BATCH, 0, 0}, &e), OK);
	assert_int_equal(optim_new(optim, &m->o, &e), OK);
	assert_int_equal(optim_bind(m->o, m->s, &e), OK);
}

static void model_fini(struct model *m)
{
	optim_free(m->o);
	program_free(m->p);
	engine_free(m->g);
	layer_free(m->user);
	layer_free(m->item);
	layer_free(m->bias);
	paramset_free(m->s);
}

/* Step t uses the even rows (`all`: every row). */
static void fill_batch(struct model *m, uint64_t t, bool all)
{
	struct rng r = rng_stream(1, RNG_TEST, t, 0);
	for (int i = 0; i < BATCH; i++) {
		m->users[i] = (int32_t)rng_below(&r, all ? ROWS : ROWS / 2) * (all ? 1 : 2);
		m->items[i] = (int32_t)rng_below(&r, all ? ROWS : ROWS / 2) * (all ? 1 : 2);
		m->labels[i] = (real)rng_below(&r, 2);
	}
	m->b.step = t;
}

static double step(struct model *m, uint64_t t, bool all, double max_norm, double *norm)
{
	struct err e;
	double loss;
	fill_batch(m, t, all);
	if (program_step(m->g, m->p, &m->b, &loss, &e) != OK ||
		optim_step(m->o, m->g, m->p, .05, max_norm, norm, &e) != OK)
		fail_msg("%s", e.text);
	return loss;
}

/* For rules whose state moves only with gradients, lazy and dense training are the same thing. */
static void test_lazy_like_dense(void **state)
{
	static const char *const names[] = {"sgd", "adagrad"};
	for (int k = 0; k < 2; k++) {
		struct model lazy, dense;
		model_init(&lazy, names[k], true);
		model_init(&dense, names[k], false);
		for (uint64_t t = 0; t < 20; t++)
			assert_close(step(&lazy, t, true, 0, NULL), step(&dense, t, true, 0, NULL), 1e-4);
		for (size_t i = 0; i < paramset_count(lazy.s); i++) {
			const struct param *a = paramset_get(lazy.s, i), *b = paramset_get(dense.s, i);
			for (int64_t j = 0; j < a->n; j++)
				assert_close((double)a->value[j], (double)b->value[j], 1e-5);
		}
		model_fini(&lazy);
		model_fini(&dense);
	}
}

/* With lazy = false every rule is that of dense parameters to the bit: touched rows, means that fade, decay. */
static void test_not_lazy_is_dense(void **state)
{
	for (size_t k = 0; k < optim_registry.n; k++) {
		struct model lazy, dense;
		model_init(&lazy, optim_registry.rows[k]->name, true);
		model_init(&dense, optim_registry.rows[k]->name, false);
		assert_int_equal(optim_set(lazy.o, "lazy", 0, NULL), OK);
		assert_int_equal(optim_set(lazy.o, "decay", .01, NULL), OK);
		assert_int_equal(optim_set(dense.o, "decay", .01, NULL), OK);
		for (uint64_t t = 0; t < 20; t++)
			assert_true(step(&lazy, t, t % 3 == 0, 0, NULL) == step(&dense, t, t % 3 == 0, 0, NULL));
		for (size_t i = 0; i < paramset_count(lazy.s); i++) {
			const struct param *a = paramset_get(lazy.s, i), *b = paramset_get(dense.s, i);
			assert_memory_equal(a->value, b->value, (size_t)a->n * sizeof(real));
		}
		model_fini(&lazy);
		model_fini(&dense);
	}
}

struct odd_rows {
	int seen;
};

static void check_odd_rows(void *ctx, const char *param, int k, real *state, int64_t n)
{
	struct odd_rows *o = ctx;
	if (strcmp(param, "user/weight") != 0)
		return;
	o->seen++;
	for (int64_t i = 0; i < n; i++)
		if (i / DIM % 2 == 1)
			assert_true(state[i] == 0);
}

/* Rows that no batch touched: value and state are as they were, under every optimizer and with weight decay. */
static void test_lazy_leaves_rows_alone(void **state)
{
	for (size_t k = 0; k < optim_registry.n; k++) {
		struct model m;
		struct odd_rows odd = {0};
		real before[ROWS * DIM];
		model_init(&m, optim_registry.rows[k]->name, true);
		struct param *w = paramset_find(m.s, "user/weight");
		assert_non_null(w);
		assert_ptr_equal(w, layer_param(m.user, "weight"));
		memcpy(before, w->value, sizeof before);
		assert_int_equal(optim_set(m.o, "decay", .1, NULL), OK);
		double first = step(&m, 0, false, 0, NULL), last = 0;
		for (uint64_t t = 1; t < 12; t++)
			last = step(&m, 0, false, 0, NULL);
		assert_true(last < first);
		assert_int_equal(optim_steps(m.o), 12);
		for (int i = 0; i < ROWS * DIM; i++)
			assert_true(i / DIM % 2 == 0 || w->value[i] == before[i]);
		optim_each_state(m.o, check_odd_rows, &odd);
		assert_int_equal(odd.seen, optim_class_of(m.o)->states);
		model_fini(&m);
	}
}

/* With sgd, a step is -lr clip g: its length is lr min(norm, max_norm). */
static void test_clipping(void **state)
{
	for (int k = 0; k < 2; k++) {
		struct model m;
		double norm, max_norm = k ? .01 : 1e6, moved = 0;
		model_init(&m, "sgd", true);
		struct paramset *before = paramset_new(3);
		for (size_t i = 0; i < paramset_count(m.s); i++) {
			const struct param *p = paramset_get(m.s, i);
			struct param *q;
			assert_int_equal(paramset_make(before, p->name, &p->shape, &(struct init){.kind = "zeros"},
						 true, false, &q, NULL),
				OK);
		}
		assert_int_equal(paramset_carry(before, m.s, NULL), paramset_count(m.s));
		step(&m, 0, true, max_norm, &norm);
		for (size_t i = 0; i < paramset_count(m.s); i++) {
			const struct param *p = paramset_get(m.s, i), *q = paramset_get(before, i);
			for (int64_t j = 0; j < p->n; j++)
				moved += pow((double)p->value[j] - (double)q->value[j], 2);
		}
		assert_true(norm > .01);
		assert_close(sqrt(moved), .05 * (k ? .01 : norm), 1e-5);
		paramset_free(before);
		model_fini(&m);
	}
}

static void test_not_bound(void **state)
{
	struct model m;
	struct paramset *empty = paramset_new(1);
	struct err e;
	double loss;
	model_init(&m, "adam", true);
	assert_int_equal(optim_bind(m.o, empty, &e), OK);
	fill_batch(&m, 0, true);
	assert_int_equal(program_step(m.g, m.p, &m.b, &loss, &e), OK);
	assert_int_equal(optim_step(m.o, m.g, m.p, .1, 0, NULL, &e), ERR_STATE);
	assert_non_null(strstr(e.text, "user/weight"));
	assert_int_equal(optim_steps(m.o), 0);
	paramset_free(empty);
	model_fini(&m);
}

/* ---- checkpoints ---- */

static char folder[] = "/tmp/gusto-checkpoint-XXXXXX";

static void clear_folder(void)
{
	char command[128];
	snprintf(command, sizeof command, "rm -f %s/*", folder);
	assert_int_equal(system(command), 0);
}

static void sha(const struct model *m, char hex[65])
{
	paramset_sha256(m->s, hex);
}

static void save(struct model *m, int64_t at)
{
	struct meta meta = {0};
	struct err e;
	assert_int_equal(meta_set(&meta, "patience", "7", &e), OK);
	if (checkpoint_save(folder, at, m->s, m->o, &meta, &e) != OK)
		fail_msg("%s", e.text);
	meta_free(&meta);
}

static void test_resume(void **state)
{
	for (size_t k = 0; k < optim_registry.n; k++) {
		const char *name = optim_registry.rows[k]->name;
		struct model whole, first, second;
		struct meta meta = {0};
		struct err e;
		char a[65], b[65];
		model_init(&whole, name, true);
		model_init(&first, name, true);
		for (uint64_t t = 0; t < 10; t++)
			step(&whole, t, t % 3 != 0, 1, NULL);
		for (uint64_t t = 0; t < 5; t++)
			step(&first, t, t % 3 != 0, 1, NULL);
		save(&first, 5);
		model_fini(&first);
		model_init(&second, name, true);
		paramset_get(second.s, 0)->value[0] = 99;
		if (checkpoint_load(folder, 5, second.s, second.o, &meta, &e) != OK)
			fail_msg("%s", e.text);
		assert_string_equal(meta_get(&meta, "patience"), "7");
		assert_string_equal(meta_get(&meta, "step"), "5");
		for (uint64_t t = 5; t < 10; t++)
			step(&second, t, t % 3 != 0, 1, NULL);
		sha(&whole, a), sha(&second, b);
		assert_string_equal(a, b);
		meta_free(&meta);
		model_fini(&second);
		model_fini(&whole);
	}
}

static void refuses(struct model *m, const char *part)
{
	struct err e = {0};
	assert_int_not_equal(checkpoint_load(folder, 5, m->s, m->o, NULL, &e), OK);
	if (!strstr(e.text, part))
		fail_msg("\"%s\" does not say \"%s\"", e.text, part);
}

static void test_load_errors(void **state)
{
	struct model m, other;
	struct err e;
	struct param *p;
	int64_t at;
	struct shape shape = shape_fixed(2, 3, 4, 0);
	char from[128], to[128];
	clear_folder();
	assert_int_equal(checkpoint_latest(folder, INT64_MAX, &at, &e), ERR_NOTFOUND);
	model_init(&m, "adam", true);
	model_init(&other, "sgd", true);
	refuses(&m, "there is no file");
	save(&m, 5);
	refuses(&other, "optimizer 'adam', the run uses 'sgd'");
	assert_int_equal(checkpoint_load(folder, 5, other.s, NULL, NULL, &e), OK);
	assert_int_equal(paramset_make(m.s, "new", &shape, &(struct init){.kind = "ones"}, true, false, &p, &e), OK);
	refuses(&m, "no tensor 'new', which the model needs");
	save(&m, 6);
	assert_int_equal(checkpoint_load(folder, 6, other.s, NULL, NULL, &e), ERR_FORMAT);
	assert_non_null(strstr(e.text, "'new' is no parameter"));

	/* the state of other weights, as a crash between two savings of one step leaves it */
	save(&other, 5);
	snprintf(from, sizeof from, "%s/5.state", folder);
	snprintf(to, sizeof to, "%s/7.state", folder);
	assert_int_equal(rename(from, to), 0);
	step(&other, 0, true, 0, NULL);
	save(&other, 5);
	assert_int_equal(rename(to, from), 0);
	refuses(&other, "belongs to other weights");

	/* cut weights are no checkpoint */
	save(&other, 9);
	assert_int_equal(checkpoint_latest(folder, INT64_MAX, &at, &e), OK);
	assert_int_equal(at, 9);
	snprintf(to, sizeof to, "%s/9.safetensors", folder);
	assert_int_equal(truncate(to, 1000), 0);
	assert_int_equal(checkpoint_latest(folder, INT64_MAX, &at, &e), OK);
	assert_int_equal(at, 6);
	assert_int_equal(checkpoint_latest(folder, 6, &at, &e), OK);
	assert_int_equal(at, 5);
	model_fini(&m);
	model_fini(&other);
}

static void flip(const char *path, long at)
{
	FILE *f = fopen(path, "r+b");
	assert_non_null(f);
	assert_int_equal(fseek(f, at, SEEK_SET), 0);
	int byte = fgetc(f);
	assert_int_equal(fseek(f, at, SEEK_SET), 0);
	fputc(byte ^ 1 << at % 8, f);
	assert_int_equal(fclose(f), 0);
}

/* A bit of the optimizer's state, of the position or of a knob is wrong: the pair is refused, and nothing was changed. */
static void test_damaged_state(void **state)
{
	struct model m;
	struct err e = {0};
	char path[128];
	long size, header;
	clear_folder();
	model_init(&m, "adam", true);
	step(&m, 0, true, 0, NULL);
	save(&m, 5);
	snprintf(path, sizeof path, "%s/5.state", folder);
	FILE *f = fopen(path, "rb");
	assert_non_null(f);
	uint64_t length;
	assert_int_equal(fread(&length, sizeof length, 1, f), 1);
	assert_int_equal(fseek(f, 0, SEEK_END), 0);
	size = ftell(f), header = 8 + (long)length;
	fclose(f);
	paramset_get(m.s, 0)->value[0] = 99;
	for (long at = 0; at < size; at += at < header ? 1 : 29) {
		flip(path, at);
		if (checkpoint_load(folder, 5, m.s, m.o, NULL, &e) == OK)
			fail_msg("a wrong bit in byte %ld of %ld was not noticed", at, size);
		assert_true(paramset_get(m.s, 0)->value[0] == 99);
		flip(path, at);
	}
	assert_non_null(strstr(e.text, "damaged"));
	assert_int_equal(checkpoint_load(folder, 5, m.s, m.o, NULL, &e), OK);
	model_fini(&m);
}

/* A child saves step after step and is killed at some moment: the newest complete pair always loads. */
static void test_kill(void **state)
{
	struct model m, into;
	model_init(&m, "adam", true);
	model_init(&into, "adam", true);
	for (uint64_t round = 0; round < 25; round++) {
		struct rng r = rng_stream(2, RNG_TEST, round, 0);
		struct err e;
		int64_t at;
		int status;
		clear_folder();
		save(&m, 1);
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			for (int64_t s = 2;; s++) {
				paramset_get(m.s, 0)->value[0] = (real)s;
				if (checkpoint_save(folder, s, m.s, m.o, NULL, NULL) != OK)
					_exit(1);
			}
		}
		struct timespec t = {0, (long)rng_below(&r, 8000000)};
		nanosleep(&t, NULL);
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(checkpoint_latest(folder, INT64_MAX, &at, &e), OK);
		if (checkpoint_load(folder, at, into.s, into.o, NULL, &e) != OK)
			fail_msg("%s", e.text);
		assert_true(at == 1 || (int64_t)paramset_get(into.s, 0)->value[0] == at);
	}
	model_fini(&m);
	model_fini(&into);
}

/* A structure change: state of parameters that stay is kept. */
static void find_state(void *ctx, const char *param, int k, real *state, int64_t n)
{
	if (strcmp(param, "user/weight") == 0 && k == 0)
		*(real *)ctx = state[0];
}

static void test_rebind(void **state)
{
	struct model m, n;
	real before = 0, after = 0;
	model_init(&m, "adam", true);
	model_init(&n, "adam", true);
	for (uint64_t t = 0; t < 5; t++)
		step(&m, t, true, 0, NULL);
	optim_each_state(m.o, find_state, &before);
	assert_int_equal(optim_bind(m.o, n.s, NULL), OK);
	optim_each_state(m.o, find_state, &after);
	assert_true(before != 0 && before == after);
	assert_int_equal(optim_steps(m.o), 5);
	model_fini(&n);
	model_fini(&m);
}

static int setup(void **state)
{
	return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
	clear_folder();
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_kill), cmocka_unit_test(test_lazy_like_dense),
		cmocka_unit_test(test_not_lazy_is_dense), cmocka_unit_test(test_lazy_leaves_rows_alone),
		cmocka_unit_test(test_clipping), cmocka_unit_test(test_not_bound), cmocka_unit_test(test_resume),
		cmocka_unit_test(test_load_errors), cmocka_unit_test(test_damaged_state),
		cmocka_unit_test(test_rebind)};
	return cmocka_run_group_tests(tests, setup, teardown);
}
