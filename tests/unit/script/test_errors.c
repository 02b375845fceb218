/* Mistakes in scripts: each gets one sentence with its place.  And nothing that a script does can crash. */
#include "script_support.h"

/* Runs a chunk in a repl; its answer or its error into `out`. */
static bool answer(const char *chunk, char *out, size_t size)
{
	struct err e;
	FILE *in = fmemopen((void *)chunk, strlen(chunk), "r");
	char *text = NULL;
	size_t len = 0;
	FILE *stream = open_memstream(&text, &len);
	assert_non_null(in);
	assert_non_null(stream);
	enum err_code code = script_repl(in, stream, false, NULL, &e);
	fclose(in);
	fclose(stream);
	snprintf(out, size, "%s", code == OK ? text : e.text);
	free(text);
	return code == OK;
}

struct saying {
	const char *chunk, *part;
};

static void mistakes_have_sentences(void **state)
{
	static const struct saying sayings[] = {
		{"x = y + 1", "repl:1: there is nothing called 'y' here"},
		{"nn.linear { 2 }", "repl:1: linear needs out"},
		{"nn.linear { 2, 3, foo = 1 }", "repl:1: linear has no argument 'foo'"},
		{"nn.liner { 2, 3 }", "did you mean 'linear'?"},
		{"nn.attention { dim = 50, heads = 3 }(g.tokens { { 1 } })", "heads=3 does not divide dim=50"},
		{"nn.embedding { rows = 0, dim = 4 }", "rows must be in 1"},
		{"nn.embedding { rows = 1.5, dim = 4 }", "rows must be a whole number"},
		{"nn.embedding { rows = 'x', dim = 4 }", "rows must be a number"},
		{"g.rows { { 1, 2 } }:matmul_t(g.tensor { { 1, 2, 3 } })",
			"the table have 3 numbers but x is [examples, 2]"},
		{"g.rows { { 1, 2 } }:sigmod()", "did you mean 'sigmoid'?"},
		{"g.tensor { { 1, 2 }, { 3 } }", "tables of the same length"},
		{"g.ids { 1.5 }", "ids are whole numbers, got 1.5"},
		{"g.rows { { 1 }, { 2 } } + g.rows { { 1 } }", "the tensors have 2 and 1 rows"},
		{"g.data { 'ml-1m', viw = 'x' }", "did you mean 'view'?"},
		{"local d = g.data 'ml-1' return d.items", "there is no data set 'ml-1'; there are amazon-beauty"},
		{"g.data { file = '/no/such', format = 'csv' }.items", "/no/such"},
		{"g.int { 5, min = 6 }", "the default 5 is outside of 6"},
		{"g.model { name = 'x', bild = 1 }", "did you mean 'build'?"},
		{"os.execute('ls')", "nil value (field 'execute')"},
		{"io.open('/etc/passwd')", "outside of the project's folders; --trust lifts this"},
		{"io.open('tests/../../../../../../etc/passwd')", "outside of the project's folders"},
		{"for l in io.lines('/etc/passwd') do end", "outside of the project's folders"},
		{"require '../x'", "a module's name is like"},
		{"require 'no.such'", "there is no module \"no.such\""},
		{"assert(load('\\27Lua'))", "binary chunk"},
		{"string.rep('x', 2147483000)", "not enough memory"},
		{"local function f() return f() + 1 end f()", "stack overflow"},
		{"getmetatable(g.tensor(1)).__gc()", "attempt to index a boolean value"},
		{"for i = 1, 2 do", "not complete"},
	};
	char text[2048];
	for (size_t i = 0; i < sizeof(sayings) / sizeof(sayings[0]); i++) {
		if (answer(sayings[i].chunk, text, sizeof(text)))
			fail_msg("%s: was accepted: %s", sayings[i].chunk, text);
		assert_has(text, sayings[i].part);
	}
}

static void values_are_computed_at_once(void **state)
{
	static const struct saying sayings[] = {
		{"1 + 1", "2\n"},
		{"x = g.tensor { { 1, 2 }, { 3, 4 } }\nx + x", "[2, 2]\n  2 4\n  6 8\n"},
		{"g.rows { { 1, 2 }, { 3, 4 } }:matmul_t(g.tensor { { 1, 0 }, { 0, 1 }, { 1, 1 } })",
			"1 2 3\n  3 4 7\n"},
		{"g.tokens { { 1, 2 }, { 3, 4 } }:last()", "3 4"},
		{"g.tokens { { 1, 2 }, { 3, 4 } }:mean_all()", "2.5\n"},
		{"(2 * g.tensor { 3 } - 1) / 5", "1\n"},
		{"-g.tensor { 3, 4 }", "-3 -4"},
		{"g.tensor { 1, 2 }:numbers()[2]", "2.0\n"},
		{"nn.embedding(g.tensor { { 1, 2 }, { 3, 4 } }, g.ids { 1, 0 })", "3 4\n  1 2\n"},
		{"nn.softmax(g.tensor { 0, 0 })", "0.5 0.5"},
		{"l = nn.linear { 2, 1, bias = false }\nl.weight:set { 3, 4 }\nl(g.rows { { 1, 1 } })", "7"},
		{"g.rows { { 1, 2 } }:repeat_(2)", "1 2\n  1 2"},
		{"for i = 1, 2 do\nprint(i)\nend", "1\n2\n"},
		{"d = g.data { 'planted', interactions = 1000 }\nd.name, d.items > 10, #d:title(0) > 3",
			"planted\ttrue\ttrue"},
		{"k = require 'gusto.knob'\ns = k.sorted(g.knobs({ b = g.int { 1 }, a = g.int { 2 } }, { a = g.int { 3 "
		 "} }))\n"
		 "#s, s[1].name, s[2].name, s[2].knob.default",
			"2\tb\ta\t3"},
		{"local f = io.open('src/README.md') or io.open('Makefile') return f ~= nil", "true"},
	};
	char text[2048];
	for (size_t i = 0; i < sizeof(sayings) / sizeof(sayings[0]); i++) {
		if (!answer(sayings[i].chunk, text, sizeof(text)))
			fail_msg("%s: %s", sayings[i].chunk, text);
		assert_has(text, sayings[i].part);
	}
}

static const char *const frame =
	"local g, nn = require 'gusto', require 'gusto.nn'\n"
	"local M = g.model { name = 'M', batch = 'sequence', knobs = { dim = g.int { 50 } } }\n"
	"function M:build(k, data)\n"
	"  self.item = nn.embedding { data.items, k.dim }\n"
	"  self.user = nn.embedding { data.users, 4 }\n"
	"  self.block = { {}, {} }\n"
	"  self.block[2].attention = nn.attention { dim = k.dim, heads = %s }\n"
	"end\n"
	"function M:loss(batch)\n"
	"  local h = self.item(batch.item)\n"
	"  %s\n"
	"end\n"
	"function M:score(batch) return self.item(batch.item):last():matmul_t(self.item.weight) end\n"
	"return g.experiment { data = g.data { 'planted', interactions = 1000 }, model = M }\n";

/* The error of building and tracing the loss of the frame with these parts. */
static void frame_error(const char *heads, const char *line, char *out, size_t size)
{
	char text[4096];
	struct err e;
	snprintf(text, sizeof(text), frame, heads, line);
	struct experiment *x = load(write_file("frame.lua", text), NULL);
	struct paramset *set = paramset_new(1);
	enum err_code code = x->vtbl->build(x->self, &x->knobs, set, &e);
	if (code == OK) {
		struct batcher *b = NULL;
		struct batch sig;
		struct trace *t = NULL;
		struct model_outputs o;
		assert_int_equal(batcher_new(x->split, &x->train.batch, &b, &e), OK);
		batcher_signature(b, &sig);
		assert_int_equal(trace_new(&sig, &t, &e), OK);
		code = x->vtbl->trace(x->self, MODEL_LOSS, t, &o, &e);
		trace_free(t);
		batcher_free(b);
	}
	snprintf(out, size, "%s", code == OK ? "fine" : e.text);
	paramset_free(set);
	experiment_free(x);
}

static void models_errors_name_line_and_layer(void **state)
{
	static const struct {
		const char *heads, *line, *part;
	} cases[] = {
		{"3", "", "frame.lua:7: block 2/attention: heads=3 does not divide dim=50"},
		{"1", "return nn.mse(h:sum():mean_all(), 0)", "frame.lua:11: mse: "},
		{"1", "return h:matmul_t(nn.embedding { 3, 2 }.weight)",
			"frame.lua:11: embedding: this layer has no name"},
		{"1", "return nn.scope('outer', function() return h:dot(self.block) end)", "frame.lua:11: "},
		{"1", "return nn.scope('outer', function() return h:matmul_t(g.tensor { { 1 } }) end)",
			"frame.lua:11: outer: matmul_t"},
		{"1", "return self.block[2].attention(h:sum())", "frame.lua:11: block 2/attention"},
		{"1", "return batch.targets", "frame.lua:11: the batch has no column 'targets'; it has item, target"},
		{"1", "return self.user(batch.item):sum():mean_all()", "frame.lua:11: user: the table has"},
		{"1", "return nn.embedding(g.tensor { { 1 }, { 2 } }, batch.position):sum():mean_all()",
			"frame.lua:11: ids: the table has 2 rows, but these ids go up to 49"},
		{"1", "return self.k.dmi", "frame.lua:11: model M has no knob 'dmi'; did you mean 'dim'?"},
		{"1", "self.k.dim = 3", "frame.lua:11: knob 'dim' cannot be set here"},
		{"1", "x = 1", "frame.lua:11: 'x' is not declared: write `local x = ...`"},
		{"1", "return nil", "what loss(batch) returned must be a value, got nil"},
		{"1", "return h + g.rows { { 1 } }", "frame.lua:11: inside a model only tensors"},
		{"1", "h.x = 1", "frame.lua:11: attempt to index a gusto.value value"},
		{"1", "error 'mine'", "frame.lua:11: mine"},
	};
	char text[2048];
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		frame_error(cases[i].heads, cases[i].line, text, sizeof(text));
		assert_has(text, cases[i].part);
	}
}

static void broken_experiments_are_refused(void **state)
{
	static const struct saying sayings[] = {
		{"return", "must return"},
		{"return 1", "an experiment ends with `return g.experiment { ... }`, this returned number"},
		{"x x", "syntax error"},
		{"\x1bLua", "binary chunk"},
		{"return require 'gusto.models.sasrec'", "an experiment ends with"},
		{"return require('gusto').experiment { }", "g.experiment needs data"},
		{"local g = require 'gusto' return g.experiment { data = 'planted', model = 1 }",
			"model must be a table"},
		{"local g = require 'gusto' return g.experiment { data = 'planted', model = {} }", "made by g.model"},
		{"local g = require 'gusto' return g.experiment { data = 'planted', model = g.model { name = 'x' } }",
			"can rank nothing"},
	};
	static const struct saying options[] = {
		{"train = { optimizer = 'adm' }", "did you mean 'adam'?"},
		{"train = { schedule = 'cosin' }", "did you mean 'cosine'?"},
		{"train = { ecpohs = 3 }", "did you mean 'epochs'?"},
		{"train = { batch = 0 }", "batch must be a whole number in 1.."},
		{"train = { sampler = 'x' }", "sampler"},
		{"knobs = { dmi = 3 }", "did you mean 'dim'?"},
		{"knobs = { dim = {} }", "dim must be a number"},
		{"protocol = { metrics = { 'ndgc@10' } }", "did you mean 'ndcg'?"},
		{"protocol = { metrics = {} }", "metrics lists 1 to 16"},
		{"protocol = { split = 'x' }", "leave_one_out"},
		{"protocol = { tie = 'x' }", "did you mean 'ties'?"},
		{"seed = -1", "seed must be in"},
	};
	struct err e;
	struct experiment *x = NULL;
	char text[512];
	for (size_t i = 1; i < sizeof(sayings) / sizeof(sayings[0]); i++) {
		assert_int_not_equal(script_load(write_file("broken.lua", sayings[i].chunk), NULL, &x, &e), OK);
		assert_null(x);
		assert_has(e.text, sayings[i].part);
	}
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		snprintf(text, sizeof(text),
			"local g = require 'gusto' return g.experiment { data = g.data { 'planted', interactions = "
			"1000 }, "
			"model = require 'gusto.models.sasrec', %s }",
			options[i].chunk);
		assert_int_not_equal(script_load(write_file("broken.lua", text), NULL, &x, &e), OK);
		assert_null(x);
		assert_has(e.text, options[i].part);
	}
	assert_int_equal(script_load("no-such-experiment", NULL, &x, &e), ERR_NOTFOUND);
}

/* Every binding under every argument: before, inside and after a trace (tests/lua/hostile.lua). */
static void no_argument_crashes(void **state)
{
	struct experiment *x = load("tests/lua/hostile.lua", NULL);
	struct paramset *set = paramset_new(1);
	struct err e;
	char *text = NULL;
	if (x->vtbl->build(x->self, &x->knobs, set, &e) != OK)
		fail_msg("%s", e.text);
	x->vtbl->settle(x->self, true);
	for (int round = 0; round < 2; round++) {
		struct batcher *b = NULL;
		struct batch sig;
		struct trace *t = NULL;
		struct model_outputs o;
		assert_int_equal(batcher_new(x->split, &x->train.batch, &b, &e), OK);
		batcher_signature(b, &sig);
		assert_int_equal(trace_new(&sig, &t, &e), OK);
		if (x->vtbl->trace(x->self, MODEL_LOSS, t, &o, &e) != OK)
			fail_msg("%s", e.text);
		trace_free(t);
		batcher_free(b);
	}
	if (getenv("GUSTO_SLOW")) /* under valgrind a chunk's time is over before */
		printf("skipped: functions called by hand\n");
	else if (x->vtbl->eval(x->self, "torment_by_hand(20)", &text, &e) != OK)
		fail_msg("%s", e.text);
	free(text);
	paramset_free(set);
	experiment_free(x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mistakes_have_sentences),
		cmocka_unit_test(values_are_computed_at_once),
		cmocka_unit_test(models_errors_name_line_and_layer),
		cmocka_unit_test(broken_experiments_are_refused),
		cmocka_unit_test(no_argument_crashes),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
