/* One run in this process, from beginning to end. */
#include "toy.h"

#include "store/reader.h"

#include <math.h>
#include <signal.h>

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

/* ---- the estimate ---- */

struct told {
	int estimates;
	int64_t step, steps;
	char text[256];
};

static void stop_at_estimate(void *ctx, const struct run_event *ev)
{
	struct told *t = ctx;
	if (ev->kind == RUN_STARTED)
		t->steps = ev->steps_total;
	if (ev->kind != RUN_NOTE || strncmp(ev->text, "estimate: ", 10) != 0)
		return;
	t->estimates++;
	t->step = ev->step;
	snprintf(t->text, sizeof t->text, "%s", ev->text);
	raise(SIGTERM);
}

/* After the first third of a second of steps, once, with what is left from there on. */
static void tells_what_the_run_will_cost(void **state)
{
	char root[64];
	struct run_result r;
	struct told told = {0};
	struct experiment *x = toy_experiment();
	struct run_options o = {
		.runs_root = root, .threads = 1, .event = stop_at_estimate, .ctx = &told, .quiet_socket = true};
	toy_root(root, sizeof root);
	must(knob_set_text(knobset_find(&x->knobs, "epochs"), "1000000", e));
	must(runner_train(x, &o, &r, e));
	assert_int_equal(told.estimates, 1);
	assert_string_equal(r.state, "stopped");
	long long steps, epochs;
	double epoch, all, mb;
	char unit[8], unit_all[8];
	assert_int_equal(sscanf(told.text,
				 "estimate: %lld steps and %lf %7s an epoch, %lf %7s for the %lld epochs left without "
				 "evaluations, %lf MB",
				 &steps, &epoch, unit, &all, unit_all, &epochs, &mb),
		7);
	assert_int_equal(steps * 1000000, told.steps);
	assert_true(epochs <= 1000000 && epochs >= 1000000 - told.step / steps - 1);
	assert_true(mb > 1);
	assert_true(told.step > 1);
	experiment_free(x);
	toy_remove(root);
}

/* ---- early stopping, best checkpoint ---- */

static void best_is_kept_and_tested(void **state)
{
	char root[64], path[4200];
	struct run_result r;
	struct experiment *x = toy_experiment();
	struct session *session;
	struct evaluation_result at_best;
	toy_root(root, sizeof root);
	/* a rate at which the toy soon gets worse */
	must(knob_set_text(knobset_find(&x->knobs, "lr"), "0.3", e));
	must(knob_set_text(knobset_find(&x->knobs, "epochs"), "200", e));
	must(knob_set_text(knobset_find(&x->knobs, "patience"), "2", e));
	must(runner_train(x, &(struct run_options){.runs_root = root, .threads = 1, .quiet_socket = true}, &r, e));
	experiment_free(x);
	assert_string_equal(r.state, "done");
	struct reader_db *db;
	struct eval_row *rows;
	size_t n, evals = 0;
	char text[64];
	int64_t best_step = -1, last = -1;
	double best = -1, test = -1;
	must(reader_open(r.dir, &db, e));
	must(reader_evaluations(db, &rows, &n, e));
	for (size_t i = 0; i < n; i++) {
		if (strcmp(rows[i].metric, "ndcg@10") != 0)
			continue;
		if (strcmp(rows[i].part, "test") == 0)
			test = rows[i].value;
		if (strcmp(rows[i].part, "valid") != 0)
			continue;
		evals++;
		last = rows[i].step;
		if (rows[i].value > best) {
			best = rows[i].value;
			best_step = rows[i].step;
		}
	}
	assert_int_equal(last, r.steps);
	int64_t per_epoch = r.steps / (int64_t)evals;
	assert_int_equal((r.steps - best_step) / per_epoch, 2);
	assert_true(reader_get(db, "best_step", text, sizeof text));
	assert_int_equal(strtoll(text, NULL, 10), best_step);
	assert_true(reader_get(db, "state", text, sizeof text));
	assert_string_equal(text, "done");
	mem_free(rows);
	reader_close(db);
	snprintf(path, sizeof path, "%s/experiment.lua", r.dir);
	assert_int_equal(access(path, R_OK), 0);
	/* the finished run, opened again, is the model at its best */
	x = toy_experiment();
	must(session_open(x, r.dir, -1, 1, &session, e));
	must(session_evaluate(session, PART_TEST, &at_best, e));
	assert_true(at_best.value[0] == test && test == r.value[0]);
	must(session_evaluate(session, PART_VALID, &at_best, e));
	assert_true(at_best.value[0] == best);
	session_close(session);
	experiment_free(x);
	toy_remove(root);
}

/* ---- numbers that are none ---- */

static void nan_fails_and_leaves_the_run_readable(void **state)
{
	char root[64], text[64];
	struct run_result r;
	struct err why = {0};
	struct experiment *x = toy_experiment();
	struct session *session;
	toy_root(root, sizeof root);
	must(knob_set_text(knobset_find(&x->knobs, "poison"), "true", e));
	struct run_options o = {.runs_root = root, .threads = 2, .quiet_socket = true};
	assert_int_equal(runner_train(x, &o, &r, &why), ERR_NUMERIC);
	experiment_free(x);
	print_message("%s\n", why.text);
	assert_non_null(strstr(why.text, "log"));
	assert_string_equal(r.state, "failed");
	assert_int_equal(r.steps, 0);
	struct reader_db *db;
	struct event_row *rows;
	size_t n, told = 0;
	must(reader_open(r.dir, &db, e));
	must(reader_events(db, 0, &rows, &n, e));
	for (size_t i = 0; i < n; i++)
		told += strcmp(rows[i].level, "error") == 0 && strcmp(rows[i].text, why.text) == 0;
	assert_int_equal(told, 1);
	assert_true(reader_get(db, "state", text, sizeof text));
	assert_string_equal(text, "failed");
	reader_events_free(rows, n);
	reader_close(db);
	x = toy_experiment();
	must(session_open(x, r.dir, -1, 1, &session, e));
	session_close(session);
	experiment_free(x);
	toy_remove(root);
}

/* ---- what cannot begin leaves nothing behind ---- */

static void refused_before_a_directory_is_made(void **state)
{
	char root[64], runs[128];
	struct run_result r;
	struct err why = {0};
	struct experiment *x = toy_experiment();
	toy_root(root, sizeof root);
	snprintf(runs, sizeof runs, "%s/runs", root);
	struct run_options o = {.runs_root = runs, .threads = 1, .quiet_socket = true};
	must(knob_set_text(knobset_find(&x->knobs, "dim"), "13", e));
	assert_int_equal(runner_train(x, &o, &r, &why), ERR_SCRIPT);
	assert_non_null(strstr(why.text, "toy.lua:13"));
	must(knob_set_text(knobset_find(&x->knobs, "dim"), "8", e));
	snprintf(x->train.monitor, sizeof x->train.monitor, "ndgc@10");
	assert_int_equal(runner_train(x, &o, &r, &why), ERR_ARG);
	assert_non_null(strstr(why.text, "ndcg@10, hr@10"));
	assert_int_not_equal(access(runs, F_OK), 0);
	experiment_free(x);
	toy_remove(root);
}

/* ---- models that are fitted, not trained ---- */

static int fits;

static enum err_code fit_popularity(void *self, const struct split *s, struct err *e)
{
	struct toy *t = self;
	struct toy_parts *p = t->pending ? &t->next : &t->now;
	int32_t dim = p->item->width;
	fits++;
	memset(p->item->value, 0, (size_t)p->item->n * sizeof(real));
	for (int64_t i = 0; i < s->train_start[s->data->n_users]; i++)
		p->item->value[(int64_t)s->train_item[i] * dim] += 1;
	for (int64_t i = 0; i < p->user->n; i++)
		p->user->value[i] = i % dim == 0;
	return OK;
}

static void closed_form(void **state)
{
	char root[64];
	struct run_result r;
	struct experiment *x = toy_experiment();
	struct model_vtbl vtbl = toy_vtbl;
	struct session *session;
	struct evaluation_result again;
	toy_root(root, sizeof root);
	vtbl.fit = fit_popularity;
	x->vtbl = &vtbl;
	x->train.epochs = 0;
	must(knob_set_text(knobset_find(&x->knobs, "epochs"), "0", e));
	must(runner_train(x, &(struct run_options){.runs_root = root, .threads = 2, .quiet_socket = true}, &r, e));
	assert_int_equal(fits, 1);
	assert_string_equal(r.state, "done");
	assert_string_equal(r.part, "test");
	assert_int_equal(r.steps, 0);
	assert_true(r.value[0] > 0.01);
	must(session_open(x, r.dir, -1, 1, &session, e));
	must(session_evaluate(session, PART_TEST, &again, e));
	assert_int_equal(fits, 1); /* the checkpoint knows */
	assert_true(again.value[0] == r.value[0]);
	session_close(session);
	experiment_free(x);
	toy_remove(root);
}

int main(int argc, char **argv)
{
	toy_calm(argv);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(learns_and_repeats),
		cmocka_unit_test(tells_what_the_run_will_cost),
		cmocka_unit_test(best_is_kept_and_tested),
		cmocka_unit_test(nan_fails_and_leaves_the_run_readable),
		cmocka_unit_test(refused_before_a_directory_is_made),
		cmocka_unit_test(closed_form),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
