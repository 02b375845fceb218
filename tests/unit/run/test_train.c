/* One run in this process, from beginning to end. */
#include "toy.h"

#include <math.h>

struct seen {
	int started, evaluated, done;
	double first, last; /* values of the monitor */
	char state[16];
};

static void on_event(void *ctx, const struct run_event *ev)
{
	struct seen *s = ctx;
	s->started += ev->kind == RUN_STARTED;
	s->done += ev->kind == RUN_DONE;
	if (ev->kind == RUN_EVALUATED && strcmp(ev->part, "valid") == 0) {
		if (!s->evaluated++)
			s->first = ev->result->value[0];
		s->last = ev->result->value[0];
	}
	if (ev->kind == RUN_DONE)
		snprintf(s->state, sizeof s->state, "%s", ev->state);
}

static void train(const char *root, struct run_result *r, struct seen *s)
{
	struct experiment *x = toy_experiment();
	struct run_options o = {.runs_root = root, .threads = 2, .event = on_event, .ctx = s, .quiet_socket = true};
	must(runner_train(x, &o, r, e));
	experiment_free(x);
}

static void learns_and_repeats(void **state)
{
	char root[64];
	struct run_result a, b;
	struct seen s = {0}, again = {0};
	toy_root(root, sizeof root);
	train(root, &a, &s);
	train(root, &b, &again);
	assert_int_equal(s.started, 1);
	assert_int_equal(s.done, 1);
	assert_string_equal(s.state, "done");
	assert_int_equal(s.evaluated, 6);
	print_message("ndcg@10 on validation %.4f -> %.4f, on test %.4f\n", s.first, s.last, a.value[0]);
	assert_true(s.last > s.first * 1.2);
	assert_string_equal(a.part, "test");
	assert_string_equal(a.weights_sha256, b.weights_sha256);
	assert_string_not_equal(a.id, b.id);
	assert_true(a.value[0] == b.value[0] && a.steps == b.steps);
	toy_remove(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(learns_and_repeats),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
