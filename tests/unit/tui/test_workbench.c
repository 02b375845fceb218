/* The workbench on a pty, from keys to screen: every view of a stored run, resizing, signals, a silent idle, and a session with a
 * living run: tweak, receipt, attention, explain, quit, the run still there, attach again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "support/vt.h"
#include "tui/tui.h"
#include "unit/tui/fake_runner.h"

#include <sys/wait.h>

enum { PATIENCE = 15000 }; /* ms; generous, because sanitizers and busy machines are slow */

static char root[64], dir[128];

static int make_run(void **state)
{
	struct err e = {0};
	snprintf(root, sizeof root, "/tmp/gusto-workbench-XXXXXX");
	if (!mkdtemp(root) || synth_run(root, "demo-1", "done", 1.3, &e) != OK) {
		fprintf(stderr, "%s\n", e.text);
		return -1;
	}
	snprintf(dir, sizeof dir, "%s/demo-1", root);
	return 0;
}

static int remove_run(void **state)
{
	char cmd[128];
	snprintf(cmd, sizeof cmd, "rm -rf '%s'", root);
	return system(cmd);
}

static int open_workbench(void *ctx)
{
	struct tui_options *o = ctx;
	struct err e = {0};
	enum err_code rc = tui_main(o, &e);
	if (rc != OK)
		fprintf(stderr, "%s\n", e.text);
	return rc == OK ? 0 : 3;
}

static struct vt *start(int cols, int rows, const char *term)
{
	static struct tui_options o;
	o = (struct tui_options){.runs_root = root, .run_dir = dir};
	struct vt *v = vt_start(cols, rows, term, open_workbench, &o);
	assert_non_null(v);
	return v;
}

static void see(struct vt *v, const char *text)
{
	if (!vt_wait(v, text, PATIENCE))
		fail_msg("\"%s\" did not appear on\n%s", text, vt_screen(v));
}

static void leave(struct vt *v, int want)
{
	int status;
	assert_true(vt_wait_exit(v, PATIENCE, &status));
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == want);
	assert_false(vt_alternate(v));
	assert_true(vt_cursor_visible(v));
	assert_true(vt_termios_restored(v));
}

static void every_view_of_a_stored_run(void **state)
{
	struct vt *v = start(80, 24, "xterm-256color");
	see(v, "train/loss");
	see(v, "DONE");
	assert_true(vt_alternate(v));
	vt_keys(v, "1");
	see(v, "Knobs that differ");
	vt_keys(v, "3");
	see(v, "Journal");
	vt_keys(v, "4");
	see(v, "Amélie (2001)");
	vt_keys(v, "5");
	see(v, "why Aliens (1986)");
	vt_keys(v, "6");
	see(v, "gradient norm is not finite");
	vt_keys(v, "?");
	see(v, "turn knobs while it trains");
	vt_keys(v, "2/ndcg\r");
	see(v, "test/ndcg@10");
	assert_true(vt_wait_gone(v, "train/loss", PATIENCE));
	vt_keys(v, "q");
	leave(v, 0);
	vt_free(v);
}

static void resizes_down_to_nothing_and_back(void **state)
{
	static const int sizes[][2] = {
		{160, 50}, {60, 16}, {40, 10}, {20, 3}, {19, 1}, {5, 2}, {1, 1}, {300, 100}, {33, 9}, {80, 24}};
	struct vt *v = start(80, 24, "xterm-256color");
	see(v, "train/loss");
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		vt_resize(v, sizes[i][0], sizes[i][1]);
		vt_keys(v, i % 2 ? "4" : "2");
		vt_pump(v, 60);
	}
	vt_keys(v, "2");
	see(v, "train/loss");
	vt_keys(v, "q");
	leave(v, 0);
	vt_free(v);
}

static void silent_when_nothing_changes(void **state)
{
	struct vt *v = start(100, 30, "xterm-256color");
	see(v, "train/loss");
	vt_pump(v, 500);
	assert_int_equal(vt_pump(v, 1500), 0);
	vt_keys(v, "q");
	leave(v, 0);
	vt_free(v);
}

static void signals_end_it_cleanly(void **state)
{
	static const int ends[] = {SIGTERM, SIGQUIT, SIGHUP};
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		struct vt *v = start(80, 24, "xterm-256color");
		see(v, "train/loss");
		vt_keys(v, "\x03"); /* Ctrl-C cancels, it ends nothing */
		see(v, "Ctrl-C stops nothing");
		vt_signal(v, ends[i]);
		leave(v, 0);
		vt_free(v);
	}
}

static void a_crash_restores_the_terminal(void **state)
{
	int status;
	struct vt *v = start(80, 24, "xterm-256color");
	see(v, "train/loss");
	vt_signal(v, SIGFPE); /* as a bug would raise it; sanitizers keep SIGSEGV for themselves */
	assert_true(vt_wait_exit(v, PATIENCE, &status));
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGFPE);
	assert_false(vt_alternate(v));
	assert_true(vt_cursor_visible(v));
	assert_true(vt_termios_restored(v));
	vt_free(v);
}

static void other_terminals(void **state)
{
	static const struct {
		const char *term, *see;
	} terms[] = {{"xterm", "train/loss"}, {"vt100", "train/loss"}, {"linux", "train/loss"},
		{"no-such-terminal", "not described"}};
	for (size_t i = 0; i < sizeof terms / sizeof *terms; i++) {
		struct vt *v = start(80, 24, terms[i].term);
		see(v, terms[i].see);
		vt_keys(v, "~4");
		see(v, strcmp(terms[i].term, "vt100") ? "Am" : "user 42");
		vt_keys(v, "q");
		int status;
		assert_true(vt_wait_exit(v, PATIENCE, &status) && WIFEXITED(status) && WEXITSTATUS(status) == 0);
		vt_free(v);
	}
	struct vt *v = start(80, 24, "dumb");
	int status;
	assert_true(vt_wait_exit(v, PATIENCE, &status));
	assert_int_equal(WEXITSTATUS(status), 3);
	assert_non_null(strstr(vt_output(v), "not a terminal that can show a screen"));
	vt_free(v);
}

static pid_t fork_runner(bool quiet)
{
	pid_t pid = fork();
	if (pid == 0)
		_exit(fake_main(dir, quiet));
	for (int i = 0; i < 500 && !rundir_alive(dir); i++)
		usleep(20000);
	assert_true(rundir_alive(dir));
	return pid;
}

static bool alive(pid_t pid)
{
	return waitpid(pid, NULL, WNOHANG) == 0;
}

static void a_session_with_a_living_run(void **state)
{
	pid_t runner = fork_runner(false);
	struct vt *v = start(100, 30, "xterm-256color");
	see(v, "TRAIN");
	vt_keys(v, "-");
	see(v, "staged  lr  0.0005 > 0.00025");
	vt_keys(v, "a");
	see(v, "lr 0.0005 > 0.00025   ack @3");
	see(v, "T3");
	vt_keys(v, "3");
	see(v, "from the next step"); /* the journal */
	vt_keys(v, "4");
	see(v, "(now)");
	see(v, "row sums to 1");
	vt_keys(v, "5");
	see(v, "why Aliens (1986)");
	vt_keys(v, "!p");
	see(v, "pause: ack");
	see(v, "PAUSED");
	vt_keys(v, "!p");
	see(v, "TRAIN");
	vt_keys(v, "q");
	leave(v, 0);
	assert_non_null(strstr(vt_output(v), "run continues: gusto attach demo-1"));
	vt_free(v);
	assert_true(alive(runner));

	v = start(100, 30, "xterm-256color"); /* attach again */
	see(v, "TRAIN");
	see(v, "T3");
	vt_signal(v, SIGKILL); /* and be killed: the run does not notice */
	int status;
	assert_true(vt_wait_exit(v, PATIENCE, &status));
	vt_free(v);
	assert_true(alive(runner));

	v = start(100, 30, "xterm-256color");
	see(v, "TRAIN");
	vt_keys(v, "!x");
	see(v, "stop run demo-1?");
	vt_keys(v, "y");
	see(v, "STOPPED");
	vt_keys(v, "q");
	leave(v, 0);
	vt_free(v);
	assert_int_equal(waitpid(runner, NULL, 0), runner);
}

static void a_killed_runner_is_seen(void **state)
{
	pid_t runner = fork_runner(false);
	struct vt *v = start(100, 30, "xterm-256color");
	see(v, "TRAIN");
	kill(runner, SIGKILL);
	waitpid(runner, NULL, 0);
	see(v, "DIED");
	vt_keys(v, "-");
	see(v, "nobody to command");
	vt_keys(v, "q");
	leave(v, 0);
	assert_null(strstr(vt_output(v), "run continues"));
	vt_free(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_view_of_a_stored_run),
		cmocka_unit_test(resizes_down_to_nothing_and_back),
		cmocka_unit_test(silent_when_nothing_changes),
		cmocka_unit_test(signals_end_it_cleanly),
		cmocka_unit_test(a_crash_restores_the_terminal),
		cmocka_unit_test(other_terminals),
		cmocka_unit_test(a_session_with_a_living_run),
		cmocka_unit_test(a_killed_runner_is_seen),
	};
	return cmocka_run_group_tests(tests, make_run, remove_run);
}
