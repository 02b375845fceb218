/* A session as a person has it: the program itself on a pty, a run that really trains.  Open the workbench, turn the learning
 * rate down with two keys, see the receipt, attention with titles on its axes, an explanation; quit; the run goes on; attach
 * again; stop it.  Everything is waited for, nothing is timed. */
#include "support/vt.h"

#include "store/reader.h"
#include "store/rundir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE = 120000 }; /* ms; only a failure waits so long */

static char root[64], dir[512];
static const char *gusto;

/* The first line that a command writes; false where it fails. */
static bool answer(char *line, size_t size, const char *args)
{
	char command[2048];
	snprintf(command, sizeof command, "%s %s", gusto, args);
	FILE *out = popen(command, "r");
	assert_non_null(out);
	bool said = fgets(line, (int)size, out) != NULL;
	while (fgetc(out) != EOF)
		;
	line[said ? strcspn(line, "\n") : 0] = '\0';
	return pclose(out) == 0 && said;
}

static int begin(void **state)
{
	const char *bin = getenv("GUSTO_BIN");
	gusto = bin ? bin : "./gusto";
	snprintf(root, sizeof root, "/tmp/gusto-session-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	setenv("GUSTO_RUNS", root, 1);
	bool ok = answer(dir, sizeof dir,
		"run experiments/demo.lua --detach --seed 3 --threads 1 --epochs 1000000 --set patience=0");
	if (!ok)
		fprintf(stderr, "no run could be started: %s\n", dir);
	return ok ? 0 : -1;
}

static int end(void **state)
{
	char command[1024];
	snprintf(command, sizeof command, "%s stop %s >/dev/null 2>&1; rm -rf %s", gusto, dir, root);
	return system(command) == -1;
}

static int child(void *ctx)
{
	execl(gusto, "gusto", "attach", strrchr(dir, '/') + 1, NULL);
	return 127;
}

static struct vt *attach(void)
{
	return vt_start(100, 30, "xterm-256color", child, NULL);
}

static void see(struct vt *v, const char *text)
{
	if (!vt_wait(v, text, PATIENCE))
		fail_msg("\"%s\" did not appear on\n%s", text, vt_screen(v));
}

static void quit(struct vt *v)
{
	int status;
	vt_keys(v, "q");
	assert_true(vt_wait_exit(v, PATIENCE, &status));
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_false(vt_alternate(v));
	assert_true(vt_termios_restored(v));
}

/* The beginning of a title in the history of the user that the workbench shows first. */
static void title(char out[16])
{
	static char line[1 << 16];
	char args[600];
	snprintf(args, sizeof args, "recommend %s --user u1 --json", strrchr(dir, '/') + 1);
	assert_true(answer(line, sizeof line, args));
	char *last = strstr(line, "\"items\""), *at = NULL;
	if (last)
		*last = '\0'; /* what is recommended is not what was watched */
	for (char *p = line; (p = strstr(p, "\"title\":\"")); p++)
		at = p + strlen("\"title\":\"");
	assert_non_null(at);
	snprintf(out, 16, "%.12s", at);
}

static void one_tweak_is_stored(void)
{
	struct reader_db *db;
	struct tweak_row *row;
	struct err e;
	size_t n;
	assert_int_equal(reader_open(dir, &db, &e), OK);
	assert_int_equal(reader_tweaks(db, 0, &row, &n, &e), OK);
	assert_true(n >= 1);
	assert_string_equal(row[0].name, "lr");
	assert_true(strtod(row[0].new_value, NULL) == strtod(row[0].old_value, NULL) / 2);
	reader_tweaks_free(row, n);
	reader_close(db);
}

static void a_session(void **state)
{
	char watched[16];
	struct vt *v = attach();
	if (!v) {
		printf("skipped: no pseudo-terminal can be made here\n");
		return;
	}
	see(v, "TRAIN");
	see(v, "train/loss");
	vt_keys(v, "-");
	see(v, "staged  lr");
	vt_keys(v, "a");
	see(v, "ack @");
	vt_keys(v, "3");
	see(v, "from the next step");
	title(watched);
	vt_keys(v, "4");
	see(v, "row sums to 1");
	see(v, watched);
	vt_keys(v, "5");
	see(v, "history without");
	see(v, "why ");
	quit(v);
	assert_non_null(strstr(vt_output(v), "run continues: gusto attach"));
	vt_free(v);
	assert_true(rundir_alive(dir));
	one_tweak_is_stored();

	v = attach();
	assert_non_null(v);
	see(v, "TRAIN");
	vt_keys(v, "3");
	see(v, "from the next step");
	vt_keys(v, "!x");
	see(v, "stop run");
	vt_keys(v, "y");
	see(v, "STOPPED");
	quit(v);
	vt_free(v);
	for (int i = 0; i < PATIENCE / 20 && rundir_alive(dir); i++)
		usleep(20000);
	assert_false(rundir_alive(dir));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_session)};
	return cmocka_run_group_tests(tests, begin, end);
}
