/* Agents: what they must learn, and that runs in environments stop, resume and repeat like any other. */
#include "script_support.h"

#include "nn/checkpoint.h"
#include "rl/collector.h"
#include "run/arena.h"
#include "run/rig.h"
#include "run/runner.h"

#include <math.h>
#include <signal.h>

#define must(call)                                                                                                     \
	do {                                                                                                           \
		struct err must_e_ = {0};                                                                              \
		struct err *e = &must_e_;                                                                              \
		if ((call) != OK)                                                                                      \
			fail_msg("%s: %s", #call, must_e_.text);                                                       \
	} while (0)

struct watch {
	int evaluated, stop_after; /* evaluations; 0: never */
};

static void on_event(void *ctx, const struct run_event *ev)
{
	struct watch *w = ctx;
	w->evaluated += ev->kind == RUN_EVALUATED;
	if (w->stop_after && w->evaluated == w->stop_after && ev->kind == RUN_EVALUATED)
		raise(SIGTERM);
}

static struct run_options options(struct watch *w)
{
	static char root[128];
	snprintf(root, sizeof(root), "%s/runs", folder);
	return (struct run_options){.runs_root = root, .threads = 1, .quiet_socket = true, .event = on_event, .ctx = w};
}

/* Trains an experiment's text; its directory is in *r. */
static void train(const char *name, const char *text, struct run_result *r)
{
	struct watch w = {0};
	struct run_options o = options(&w);
	struct experiment *x = load(write_file(name, text), NULL);
	must(runner_train(x, &o, r, e));
	experiment_free(x);
}

/* The model of a run as its last step left it. */
struct trained {
	struct experiment *x;
	struct engine *engine;
	struct rig *rig;
};

static struct trained open_trained(const struct run_result *r)
{
	struct trained t = {0};
	struct script_options so;
	char checkpoints[4200];
	script_options_default(&so);
	so.snapshot_dir = r->dir;
	t.x = load(NULL, &so);
	snprintf(checkpoints, sizeof(checkpoints), "%s/checkpoints", r->dir);
	must(engine_new(&(struct engine_options){.threads = 1}, &t.engine, e));
	must(rig_build(t.x, t.engine, &t.x->knobs, NULL, false, &t.rig, e));
	t.x->vtbl->settle(t.x->self, true);
	must(checkpoint_load(checkpoints, r->steps, t.rig->params, NULL, NULL, e));
	return t;
}

static void close_trained(struct trained *t)
{
	rig_free(t->rig);
	engine_free(t->engine);
	experiment_free(t->x);
}

static double metric(const struct run_result *r, const char *name)
{
	for (int i = 0; i < r->n_metrics; i++)
		if (strcmp(r->metric[i], name) == 0)
			return r->value[i];
	fail_msg("the run has no %s", name);
	return 0;
}

/* ---- DQN against the tabular solution ---- */

enum { STATES = 5 };
static const char chain_text[] =
	"local g = require 'gusto'\n"
	"return g.experiment {\n"
	"  env = g.env { 'chain', users = 16, states = 5, slip = 0.1, small = 0.1 },\n"
	"  protocol = g.protocol { metrics = { 'return' }, users = 8 },\n"
	"  model = require 'gusto.models.dqn',\n"
	"  knobs = { hidden = 32, dim = 4, gamma = 0.8, epsilon = 1, tau = 0.01, %s },\n"
	"  train = { batch = 64, steps = 1000, epochs = 5, capacity = 4000, warmup = 3500, test_best = false,\n"
	"    schedule = function(n) return n < 3000 and 1 or n < 4200 and 0.1 or 0.02 end },\n"
	"}\n";

static void tabular(double q[STATES][2])
{
	memset(q, 0, STATES * sizeof(q[0]));
	for (int sweep = 0; sweep < 500; sweep++)
		for (int s = 0; s < STATES; s++) {
			double first = fmax(q[0][0], q[0][1]),
			       next = s + 1 < STATES ? fmax(q[s + 1][0], q[s + 1][1]) : 0;
			double back = 0.1 + 0.8 * first, on = s + 1 < STATES ? 0.8 * next : 1;
			q[s][0] = 0.9 * back + 0.1 * on;
			q[s][1] = 0.9 * on + 0.1 * back;
		}
}

static void copy_scores(void *ctx, int worker, int32_t first, int32_t n, const struct operand *o)
{
	memcpy((real *)ctx + first * 2, o[0].v, (size_t)n * 2 * sizeof(real));
}

static double chain_error(const char *knobs)
{
	char text[2048];
	struct run_result r;
	const struct rig_program *act;
	struct batch b;
	real state[STATES * STATES] = {0}, got[STATES * 2];
	int32_t candidate[STATES * 2];
	double want[STATES][2], worst = 0;
	snprintf(text, sizeof(text), chain_text, knobs);
	train("chain.lua", text, &r);
	struct trained t = open_trained(&r);
	must(rig_program(t.rig, MODEL_ACT, PROGRAM_INFER, 0, STATES, &act, e));
	for (int s = 0; s < STATES; s++) {
		state[s * STATES + s] = 1;
		candidate[2 * s] = 0;
		candidate[2 * s + 1] = 1;
	}
	acting_signature(&t.x->world->spec, &b);
	b.examples = STATES;
	b.column[0] = state;
	b.column[1] = candidate;
	must(program_infer(t.engine, act->program, &b, copy_scores, got, e));
	tabular(want);
	for (int s = 0; s < STATES; s++)
		for (int a = 0; a < 2; a++)
			worst = fmax(worst, fabs((double)got[2 * s + a] - want[s][a]));
	close_trained(&t);
	return worst;
}

static void dqn_is_tabular(void **state)
{
	double plain = chain_error("double = false, lr = 2e-3"), dueling = chain_error("dueling = true, lr = 2e-3");
	print_message("largest error of Q: DQN %.4f, double dueling %.4f\n", plain, dueling);
	assert_true(plain < 1e-2 && dueling < 1e-2);
}

/* ---- REINFORCE from the log of another policy ---- */

enum { ARMS = 10 };
static const char log_text[] =
	"local g = require 'gusto'\n"
	"local R = require 'gusto.models.reinforce'\n"
	"local beta = %s\n"
	"function R:act(batch) return batch.candidate:one_hot(10):mul(g.tensor(beta)):sum() end\n"
	"return g.experiment {\n"
	"  env = g.env { 'bandit', users = 64, rewards = '%s', slate = 1 },\n"
	"  protocol = g.protocol { metrics = { 'return' }, users = 1 },\n"
	"  model = R,\n"
	"  knobs = { hidden = 0, baseline = 0, epsilon = 0, gamma = 0, cap = 0, %s },\n"
	"  train = { optimizer = 'sgd', batch = 1024, steps = 100, epochs = %d, capacity = 300, warmup = 0, collect = "
	"1,\n"
	"    test_best = false },\n"
	"}\n";

static void learned(const char *beta, const char *rewards, const char *knobs, int epochs, double pi[ARMS])
{
	char text[4096];
	struct run_result r;
	double sum = 0;
	snprintf(text, sizeof(text), log_text, beta, rewards, knobs, epochs);
	train("log.lua", text, &r);
	struct trained t = open_trained(&r);
	const struct param *p = paramset_find(t.rig->params, "logit/weight");
	assert_non_null(p);
	for (int i = 0; i < ARMS; i++)
		sum += pi[i] = exp((double)p->value[i]);
	for (int i = 0; i < ARMS; i++)
		pi[i] /= sum;
	close_trained(&t);
}

static void print_policy(const char *what, const double pi[ARMS])
{
	print_message("%s:", what);
	for (int i = 0; i < ARMS; i++)
		print_message(" %.3f", pi[i]);
	print_message("\n");
}

/* Arms pay 1..10, the log's policy prefers them the other way round, beta_i = (11 - i) / 55. */
static void off_policy_correction(void **state)
{
	static const char beta[] =
		"(function() local t = {} for i = 1, 10 do t[i] = math.log((11 - i) / 55) end return t end)()";
	double plain[ARMS], corrected[ARMS], sum = 0;
	learned(beta, "linear", "correction = false, lr = 0.05", 12, plain);
	learned(beta, "linear", "correction = true, lr = 0.3", 12, corrected);
	print_policy("uncorrected", plain);
	print_policy("corrected", corrected);
	for (int i = 0; i < ARMS; i++)
		sum += (i + 1) * (10 - i);
	for (int i = 0; i < ARMS; i++)
		assert_true(fabs(plain[i] - (i + 1) * (10 - i) / sum) < 0.012);
	assert_true(corrected[9] > 0.97);
}

/* Arms pay 10, 9, 1, 1, ...; two are shown at once. */
static void top_k_correction(void **state)
{
	static const char beta[] = "(function() local t = {} for i = 1, 10 do t[i] = 0 end return t end)()";
	double plain[ARMS], top[ARMS];
	learned(beta, "step", "correction = true, top_k = 1, lr = 0.3", 25, plain);
	learned(beta, "step", "correction = true, top_k = 2, lr = 0.1", 25, top);
	print_policy("plain", plain);
	print_policy("top-2", top);
	assert_true(plain[0] > 0.97);
	assert_true(fabs(top[0] - 0.526) < 0.02 && fabs(top[1] - 0.474) < 0.02);
}

/* ---- SlateQ ---- */

struct copying {
	real *to;
	int64_t width;
};

static void copy_all(void *ctx, int worker, int32_t first, int32_t n, const struct operand *o)
{
	const struct copying *c = ctx;
	memcpy(c->to + first * c->width, o[0].v, (size_t)(n * c->width) * sizeof(real));
}

/* Without a future, an item is worth what it pays once it is chosen: 4 minutes, a little less at the end of a session. */
static void slateq_without_future(void **state)
{
	static const char text[] =
		"local g = require 'gusto'\n"
		"local S = require 'gusto.models.slateq'\n"
		"function S:act(batch) return self:q(self.online, batch.observation, batch.candidate) end\n"
		"return g.experiment {\n"
		"  env = g.env { 'interest_evolution', users = 32 },\n"
		"  protocol = g.protocol { metrics = { 'return', 'ctr' }, users = 20 },\n"
		"  model = S, knobs = { gamma = 0, hidden = 16, epsilon = 0.5, lr = 3e-3 },\n"
		"  train = { batch = 128, steps = 500, epochs = 3, capacity = 400, warmup = 300, test_best = false,\n"
		"    schedule = function(n) return n < 1000 and 1 or 0.1 end },\n"
		"}\n";
	enum { USERS = 16, C = 10 };
	struct run_result r;
	struct batch b;
	const struct rig_program *act;
	real q[USERS * C];
	double mean = 0;
	train("slateq.lua", text, &r);
	struct trained t = open_trained(&r);
	struct env *env;
	struct env_options o = t.x->world->env;
	o.users = USERS;
	must(env_new(&o, &env, e));
	acting_signature(&t.x->world->spec, &b);
	b.examples = USERS;
	b.column[0] = env->observation;
	b.column[1] = env->candidate;
	must(rig_program(t.rig, MODEL_ACT, PROGRAM_INFER, 0, USERS, &act, e));
	must(program_infer(t.engine, act->program, &b, copy_all, &(struct copying){q, C}, e));
	for (int i = 0; i < USERS * C; i++) {
		assert_true(fabs((double)q[i] - 4) < 0.5);
		mean += (double)q[i] / (USERS * C);
	}
	print_message("mean value of a chosen item without a future: %.3f\n", mean);
	assert_true(fabs(mean - 4) < 0.15);
	env_free(env);
	close_trained(&t);
}

/* ---- bandits ---- */

static double explored(const char *knobs)
{
	char text[1024];
	struct run_result r;
	snprintf(text, sizeof(text),
		"local g = require 'gusto'\n"
		"return g.experiment {\n"
		"  env = g.env { 'interest_exploration', users = 8 },\n"
		"  protocol = g.protocol { metrics = { 'return' }, users = 400 },\n"
		"  model = require 'gusto.models.bandit', knobs = { epsilon = 0, %s },\n"
		"  train = { steps = 1, epochs = 1, capacity = 10, warmup = 0 },\n"
		"}\n",
		knobs);
	train("exploration.lua", text, &r);
	return metric(&r, "return");
}

/* Who only repeats what was clicked stays with the first topic that was; who tries both finds the one that is liked more. */
static void exploring_pays(void **state)
{
	double greedy = explored("method = 'ucb1', alpha = 0"), ucb = explored("method = 'ucb1', alpha = 0.5");
	print_message("clicks in 100 steps: greedy %.2f, UCB %.2f\n", greedy, ucb);
	assert_true(ucb > 1.1 * greedy);
}

static double learned_arm(const char *method, const char *knobs)
{
	char text[1024];
	struct run_result r;
	snprintf(text, sizeof(text),
		"local g = require 'gusto'\n"
		"return g.experiment {\n"
		"  env = g.env { 'bandit', users = 8, arms = 10, noise = 3 },\n"
		"  protocol = g.protocol { metrics = { 'return' }, users = 2000 },\n"
		"  model = require 'gusto.models.bandit', knobs = { method = '%s', context = false, %s },\n"
		"  train = { steps = 200, epochs = 4, capacity = 10, warmup = 0, test_best = false },\n"
		"}\n",
		method, knobs);
	train("arms.lua", text, &r);
	return metric(&r, "return");
}

/* Arms pay 1..10 +- 3: each way of exploring ends with the best. */
static void bandits_find_the_best_arm(void **state)
{
	double linucb = learned_arm("linucb", "alpha = 15, epsilon = 0"),
	       shared = learned_arm("linucb", "alpha = 15, epsilon = 0, disjoint = false"),
	       thompson = learned_arm("thompson", "alpha = 3, epsilon = 0"),
	       greedy = learned_arm("greedy", "epsilon = 0.2");
	print_message("LinUCB %.2f, one regression %.2f, Thompson %.2f, epsilon-greedy %.2f of 10\n", linucb, shared,
		thompson, greedy);
	assert_true(linucb > 9.5 && shared > 9.5 && thompson > 9 && greedy > 9.5);
}

/* ---- stop, resume, replay ---- */

static const char resumed_text[] =
	"local g = require 'gusto'\n"
	"return g.experiment {\n"
	"  env = g.env { '%s', users = 8 },\n"
	"  protocol = g.protocol { metrics = { 'return' }, users = 5 },\n"
	"  model = require 'gusto.models.%s', knobs = { %s },\n"
	"  train = { %s steps = 40, epochs = 4, capacity = 30, warmup = 5, test_best = false },\n"
	"}\n";

static void stops_and_goes_on(const char *env, const char *model, const char *knobs, const char *batch)
{
	char text[1024];
	struct run_result whole, part, rest, again;
	struct watch w = {.stop_after = 2}, quiet = {0};
	struct script_options so;
	snprintf(text, sizeof(text), resumed_text, env, model, knobs, batch);
	train("resumed.lua", text, &whole);
	struct run_options o = options(&w);
	struct experiment *x = load(write_file("resumed.lua", text), NULL);
	must(runner_train(x, &o, &part, e));
	experiment_free(x);
	assert_string_equal(part.state, "stopped");
	assert_true(part.steps < whole.steps);
	script_options_default(&so);
	so.snapshot_dir = part.dir;
	o = options(&quiet);
	o.resume = part.dir;
	x = load(NULL, &so);
	must(runner_train(x, &o, &rest, e));
	experiment_free(x);
	assert_int_equal(rest.steps, whole.steps);
	assert_string_equal(rest.weights_sha256, whole.weights_sha256);
	assert_true(metric(&rest, "return") == metric(&whole, "return"));
	o = options(&quiet);
	o.replay_of = whole.dir;
	so.snapshot_dir = whole.dir;
	x = load(NULL, &so);
	must(runner_train(x, &o, &again, e));
	experiment_free(x);
	assert_string_equal(again.weights_sha256, whole.weights_sha256);
	print_message("%s in %s: %.12s\n", model, env, whole.weights_sha256);
}

static void resumed_bit_for_bit(void **state)
{
	stops_and_goes_on("chain", "dqn", "hidden = 8", "batch = 16,");
	stops_and_goes_on("interest_evolution", "slateq", "hidden = 8", "batch = 16,");
	stops_and_goes_on("interest_evolution", "reinforce", "hidden = 8, top_k = 3", "batch = 16,");
	stops_and_goes_on("interest_exploration", "bandit", "method = 'thompson'", "");
	stops_and_goes_on("long_term_satisfaction", "ddpg", "hidden = 8, actor_steps = 2", "batch = 16,");
}

/* ---- players ---- */

/* Each trains its own parameters, in turn; the followers take a share after every step. */
static void players_take_turns(void **state)
{
	static const char text[] =
		"local g, nn = require 'gusto', require 'gusto.nn'\n"
		"local M = g.model { name = 'M', batch = 'transitions',\n"
		"  players = { { 'one', params = { 'left' } }, { 'two', params = { 'right' }, times = 'more' } },\n"
		"  targets = { copy = 'left' },\n"
		"  knobs = { more = g.int { 2, min = 0, max = 9, applies = 'step' }, tau = g.real { 0.5, applies = "
		"'step' },\n"
		"    lr = g.log { 1, min = 1e-3, max = 1 }, lr_two = g.log { 0.5, min = 1e-3, max = 1, applies = "
		"'step' } } }\n"
		"function M:build() for _, n in ipairs { 'left', 'right', 'copy' } do self[n] = nn.linear { 1, 1, bias "
		"= false } end end\n"
		"function M:act(b) return b.candidate:same(b.candidate) end\n"
		"local function both(self, b) return (self.left(b.observation:reshape(1)) + "
		"self.right(b.observation:reshape(1))):mean_all() end\n"
		"M.loss_one, M.loss_two = both, both\n"
		"return g.experiment { env = g.env { 'bandit', users = 4 }, model = M,\n"
		"  train = { optimizer = 'sgd', batch = 8, steps = 9, epochs = 1, capacity = 4, test_best = false } "
		"}\n";
	struct run_result r;
	struct err e;
	/* from which values? those of a build without training */
	struct experiment *x = load(write_file("players.lua", text), NULL);
	struct paramset *set = paramset_new(x->seed);
	assert_int_equal(x->vtbl->build(x->self, &x->knobs, set, &e), OK);
	double left = (double)*paramset_find(set, "left/weight")->value,
	       right = (double)*paramset_find(set, "right/weight")->value;
	x->vtbl->settle(x->self, false);
	paramset_free(set);
	experiment_free(x);
	train("players.lua", text, &r);
	struct trained t = open_trained(&r);
	/* 9 steps: three rounds of one step of `one` (rate 1) and two of `two` (rate .5); the gradient is 1 */
	assert_true(fabs((double)*paramset_find(t.rig->params, "left/weight")->value - (left - 3)) < 1e-5);
	assert_true(fabs((double)*paramset_find(t.rig->params, "right/weight")->value - (right - 3)) < 1e-5);
	double copy = left, now = left;
	for (int step = 0; step < 9; step++) {
		now -= step % 3 == 0;
		copy += 0.5 * (now - copy);
	}
	assert_true(fabs((double)*paramset_find(t.rig->params, "copy/weight")->value - copy) < 1e-5);
	close_trained(&t);
}

/* ---- what is refused ---- */

static void refusals(void **state)
{
	static const struct {
		const char *text, *part;
	} row[] = {
		{"return g.experiment { env = g.env { 'interest_evolution', slate = 4, candidates = 3 }, model = "
		 "require 'gusto.models.slateq' }",
			"a slate of 4 cannot be chosen from 3 candidates"},
		{"return g.experiment { env = g.env { 'intrest_evolution' }, model = require 'gusto.models.slateq' }",
			"did you mean 'interest_evolution'?"},
		{"return g.experiment { env = g.env { 'chain', stages = 4 }, model = require 'gusto.models.dqn' }",
			"there is no 'stages'"},
		{"return g.experiment { data = g.data 'planted', model = require 'gusto.models.dqn' }", "needs env"},
		{"return g.experiment { env = g.env 'chain', model = require 'gusto.models.sasrec' }",
			"cannot act in an environment"},
		{"return g.experiment { env = g.env 'chain', data = g.data 'planted', model = require "
		 "'gusto.models.dqn' }",
			"takes the place of data"},
		{"return g.experiment { env = g.env 'replay', model = require 'gusto.models.dqn' }", "needs data"},
		{"return g.experiment { env = g.env 'chain', model = g.model { name = 'M', batch = 'transitions', loss "
		 "= function() end } }",
			"it needs act(batch)"},
		{"return g.experiment { env = g.env 'chain', model = g.model { name = 'M', batch = 'transitions', act "
		 "= function() end, "
		 "players = { { 'a' } } } }",
			"player a needs loss_a(batch)"},
		{"return g.experiment { env = g.env 'chain', model = g.model { name = 'M', batch = 'transitions', act "
		 "= function() end, "
		 "observe = function() end, policy = 'vector' } }",
			"takes slates of candidates"},
	};
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		char text[1024];
		struct experiment *x = NULL;
		struct err e = {0};
		snprintf(text, sizeof(text), "local g = require 'gusto'\n%s\n", row[i].text);
		if (script_load(write_file("refused.lua", text), NULL, &x, &e) == OK)
			fail_msg("was taken: %s", row[i].text);
		assert_has(e.text, row[i].part);
	}
}

static void refused_by_the_run(const char *text, const char *part)
{
	char whole[1024];
	struct watch w = {0};
	struct run_options o = options(&w);
	struct run_result r;
	struct err e = {0};
	snprintf(whole, sizeof(whole), "local g = require 'gusto'\n%s\n", text);
	struct experiment *x = load(write_file("refused.lua", whole), NULL);
	assert_int_not_equal(runner_train(x, &o, &r, &e), OK);
	assert_has(e.text, part);
	experiment_free(x);
}

static void refusals_of_runs(void **state)
{
	refused_by_the_run(
		"return g.experiment { env = g.env 'chain', protocol = g.protocol { metrics = { 'ndcg@10' } }, "
		"model = require 'gusto.models.dqn' }",
		"ndcg@10 needs held-out data");
	refused_by_the_run("return g.experiment { data = g.data { 'planted', interactions = 3000 }, protocol = "
			   "g.protocol { metrics = { 'return' } }, "
			   "model = require 'gusto.models.mf' }",
		"return is a metric of episodes");
	refused_by_the_run("return g.experiment { env = g.env { 'chain' }, model = require 'gusto.models.slateq' }",
		"choice = \"uniform\"");
	refused_by_the_run("return g.experiment { env = g.env { 'chain' }, model = require 'gusto.models.ddpg' }",
		"has neither a vector action");
	refused_by_the_run(
		"return g.experiment { env = g.env 'chain', model = g.model { name = 'M', batch = 'transitions', "
		"act = function(_, b) return b.observation end, observe = function() return {} end } }",
		"environment chain needs [examples, 2]: a score of every candidate");
}

/* ---- the arena ---- */

#define WORLD "g.env { 'interest_evolution', users = 64, candidates = 10, slate = 3 }"

static struct contestant contestant(struct run_result *r)
{
	struct script_options so;
	script_options_default(&so);
	so.snapshot_dir = r->dir;
	return (struct contestant){load(NULL, &so), r->dir};
}

/* An agent serves people better than chance does; a model that learned from the log acts too; chance is the same twice. */
static void arena(void **state)
{
	static struct run_result bandit, ranker, chain;
	static struct arena_row row[4];
	static const char bandit_text[] = "local g = require 'gusto'\n"
					  "return g.experiment { env = " WORLD ",\n"
					  "  protocol = g.protocol { metrics = { 'return', 'ctr' }, users = 200 },\n"
					  "  model = require 'gusto.models.bandit',\n"
					  "  train = { steps = 60, epochs = 1, capacity = 10, test_best = false } }\n";
	train("bandit.lua", bandit_text, &bandit);
	train("ranker.lua",
		"local g = require 'gusto'\n"
		"return g.experiment { data = g.data { env = " WORLD ", interactions = 20000 },\n"
		"  protocol = g.protocol { metrics = { 'ndcg@10' }, mask_seen = false },\n"
		"  model = require 'gusto.models.sasrec', knobs = { dim = 16, blocks = 1, length = 30, loss = 'ce', "
		"dropout = 0.1, lr = 3e-3 },\n"
		"  train = { batch = 64, negatives = 0, epochs = 6 } }\n",
		&ranker);
	struct experiment *world = load(write_file("bandit.lua", bandit_text), NULL);
	struct contestant who[4] = {{NULL, NULL}, {NULL, NULL}, contestant(&bandit), contestant(&ranker)};
	must(arena_run(world, who, 4, 300, 1, row, e));
	for (int i = 0; i < 4; i++)
		print_message("%-12s return %.2f +- %.2f, %+.2f +- %.2f against chance\n", row[i].name,
			row[i].result.value[0], row[i].result.half[0], row[i].better, row[i].half);
	assert_true(row[0].result.value[0] == row[1].result.value[0] && row[1].better == 0);
	assert_true(row[2].better > row[2].half);
	/* what people took tells what they like, not what keeps them: about as good as chance */
	assert_true(row[3].result.value[0] != row[0].result.value[0] && row[3].better > -3 * row[3].half);
	train("chain.lua",
		"local g = require 'gusto'\nreturn g.experiment { env = g.env 'chain', model = require "
		"'gusto.models.dqn', "
		"train = { steps = 2, epochs = 1, batch = 4, capacity = 4 } }\n",
		&chain);
	struct contestant stranger = contestant(&chain);
	struct err why = {0};
	assert_int_not_equal(arena_run(world, &stranger, 1, 10, 1, row, &why), OK);
	assert_has(why.text, "other sights or actions");
	experiment_free(stranger.x);
	experiment_free(who[2].x);
	experiment_free(who[3].x);
	experiment_free(world);
}

int main(void)
{
	setenv("OMP_WAIT_POLICY", "passive", 0);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dqn_is_tabular),
		cmocka_unit_test(off_policy_correction),
		cmocka_unit_test(top_k_correction),
		cmocka_unit_test(slateq_without_future),
		cmocka_unit_test(exploring_pays),
		cmocka_unit_test(bandits_find_the_best_arm),
		cmocka_unit_test(resumed_bit_for_bit),
		cmocka_unit_test(players_take_turns),
		cmocka_unit_test(arena),
		cmocka_unit_test(refusals),
		cmocka_unit_test(refusals_of_runs),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
