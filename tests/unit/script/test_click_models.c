/* The models of click-through: FM, DeepFM, Wide & Deep against their formulas, learning a planted rule, repeating. */
#include "graph/reduce.h"
#include "nn/optim.h"
#include "run/evaluator.h"
#include "unit/script/script_support.h"

#include <math.h>

#define must(call)                                                                                                     \
	do {                                                                                                           \
		struct err must_e_ = {0};                                                                              \
		struct err *e = &must_e_;                                                                              \
		if ((call) != OK)                                                                                      \
			fail_msg("%s: %s", #call, must_e_.text);                                                       \
	} while (0)

enum { USERS = 30, ITEMS = 40, ROWS = 60 };

/* A use is liked if and only if the app's kind suits the mood: a pure interaction of two fields. */
static void write_data(void)
{
	static const char *const moods[] = {"glad", "sad", "calm"}, *const kinds[] = {"game", "mail", "map"};
	char *text = calloc(1, 1 << 18), *p = text;
	uint64_t x = 9;
	assert_non_null(text);
	for (int u = 0; u < USERS; u++)
		for (int r = 0; r < ROWS; r++) {
			x = x * 6364136223846793005u + 1442695040888963407u;
			int item = (int)(x >> 33) % ITEMS, mood = (int)(x >> 50) % 3;
			p += sprintf(p, "u%d,i%d,%d,%d,%s,%s,%d\n", u, item, item % 3 == mood ? 1 : -1, r, moods[mood],
				kinds[item % 3], item % 5);
		}
	write_file("clicks.csv", text);
	free(text);
}

static int make_clicks(void **state)
{
	if (make_folder(state) != 0)
		return -1;
	write_data();
	return 0;
}

static struct experiment *experiment(const char *model, const char *fields, const char *knobs, int epochs)
{
	char text[2048];
	snprintf(text, sizeof text,
		"local g = require 'gusto'\n"
		"return g.experiment { data = g.data { file = '%s/clicks.csv', format = 'csv',\n"
		"  columns = 'user,item,rating,time,mood,kind,size:real', fields = '%s' },\n"
		"  protocol = g.protocol { split = 'ratio', valid = .1, test = .2, metrics = { 'roc_auc', 'logloss' } "
		"},\n"
		"  model = require 'gusto.models.%s', knobs = { %s },\n"
		"  train = { optimizer = 'adam', batch = 64, negatives = 0, epochs = %d } }\n",
		folder, fields, model, knobs, epochs);
	return load(write_file("x.lua", text), NULL);
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

/* ---- formulas ---- */

static const struct param *need(const struct bench *b, const char *name)
{
	const struct param *p = paramset_find(b->rig->params, name);
	if (!p)
		fail_msg("no parameter %s", name);
	return p;
}

static void fill_params(struct bench *b)
{
	for (size_t k = 0; k < paramset_count(b->rig->params); k++) {
		struct param *p = paramset_get(b->rig->params, k);
		for (int64_t i = 0; i < p->n; i++)
			p->value[i] = (real)(.4 * sin(1.3 * (double)i + (double)k));
	}
}

struct clicks {
	const struct bench *b;
	double logit[8];
};

static void collect(void *ctx, int worker, int32_t first, int32_t n, const struct operand *o)
{
	struct clicks *c = ctx;
	(void)worker;
	for (int32_t i = 0; i < n; i++)
		c->logit[first + i] = (double)o[0].v[i];
}

enum { CATEGORIES = 4, DIM = 3 };

/* Linear part and all pairs, one by one: user, item, mood, kind are categories, size a number that scales its vector. */
static double fm_by_pairs(const struct bench *b, const int32_t *field, double size)
{
	const struct param *v = need(b, "vector/word/weight"), *w = need(b, "weight/word/weight"),
			   *nv = need(b, "vector/number 1/weight"), *nw = need(b, "weight/number 1/weight");
	double x[CATEGORIES + 1][DIM], y = size * (double)nw->value[0];
	for (int f = 0; f < CATEGORIES; f++) {
		y += (double)w->value[field[f]];
		for (int j = 0; j < DIM; j++)
			x[f][j] = (double)v->value[field[f] * DIM + j];
	}
	for (int j = 0; j < DIM; j++)
		x[CATEGORIES][j] = size * (double)nv->value[j];
	for (int f = 0; f <= CATEGORIES; f++)
		for (int h = f + 1; h <= CATEGORIES; h++)
			for (int j = 0; j < DIM; j++)
				y += x[f][j] * x[h][j];
	return y;
}

static void fm_is_all_pairs(void **state)
{
	struct bench b = bench_of(experiment("fm", "user,item,mood,kind,size", "dim = 3", 1));
	const struct rig_program *p;
	struct eval_source src = rig_source(b.rig, PART_TEST);
	struct eval_scratch *scratch = NULL;
	struct batch batch;
	struct clicks c = {.b = &b};
	const int32_t user[4] = {0, 0, 1, 2};
	const struct dataset *d = b.x->split->data;
	const int64_t row[4] = {0, 5, d->start[1] + 3, d->start[2]};
	(void)state;
	fill_params(&b);
	must(rig_program(b.rig, MODEL_CLICK, PROGRAM_INFER, 0, 4, &p, e));
	must(eval_points_batch(&src, user, row, 4, &scratch, &batch, e));
	must(program_infer(b.engine, p->program, &batch, collect, &c, e));
	for (int i = 0; i < 4; i++) {
		const int32_t *field = (const int32_t *)batch.column[2] + (int64_t)i * CATEGORIES;
		double size = (double)((const real *)batch.column[3])[i];
		double want = fm_by_pairs(&b, field, size) + (double)need(&b, "bias")->value[0];
		assert_true(fabs(c.logit[i] - want) < 1e-4 * fmax(1, fabs(want)));
	}
	eval_scratch_free(scratch);
	bench_free(&b);
}

/* ---- learning ---- */

static double train(struct bench *b, int epochs, char sha[65])
{
	struct optim *o = NULL;
	double loss[8];
	must(optim_new("adam", &o, e));
	must(optim_bind(o, b->rig->params, e));
	for (int epoch = 0; epoch < epochs; epoch++)
		for (int64_t k = 0; k < batcher_steps(b->rig->batcher); k++) {
			struct batch batch;
			batcher_get(b->rig->batcher, epoch, k, &batch);
			must(program_step(b->engine, b->rig->loss.program, &batch, loss, e));
			must(optim_step(o, b->engine, b->rig->loss.program, 1e-2, 0, NULL, e));
		}
	optim_free(o);
	paramset_sha256(b->rig->params, sha);
	return loss[0];
}

static double test_auc(struct bench *b)
{
	struct evaluator *v = NULL;
	struct evaluation_result r;
	must(evaluator_new(b->x, PART_TEST, true, 2, &v, e));
	must(evaluator_prepare(v, b->rig, e));
	must(evaluator_run(v, b->rig, NULL, NULL, &r, e));
	assert_string_equal(r.metric[0].name, "roc_auc");
	assert_true(r.value[1] > 0 && r.value[1] < 5);
	evaluator_free(v);
	return r.value[0];
}

static const char *const fields = "user,item,mood,kind,size:standard,mood*kind:hash=100";

static const struct {
	const char *model, *knobs;
} models[] = {{"fm", "dim = 4, std = 0.1"}, {"deepfm", "dim = 4, hidden = 16, layers = 2, std = 0.1"},
	{"deepfm", "dim = 4, hidden = 16, layers = 2, std = 0.1, batch_norm = true, act = 'swish'"},
	{"widedeep", "dim = 4, hidden = 16, layers = 2, std = 0.1"},
	{"widedeep", "dim = 4, hidden = 16, layers = 2, std = 0.1, act = 'prelu'"},
	{"din", "dim = 4, history = 5, attention = 8, hidden = 20, std = 0.1"},
	{"din", "dim = 4, history = 5, attention = 8, hidden = 20, std = 0.1, act = 'relu', softmax = true"}};

/* The rule is seen, unseen interactions are told right, and the same seed gives the same weights. */
static void learns_and_repeats(void **state)
{
	(void)state;
	for (size_t m = 0; m < sizeof models / sizeof *models; m++) {
		char sha[2][65];
		for (int again = 0; again < 2; again++) {
			struct bench b = bench_of(experiment(models[m].model, fields, models[m].knobs, 5));
			train(&b, 12, sha[again]);
			double auc = again ? 1 : test_auc(&b);
			if (!(auc > .97))
				fail_msg("%s { %s }: roc_auc %.4f", models[m].model, models[m].knobs, auc);
			bench_free(&b);
		}
		assert_string_equal(sha[0], sha[1]);
	}
}

/* The cross alone carries the rule: the wide part learns it without the tower. */
static void crosses_are_remembered(void **state)
{
	char sha[65];
	(void)state;
	struct bench b =
		bench_of(experiment("widedeep", "mood,kind,mood*kind:hash=100", "dim = 1, hidden = 1, layers = 1", 5));
	train(&b, 12, sha);
	const struct param *cross = need(&b, "cross/weight");
	int moved = 0;
	for (int64_t i = 0; i < cross->n; i++)
		moved += fabs((double)cross->value[i]) > .1;
	assert_in_range(moved, 3, 9); /* buckets of the nine pairs, the others never train */
	bench_free(&b);
}

/* ---- refusals ---- */

static void refuses(const char *text, const char *part)
{
	struct experiment *x = NULL;
	struct err why = {0};
	enum err_code code = script_load(write_file("bad.lua", text), NULL, &x, &why);
	if (code == OK) {
		struct bench b = {.x = x};
		struct evaluator *v = NULL;
		must(engine_new(&(struct engine_options){.threads = 1}, &b.engine, e));
		code = rig_build(x, b.engine, &x->knobs, NULL, true, &b.rig, &why);
		if (code == OK) {
			x->vtbl->settle(x->self, true);
			code = evaluator_new(x, PART_TEST, true, 1, &v, &why);
		}
		if (code == OK)
			code = evaluator_prepare(v, b.rig, &why);
		evaluator_free(v);
		bench_free(&b);
	}
	assert_int_not_equal(code, OK);
	assert_has(why.text, part);
}

#define SCRIPT(data, model, metric)                                                                                    \
	"local g = require 'gusto'\nreturn g.experiment { data = g.data { " data " },\n"                               \
	"protocol = g.protocol { split = 'leave_one_out', metrics = { '" metric "' } },\n"                             \
	"model = require 'gusto.models." model "', train = { epochs = 1 } }"

static void says_what_does_not_fit(void **state)
{
	(void)state;
	refuses(SCRIPT("'planted', fields = 'user,weather'", "fm", "roc_auc"),
		"has no field 'weather'; it has user, item, item.title, item.genres");
	refuses(SCRIPT("'planted'", "mf", "roc_auc"), "model MF predicts no clicks");
	refuses(SCRIPT("'planted'", "fm", "hr@10"), "model FM cannot be ranked");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(fm_is_all_pairs), cmocka_unit_test(learns_and_repeats),
		cmocka_unit_test(crosses_are_remembered), cmocka_unit_test(says_what_does_not_fit)};
	return cmocka_run_group_tests(tests, make_clicks, remove_folder);
}
