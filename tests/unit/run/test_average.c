/* Runs that evaluate and keep running means of their weights. */
#include "toy.h"

#include "run/runner.h"

#include <math.h>
#include <signal.h>

struct stopper {
	int after, seen; /* evaluations; 0: never stop */
	double last;	 /* of the monitor */
};

static void on_event(void *ctx, const struct run_event *ev)
{
	struct stopper *s = ctx;
	if (ev->kind != RUN_EVALUATED || strcmp(ev->part, "valid") != 0)
		return;
	s->last = ev->result->value[0];
	if (++s->seen == s->after)
		raise(SIGTERM);
}

/* A rate at which the weights jump about their mean. */
static struct experiment *averaged(double average)
{
	struct experiment *x = toy_experiment();
	knobset_find(&x->knobs, "average")->num = average;
	knobset_find(&x->knobs, "lr")->num = 0.03;
	return x;
}

static double run(struct experiment *x, const char *root, const char *resume, const char *replay, int stop_after,
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
	return s.last;
}

static double kept_value(const struct run_result *r, enum part part)
{
	struct session *session;
	struct evaluation_result found;
	struct experiment *x = toy_experiment();
	must(session_open(x, r->dir, r->steps, 1, &session, e));
	must(session_evaluate(session, part, &found, e));
	double v = found.value[0];
	session_close(session);
	experiment_free(x);
	return v;
}

/* Training itself is the same; what is evaluated and what a checkpoint holds are the means. */
static void means_are_evaluated_and_kept(void **state)
{
	char root[64];
	struct run_result plain, mean;
	toy_root(root, sizeof root);
	double without = run(averaged(0), root, NULL, NULL, 0, &plain),
	       with = run(averaged(0.95), root, NULL, NULL, 0, &mean);
	print_message("validation after the last step: weights %.4f, means %.4f\n", without, with);
	assert_string_not_equal(plain.weights_sha256, mean.weights_sha256);
	assert_true(without != with);
	assert_true(kept_value(&plain, PART_VALID) == without);
	assert_true(kept_value(&mean, PART_VALID) == with);
	toy_remove(root);
}

static void resumed_and_replayed_it_ends_the_same(void **state)
{
	char root[64], dir[4096];
	struct run_result whole, r;
	toy_root(root, sizeof root);
	double value = run(averaged(0.95), root, NULL, NULL, 0, &whole);
	run(averaged(0.95), root, NULL, whole.dir, 0, &r);
	assert_string_equal(whole.weights_sha256, r.weights_sha256);
	run(averaged(0.95), root, NULL, NULL, 3, &r);
	assert_string_equal(r.state, "stopped");
	snprintf(dir, sizeof dir, "%s", r.dir);
	assert_true(run(averaged(0.95), root, dir, NULL, 0, &r) == value);
	assert_string_equal(r.state, "done");
	assert_string_equal(whole.weights_sha256, r.weights_sha256);
	toy_remove(root);
}

/* Begun by a plan, carried through a new structure and ended again: the weights go their own way all the time. */
static void means_begin_and_end_with_the_knob(void **state)
{
	static const struct planned_knob plan[] = {{1, "average", "0.9"}, {3, "deep", "true"}, {4, "average", "0"}},
					 without[] = {{3, "deep", "true"}};
	char root[64];
	struct run_result a, b;
	toy_root(root, sizeof root);
	for (int k = 0; k < 2; k++) {
		struct experiment *x = averaged(0);
		x->train.plan = k ? without : plan;
		x->train.n_plan = k ? 1 : 3;
		run(x, root, NULL, NULL, 0, k ? &b : &a);
	}
	assert_string_equal(a.weights_sha256, b.weights_sha256);
	toy_remove(root);
}

int main(int argc, char **argv)
{
	toy_calm(argv);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(means_are_evaluated_and_kept),
		cmocka_unit_test(resumed_and_replayed_it_ends_the_same),
		cmocka_unit_test(means_begin_and_end_with_the_knob),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
