/* What every model of lua/gusto/models promises, on a small planted world (or on a small table of its own, where a model
 * needs what the planted world has not): thirty steps lower the loss, the same seed ends with the same weights, the scores of all
 * items are those of item by item, and every knob says what it is. */
#include "base/mem.h"
#include "run/rig.h"
#include "run/runner.h"
#include "script/script.h"
#include "store/reader.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char root[64];

static int make_root(void **state)
{
	strcpy(root, "/tmp/gusto-models-XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
	char command[128];
	snprintf(command, sizeof command, "rm -rf %s", root);
	return system(command);
}

/* ---- one experiment per model ---- */

/* Reviews of which the words say what the rating is, for models that read texts. */
static void write_reviews(const char *path)
{
	static const char *const word[] = {"awful", "poor", "fine", "good", "great"};
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs("user,item,rating,time,review\n", f);
	for (int u = 0; u < 40; u++)
		for (int k = 0; k < 8; k++) {
			int i = (u * 7 + k * 5) % 30, r = (u + 2 * i) % 5;
			fprintf(f, "u%d,i%d,%d,%d,\"a %s thing and %s strings number %d\"\n", u, i, r + 1, k, word[r],
				word[r], i % 4);
		}
	fclose(f);
}

struct setting {
	const char *kind, *data, *protocol, *train; /* of the models with this kind of batches */
};
static const struct setting settings[] = {
	{"rows", "{ \"planted\", interactions = 3000 }",
		"{ split = \"ratio\", valid = 0.1, test = 0.1, metrics = { \"%s\" } }", "{ batch = 16 }"},
	{"reviews",
		"{ file = \"reviews.csv\", format = \"csv\", header = true, columns = "
		"\"user,item,rating,time,review:text\" }",
		"{ split = \"ratio\", valid = 0.1, test = 0.1, metrics = { \"%s\" } }", "{ batch = 32 }"},
	{NULL, "{ \"planted\", interactions = 3000 }",
		"{ split = \"leave_one_out\", candidates = \"full\", metrics = { \"%s\" } }",
		"{ batch = 64, negatives = 4 }"},
};

static void write_experiment(const struct script_model *m, const char *metric, char *path, size_t size)
{
	const struct setting *s = settings;
	while (s->kind && strcmp(s->kind, m->batch) != 0)
		s++;
	char protocol[256];
	snprintf(protocol, sizeof protocol, s->protocol, metric);
	snprintf(path, size, "%s/%s.lua", root, m->name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f,
		"local g = require \"gusto\"\nreturn g.experiment {\n  data = g.data %s,\n  protocol = g.protocol %s,\n"
		"  model = require \"gusto.models.%s\",\n  train = %s,\n}\n",
		s->data, protocol, m->name, s->train);
	fclose(f);
}

static struct experiment *load(const char *path, int epochs)
{
	struct script_options o;
	struct experiment *x = NULL;
	struct err e;
	script_options_default(&o);
	o.epochs = epochs;
	if (script_load(path, &o, &x, &e) != OK)
		fail_msg("%s", e.text);
	return x;
}

/* Models that predict ratings are watched on their error, those of clicks on their order, the others on a ranking. */
static void prepare(const struct script_model *m, char *path, size_t size)
{
	struct script_options o;
	struct experiment *x = NULL;
	struct err e;
	write_experiment(m, "ndcg@10", path, size);
	script_options_default(&o);
	bool loads = script_load(path, &o, &x, &e) == OK, clicks = loads && x->vtbl->has(x->self, MODEL_CLICK);
	bool rates = !loads || x->vtbl->has(x->self, MODEL_RATING);
	experiment_free(x);
	if (rates || clicks)
		write_experiment(m, rates ? "rmse" : "roc_auc", path, size);
}

/* ---- learning ---- */

static void train(const char *path, int epochs, struct run_result *r)
{
	struct experiment *x = load(path, epochs);
	struct err e;
	if (runner_train(x, &(struct run_options){.runs_root = root, .threads = 2, .quiet_socket = true}, r, &e) != OK)
		fail_msg("%s: %s", path, e.text);
	experiment_free(x);
}

/* Means of the first and the last `n_end` samples of a series (an epoch: the same examples); false: the run has none. */
static bool ends_of(const char *dir, const char *name, size_t n_end, double *first, double *last)
{
	struct reader_db *db;
	struct series_info *s;
	struct samples x = {0};
	size_t n, id = SIZE_MAX;
	struct err e;
	assert_int_equal(reader_open(dir, &db, &e), OK);
	assert_int_equal(reader_series(db, &s, &n, &e), OK);
	for (size_t i = 0; i < n; i++)
		if (strcmp(s[i].name, name) == 0)
			id = i;
	if (id < n)
		assert_int_equal(reader_samples(db, s[id].id, &x, &e), OK);
	*first = *last = 0;
	for (size_t i = 0; i < n_end && i < x.n; i++) {
		*first += x.value[i] / (double)n_end;
		*last += x.value[x.n - 1 - i] / (double)n_end;
	}
	bool enough = x.n >= 2 * n_end;
	samples_free(&x);
	mem_free(s);
	reader_close(db);
	return enough;
}

static void check_learning(const struct script_model *m, const char *path)
{
	struct experiment *x = load(path, -1);
	bool learns = x->vtbl->has(x->self, MODEL_LOSS);
	int64_t steps = 1;
	if (learns) {
		struct batcher *b;
		struct err e;
		struct batch_options o = rig_batch_options(x, &x->knobs);
		if (batcher_new(x->split, &o, &b, &e) != OK)
			fail_msg("%s: %s", m->name, e.text);
		steps = batcher_steps(b);
		batcher_free(b);
	}
	experiment_free(x);
	int epochs = learns ? (int)((30 + steps - 1) / steps) : 0;
	struct run_result one, two;
	double first, last;
	train(path, epochs < 2 && learns ? 2 : epochs, &one);
	train(path, epochs < 2 && learns ? 2 : epochs, &two);
	if (strcmp(one.weights_sha256, two.weights_sha256) != 0)
		fail_msg("%s: the same seed ends with other weights", m->name);
	assert_true(one.n_metrics > 0 && isfinite(one.value[0]));
	if (learns && ends_of(one.dir, "train/loss", (size_t)steps, &first, &last) && !(last < first))
		fail_msg("%s: the loss went from %g to %g in %lld steps", m->name, first, last, (long long)one.steps);
}

/* ---- scoring ---- */

struct sheet {
	real *v;
	int64_t width;
};

static void sink(void *ctx, int worker, int32_t first, int32_t n, const struct operand *o)
{
	struct sheet *s = ctx;
	memcpy(s->v + first * s->width, o[0].v, (size_t)(n * s->width) * sizeof(real));
}

static void score(
	struct rig *r, enum model_call call, const int32_t *users, int n, const int32_t *candidates, struct sheet *out)
{
	const struct rig_program *p;
	struct eval_scratch *scratch = NULL;
	struct batch b;
	struct err e;
	struct eval_source src = rig_source(r, PART_TEST);
	if (rig_program(r, call, PROGRAM_INFER, candidates ? (int32_t)out->width : 0, n, &p, &e) != OK ||
		eval_batch(&src, users, n, candidates, candidates ? (int32_t)out->width : 0, &scratch, &b, &e) != OK ||
		program_infer(r->engine, p->program, &b, sink, out, &e) != OK)
		fail_msg("%s: %s", r->x->model, e.text);
	eval_scratch_free(scratch);
}

/* Item k of user u is (k * 7 + u) mod items: another order for each user. */
static void compare_scores(struct rig *r)
{
	enum { USERS = 6 };
	int32_t items = r->x->split->data->n_items, users[USERS] = {0, 1, 2, 3, 5, 8};
	int64_t n = (int64_t)USERS * items;
	int32_t *candidates = mem_calloc((size_t)n, sizeof *candidates);
	struct sheet all = {mem_aligned((size_t)n * sizeof(real)), items},
		     some = {mem_aligned((size_t)n * sizeof(real)), items};
	for (int64_t k = 0; k < n; k++)
		candidates[k] = (int32_t)((k % items * 7 + k / items) % items);
	score(r, MODEL_SCORE, users, USERS, NULL, &all);
	score(r, MODEL_CANDIDATES, users, USERS, candidates, &some);
	for (int64_t k = 0; k < n; k++) {
		double a = (double)all.v[k / items * items + candidates[k]], b = (double)some.v[k];
		if (!(a == b || fabs(a - b) <= 1e-4 * (1 + fabs(a))))
			fail_msg("%s: item %d of user %d scores %g among all and %g by itself", r->x->model,
				candidates[k], users[k / items], a, b);
	}
	mem_free(candidates);
	mem_aligned_free(all.v);
	mem_aligned_free(some.v);
}

static void check_scores(const char *path)
{
	struct experiment *x = load(path, -1);
	struct engine *g;
	struct rig *r;
	struct err e;
	if (x->vtbl->has(x->self, MODEL_SCORE) && x->vtbl->has(x->self, MODEL_CANDIDATES)) {
		assert_int_equal(engine_new(&(struct engine_options){.threads = 2}, &g, &e), OK);
		if (rig_build(x, g, &x->knobs, NULL, true, &r, &e) != OK)
			fail_msg("%s: %s", path, e.text);
		x->vtbl->settle(x->self, true);
		struct eval_source src = rig_source(r, PART_TEST);
		if (!eval_by_item(&src))
			compare_scores(r);
		rig_free(r);
		engine_free(g);
	}
	experiment_free(x);
}

/* ---- agents ---- */

/* They learn from what they do in an environment: one whose items have features, for those that need them. */
static bool check_agent(const struct script_model *m, char *path, size_t size)
{
	struct run_result one, two;
	if (strcmp(m->batch, "transitions") != 0 && strcmp(m->batch, "returns") != 0)
		return false;
	snprintf(path, size, "%s/%s.lua", root, m->name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f,
		"local g = require \"gusto\"\nreturn g.experiment {\n  env = g.env { \"%s\", users = 8 },\n"
		"  protocol = g.protocol { metrics = { \"return\" }, users = 8 },\n  model = require "
		"\"gusto.models.%s\",\n"
		"  train = { batch = 16, steps = 15, epochs = 2, capacity = 100 },\n}\n",
		strcmp(m->name, "ddpg") == 0 ? "long_term_satisfaction" : "interest_evolution", m->name);
	fclose(f);
	train(path, -1, &one);
	train(path, -1, &two);
	if (strcmp(one.weights_sha256, two.weights_sha256) != 0)
		fail_msg("%s: the same seed ends with other weights", m->name);
	assert_true(one.steps == 30 && one.n_metrics == 1 && isfinite(one.value[0]));
	return true;
}

/* ---- the registry ---- */

static void every_model_learns_and_scores(void **state)
{
	struct script_model *m;
	size_t n;
	struct err e;
	char path[512], reviews[128];
	assert_int_equal(script_models(&m, &n, &e), OK);
	assert_true(n > 5);
	snprintf(reviews, sizeof reviews, "%s/reviews.csv", root);
	write_reviews(reviews);
	for (size_t i = 0; i < n; i++) {
		printf("%s\n", m[i].name); /* shown where the test fails */
		if (check_agent(&m[i], path, sizeof path))
			continue;
		prepare(&m[i], path, sizeof path);
		check_learning(&m[i], path);
		check_scores(path);
	}
	script_models_free(m, n);
}

static void every_model_says_what_it_is(void **state)
{
	struct script_model *m;
	size_t n;
	struct err e;
	assert_int_equal(script_models(&m, &n, &e), OK);
	for (size_t i = 0; i < n; i++) {
		if (!m[i].help || strlen(m[i].help) < 20)
			fail_msg("%s: help says nothing", m[i].name);
		for (size_t k = 0; k < m[i].knobs.n; k++)
			if (!m[i].knobs.row[k].help || !*m[i].knobs.row[k].help)
				fail_msg("%s: knob %s has no help", m[i].name, m[i].knobs.row[k].name);
	}
	script_models_free(m, n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_model_says_what_it_is),
		cmocka_unit_test(every_model_learns_and_scores),
	};
	return cmocka_run_group_tests(tests, make_root, remove_root);
}
