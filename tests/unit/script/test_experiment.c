/* Experiments: loading, knobs, building and tracing, snapshots, live changes. */
#include "script_support.h"

#include "data/planted.h"
#include "graph/program.h"
#include "run/rig.h"

static struct batch loss_signature(struct experiment *x)
{
	struct err e;
	struct batcher *b = NULL;
	struct batch sig;
	struct batch_options o = rig_batch_options(x, &x->knobs);
	if (batcher_new(x->split, &o, &b, &e) != OK)
		fail_msg("%s", e.text);
	batcher_signature(b, &sig);
	for (int i = 0; i < sig.nfields; i++)
		sig.column[i] = NULL;
	batcher_free(b);
	return sig;
}

static enum err_code trace_call(
	struct experiment *x, enum model_call what, struct shape *out, struct model_outputs *o, struct err *e)
{
	struct trace *t = NULL;
	struct batch sig;
	if (what == MODEL_LOSS) {
		sig = loss_signature(x);
	} else {
		struct batch_options b = rig_batch_options(x, &x->knobs);
		struct eval_source src = {x->split, PART_TEST, b.kind, &b.args, b.length, true};
		if (what == MODEL_RATING)
			eval_rating_signature(&src, &sig);
		else
			eval_signature(&src, what == MODEL_CANDIDATES ? 100 : 0, &sig);
	}
	assert_int_equal(trace_new(&sig, &t, e), OK);
	enum err_code code = x->vtbl->trace(x->self, what, t, o, e);
	if (code == OK)
		*out = *trace_shape(t, o->value[0]);
	trace_free(t);
	return code;
}

static struct paramset *build(struct experiment *x)
{
	struct err e;
	struct paramset *set = paramset_new(x->seed);
	assert_non_null(set);
	if (x->vtbl->build(x->self, &x->knobs, set, &e) != OK)
		fail_msg("%s", e.text);
	return set;
}

static void every_experiment_builds_and_traces(void **state)
{
	static const char *const files[] = {"demo", "sasrec-ml100k", "sasrec-ml1m", "sasrec-ml1m-ce", "sasrec-beauty",
		"neumf-ml1m", "mf-ml1m", "popularity-ml1m", "gru4rec-ml1m", "narm-yoochoose64", "basketgru-dc",
		"fm-frappe", "deepfm-frappe", "widedeep-frappe", "nextitnet-ml1m", "caser-beauty", "narre-instruments",
		"deepconn-instruments"};
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct experiment *x = NULL;
		struct err e;
		enum err_code code = script_load(files[i], NULL, &x, &e);
		if (code == ERR_NOTFOUND && strstr(e.text, "GUSTO_DATA")) {
			printf("skipped: %s: its data are not here\n", files[i]);
			continue;
		}
		if (code != OK)
			fail_msg("%s: %s", files[i], e.text);
		struct paramset *set = build(x);
		x->vtbl->settle(x->self, true);
		for (int w = MODEL_LOSS; w <= MODEL_RATING; w++) {
			struct shape s;
			struct model_outputs o;
			if (!x->vtbl->has(x->self, (enum model_call)w))
				continue;
			if (trace_call(x, (enum model_call)w, &s, &o, &e) != OK)
				fail_msg("%s, call %d: %s", files[i], w, e.text);
			assert_int_equal(s.axis, w == MODEL_LOSS ? AXIS_FIXED : AXIS_EXAMPLE);
			assert_int_equal(shape_width(&s), w == MODEL_SCORE	  ? x->split->data->n_items
							  : w == MODEL_CANDIDATES ? 100
										  : 1);
		}
		if (x->vtbl->fit)
			assert_int_equal(x->vtbl->fit(x->self, x->split, &e), OK);
		paramset_free(set);
		experiment_free(x);
	}
}

/* Layers are called after the places they were assigned to; what popularity learns are the counts. */
static void parameters_have_names(void **state)
{
	struct experiment *x = load("demo", NULL);
	struct paramset *set = build(x);
	assert_non_null(paramset_find(set, "block 2/attention/query/weight"));
	assert_non_null(paramset_find(set, "item/weight"));
	assert_non_null(paramset_find(set, "norm/gain"));
	paramset_free(set);
	experiment_free(x);
}

static void settings_come_last(void **state)
{
	struct script_setting set[] = {{"lr", "3e-4"}, {"loss", "bce"}, {"dim", "8"}};
	struct script_options o;
	script_options_default(&o);
	o.set = set;
	o.n_set = 3;
	o.epochs = 7;
	o.has_seed = true;
	o.seed = 99;
	o.data = "planted";
	struct experiment *x = load("demo", &o);
	assert_true(knobset_number(&x->knobs, "lr", 0) == 3e-4);
	assert_string_equal(knobset_text(&x->knobs, "loss", ""), "bce");
	assert_true(knobset_number(&x->knobs, "blocks", 0) == 2);
	assert_int_equal(x->train.epochs, 7);
	assert_true(x->seed == 99);
	experiment_free(x);
}

static void wrong_settings_are_named(void **state)
{
	static const struct {
		struct script_setting set;
		const char *data, *part;
	} cases[] = {{{"dmi", "8"}, NULL, "did you mean 'dim'?"},
		{{"lr", "3"}, NULL, "knob lr must be in 1e-06..1, got 3"}, {{"loss", "mse"}, NULL, "bce|ce|sampled_ce"},
		{{"lr", "fast"}, NULL, "must be a number"}, {{"lr", "1e-3"}, "ml-2m", "there is no data set 'ml-2m'"},
		{{"lr", "1e-3"}, "../../etc/passwd", "there is no data set"}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct script_options o;
		struct experiment *x = NULL;
		struct err e;
		script_options_default(&o);
		o.set = &cases[i].set;
		o.n_set = 1;
		o.data = cases[i].data;
		assert_int_not_equal(script_load("demo", &o, &x, &e), OK);
		assert_null(x);
		assert_has(e.text, cases[i].part);
	}
}

static const char *const small_model =
	"local g, nn = require 'gusto', require 'gusto.nn'\n"
	"local M = g.model { name = 'M', batch = 'pairs', knobs = { dim = g.int { 4, min = 1, max = 64 }, lr = g.log { "
	"1e-2 } } }\n"
	"function M:build(k, data)\n"
	"  self.user = nn.embedding { data.users, k.dim }\n"
	"  self.item = nn.embedding { data.items, k.dim }\n"
	"end\n"
	"function M:loss(batch)\n"
	"  local u = self.user(batch.user)\n"
	"  return nn.bpr(u:dot(self.item(batch.item)), u:dot(self.item(batch.negative))), { size = "
	"u:square():mean_all() }\n"
	"end\n"
	"function M:score(batch) return self.user(batch.user):matmul_t(self.item.weight) end\n"
	"return g.experiment { data = g.data { 'planted', interactions = 1000 }, model = M,\n"
	"  train = { epochs = 1, lr = 5e-3, schedule = function(step) return 1 / (1 + step) end } }\n";

static void losses_may_log_more(void **state)
{
	struct experiment *x = load(write_file("small.lua", small_model), NULL);
	struct paramset *set = build(x);
	struct shape s;
	struct model_outputs o;
	struct err e;
	assert_int_equal(trace_call(x, MODEL_LOSS, &s, &o, &e), OK);
	assert_int_equal(o.n, 2);
	assert_string_equal(o.name[1], "size");
	assert_true(knobset_number(&x->knobs, "lr", 0) == 5e-3);
	double factor = 0;
	assert_non_null(x->vtbl->lr_factor);
	assert_int_equal(x->vtbl->lr_factor(x->self, 3, &factor, &e), OK);
	assert_true(factor == 0.25);
	assert_string_equal(x->name, "small");
	paramset_free(set);
	experiment_free(x);
}

/* A build that is dropped leaves the model that was. */
static void settle_decides(void **state)
{
	struct experiment *x = load(write_file("small.lua", small_model), NULL);
	struct paramset *first = build(x);
	struct shape s;
	struct model_outputs o;
	struct err e;
	x->vtbl->settle(x->self, true);
	knobset_find(&x->knobs, "dim")->num = 9;
	struct paramset *second = build(x);
	assert_int_equal(paramset_find(second, "item/weight")->width, 9);
	x->vtbl->settle(x->self, false);
	paramset_free(second);
	assert_int_equal(trace_call(x, MODEL_SCORE, &s, &o, &e), OK);
	assert_int_equal(s.dim[0], x->split->data->n_items);
	paramset_free(first);
	experiment_free(x);
}

static void scripts_are_reloaded(void **state)
{
	struct experiment *x = load(write_file("small.lua", small_model), NULL);
	struct paramset *set = build(x);
	struct err e;
	x->vtbl->settle(x->self, true);
	char *text = strdup(small_model);
	assert_non_null(text);
	memcpy(strstr(text, "dim = g.int { 4,"), "dim = g.int { 6,", 16);
	struct knobset k = {0};
	assert_int_equal(knobset_copy(&x->knobs, &k, &e), OK);
	knobset_find(&k, "lr")->num = 0.125;
	if (x->vtbl->reload(x->self, text, &k, &e) != OK)
		fail_msg("%s", e.text);
	assert_true(knobset_find(&k, "dim")->def == 6 && knobset_find(&k, "dim")->num == 4);
	assert_true(knobset_number(&k, "lr", 0) == 0.125);
	assert_non_null(knobset_find(&k, "batch"));
	struct paramset *next = paramset_new(1);
	assert_int_equal(x->vtbl->build(x->self, &k, next, &e), OK);
	x->vtbl->settle(x->self, true);
	assert_int_not_equal(x->vtbl->reload(x->self, "return 1 +", &k, &e), OK);
	assert_has(e.text, "small.lua:1:");
	assert_int_not_equal(x->vtbl->reload(x->self, "return { }", &k, &e), OK);
	assert_has(e.text, "return g.experiment");
	knobset_free(&k);
	paramset_free(next);
	paramset_free(set);
	free(text);
	experiment_free(x);
}

/* A run's snapshot holds all that is needed: the copies count, not the project's files. */
static void snapshots_come_first(void **state)
{
	struct experiment *x = load("demo", NULL);
	size_t n = x->vtbl->files(x->self);
	char name[256];
	bool model = false, data = false;
	for (size_t i = 0; i < n; i++) {
		const char *path, *text;
		size_t len;
		x->vtbl->file(x->self, i, &path, &text, &len);
		assert_int_equal(strlen(text), len);
		snprintf(name, sizeof(name), "run/%s", path);
		model |= strcmp(path, "lua/gusto/models/sasrec.lua") == 0;
		data |= strcmp(path, "datasets/planted.lua") == 0;
		if (strcmp(path, "lua/gusto/models/sasrec.lua") == 0) {
			char *copy = strdup(text);
			assert_non_null(copy);
			memcpy(strstr(copy, "name = \"SASRec\""), "name = \"SASOld\"", 15);
			write_file(name, copy);
			free(copy);
		} else {
			write_file(name, text);
		}
	}
	assert_true(model && data);
	experiment_free(x);
	char run[128];
	snprintf(run, sizeof(run), "%s/run", folder);
	struct script_options o;
	script_options_default(&o);
	o.snapshot_dir = run;
	x = load(NULL, &o);
	assert_string_equal(x->model, "SASOld");
	experiment_free(x);
}

struct set_log {
	char text[128];
};

static enum err_code log_set(void *ctx, const char *name, const char *value, struct err *e)
{
	struct set_log *log = ctx;
	snprintf(log->text, sizeof(log->text), "%s=%s", name, value);
	return strcmp(name, "lr") == 0 ? OK : err_set(e, ERR_ARG, "no knob %s", name);
}

static void chunks_are_evaluated(void **state)
{
	struct experiment *x = load(write_file("small.lua", small_model), NULL);
	struct paramset *set = build(x);
	x->vtbl->settle(x->self, true);
	struct err e;
	char *text = NULL;
	assert_int_equal(x->vtbl->eval(x->self, "1 + 1, 'x'", &text, &e), OK);
	assert_string_equal(text, "2\tx");
	free(text);
	assert_int_equal(
		x->vtbl->eval(x->self, "local m = model() return m.item.weight.shape, knob 'lr'", &text, &e), OK);
	assert_has(text, ", 4]\t0.005");
	free(text);
	assert_int_not_equal(x->vtbl->eval(x->self, "knob_set('lr', 0.5)", &text, &e), OK);
	assert_has(e.text, "in a run only");
	struct set_log log = {""};
	x->knob_set = log_set;
	x->knob_ctx = &log;
	assert_int_equal(x->vtbl->eval(x->self, "knob_set('lr', 0.5)", &text, &e), OK);
	assert_string_equal(log.text, "lr=0.5");
	free(text);
	assert_int_not_equal(x->vtbl->eval(x->self, "knob_set('rate', 1)", &text, &e), OK);
	assert_has(e.text, "eval:1: no knob rate");
	assert_int_not_equal(x->vtbl->eval(x->self, "foo.bar", &text, &e), OK);
	assert_has(e.text, "there is nothing called 'foo'");
	paramset_free(set);
	experiment_free(x);
}

static void endless_chunks_are_interrupted(void **state)
{
	struct experiment *x = load(write_file("small.lua", small_model), NULL);
	struct err e;
	char *text = NULL;
	assert_int_not_equal(
		x->vtbl->eval(x->self,
			"coroutine.wrap(function() while true do pcall(function() while true do end end) end end)()",
			&text, &e),
		OK);
	assert_has(e.text, "interrupted");
	assert_null(text);
	experiment_free(x);
}

/* What the world says about causes is what the planted module says. */
static void planted_causes_are_known(void **state)
{
	struct experiment *x = load("demo", NULL);
	assert_non_null(x->causes);
	struct planted_options o;
	planted_defaults(&o);
	o.interactions = 60000;
	struct planted *w = NULL;
	struct err e;
	assert_int_equal(planted_new(&o, &w, &e), OK);
	int32_t max = planted_max_length(w), seen = 0;
	int32_t *cause = calloc((size_t)max, sizeof(*cause));
	struct planted_event *events = calloc((size_t)max, sizeof(*events));
	const struct dataset *d = x->split->data;
	for (int32_t u = 0; u < 50; u++) {
		char id[32];
		strtab_copy(&d->users, u, id, sizeof(id));
		int32_t n = planted_user(w, atoi(id + 1) - 1, events, max), m = x->causes(x->self, u, cause, max);
		assert_int_equal(n, m);
		assert_int_equal(n, d->start[u + 1] - d->start[u]);
		for (int32_t k = 0; k < n; k++) {
			char item[32];
			assert_int_equal(cause[k], events[k].cause);
			strtab_copy(&d->items, d->item[d->start[u] + k], item, sizeof(item));
			assert_int_equal(atoi(item + 1) - 1, events[k].item);
			seen += cause[k] >= 0;
		}
	}
	assert_true(seen > 0);
	assert_int_equal(x->causes(x->self, -1, cause, max), 0);
	free(cause);
	free(events);
	planted_free(w);
	experiment_free(x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_experiment_builds_and_traces),
		cmocka_unit_test(parameters_have_names),
		cmocka_unit_test(settings_come_last),
		cmocka_unit_test(wrong_settings_are_named),
		cmocka_unit_test(losses_may_log_more),
		cmocka_unit_test(settle_decides),
		cmocka_unit_test(scripts_are_reloaded),
		cmocka_unit_test(snapshots_come_first),
		cmocka_unit_test(chunks_are_evaluated),
		cmocka_unit_test(endless_chunks_are_interrupted),
		cmocka_unit_test(planted_causes_are_known),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
