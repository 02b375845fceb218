/* Steering a run in a process of its own over its socket; replay, kill -9 and resume must end with the same weights. */
#include "toy.h"

#include "run/protocol.h"
#include "store/reader.h"
#include "store/rundir.h"

#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

enum { PATIENCE_MS = 60000 };

struct fixture {
	char root[64];
	char dir[4096];
	int child, out;
};

static void nap(int ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};
	nanosleep(&t, NULL);
}

/* ---- runs in child processes ---- */

static void child_main(const struct fixture *f, const char *replay, const char *resume, int epochs, int out)
{
	struct experiment *x = toy_experiment();
	struct run_result r;
	struct err why = {0};
	struct run_options o = {.runs_root = f->root, .threads = 2, .replay_of = replay, .resume = resume};
	char text[16];
	snprintf(text, sizeof text, "%d", epochs);
	must(knob_set_text(knobset_find(&x->knobs, "epochs"), text, e));
	x->train.checkpoint_seconds = 0.05;
	snprintf(x->file, sizeof x->file, "%s/toy.lua", f->root);
	enum err_code rc = runner_train(x, &o, &r, &why);
	if (rc != OK)
		fprintf(stderr, "child: %s\n", why.text);
	experiment_free(x);
	ssize_t n = write(out, &r, sizeof r);
	_exit(rc == OK && n == sizeof r ? 0 : 1);
}

static void launch(struct fixture *f, const char *replay, const char *resume, int epochs)
{
	int p[2];
	assert_int_equal(pipe(p), 0);
	f->child = fork();
	assert_true(f->child >= 0);
	if (f->child == 0)
		child_main(f, replay, resume, epochs, p[1]);
	close(p[1]);
	f->out = p[0];
}

/* Waits for the end; the exit status. */
static int reap(struct fixture *f, struct run_result *r)
{
	int status;
	ssize_t n = read(f->out, r, sizeof *r);
	close(f->out);
	assert_int_equal(waitpid(f->child, &status, 0), f->child);
	f->child = 0;
	return n == sizeof *r && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static struct client *attach(struct fixture *f, const char *id)
{
	struct client *c = NULL;
	struct err e;
	snprintf(f->dir, sizeof f->dir, "%s/%s", f->root, id);
	for (int i = 0; i < 2000; i++, nap(5))
		if (client_connect(f->dir, &c, &e) == OK)
			return c;
	fail_msg("cannot attach: %s", e.text);
	return NULL;
}

static json_t *call(struct client *c, const char *cmd, const char *args)
{
	char *result = NULL;
	struct err e = {0};
	if (client_call(c, cmd, args, PATIENCE_MS, &result, &e) != OK)
		fail_msg("%s %s: %s", cmd, args ? args : "", e.text);
	json_t *j = json_loads(result, 0, NULL);
	assert_non_null(j);
	mem_free(result);
	return j;
}

static void quiet(struct client *c, const char *cmd, const char *args)
{
	json_decref(call(c, cmd, args));
}

static void refused(struct client *c, const char *cmd, const char *args, const char *because)
{
	char *result = NULL;
	struct err e = {0};
	assert_int_not_equal(client_call(c, cmd, args, PATIENCE_MS, &result, &e), OK);
	if (!strstr(e.text, because))
		fail_msg("%s %s: expected '%s' in: %s", cmd, args ? args : "", because, e.text);
	mem_free(result);
}

static const char *text_of(const json_t *j, const char *key)
{
	const char *s = json_string_value(json_object_get(j, key));
	assert_non_null(s);
	return s;
}

static int setup(void **state)
{
	struct fixture *f = mem_calloc(1, sizeof *f);
	toy_root(f->root, sizeof f->root);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	if (f->child > 0) {
		kill(f->child, SIGKILL);
		waitpid(f->child, NULL, 0);
	}
	toy_remove(f->root);
	mem_free(f);
	return 0;
}

/* Six tweaks and a chunk, one of them structural, one of batches, one of live numbers; two pauses, probes, an evaluation; at steps that depend
 * on timing. Leaves the run going. */
static void steer(struct client *c)
{
	json_t *j = call(c, "pause", NULL);
	assert_string_equal(text_of(j, "state"), "paused");
	json_decref(j);
	quiet(c, "set", "{\"knobs\":{\"lr\":\"3e-3\"},\"by\":\"test\"}");
	quiet(c, "step", "{\"n\":37}");
	j = call(c, "set", "{\"knobs\":{\"deep\":true}}");
	assert_true(json_is_true(json_object_get(j, "rebuilt")));
	assert_int_equal(json_integer_value(json_object_get(j, "carried")), 2);
	assert_string_equal(json_string_value(json_array_get(json_object_get(j, "initialised"), 0)), "mix");
	json_decref(j);
	quiet(c, "probe", "{\"kind\":\"recommend\",\"user\":\"u1\",\"k\":5}");
	j = call(c, "set", "{\"knobs\":{\"dropout\":0.25,\"weight\":0.5,\"lr\":4e-3}}");
	assert_true(json_is_false(json_object_get(j, "rebuilt")));
	json_decref(j);
	quiet(c, "resume", NULL);
	quiet(c, "set", "{\"knobs\":{\"batch\":96,\"weight_decay\":1e-4}}");
	quiet(c, "evaluate", NULL);
	quiet(c, "eval", "{\"chunk\":\"clip=1\"}");
	quiet(c, "pause", NULL);
	quiet(c, "evaluate", NULL);
	quiet(c, "step", "{\"n\":5}");
	quiet(c, "set", "{\"knobs\":{\"lr\":1e-2}}");
	quiet(c, "resume", NULL);
}

static void replay_repeats(void **state)
{
	struct fixture *f = *state;
	struct run_result first, again;
	char id[4096];
	launch(f, NULL, NULL, 8);
	struct client *c = attach(f, "toy-1");
	steer(c);
	client_close(c);
	assert_int_equal(reap(f, &first), 0);
	assert_string_equal(first.state, "done");
	snprintf(id, sizeof id, "%s", first.dir);
	launch(f, id, NULL, 3); /* the number of epochs is the first run's too */
	assert_int_equal(reap(f, &again), 0);
	assert_int_equal(first.steps, again.steps);
	assert_string_equal(first.weights_sha256, again.weights_sha256);
	assert_true(first.value[0] == again.value[0]);
}

static void killed_and_resumed(void **state)
{
	struct fixture *f = *state;
	struct run_result whole, again, lost;
	char dir[4096];
	launch(f, NULL, NULL, 100000);
	struct client *c = attach(f, "toy-1");
	steer(c);
	quiet(c, "set", "{\"knobs\":{\"lr\":4e-3}}");
	nap(60);
	quiet(c, "set", "{\"knobs\":{\"lr\":5e-3}}");
	kill(f->child, SIGKILL);
	client_close(c);
	assert_int_not_equal(reap(f, &lost), 0);
	snprintf(dir, sizeof dir, "%s/toy-1", f->root);
	assert_false(rundir_alive(dir));
	launch(f, NULL, dir, 100000); /* over the stale socket */
	c = attach(f, "toy-1");
	quiet(c, "pause", NULL);
	quiet(c, "step", "{\"n\":150}"); /* beyond the tweaks that the checkpoint does not know */
	quiet(c, "stop", NULL);
	client_close(c);
	assert_int_equal(reap(f, &whole), 0);
	launch(f, dir, NULL, 3); /* never interrupted */
	assert_int_equal(reap(f, &again), 0);
	assert_int_equal(whole.steps, again.steps);
	assert_string_equal(whole.weights_sha256, again.weights_sha256);
}

static void write_script(const struct fixture *f, const char *text)
{
	char path[128];
	snprintf(path, sizeof path, "%s/toy.lua", f->root);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* An edited script is journalled as text: the file may be gone when the run is repeated. */
static void edited_script_is_repeated(void **state)
{
	struct fixture *f = *state;
	struct run_result first, on, again;
	char dir[4096];
	launch(f, NULL, NULL, 100000);
	struct client *c = attach(f, "toy-1");
	quiet(c, "pause", NULL);
	quiet(c, "step", "{\"n\":20}");
	write_script(f, "nonsense");
	refused(c, "reload", NULL, "toy.lua:1: 'nonsense' is no model");
	write_script(f, "deep");
	json_t *j = call(c, "reload", NULL);
	assert_int_equal(json_integer_value(json_object_get(j, "carried")), 2);
	assert_string_equal(json_string_value(json_array_get(json_object_get(j, "initialised"), 0)), "mix");
	json_decref(j);
	write_script(f, "plain");
	quiet(c, "step", "{\"n\":20}");
	quiet(c, "stop", NULL);
	client_close(c);
	assert_int_equal(reap(f, &first), 0);
	snprintf(dir, sizeof dir, "%s", first.dir);
	launch(f, dir, NULL, 3);
	assert_int_equal(reap(f, &again), 0);
	assert_string_equal(first.weights_sha256, again.weights_sha256);
	launch(f, NULL, dir, 3); /* the checkpoint is of the edited script */
	c = attach(f, "toy-1");
	quiet(c, "pause", NULL);
	quiet(c, "step", "{\"n\":10}");
	quiet(c, "stop", NULL);
	client_close(c);
	assert_int_equal(reap(f, &on), 0);
	launch(f, dir, NULL, 3);
	assert_int_equal(reap(f, &again), 0);
	assert_int_equal(on.steps, again.steps);
	assert_string_equal(on.weights_sha256, again.weights_sha256);
}

static void stopped_is_replayed_to_the_stop_and_resumed_to_the_end(void **state)
{
	struct fixture *f = *state;
	struct run_result stopped, replayed, on, plain;
	launch(f, NULL, NULL, 15);
	struct client *c = attach(f, "toy-1");
	quiet(c, "pause", NULL);
	quiet(c, "step", "{\"n\":50}");
	quiet(c, "stop", NULL);
	client_close(c);
	assert_int_equal(reap(f, &stopped), 0);
	assert_string_equal(stopped.state, "stopped");
	char dir[4096];
	snprintf(dir, sizeof dir, "%s", stopped.dir);
	launch(f, dir, NULL, 15);
	assert_int_equal(reap(f, &replayed), 0);
	assert_string_equal(replayed.state, "stopped");
	assert_int_equal(replayed.steps, stopped.steps);
	assert_string_equal(replayed.weights_sha256, stopped.weights_sha256);
	launch(f, NULL, dir, 15);
	assert_int_equal(reap(f, &on), 0);
	assert_string_equal(on.state, "done");
	launch(f, NULL, NULL, 15);
	assert_int_equal(reap(f, &plain), 0);
	assert_string_equal(on.weights_sha256, plain.weights_sha256);
}

static void sigterm_stops(void **state)
{
	struct fixture *f = *state;
	struct run_result r;
	launch(f, NULL, NULL, 100000);
	struct client *c = attach(f, "toy-1");
	quiet(c, "pause", NULL);
	client_close(c);
	kill(f->child, SIGHUP); /* the terminal has gone: no matter */
	kill(f->child, SIGUSR1);
	kill(f->child, SIGTERM);
	assert_int_equal(reap(f, &r), 0);
	assert_string_equal(r.state, "stopped");
	char path[4200];
	snprintf(path, sizeof path, "%s/checkpoints/%lld.state", r.dir, (long long)r.steps);
	assert_int_equal(access(path, R_OK), 0);
}

static void bad_commands_change_nothing(void **state)
{
	struct fixture *f = *state;
	struct run_result r, plain;
	launch(f, NULL, NULL, 8);
	struct client *c = attach(f, "toy-1");
	quiet(c, "pause", NULL);
	refused(c, "set", "{\"knobs\":{\"weight_decay\":0.5,\"lr\":3}}", "knob lr must be in 1e-06..1, got 3");
	refused(c, "set", "{\"knobs\":{\"lrr\":3}}", "did you mean 'lr'");
	refused(c, "set", "{\"knobs\":{\"dim\":13}}", "toy.lua:13");
	refused(c, "set", "{\"knobs\":{\"negatives\":0}}", "negative");
	refused(c, "set", "{}", "knobs");
	refused(c, "eval", "{\"chunk\":\"fail\"}", "it failed");
	refused(c, "eval", "{\"chunk\":\"lr=7\"}", "1e-06..1");
	refused(c, "reload", "{}", "toy.lua");
	refused(c, "probe", "{\"kind\":\"attention\",\"user\":\"u1\"}", "no attention");
	refused(c, "probe", "{\"kind\":\"recommend\",\"user\":\"nobody\"}",
		"no user 'nobody' in data set planted, whose users are called like 'u");
	refused(c, "probe", "{\"kind\":\"oracle\",\"user\":\"u1\"}", "oracle");
	refused(c, "strop", NULL, "did you mean");
	refused(c, "step", "{\"n\":0}", "n must be");
	quiet(c, "resume", NULL);
	client_close(c);
	assert_int_equal(reap(f, &r), 0);
	launch(f, NULL, NULL, 8);
	assert_int_equal(reap(f, &plain), 0);
	assert_string_equal(r.weights_sha256, plain.weights_sha256);
}

/* ---- damage ---- */

static void flip(const char *path, long at)
{
	FILE *file = fopen(path, "r+b");
	assert_non_null(file);
	fseek(file, at, SEEK_END);
	int byte = fgetc(file);
	fseek(file, at, SEEK_END);
	fputc(byte ^ 64, file);
	fclose(file);
}

/* A wrong bit in the weights or in the state: the run goes on from the checkpoint before. */
static void falls_back(struct fixture *f, const char *ending)
{
	struct run_result r, on, plain;
	launch(f, NULL, NULL, 10);
	struct client *c = attach(f, "toy-1");
	quiet(c, "pause", NULL);
	quiet(c, "step", "{\"n\":20}");
	quiet(c, "checkpoint", NULL);
	quiet(c, "step", "{\"n\":20}");
	quiet(c, "stop", NULL);
	client_close(c);
	assert_int_equal(reap(f, &r), 0);
	char dir[4096], path[4300];
	snprintf(dir, sizeof dir, "%s", r.dir);
	snprintf(path, sizeof path, "%s/checkpoints/%lld.%s", dir, (long long)r.steps, ending);
	flip(path, -40);
	launch(f, NULL, dir, 10);
	assert_int_equal(reap(f, &on), 0);
	launch(f, NULL, NULL, 10);
	assert_int_equal(reap(f, &plain), 0);
	assert_string_equal(on.weights_sha256, plain.weights_sha256);
	struct reader_db *db;
	struct event_row *rows;
	size_t n, told = 0;
	must(reader_open(dir, &db, e));
	must(reader_events(db, 0, &rows, &n, e));
	for (size_t i = 0; i < n; i++)
		told += strcmp(rows[i].level, "warn") == 0 && strstr(rows[i].text, "damaged") != NULL;
	assert_true(told >= 1);
	reader_events_free(rows, n);
	reader_close(db);
}

static void damaged_weights_fall_back(void **state)
{
	falls_back(*state, "safetensors");
}

static void damaged_state_falls_back(void **state)
{
	falls_back(*state, "state");
}

/* ---- the wire ---- */

static int raw_connect(const char *dir)
{
	struct sockaddr_un addr;
	int dirfd, fd = socket(AF_UNIX, SOCK_STREAM, 0);
	must(protocol_address(dir, &addr, &dirfd, e));
	assert_int_equal(connect(fd, (const struct sockaddr *)&addr, sizeof addr), 0);
	close(dirfd);
	return fd;
}

static void send_all(int fd, const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t k = send(fd, bytes, n, MSG_NOSIGNAL);
		if (k <= 0)
			return; /* the runner ended the connection */
		bytes += k;
		n -= (size_t)k;
	}
}

static void send_text(int fd, const char *text)
{
	send_all(fd, text, strlen(text));
}

static void receive_line(int fd, char *buf, size_t size)
{
	size_t n = 0;
	while (n + 1 < size && recv(fd, buf + n, 1, 0) == 1 && buf[n] != '\n')
		n++;
	buf[n] = '\0';
}

static void hostile_clients_harm_only_themselves(void **state)
{
	struct fixture *f = *state;
	struct run_result r;
	char line[2048];
	launch(f, NULL, NULL, 100000);
	struct client *c = attach(f, "toy-1");
	struct stat st;
	snprintf(line, sizeof line, "%s/toy-1/control.sock", f->root);
	assert_int_equal(stat(line, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	int fd = raw_connect(f->dir);
	send_text(fd, "{oops\n");
	receive_line(fd, line, sizeof line);
	assert_non_null(strstr(line, "\"ok\":false"));
	assert_non_null(strstr(line, "JSON"));
	send_text(fd, "{\"v\":9,\"id\":4,\"cmd\":\"hello\"}\n");
	receive_line(fd, line, sizeof line);
	assert_non_null(strstr(line, "\"id\":4"));
	/* a request in three pieces */
	send_text(fd, "{\"v\":1,\"id");
	nap(20);
	send_text(fd, "\":5,\"cmd\":");
	nap(20);
	send_text(fd, "\"hello\"}\n");
	receive_line(fd, line, sizeof line);
	assert_non_null(strstr(line, "\"id\":5"));
	assert_non_null(strstr(line, "\"model\":\"mf\""));
	/* a line without an end */
	size_t n = (size_t)PROTOCOL_LINE_MAX * 3;
	char *flood = mem_alloc(n);
	memset(flood, 'x', n);
	send_all(fd, flood, n);
	mem_free(flood);
	receive_line(fd, line, sizeof line);
	assert_non_null(strstr(line, "must fit"));
	close(fd);
	/* more requests at once than one safe point obeys, while paused */
	quiet(c, "pause", NULL);
	fd = raw_connect(f->dir);
	for (int i = 0; i < 1000; i++)
		send_text(fd, "{\"v\":1,\"id\":6,\"cmd\":\"hello\"}\n");
	for (int i = 0; i < 1000; i++) {
		receive_line(fd, line, sizeof line);
		assert_non_null(strstr(line, "\"id\":6"));
	}
	close(fd);
	quiet(c, "resume", NULL);
	fd = raw_connect(f->dir); /* goes away before its answer */
	send_text(fd, "{\"v\":1,\"id\":5,\"cmd\":\"evaluate\"}\n");
	close(fd);
	quiet(c, "hello", NULL);
	quiet(c, "stop", NULL);
	client_close(c);
	assert_int_equal(reap(f, &r), 0);
}

int main(int argc, char **argv)
{
	toy_calm(argv);
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(replay_repeats),
		CASE(killed_and_resumed),
		CASE(edited_script_is_repeated),
		CASE(stopped_is_replayed_to_the_stop_and_resumed_to_the_end),
		CASE(sigterm_stops),
		CASE(bad_commands_change_nothing),
		CASE(damaged_weights_fall_back),
		CASE(damaged_state_falls_back),
		CASE(hostile_clients_harm_only_themselves),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
