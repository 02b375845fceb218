/* Planned knobs: in force from their epoch on, written down, planned again (not obeyed twice) by a replay and after a stop. */
#include "toy.h"

#include "store/reader.h"

#include <signal.h>

static const struct planned_knob plan[] = {{1, "lr", "0.02"}, {2, "deep", "true"}, {2, "lr", "0.005"}, {4, "dim", "8"}};

struct stopper {
	int after, seen; /* evaluations; 0: never stop */
};

static void on_event(void *ctx, const struct run_event *ev)
{
	struct stopper *s = ctx;
	if (ev->kind == RUN_EVALUATED && strcmp(ev->part, "valid") == 0 && ++s->seen == s->after)
		raise(SIGTERM);
}

static struct experiment *planned(void)
{
	struct experiment *x = toy_experiment();
	x->train.plan = plan;
	x->train.n_plan = sizeof plan / sizeof *plan;
	return x;
}

/* The monitor is at its best at epoch 1: scores are turned round from there on. */
static struct experiment *on_a_plateau(void)
{
	static const struct planned_knob flip[] = {{1, "flip", "true"}};
	struct experiment *x = toy_experiment();
	knobset_find(&x->knobs, "plateau")->num = 2;
	knobset_find(&x->knobs, "plateau_cut")->num = 0.5;
	x->train.plan = flip;
	x->train.n_plan = 1;
	return x;
}

static void run(struct experiment *x, const char *root, const char *resume, const char *replay, int stop_after,
	struct run_result *r)
{
	struct stopper s = {.after = stop_after};
	struct run_options o = {.runs_root = root,
		.resume = resume,
		.replay_of = replay,
		.threads = 1,
		.event = on_event,
		.ctx = &s,
		.quiet_socket = true};
	must(runner_train(x, &o, r, e));
	experiment_free(x);
}

/* "<step in epochs> <name>=<value> by <by>;" for every tweak. */
static void tweaks_of(const struct run_result *r, int64_t per_epoch, char *text, size_t size)
{
	struct reader_db *db;
	struct tweak_row *rows;
	size_t n, at = 0;
	must(reader_open(r->dir, &db, e));
	must(reader_tweaks(db, 0, &rows, &n, e));
	text[0] = 0;
	for (size_t i = 0; i < n; i++)
		at += (size_t)snprintf(text + at, size - at, "%g %s=%s by %s;",
			(double)rows[i].step / (double)per_epoch, rows[i].name, rows[i].new_value, rows[i].by);
	reader_tweaks_free(rows, n);
	reader_close(db);
}

static void knobs_change_when_their_epoch_begins(void **state)
{
	char root[64], text[512];
	struct run_result plain, r;
	struct experiment *x = planned();
	toy_root(root, sizeof root);
	run(toy_experiment(), root, NULL, NULL, 0, &plain);
	struct stopper s = {0};
	struct run_options o = {.runs_root = root, .threads = 1, .event = on_event, .ctx = &s, .quiet_socket = true};
	must(runner_train(x, &o, &r, e));
	assert_true(knobset_number(&x->knobs, "lr", 0) == 0.005);
	assert_true(knobset_number(&x->knobs, "dim", 0) == 8);
	assert_true(knobset_number(&x->knobs, "deep", 0) == 1);
	experiment_free(x);
	assert_string_not_equal(plain.weights_sha256, r.weights_sha256);
	assert_int_equal(plain.steps, r.steps);
	tweaks_of(&r, r.steps / 6, text, sizeof text);
	assert_string_equal(text, "1 lr=0.02 by plan;2 deep=true by plan;2 lr=0.005 by plan;4 dim=8 by plan;");
	toy_remove(root);
}

static void the_rate_is_cut_on_a_plateau_but_not_below_its_range(void **state)
{
	char root[64], text[512];
	struct run_result uncut, r;
	struct experiment *x = on_a_plateau();
	toy_root(root, sizeof root);
	run(x, root, NULL, NULL, 0, &r);
	tweaks_of(&r, r.steps / 6, text, sizeof text);
	assert_string_equal(text, "1 flip=true by plan;3 lr=0.005 by plan;5 lr=0.0025 by plan;");
	x = on_a_plateau();
	knobset_find(&x->knobs, "plateau")->num = 0;
	run(x, root, NULL, NULL, 0, &uncut);
	assert_string_not_equal(uncut.weights_sha256, r.weights_sha256);
	x = on_a_plateau();
	knobset_find(&x->knobs, "lr")->min = 0.004;
	run(x, root, NULL, NULL, 0, &r);
	tweaks_of(&r, r.steps / 6, text, sizeof text);
	assert_string_equal(text, "1 flip=true by plan;3 lr=0.005 by plan;");
	toy_remove(root);
}

static void again_and_again(struct experiment *make(void))
{
	char root[64];
	struct run_result whole, r;
	toy_root(root, sizeof root);
	run(make(), root, NULL, NULL, 0, &whole);
	run(make(), root, NULL, whole.dir, 0, &r);
	assert_string_equal(whole.weights_sha256, r.weights_sha256);
	for (int stop_after = 1; stop_after < 6; stop_after++) { /* at the very steps at which the plan acts */
		run(make(), root, NULL, NULL, stop_after, &r);
		assert_string_equal(r.state, "stopped");
		char dir[4096];
		snprintf(dir, sizeof dir, "%s", r.dir);
		run(make(), root, dir, NULL, 0, &r);
		assert_string_equal(r.state, "done");
		assert_string_equal(whole.weights_sha256, r.weights_sha256);
	}
	toy_remove(root);
}

static void a_replay_and_a_resumed_run_plan_again(void **state)
{
	again_and_again(planned);
	again_and_again(on_a_plateau);
}

/* The best checkpoint is tested as the model that it was, though the present one has the same shapes. */
static void the_best_is_tested_with_its_own_knobs(void **state)
{
	static const struct planned_knob flip[] = {{3, "flip", "true"}};
	char root[64];
	struct run_result r;
	struct session *session;
	struct evaluation_result best;
	struct experiment *x = toy_experiment();
	toy_root(root, sizeof root);
	x->train.plan = flip;
	x->train.n_plan = 1;
	run(x, root, NULL, NULL, 0, &r);
	x = toy_experiment();
	must(session_open(x, r.dir, -1, 1, &session, e));
	must(session_evaluate(session, PART_TEST, &best, e));
	assert_true(knobset_number(&x->knobs, "flip", 1) == 0);
	assert_true(best.value[0] > 0.01 && best.value[0] == r.value[0]);
	session_close(session);
	experiment_free(x);
	toy_remove(root);
}

int main(int argc, char **argv)
{
	toy_calm(argv);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knobs_change_when_their_epoch_begins),
		cmocka_unit_test(the_rate_is_cut_on_a_plateau_but_not_below_its_range),
		cmocka_unit_test(the_best_is_tested_with_its_own_knobs),
		cmocka_unit_test(a_replay_and_a_resumed_run_plan_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
