#include "store_test.h"

#include "store/rundir.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

static char root[256];

static int setup(void **state)
{
	(void)state;
	temp_dir(root, sizeof root);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	temp_remove(root);
	return 0;
}

/* A run as the list knows it; `age` seconds old. */
static void make_run(const char *name, int age, char *path, size_t size)
{
	struct err err = {0};
	char file[600];
	must(rundir_create(root, name, path, size, &err));
	snprintf(file, sizeof file, "%s/run.db", path);
	int fd = open(file, O_CREAT | O_WRONLY, 0600);
	struct timespec t[2] = {{.tv_sec = 1700000000 - age}, {.tv_sec = 1700000000 - age}};
	assert_true(fd >= 0);
	assert_int_equal(futimens(fd, t), 0);
	close(fd);
}

static void test_create(void **state)
{
	(void)state;
	struct err err = {0};
	char path[512], deep[512], want[600];
	struct stat st;
	must(rundir_create(root, "sasrec", path, sizeof path, &err));
	snprintf(want, sizeof want, "%s/sasrec-1", root);
	assert_string_equal(path, want);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	must(rundir_create(root, "sasrec", path, sizeof path, &err));
	assert_true(strcmp(path + strlen(path) - 9, "/sasrec-2") == 0);
	snprintf(deep, sizeof deep, "%s/a/b/c", root);
	must(rundir_create(deep, "../we ird/näme", path, sizeof path, &err));
	assert_string_equal(strrchr(path, '/'), "/-.-we-ird-n--me-1");
	must(rundir_create(deep, "", path, sizeof path, &err));
	assert_string_equal(strrchr(path, '/'), "/run-1");
	snprintf(deep, sizeof deep, "%s/file", root);
	close(open(deep, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(rundir_create(deep, "x", path, sizeof path, &err), ERR_IO);
	assert_int_equal(rundir_create(root, "x", path, 8, &err), ERR_ARG);
}

/* Many processes at once get different directories without gaps. */
static void test_create_race(void **state)
{
	(void)state;
	enum { PROCESSES = 12, EACH = 10 };
	pid_t pid[PROCESSES];
	char path[512];
	struct stat st;
	for (int p = 0; p < PROCESSES; p++) {
		if ((pid[p] = fork()) == 0) {
			for (int i = 0; i < EACH; i++)
				if (rundir_create(root, "race", path, sizeof path, NULL) != OK)
					_exit(1);
			_exit(0);
		}
	}
	for (int p = 0; p < PROCESSES; p++) {
		int status;
		assert_int_equal(waitpid(pid[p], &status, 0), pid[p]);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	for (int i = 1; i <= PROCESSES * EACH + 1; i++) {
		snprintf(path, sizeof path, "%s/race-%d", root, i);
		assert_int_equal(stat(path, &st), i <= PROCESSES * EACH ? 0 : -1);
	}
}

static void test_list_and_resolve(void **state)
{
	(void)state;
	struct err err = {0};
	char a[512], b[512], c[512], got[512], buf[700];
	char **ids;
	size_t n;
	must(rundir_list(root, &ids, &n, &err));
	assert_int_equal(n, 0);
	rundir_list_free(ids, n);
	assert_int_equal(rundir_resolve(root, "last", got, sizeof got, &err), ERR_NOTFOUND);
	make_run("sasrec", 30, a, sizeof a);
	make_run("neumf", 10, b, sizeof b);
	make_run("sasrec", 20, c, sizeof c);
	must(rundir_create(root, "empty", buf, sizeof buf, &err)); /* no run.db yet: not listed */
	must(rundir_list(root, &ids, &n, &err));
	assert_int_equal(n, 3);
	assert_string_equal(ids[0], "neumf-1");
	assert_string_equal(ids[1], "sasrec-2");
	assert_string_equal(ids[2], "sasrec-1");
	rundir_list_free(ids, n);
	must(rundir_resolve(root, "last", got, sizeof got, &err));
	assert_string_equal(got, b);
	must(rundir_resolve(root, "neu", got, sizeof got, &err));
	assert_string_equal(got, b);
	must(rundir_resolve(root, "sasrec-2", got, sizeof got, &err));
	assert_string_equal(got, c);
	must(rundir_resolve(root, a, got, sizeof got, &err));
	assert_string_equal(got, a);
	assert_int_equal(rundir_resolve(root, "sas", got, sizeof got, &err), ERR_ARG);
	assert_non_null(strstr(err.text, "sasrec-1"));
	assert_int_equal(rundir_resolve(root, "neunf-1", got, sizeof got, &err), ERR_NOTFOUND);
	assert_non_null(strstr(err.text, "did you mean neumf-1?"));
	assert_int_equal(rundir_resolve(root, "", got, sizeof got, &err), ERR_ARG);
	assert_int_equal(rundir_resolve(root, root, got, sizeof got, &err), ERR_NOTFOUND);
}

/* An id that another one starts with is still that id. */
static void test_exact_before_prefix(void **state)
{
	(void)state;
	struct err err = {0};
	char path[512], got[512];
	for (int i = 0; i < 11; i++)
		make_run("m", i, path, sizeof path);
	must(rundir_resolve(root, "m-1", got, sizeof got, &err));
	assert_string_equal(strrchr(got, '/'), "/m-1");
}

static void test_lock(void **state)
{
	(void)state;
	struct err err = {0};
	char path[512];
	int ready[2], lock, status;
	make_run("m", 0, path, sizeof path);
	assert_false(rundir_alive(path));
	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();
	if (pid == 0) {
		int mine;
		if (rundir_lock(path, &mine, NULL) != OK || write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	char x;
	assert_int_equal(read(ready[0], &x, 1), 1);
	assert_true(rundir_alive(path));
	char want[32];
	snprintf(want, sizeof want, "process %d ", (int)pid);
	assert_int_equal(rundir_lock(path, &lock, &err), ERR_STATE);
	assert_non_null(strstr(err.text, want));
	assert_int_equal(lock, -1);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	assert_false(rundir_alive(path));
	must(rundir_lock(path, &lock, &err));
	assert_true(rundir_alive(path));
	close(lock);
	assert_false(rundir_alive(path));
	close(ready[0]);
	close(ready[1]);
}

static void test_root(void **state)
{
	(void)state;
	unsetenv("GUSTO_RUNS");
	assert_string_equal(rundir_root(), "runs");
	setenv("GUSTO_RUNS", root, 1);
	assert_string_equal(rundir_root(), root);
}

#define dir_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		dir_test(test_create),
		dir_test(test_create_race),
		dir_test(test_list_and_resolve),
		dir_test(test_exact_before_prefix),
		dir_test(test_lock),
		dir_test(test_root),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
