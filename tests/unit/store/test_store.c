/* What is written is what is read, for every kind of row. */
#include "store_test.h"

#include "base/mem.h"
#include "store/reader.h"
#include "store/store.h"

#include <dirent.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

struct run {
	char dir[256];
	struct store *s;
	struct reader_db *r;
};

static int run_open(void **state)
{
	struct err err = {0};
	struct run *run = calloc(1, sizeof *run);
	temp_dir(run->dir, sizeof run->dir);
	must(store_open(run->dir, &run->s, &err));
	must(reader_open(run->dir, &run->r, &err));
	*state = run;
	return 0;
}

static int run_close(void **state)
{
	struct run *run = *state;
	struct err err = {0};
	reader_close(run->r);
	must(store_close(run->s, &err));
	temp_remove(run->dir);
	free(run);
	return 0;
}

static void test_facts(void **state)
{
	struct run *run = *state;
	struct err err = {0};
	char buf[32];
	assert_false(reader_get(run->r, "state", buf, sizeof buf));
	assert_string_equal(buf, "");
	must(store_set(run->s, "state", "training", &err));
	must(store_set(run->s, "state", "paused", &err));
	must(store_setf(run->s, "seed", &err, "%d", 42));
	assert_true(reader_get(run->r, "state", buf, sizeof buf));
	assert_string_equal(buf, "paused");
	assert_true(reader_get(run->r, "seed", buf, sizeof buf));
	assert_string_equal(buf, "42");
}

static void test_series_summary(void **state)
{
	struct run *run = *state;
	struct err err = {0};
	int loss, ndcg, again;
	must(store_series(run->s, "train/loss", false, &loss, &err));
	must(store_series(run->s, "valid/ndcg@10", true, &ndcg, &err));
	must(store_series(run->s, "train/loss", false, &again, &err));
	assert_int_equal(loss, again);
	const double v[] = {3, 2, NAN, 1, INFINITY, 1, 4};
	for (int i = 0; i < 7; i++) {
		store_scalar(run->s, loss, 10 * i, v[i]);
		store_scalar(run->s, ndcg, i, v[i]);
	}
	must(store_flush(run->s, &err));
	struct series_info *info;
	size_t n;
	must(reader_series(run->r, &info, &n, &err));
	assert_int_equal(n, 2);
	assert_string_equal(info[0].name, "train/loss");
	assert_int_equal(info[0].n, 7);
	assert_int_equal(info[0].bad, 2);
	assert_int_equal(info[0].last_step, 60);
	assert_true(info[0].best == 1 && info[0].best_step == 30);
	assert_true(info[1].best == 4 && info[1].best_step == 6 && info[1].last == 4);
	mem_free(info);
}

static void test_tweaks_and_events(void **state)
{
	struct run *run = *state;
	struct err err = {0};
	struct tweak_row *tweaks;
	struct event_row *events;
	int64_t first, second;
	size_t n;
	must(store_tweak(run->s, 10, "set", "lr", "1e-3", "3e-4", "anna", "ok", &first, &err));
	must(store_tweak(run->s, 20, "stop", NULL, NULL, NULL, NULL, NULL, &second, &err));
	must(reader_tweaks(run->r, 0, &tweaks, &n, &err));
	assert_int_equal(n, 2);
	assert_true(tweaks[0].id == first && tweaks[0].step == 10 && tweaks[0].time > 1e9);
	assert_string_equal(tweaks[0].old_value, "1e-3");
	assert_string_equal(tweaks[0].by, "anna");
	assert_string_equal(tweaks[1].name, "");
	reader_tweaks_free(tweaks, n);
	must(reader_tweaks(run->r, first, &tweaks, &n, &err));
	assert_true(n == 1 && tweaks[0].id == second);
	reader_tweaks_free(tweaks, n);
	const struct store_tweak_row broken[] = {{"set", "lr", "1", "2", ""}, {NULL, "clip", "1", "2", ""}};
	int64_t id[2];
	assert_int_not_equal(store_tweaks(run->s, 30, broken, 2, "anna", id, &err), OK); /* all or none */
	must(store_tweaks(run->s, 40, broken, 1, "anna", id, &err));
	must(reader_tweaks(run->r, second, &tweaks, &n, &err));
	assert_true(n == 1 && tweaks[0].id == id[0] && tweaks[0].step == 40);
	reader_tweaks_free(tweaks, n);
	must(store_event(run->s, 5, "warn", "nan", "loss is not finite", &err));
	must(reader_events(run->r, 0, &events, &n, &err));
	assert_true(n == 1 && events[0].step == 5);
	assert_string_equal(events[0].text, "loss is not finite");
	reader_events_free(events, n);
	char path[300], line[200];
	snprintf(path, sizeof path, "%s/log.txt", run->dir);
	FILE *f = fopen(path, "r");
	assert_non_null(fgets(line, sizeof line, f));
	assert_non_null(strstr(line, " step 5 warn nan: loss is not finite\n"));
	fclose(f);
}

static void test_knobs(void **state)
{
	struct run *run = *state;
	struct err err = {0};
	struct store_knob k = {"lr", "log", "learning rate", NULL, 1e-6, 1, "1e-3", "1e-3", false};
	struct knob_row *rows;
	size_t n;
	must(store_knob(run->s, &k, &err));
	must(store_knob(run->s,
		&(struct store_knob){"act", "choice", "activation", "relu|gelu", NAN, NAN, "relu", "gelu", true},
		&err));
	k.value = "3e-4";
	must(store_knob(run->s, &k, &err));
	must(reader_knobs(run->r, &rows, &n, &err));
	assert_int_equal(n, 2);
	assert_string_equal(rows[0].name, "lr"); /* in the order of declaration */
	assert_string_equal(rows[0].value, "3e-4");
	assert_string_equal(rows[0].choices, "");
	assert_true(rows[0].min == 1e-6 && !rows[0].structural);
	assert_string_equal(rows[1].choices, "relu|gelu");
	assert_true(isnan(rows[1].max) && rows[1].structural);
	reader_knobs_free(rows, n);
}

static void test_evaluations(void **state)
{
	struct run *run = *state;
	struct err err = {0};
	const float users[] = {0, 1, NAN, 0.25f}, later[] = {1, 1, 1, 1};
	struct store_metric m[] = {{"ndcg@10", 0.5, users, 4, true}, {"rmse", 0.9, NULL, 0, false}};
	struct eval_row *rows;
	struct series_info *info;
	float *got;
	int32_t users_n;
	size_t n;
	must(store_evaluation(run->s, 100, "valid", m, 2, 0.1, &err));
	m[0].per_user = later;
	m[0].value = 0.7;
	must(store_evaluation(run->s, 200, "valid", m, 2, 0.1, &err));
	must(reader_evaluations(run->r, &rows, &n, &err));
	assert_int_equal(n, 4);
	assert_string_equal(rows[0].metric, "ndcg@10");
	assert_true(
		rows[2].step == 200 && rows[2].value == 0.7 && rows[2].larger_is_better && !rows[3].larger_is_better);
	mem_free(rows);
	must(reader_per_user(run->r, "valid", "ndcg@10", 100, &got, &users_n, &err));
	assert_int_equal(users_n, 4);
	assert_memory_equal(got, users, sizeof users);
	mem_free(got);
	must(reader_per_user(run->r, "valid", "ndcg@10", -1, &got, &users_n, &err));
	assert_memory_equal(got, later, sizeof later);
	mem_free(got);
	assert_int_equal(reader_per_user(run->r, "valid", "rmse", -1, &got, &users_n, &err), ERR_NOTFOUND);
	must(reader_series(run->r, &info, &n, &err));
	assert_int_equal(n, 2);
	assert_string_equal(info[0].name, "valid/ndcg@10");
	assert_true(info[0].best == 0.7 && info[0].best_step == 200 && info[1].best == 0.9);
	mem_free(info);
	must(store_rewind(run->s, 200, &err));
	must(reader_evaluations(run->r, &rows, &n, &err));
	assert_int_equal(n, 2);
	mem_free(rows);
	must(reader_series(run->r, &info, &n, &err));
	assert_true(info[0].n == 1 && info[0].last == 0.5);
	mem_free(info);
}

static void test_probes_and_checkpoints(void **state)
{
	struct run *run = *state;
	struct err err = {0};
	struct checkpoint_row *rows;
	int64_t id, step = 0;
	size_t n;
	must(store_probe(run->s, 1, "attention", "{\"user\":\"1\"}", "{\"a\":1}", &id, &err));
	must(store_probe(run->s, 2, "attention", "{\"user\":\"2\"}", "{\"a\":2}", &id, &err));
	must(store_probe(run->s, 3, "explain", NULL, "{}", &id, &err));
	char *text = reader_probe(run->r, "attention", NULL, &step);
	assert_string_equal(text, "{\"a\":2}");
	assert_int_equal(step, 2);
	mem_free(text);
	text = reader_probe(run->r, "attention", "{\"user\":\"1\"}", &step);
	assert_string_equal(text, "{\"a\":1}");
	mem_free(text);
	assert_null(reader_probe(run->r, "recommend", NULL, &step));
	must(store_checkpoint(run->s, 100, "checkpoints/100.safetensors", "aa", true, &err));
	must(store_checkpoint(run->s, 200, "checkpoints/200.safetensors", "bb", false, &err));
	must(store_checkpoint(run->s, 300, "checkpoints/300.safetensors", "cc", true, &err));
	must(reader_checkpoints(run->r, &rows, &n, &err));
	assert_int_equal(n, 3);
	assert_true(!rows[0].best && !rows[1].best && rows[2].best);
	assert_string_equal(rows[1].sha256, "bb");
	mem_free(rows);
}

/* Two readers poll while the training thread logs and tweaks: each always sees a prefix of what was logged. */
struct watcher {
	const char *dir;
	int64_t until;
	bool right;
};

static void *watch(void *arg)
{
	struct watcher *w = arg;
	struct reader_db *r;
	struct samples got = {0};
	size_t seen = 0;
	bool ok = reader_open(w->dir, &r, NULL) == OK;
	while (ok && (int64_t)got.n < w->until) {
		struct tweak_row *tweaks;
		size_t n;
		ok = reader_samples(r, 1, &got, NULL) == OK && reader_tweaks(r, 0, &tweaks, &n, NULL) == OK;
		for (; ok && seen < got.n; seen++)
			ok = got.step[seen] == (int64_t)seen && got.value[seen] == (double)seen * 0.5;
		if (ok)
			reader_tweaks_free(tweaks, n);
		usleep(500);
	}
	samples_free(&got);
	reader_close(r);
	w->right = ok;
	return NULL;
}

static void test_two_readers(void **state)
{
	struct run *run = *state;
	struct err err = {0};
	enum { STEPS = 150000 };
	struct watcher w[2] = {{run->dir, STEPS, false}, {run->dir, STEPS, false}};
	pthread_t t[2];
	int id;
	int64_t tweak;
	must(store_series(run->s, "train/loss", false, &id, &err));
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&t[i], NULL, watch, &w[i]), 0);
	for (int step = 0; step < STEPS; step++) {
		store_scalar(run->s, id, step, step * 0.5);
		if (step % 5000 == 0)
			must(store_tweak(run->s, step, "set", "lr", "1", "2", "me", "", &tweak, &err));
		if (step % 1000 == 0)
			must(store_check(run->s, &err));
	}
	for (int i = 0; i < 2; i++) {
		pthread_join(t[i], NULL);
		assert_true(w[i].right);
	}
}

/* Signals belong to the threads of the program, never to the writer. */
static void test_writer_blocks_signals(void **state)
{
	(void)state;
	char path[64], line[128];
	unsigned long long blocked = 0;
	int found = 0;
	snprintf(path, sizeof path, "/proc/%d/task", (int)getpid());
	DIR *d = opendir(path);
	for (struct dirent *x; (x = readdir(d));) {
		if (x->d_name[0] == '.' || atoi(x->d_name) == getpid())
			continue;
		snprintf(path, sizeof path, "/proc/self/task/%.20s/status", x->d_name);
		FILE *f = fopen(path, "r");
		while (f && fgets(line, sizeof line, f))
			if (sscanf(line, "SigBlk: %llx", &blocked) == 1 && blocked >> (SIGINT - 1) & 1 &&
				blocked >> (SIGTERM - 1) & 1 && blocked >> (SIGUSR1 - 1) & 1)
				found++;
		if (f)
			fclose(f);
	}
	closedir(d);
	assert_true(found >= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_facts, run_open, run_close),
		cmocka_unit_test_setup_teardown(test_series_summary, run_open, run_close),
		cmocka_unit_test_setup_teardown(test_tweaks_and_events, run_open, run_close),
		cmocka_unit_test_setup_teardown(test_knobs, run_open, run_close),
		cmocka_unit_test_setup_teardown(test_evaluations, run_open, run_close),
		cmocka_unit_test_setup_teardown(test_probes_and_checkpoints, run_open, run_close),
		cmocka_unit_test_setup_teardown(test_two_readers, run_open, run_close),
		cmocka_unit_test_setup_teardown(test_writer_blocks_signals, run_open, run_close),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
