/* The autoencoders of lua/gusto/models: against PyTorch, learning, repeating, ranking one way as the other, rating. */
#include "graph/reduce.h"
#include "nn/optim.h"
#include "run/evaluator.h"
#include "run/scorer.h"
#include "script/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define must(call)                                                                                                     \
	do {                                                                                                           \
		struct err must_e_ = {0};                                                                              \
		struct err *e = &must_e_;                                                                              \
		if ((call) != OK)                                                                                      \
			fail_msg("%s: %s", #call, must_e_.text);                                                       \
	} while (0)

static char folder[64];

static int make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/gusto-autoencoders-XXXXXX");
	return mkdtemp(folder) ? setenv("GUSTO_DATA", folder, 1) : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	char command[128];
	snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command);
}

static void write_text(const char *name, const char *text)
{
	char path[256];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* An experiment of the model on `data` (Lua text) under `protocol`. */
static void write_experiment(const char *model, const char *knobs, const char *data, const char *protocol)
{
	char text[2048];
	snprintf(text, sizeof text,
		"local g = require 'gusto'\n"
		"return g.experiment { data = g.data { %s }, protocol = g.protocol { %s },\n"
		"  model = require 'gusto.models.%s', knobs = { %s },\n"
		"  train = { optimizer = 'adam', batch = 40, epochs = 10 } }\n",
		data, protocol, model, knobs);
	write_text("x.lua", text);
}

static struct experiment *experiment(const char *model, const char *knobs, const char *data, const char *protocol)
{
	char path[256];
	struct experiment *x = NULL;
	write_experiment(model, knobs, data, protocol);
	snprintf(path, sizeof path, "%s/x.lua", folder);
	must(script_load(path, NULL, &x, e));
	return x;
}

struct bench {
	struct experiment *x;
	struct engine *engine;
	struct rig *rig;
};

static struct bench bench_of(struct experiment *x)
{
	struct bench b = {.x = x};
	must(engine_new(&(struct engine_options){.threads = 2}, &b.engine, e));
	must(rig_build(x, b.engine, &x->knobs, NULL, true, &b.rig, e));
	x->vtbl->settle(x->self, true);
	return b;
}

static void bench_free(struct bench *b)
{
	rig_free(b->rig);
	engine_free(b->engine);
	experiment_free(b->x);
}

/* ---- against PyTorch ---- */

enum { ITEMS = 7, USERS = 3, TOKENS = 8, NUMBERS_MAX = 32, GRADS_MAX = 10 };

static const struct reference {
	const char *model, *knobs;
	double loss, score[USERS * ITEMS];
	struct {
		const char *param;
		int n;
		double g[NUMBERS_MAX];
	} grad[GRADS_MAX];
} references[] = {
#include "reference/torch_autoencoders.inc"
};

static const int32_t row_user[] = {0, 1, 2}, row_item[] = {0, 2, 5, 1, 3, 4, 5, 6}, row_offsets[] = {0, 3, 4, 8};
static const real row_rating[] = {5, 3, 1, 4, 2, 2, 5, 4};

/* Every pair once, so that ids are 0, 1, ... in the order of the names. */
static void write_small_data(void)
{
	char text[1024] = "";
	for (int u = 0; u < USERS; u++)
		for (int i = 0; i < ITEMS; i++)
			snprintf(
				text + strlen(text), sizeof text - strlen(text), "u%d,i%d,%d\n", u, i, 1 + (u + i) % 5);
	write_text("small.csv", text);
}

/* As torch_autoencoders.py does. */
static void fill_params(struct paramset *s)
{
	for (size_t k = 0; k < paramset_count(s); k++) {
		struct param *p = paramset_get(s, k);
		int phase = 0;
		for (const char *c = p->name; *c; c++)
			phase += (unsigned char)*c;
		for (int64_t i = 0; p->trainable && i < p->n; i++)
			p->value[i] = strcmp(p->name, "logvar/bias") == 0
					      ? (real)-80
					      : (real)(.3 * sin(1.7 * (double)i + phase % 17));
	}
}

static bool wants_ones(const struct rig *r)
{
	return r->kind_args.num[1] != 0;
}

static void assert_near(double got, double want, const char *what)
{
	double tolerance = sizeof(real) == sizeof(double) ? 1e-9 : 2e-5;
	if (!(fabs(got - want) <= tolerance * (1 + fabs(want))))
		fail_msg("%s: %.9g, PyTorch says %.9g", what, got, want);
}

static void check_gradients(struct bench *b, const struct reference *f)
{
	struct param *const *params;
	int n = program_params(b->rig->loss.program, &params), found = 0;
	for (int k = 0; k < GRADS_MAX && f->grad[k].param; k++)
		for (int q = 0; q < n; q++) {
			real g[NUMBERS_MAX];
			if (strcmp(params[q]->name, f->grad[k].param) != 0)
				continue;
			assert_int_equal(params[q]->n, f->grad[k].n);
			reduce_dense(b->engine, b->rig->loss.program, q, g);
			for (int i = 0; i < f->grad[k].n; i++)
				assert_near((double)g[i], f->grad[k].g[i], f->grad[k].param);
			found++;
		}
	for (int k = 0; k < GRADS_MAX && f->grad[k].param; k++)
		found--;
	assert_int_equal(found, 0);
}

struct scores {
	real v[USERS * ITEMS];
};

static void keep_scores(void *ctx, int worker, int32_t first, int32_t n, const struct operand *o)
{
	(void)worker;
	memcpy(((struct scores *)ctx)->v + first * ITEMS, o[0].v, (size_t)(n * ITEMS) * sizeof(real));
}

static void check_reference(const struct reference *f)
{
	static const char data[] = "file = 'small.csv', format = 'csv', header = false, columns = 'user,item,rating'";
	struct bench b = bench_of(experiment(f->model, f->knobs, data, "split = 'ratio', valid = 0, test = 0.2"));
	real ones[TOKENS] = {1, 1, 1, 1, 1, 1, 1, 1};
	struct batch x;
	double loss[MODEL_OUTPUTS_MAX];
	struct scores s;
	assert_int_equal(b.x->split->data->n_items, ITEMS);
	fill_params(b.rig->params);
	batcher_signature(b.rig->batcher, &x);
	assert_string_equal(x.spec[2].name, "rating");
	x.examples = USERS;
	x.offsets[AXIS_TOKEN] = row_offsets;
	x.column[0] = row_user;
	x.column[1] = row_item;
	x.column[2] = wants_ones(b.rig) ? ones : row_rating;
	must(program_step(b.engine, b.rig->loss.program, &x, loss, e));
	assert_near(loss[0], f->loss, f->knobs);
	check_gradients(&b, f);
	const struct rig_program *score;
	must(rig_program(b.rig, MODEL_SCORE, PROGRAM_INFER, 0, USERS, &score, e));
	must(program_infer(b.engine, score->program, &x, keep_scores, &s, e));
	for (int i = 0; i < USERS * ITEMS; i++)
		assert_near((double)s.v[i], f->score[i], "score");
	bench_free(&b);
}

static void values_and_gradients_agree_with_torch(void **state)
{
	(void)state;
	write_small_data();
	for (size_t k = 0; k < sizeof references / sizeof *references; k++)
		check_reference(&references[k]);
}

/* ---- on the planted world ---- */

static const char planted[] = "'planted', interactions = 4000, items = 200";

static const struct {
	const char *model, *knobs;
	bool ranks;
} variants[] = {
	{"autorec", "by = 'item', hidden = 20, std = 0.1", false},
	{"autorec", "by = 'user', hidden = 20, out = 'sigmoid', dropout = 0.2", true},
	{"multvae", "hidden = 30, code = 10, anneal = 0, beta = 0.05", true},
	{"multvae", "hidden = 30, code = 10, variant = 'dae'", true},
	{"autoencoder", "hidden = 20, noise = 0.3, rescale = false", true},
	{"autoencoder", "hidden = 20, sparsity = 0.1, loss = 'bce'", true},
	{"autoencoder", "hidden = 20, keep = 5, loss = 'square', tied = true", true},
	{"autoencoder", "hidden = 20, contraction = 0.01, act = 'tanh'", true},
	{"autoencoder", "hidden = 20, layers = 2, train = 'top'", true},
};

static struct bench planted_bench(size_t k)
{
	return bench_of(experiment(variants[k].model, variants[k].knobs, planted,
		variants[k].ranks ? "split = 'leave_one_out'" : "split = 'ratio', metrics = { 'rmse' }"));
}

/* Mean loss of the first and of the last epoch in 30 steps, which are whole epochs. */
static void train(struct bench *b, double *first, double *last)
{
	struct optim *o;
	int64_t steps = batcher_steps(b->rig->batcher);
	*first = *last = 0;
	assert_int_equal(30 % steps, 0);
	must(optim_new("adam", &o, e));
	must(optim_bind(o, b->rig->params, e));
	for (int64_t s = 0; s < 30; s++) {
		struct batch x;
		double loss[MODEL_OUTPUTS_MAX];
		batcher_get(b->rig->batcher, s / steps, s % steps, &x);
		must(program_step(b->engine, b->rig->loss.program, &x, loss, e));
		must(optim_step(o, b->engine, b->rig->loss.program, 3e-3, 0, NULL, e));
		*first += s < steps ? loss[0] / (double)steps : 0;
		*last += s >= 30 - steps ? loss[0] / (double)steps : 0;
	}
	optim_free(o);
}

static void thirty_steps_lower_the_loss_and_repeat(void **state)
{
	(void)state;
	for (size_t k = 0; k < sizeof variants / sizeof *variants; k++) {
		char hash[2][65];
		for (int again = 0; again < 2; again++) {
			double first, last;
			struct bench b = planted_bench(k);
			train(&b, &first, &last);
			if (!(last < first))
				fail_msg("%s { %s }: %g -> %g", variants[k].model, variants[k].knobs, first, last);
			paramset_sha256(b.rig->params, hash[again]);
			bench_free(&b);
		}
		assert_string_equal(hash[0], hash[1]);
	}
}

/* ---- scores ---- */

struct rows {
	real *v;
	int64_t width;
};

static void keep_rows(void *ctx, int worker, int32_t first, int32_t n, const struct operand *o)
{
	(void)worker;
	struct rows *r = ctx;
	memcpy(r->v + first * r->width, o[0].v, (size_t)(n * r->width) * sizeof(real));
}

/* score and candidates say the same of every item. */
static void all_items_at_once_and_one_by_one_agree(void **state)
{
	(void)state;
	for (size_t k = 0; k < sizeof variants / sizeof *variants; k++) {
		struct bench b = planted_bench(k);
		double first, last;
		if (!b.x->vtbl->has(b.x->self, MODEL_CANDIDATES)) {
			bench_free(&b);
			continue;
		}
		train(&b, &first, &last);
		int32_t n = b.x->split->data->n_items, users[] = {0, 3, 9, 4};
		int32_t *candidate = mem_calloc((size_t)(4 * n), sizeof *candidate);
		real *all = mem_calloc((size_t)(4 * n), sizeof *all), *one = mem_calloc((size_t)(4 * n), sizeof *one);
		for (int32_t i = 0; i < 4 * n; i++)
			candidate[i] = n - 1 - i % n;
		struct eval_source src = rig_source(b.rig, PART_TEST);
		struct eval_scratch *scratch = NULL;
		struct batch x;
		const struct rig_program *p;
		must(eval_batch(&src, users, 4, NULL, 0, &scratch, &x, e));
		must(rig_program(b.rig, MODEL_SCORE, PROGRAM_INFER, 0, 4, &p, e));
		must(program_infer(b.engine, p->program, &x, keep_rows, &(struct rows){all, n}, e));
		must(eval_batch(&src, users, 4, candidate, n, &scratch, &x, e));
		must(rig_program(b.rig, MODEL_CANDIDATES, PROGRAM_INFER, n, 4, &p, e));
		must(program_infer(b.engine, p->program, &x, keep_rows, &(struct rows){one, n}, e));
		for (int32_t i = 0; i < 4 * n; i++)
			assert_true(fabs((double)(all[i / n * n + candidate[i]] - one[i])) < 1e-4);
		eval_scratch_free(scratch);
		mem_free(candidate);
		mem_free(all);
		mem_free(one);
		bench_free(&b);
	}
}

/* What an explanation rests on: the row without one of its items has other scores. */
static void leaving_an_item_out_changes_the_scores(void **state)
{
	(void)state;
	for (size_t k = 0; k < sizeof variants / sizeof *variants; k++) {
		if (!variants[k].ranks)
			continue;
		struct bench b = planted_bench(k);
		double first, last;
		train(&b, &first, &last);
		struct eval_source src = rig_source(b.rig, PART_TEST);
		int32_t history[64], users[] = {5, 5}, n = eval_history(&src, 5, history, 32),
				     m = b.x->split->data->n_items;
		assert_true(n >= 2);
		memcpy(history + n, history + 1, (size_t)(n - 1) * sizeof *history);
		int32_t offsets[] = {0, n, 2 * n - 1};
		real *scores = mem_calloc((size_t)(2 * m), sizeof *scores);
		must(scorer_histories(b.rig, history, offsets, 2, users, scores, e));
		double change = 0;
		for (int32_t i = 0; i < m; i++)
			change += fabs((double)(scores[i] - scores[m + i]));
		assert_true(change > 1e-6);
		mem_free(scores);
		bench_free(&b);
	}
}

/* ---- ratings ---- */

static void keep_rating(void *ctx, int worker, int32_t first, int32_t n, const struct operand *o)
{
	(void)worker, (void)first, (void)n;
	*(double *)ctx = (double)o[0].v[0];
}

static double rating_alone(struct bench *b, const struct eval_source *src, int32_t user, int32_t item)
{
	const struct rig_program *p;
	struct eval_scratch *scratch = NULL;
	struct batch x;
	double predicted = NAN;
	bool by_item = eval_by_item(src);
	int64_t start[] = {0, 1};
	must(rig_program(b->rig, MODEL_RATING, PROGRAM_INFER, 0, 1, &p, e));
	must(eval_rating_batch(src, by_item ? &item : &user, 1, by_item ? &user : &item, start, &scratch, &x, e));
	must(program_infer(b->engine, p->program, &x, keep_rating, &predicted, e));
	eval_scratch_free(scratch);
	return predicted;
}

/* The evaluation's rmse and its users' vectors, from predictions made one by one. */
static void ratings_are_evaluated_exactly(void **state)
{
	(void)state;
	for (int by_item = 0; by_item < 2; by_item++) {
		struct bench b =
			bench_of(experiment("autorec", by_item ? "by = 'item', hidden = 8" : "by = 'user', hidden = 8",
				"'planted', interactions = 1500, items = 200",
				"split = 'ratio', test = 0.3, metrics = { 'rmse', 'mae' }"));
		const struct split *s = b.x->split;
		const struct dataset *d = s->data;
		struct eval_source src = rig_source(b.rig, PART_TEST);
		double first, last, square = 0, all = 0;
		struct evaluator *v;
		struct evaluation_result result;
		train(&b, &first, &last);
		must(evaluator_new(b.x, PART_TEST, true, 2, &v, e));
		must(evaluator_prepare(v, b.rig, e));
		must(evaluator_run(v, b.rig, NULL, NULL, &result, e));
		for (int32_t u = 0; u < d->n_users; u++) {
			double user = 0, n = 0;
			for (int64_t r = d->start[u]; r < d->start[u + 1]; r++) {
				if (s->part[r] != PART_TEST)
					continue;
				double miss = rating_alone(&b, &src, u, d->item[r]) - (double)d->rating[r];
				square += miss * miss;
				user += fabs(miss);
				n++;
			}
			all += n;
			if (n > 0)
				assert_true(fabs(user / n - (double)result.per_user[1][u]) < 1e-4);
		}
		assert_true(all > 100 && fabs(sqrt(square / all) - result.value[0]) < 1e-5);
		evaluator_free(v);
		bench_free(&b);
	}
}

/* Users and items without a training rating get what the knob says; predictions stay within the data's range. */
static void unseen_users_and_items_have_a_rating(void **state)
{
	(void)state;
	for (int by_item = 0; by_item < 2; by_item++) {
		struct bench b = bench_of(experiment("autorec",
			by_item ? "by = 'item', hidden = 8, unseen = 2.5" : "by = 'user', hidden = 8, unseen = 2.5",
			"'planted', interactions = 1500, items = 600",
			"split = 'ratio', per_user = false, test = 0.5, metrics = { 'rmse' }"));
		const struct split *s = b.x->split;
		const struct dataset *d = s->data;
		struct eval_source src = rig_source(b.rig, PART_TEST);
		char *known = mem_calloc((size_t)d->n_items, 1);
		int unseen = 0, seen = 0;
		for (int64_t k = 0; k < s->train_start[d->n_users]; k++)
			known[s->train_item[k]] = 1;
		for (int32_t u = 0; u < d->n_users; u++)
			for (int64_t k = s->test_start[u]; k < s->test_start[u + 1] && k < s->test_start[u] + 4; k++) {
				double y = rating_alone(&b, &src, u, s->test_item[k]);
				if (!known[s->test_item[k]] || s->train_start[u + 1] == s->train_start[u]) {
					assert_true(y == 2.5);
					unseen++;
				} else {
					assert_true(y >= 1 && y <= 5);
					seen++;
				}
			}
		assert_true(unseen > 5 && seen > 5);
		mem_free(known);
		bench_free(&b);
	}
}

/* Rows of items cannot be ranked for users, and the sentence says what to do. */
static void ranking_by_item_is_refused(void **state)
{
	(void)state;
	struct bench b = bench_of(experiment("autorec", "by = 'item', hidden = 8", planted, "split = 'leave_one_out'"));
	struct evaluator *v;
	struct err refused = {0};
	must(evaluator_new(b.x, PART_TEST, true, 2, &v, e));
	assert_int_equal(evaluator_prepare(v, b.rig, &refused), ERR_SCRIPT);
	assert_non_null(strstr(refused.text, "rmse"));
	evaluator_free(v);
	bench_free(&b);
}

/* Greedy stacking: the first layer is carried over by name, and rests while the second learns to reconstruct it. */
static void a_second_layer_is_stacked_on_the_first(void **state)
{
	(void)state;
	struct bench b = bench_of(experiment("autoencoder", "hidden = 20", planted, "split = 'leave_one_out'"));
	double first, last;
	train(&b, &first, &last);
	struct rig *one = b.rig;
	must(knob_set_text(knobset_find(&b.x->knobs, "layers"), "2", e));
	must(knob_set_text(knobset_find(&b.x->knobs, "train"), "top", e));
	must(rig_build(b.x, b.engine, &b.x->knobs, one->params, true, &b.rig, e));
	b.x->vtbl->settle(b.x->self, true);
	train(&b, &first, &last);
	assert_true(last < first);
	static const char *const below[] = {"item/weight", "input", "out/weight", "bias"};
	for (size_t k = 0; k < sizeof below / sizeof *below; k++) {
		const struct param *p = paramset_find(one->params, below[k]),
				   *q = paramset_find(b.rig->params, below[k]);
		assert_memory_equal(p->value, q->value, (size_t)p->n * sizeof(real));
	}
	rig_free(one);
	bench_free(&b);
}

/* Data without ratings, knobs that do not go together: the sentence says what would do. */
static void what_cannot_be_is_said(void **state)
{
	(void)state;
	static const struct {
		const char *model, *knobs, *says;
	} cases[] = {
		{"autorec", "hidden = 4", "predicts ratings, but data set 'pairs' has none"},
		{"autoencoder", "sparsity = 1, act = 'tanh'", "act=sigmoid"},
		{"autoencoder", "contraction = 1, act = 'relu'", "act=sigmoid and act=tanh"},
		{"autoencoder", "loss = 'ratings'", "binary=false"},
		{"autoencoder", "hidden = 4, layers = 4", "leaves no units"},
	};
	write_text("pairs.csv", "a,x\na,y\nb,x\nb,z\nb,y\n");
	for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
		char path[256];
		struct experiment *x = NULL;
		struct rig *r = NULL;
		struct engine *g;
		struct err said = {0};
		write_experiment(cases[k].model, cases[k].knobs,
			"file = 'pairs.csv', format = 'csv', header = false, columns = 'user,item'",
			"split = 'ratio', valid = 0, test = 0.2");
		snprintf(path, sizeof path, "%s/x.lua", folder);
		enum err_code rc = script_load(path, NULL, &x, &said);
		must(engine_new(&(struct engine_options){.threads = 1}, &g, e));
		if (rc == OK)
			rc = rig_build(x, g, &x->knobs, NULL, true, &r, &said);
		assert_int_equal(rc, ERR_SCRIPT);
		if (!strstr(said.text, cases[k].says))
			fail_msg("expected \"%s\" in: %s", cases[k].says, said.text);
		rig_free(r);
		engine_free(g);
		experiment_free(x);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_and_gradients_agree_with_torch),
		cmocka_unit_test(thirty_steps_lower_the_loss_and_repeat),
		cmocka_unit_test(all_items_at_once_and_one_by_one_agree),
		cmocka_unit_test(leaving_an_item_out_changes_the_scores),
		cmocka_unit_test(ratings_are_evaluated_exactly),
		cmocka_unit_test(unseen_users_and_items_have_a_rating),
		cmocka_unit_test(ranking_by_item_is_refused),
		cmocka_unit_test(a_second_layer_is_stacked_on_the_first),
		cmocka_unit_test(what_cannot_be_is_said),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
