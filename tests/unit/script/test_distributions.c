/* The models of lua/gusto/models that are distributions over ratings or item sets (RBM, DBN, NADE, CF-NADE) on the planted world:
 * they learn, repeat, rate within the levels, rank as they rate, and refuse what they cannot do. */
#include "nn/optim.h"
#include "run/evaluator.h"
#include "run/scorer.h"
#include "script_support.h"

#include "base/mem.h"

#include <math.h>

#define must(call)                                                                                                     \
	do {                                                                                                           \
		struct err must_e_ = {0};                                                                              \
		struct err *e = &must_e_;                                                                              \
		if ((call) != OK)                                                                                      \
			fail_msg("%s: %s", #call, must_e_.text);                                                       \
	} while (0)

static enum err_code try_experiment(
	const char *model, const char *knobs, const char *metric, struct experiment **x, struct err *e)
{
	char text[1024];
	snprintf(text, sizeof text,
		"local g = require 'gusto'\n"
		"return g.experiment { data = g.data { 'planted', interactions = 4000, items = 200 },\n"
		"  protocol = g.protocol { split = 'ratio', metrics = { '%s' } }, model = require 'gusto.models.%s',\n"
		"  knobs = { %s }, train = { optimizer = 'adam', batch = 40, epochs = 10 } }\n",
		metric, model, knobs);
	return script_load(write_file("x.lua", text), NULL, x, e);
}

struct bench {
	struct experiment *x;
	struct engine *engine;
	struct rig *rig;
};

static enum err_code bench_try(struct bench *b, struct err *e)
{
	enum err_code rc = rig_build(b->x, b->engine, &b->x->knobs, NULL, true, &b->rig, e);
	b->x->vtbl->settle(b->x->self, rc == OK);
	return rc;
}

static struct bench bench_of(const char *model, const char *knobs, bool ratings, int threads)
{
	struct bench b = {0};
	must(try_experiment(model, knobs, ratings ? "rmse" : "ndcg@10", &b.x, e));
	must(engine_new(&(struct engine_options){.threads = threads}, &b.engine, e));
	must(bench_try(&b, e));
	return b;
}

static void bench_free(struct bench *b)
{
	rig_free(b->rig);
	engine_free(b->engine);
	experiment_free(b->x);
}

static const struct variant {
	const char *model, *knobs;
	bool ratings, ranks;
	int watched; /* the output that must fall: 0 the loss, 1 the reconstruction (F(v) - F(v~) need not fall) */
} variants[] = {
	{"rbm", "by = 'user', hidden = 20", true, true, 1},
	{"rbm", "by = 'user', hidden = 20, cd = 3, persistent = true", true, true, 1},
	{"rbm", "by = 'item', hidden = 20, conditional = false", true, false, 1},
	{"dbn", "hidden = 20, deeper = 10, stage = 1", true, true, 1},
	{"dbn", "hidden = 20, deeper = 10, stage = 3", true, true, 1},
	{"dbn", "hidden = 20, deeper = 10, stage = 3, cut = false, ordinal = 0.5", true, true, 1},
	{"nade", "hidden = 20", false, true, 0},
	{"nade", "hidden = 20, order = 'given'", false, true, 0},
	{"cfnade", "hidden = 20", true, true, 0},
	{"cfnade", "hidden = 20, by = 'item', exact = true, ordinal = 0.5", true, false, 0},
	{"cfnade", "hidden = 20, layers = 2, ordinal = 0", true, true, 0},
	{"rbm", "visible = 'binary', hidden = 20", false, true, -1},
	{"rbm", "visible = 'binary', hidden = 20, persistent = true, cd = 2", false, true, -1},
	{"dbn", "hidden = 20, deeper = 10, stage = 2", true, true, -1},
};
enum { VARIANTS = sizeof variants / sizeof *variants };

static struct bench bench_at(size_t k, int threads)
{
	return bench_of(variants[k].model, variants[k].knobs, variants[k].ratings, threads);
}

/* Mean of an output in the first and in the last epoch of at least 30 steps. */
static void train(struct bench *b, int output, double *first, double *last)
{
	struct optim *o;
	int64_t steps = batcher_steps(b->rig->batcher), all = (30 + steps - 1) / steps * steps;
	*first = *last = 0;
	must(optim_new("adam", &o, e));
	must(optim_bind(o, b->rig->params, e));
	for (int64_t s = 0; s < all; s++) {
		struct batch x;
		double out[MODEL_OUTPUTS_MAX] = {0};
		batcher_get(b->rig->batcher, s / steps, s % steps, &x);
		must(program_step(b->engine, b->rig->loss.program, &x, out, e));
		must(optim_step(o, b->engine, b->rig->loss.program, 1e-2, 0, NULL, e));
		double y = out[output < 0 ? 0 : output];
		assert_true(isfinite(y));
		*first += s < steps ? y / (double)steps : 0;
		*last += s >= all - steps ? y / (double)steps : 0;
	}
	optim_free(o);
}

static void thirty_steps_lower_the_loss_and_repeat(void **state)
{
	for (size_t k = 0; k < VARIANTS; k++) {
		char hash[2][65];
		for (int again = 0; again < 2; again++) {
			double first, last;
			struct bench b = bench_at(k, 2);
			train(&b, variants[k].watched, &first, &last);
			if (variants[k].watched >= 0 && !(last < first))
				fail_msg("%s { %s }: %g -> %g", variants[k].model, variants[k].knobs, first, last);
			paramset_sha256(b.rig->params, hash[again]);
			bench_free(&b);
		}
		assert_string_equal(hash[0], hash[1]);
	}
}

static double evaluated(struct bench *b)
{
	struct evaluator *v;
	struct evaluation_result r;
	must(evaluator_new(b->x, PART_TEST, true, 2, &v, e));
	must(evaluator_prepare(v, b->rig, e));
	must(evaluator_run(v, b->rig, NULL, NULL, &r, e));
	evaluator_free(v);
	return r.value[0];
}

/* Contrastive divergence does not lower its own loss: the ranking gets better. */
static void learning_improves_the_ranking(void **state)
{
	for (size_t k = 0; k < VARIANTS; k++) {
		double first, last;
		if (variants[k].ratings)
			continue;
		struct bench b = bench_at(k, 2);
		double before = evaluated(&b);
		train(&b, 0, &first, &last);
		double after = evaluated(&b);
		if (!(after > before))
			fail_msg("%s { %s }: %g -> %g", variants[k].model, variants[k].knobs, before, after);
		bench_free(&b);
	}
}

/* ---- scores are the expected ratings ---- */

struct block {
	real *v;
	int64_t width;
};

static void keep(void *ctx, int worker, int32_t first, int32_t n, const struct operand *o)
{
	const struct block *r = ctx;
	memcpy(r->v + o[0].first_row * r->width, o[0].v, (size_t)(o[0].rows * r->width) * sizeof(real));
}

static void check_scores(struct bench *b, int32_t user)
{
	int32_t n = b->x->split->data->n_items, *query = mem_calloc((size_t)n, sizeof *query);
	real *all = mem_calloc((size_t)n, sizeof *all), *rated = mem_calloc((size_t)n, sizeof *rated);
	struct eval_source src = rig_source(b->rig, PART_TEST);
	struct eval_scratch *scratch = NULL;
	const struct rig_program *p;
	struct batch x;
	int64_t start[] = {0, n};
	for (int32_t i = 0; i < n; i++)
		query[i] = i;
	must(eval_batch(&src, &user, 1, NULL, 0, &scratch, &x, e));
	must(rig_program(b->rig, MODEL_SCORE, PROGRAM_INFER, 0, 1, &p, e));
	must(program_infer(b->engine, p->program, &x, keep, &(struct block){all, n}, e));
	must(eval_rating_batch(&src, &user, 1, query, start, &scratch, &x, e));
	must(rig_program(b->rig, MODEL_RATING, PROGRAM_INFER, 0, 1, &p, e));
	must(program_infer(b->engine, p->program, &x, keep, &(struct block){rated, 1}, e));
	for (int32_t i = 0; i < n; i++) {
		assert_true(rated[i] >= 1 && rated[i] <= 5);
		assert_true(fabs((double)(rated[i] - all[i])) < 1e-4);
	}
	eval_scratch_free(scratch);
	mem_free(query);
	mem_free(all);
	mem_free(rated);
}

/* Without weights CF-NADE knows how often each level was given; one rating more is spread as all of them are. */
static void untrained_cfnade_expects_the_mean_of_the_levels(void **state)
{
	struct bench b = bench_of("cfnade", "hidden = 4, std = 1e-5", true, 1);
	const struct split *s = b.x->split;
	enum { USER = 3, LEVELS = 5 };
	int32_t n = s->data->n_items, *query = mem_calloc((size_t)n, sizeof *query);
	real *rated = mem_calloc((size_t)n, sizeof *rated);
	double(*count)[LEVELS] = mem_calloc((size_t)n, sizeof *count), all[LEVELS] = {0}, rows = 0;
	struct eval_source src = rig_source(b.rig, PART_TEST);
	struct eval_scratch *scratch = NULL;
	const struct rig_program *p;
	struct batch x;
	int32_t user = USER;
	int64_t start[] = {0, n};
	for (int64_t r = 0; r < s->train_start[s->data->n_users]; r++) {
		int level = (int)s->train_rating[r] - 1;
		count[s->train_item[r]][level]++;
		all[level]++;
		rows++;
	}
	for (int32_t i = 0; i < n; i++)
		query[i] = i;
	must(eval_rating_batch(&src, &user, 1, query, start, &scratch, &x, e));
	must(rig_program(b.rig, MODEL_RATING, PROGRAM_INFER, 0, 1, &p, e));
	must(program_infer(b.engine, p->program, &x, keep, &(struct block){rated, 1}, e));
	for (int32_t i = 0; i < n; i++) {
		double own = 1, expected = 0;
		for (int k = 0; k < LEVELS; k++) {
			own += count[i][k];
			expected += (k + 1) * (count[i][k] + (all[k] + 1) / (rows + LEVELS));
		}
		assert_true(fabs((double)rated[i] - expected / own) < 1e-3);
	}
	eval_scratch_free(scratch);
	mem_free(query);
	mem_free(rated);
	mem_free(count);
	bench_free(&b);
}

static void all_scores_are_the_expected_ratings(void **state)
{
	for (size_t k = 0; k < VARIANTS; k++) {
		double first, last;
		if (!variants[k].ratings || !variants[k].ranks)
			continue;
		struct bench b = bench_at(k, 1);
		train(&b, 0, &first, &last);
		check_scores(&b, 0);
		check_scores(&b, 7);
		bench_free(&b);
	}
}

/* What an explanation rests on: a history without one of its items has other scores. */
static void leaving_an_item_out_changes_the_scores(void **state)
{
	for (size_t k = 0; k < VARIANTS; k++) {
		double first, last, change = 0;
		if (!variants[k].ranks)
			continue;
		struct bench b = bench_at(k, 1);
		train(&b, 0, &first, &last);
		struct eval_source src = rig_source(b.rig, PART_TEST);
		int32_t history[64], users[] = {5, 5}, n = eval_history(&src, 5, history, 32);
		int32_t m = b.x->split->data->n_items;
		assert_true(n >= 2);
		memcpy(history + n, history + 1, (size_t)(n - 1) * sizeof *history);
		int32_t offsets[] = {0, n, 2 * n - 1};
		real *scores = mem_calloc((size_t)(2 * m), sizeof *scores);
		must(scorer_histories(b.rig, history, offsets, 2, users, scores, e));
		for (int32_t i = 0; i < m; i++)
			change += fabs((double)(scores[i] - scores[m + i]));
		assert_true(change > 1e-6);
		mem_free(scores);
		bench_free(&b);
	}
}

/* The chains are parameters, though not trained: they move, and a rebuilt model carries them. */
static void persistent_chains_are_kept(void **state)
{
	double first, last;
	struct bench b = bench_of("rbm", "by = 'user', hidden = 20, persistent = true", true, 2);
	struct rig *again = NULL;
	struct param *chain = paramset_find(b.rig->params, "chain");
	assert_non_null(chain);
	assert_false(chain->trainable);
	train(&b, 0, &first, &last);
	int64_t on = 0;
	for (int64_t i = 0; i < chain->n; i++) {
		assert_true(chain->value[i] + 0 == 0 || chain->value[i] == 1);
		on += chain->value[i] != 0;
	}
	assert_true(on > chain->n / 100 && on < chain->n);
	must(knob_set_text(knobset_find(&b.x->knobs, "cd"), "3", e));
	must(rig_build(b.x, b.engine, &b.x->knobs, b.rig->params, true, &again, e));
	b.x->vtbl->settle(b.x->self, true);
	assert_memory_equal(
		paramset_find(again->params, "chain")->value, chain->value, (size_t)chain->n * sizeof(real));
	rig_free(again);
	bench_free(&b);
}

static void what_they_cannot_do_is_named(void **state)
{
	static const struct {
		const char *model, *knobs, *metric, *part;
	} wrong[] = {
		{"rbm", "levels = 4", "rmse", "which is none of the 4 levels from 1 to 4"},
		{"cfnade", "low = 2", "rmse", "set levels, low and step"},
		{"dbn", "step = 2", "rmse", "none of the 5 levels"},
		{"dbn", "layers = 2, stage = 4", "rmse", "2 layers have 3 stages"},
		{"rbm", "visible = 'binary', by = 'item'", "ndcg@10", "set by = \"user\""},
		{"cfnade", "exact = true, layers = 2", "rmse", "exact = true needs layers = 1"},
	};
	for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
		struct bench b = {0};
		struct err why = {OK, ""};
		must(engine_new(&(struct engine_options){.threads = 1}, &b.engine, e));
		must(try_experiment(wrong[k].model, wrong[k].knobs, wrong[k].metric, &b.x, e));
		assert_int_not_equal(bench_try(&b, &why), OK);
		assert_has(why.text, wrong[k].part);
		bench_free(&b);
	}
}

/* What a hidden unit is about, by title. */
static void units_are_readable(void **state)
{
	static const char *const models[] = {"rbm", "dbn", "cfnade"};
	for (size_t k = 0; k < 3; k++) {
		char *text = NULL, title[128];
		double first, last;
		struct err why;
		struct bench b = bench_of(models[k], "hidden = 6", true, 1);
		const struct dataset *d = b.x->split->data;
		int lines = 0, titles = 0;
		train(&b, 0, &first, &last);
		must(b.x->vtbl->eval(b.x->self, "model():unit(6, 4)", &text, e));
		for (const char *c = text; *c; c++)
			lines += *c == '\n';
		assert_int_equal(lines, 3);
		for (int32_t i = 0; i < d->n_items; i++)
			titles += strstr(text, dataset_item_label(d, i, title, sizeof title)) != NULL;
		assert_int_equal(titles, 8);
		mem_free(text);
		text = NULL;
		assert_int_not_equal(b.x->vtbl->eval(b.x->self, "model():unit(7)", &text, &why), OK);
		assert_has(why.text, "they are 1..6");
		bench_free(&b);
	}
}

static void experiments_build(void **state)
{
	static const char *const files[] = {
		"rbm-ml1m", "rbm-item-ml1m", "dbn-ml1m", "nade-ml1m", "cfnade-ml1m", "cfnade-deep-ml1m"};
	for (size_t k = 0; k < sizeof files / sizeof *files; k++) {
		struct bench b = {0};
		struct err why = {OK, ""};
		struct script_setting small = {"hidden", "8"};
		struct script_options o;
		script_options_default(&o);
		o.set = &small;
		o.n_set = 1;
		if (script_load(files[k], &o, &b.x, &why) != OK) {
			if (!strstr(why.text, "GUSTO_DATA"))
				fail_msg("%s: %s", files[k], why.text);
			printf("skipped: %s: its data are not here\n", files[k]);
			continue;
		}
		must(engine_new(&(struct engine_options){.threads = 1}, &b.engine, e));
		must(bench_try(&b, e));
		assert_non_null(b.rig->loss.program);
		bench_free(&b);
	}
}

static void plans_are_checked(void **state)
{
	static const struct {
		const char *plan, *part;
	} wrong[] = {
		{"{ { epoch = 2, cdd = 3 } }", "did you mean"},
		{"{ { epoch = 2, cd = 0 } }", "cd"},
		{"{ { cd = 3 } }", "does not say its epoch"},
		{"{ { epoch = 2, epochs = 3 } }", "epochs cannot be planned"},
		{"{ 3 }", "lists entries"},
		{"3", "plan must be a list"},
	};
	for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
		char text[512];
		struct experiment *x = NULL;
		struct err e = {OK, ""};
		snprintf(text, sizeof text,
			"local g = require 'gusto'\n"
			"return g.experiment { data = g.data { 'planted', interactions = 4000 },\n"
			"  model = require 'gusto.models.rbm', train = { plan = %s } }\n",
			wrong[k].plan);
		assert_int_not_equal(script_load(write_file("plan.lua", text), NULL, &x, &e), OK);
		assert_has(e.text, wrong[k].part);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(thirty_steps_lower_the_loss_and_repeat),
		cmocka_unit_test(learning_improves_the_ranking),
		cmocka_unit_test(untrained_cfnade_expects_the_mean_of_the_levels),
		cmocka_unit_test(all_scores_are_the_expected_ratings),
		cmocka_unit_test(leaving_an_item_out_changes_the_scores),
		cmocka_unit_test(persistent_chains_are_kept),
		cmocka_unit_test(what_they_cannot_do_is_named),
		cmocka_unit_test(units_are_readable),
		cmocka_unit_test(experiments_build),
		cmocka_unit_test(plans_are_checked),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
