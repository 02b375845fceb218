#include "base/fs.h"
#include "base/mem.h"

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <cmocka.h>

static int setup(void **state)
{
	char *folder = strdup("/tmp/gusto-fs-XXXXXX");
	*state = folder;
	return folder && mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
	char command[128];
	snprintf(command, sizeof command, "rm -rf '%s'", (char *)*state);
	free(*state);
	return system(command);
}

static int entries(const char *folder)
{
	int n = 0;
	DIR *d = opendir(folder);
	for (struct dirent *x; d && (x = readdir(d));)
		n += x->d_name[0] != '.';
	closedir(d);
	return n;
}

static void joins(void **state)
{
	static const char *const cases[][3] = {{"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"", "b", "b"}, {"a", "/b", "/b"},
		{"/", "b", "/b"}, {"a", "", "a/"}};
	char buf[16];
	struct err e;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(path_join(buf, sizeof buf, cases[i][0], cases[i][1], &e), OK);
		assert_string_equal(buf, cases[i][2]);
	}
	assert_int_equal(path_join(buf, sizeof buf, "0123456789", "abcd", &e), OK);
	assert_int_equal(path_join(buf, sizeof buf, "0123456789", "abcde", &e), ERR_ARG);
	assert_string_equal(path_base("a/b/c.txt"), "c.txt");
	assert_string_equal(path_base("c.txt"), "c.txt");
	assert_string_equal(path_base("a/"), "");
}

static void makes_folders(void **state)
{
	char path[128], file[160];
	struct err e;
	snprintf(path, sizeof path, "%s/a//b/c/", (char *)*state);
	assert_false(fs_exists(path));
	assert_int_equal(fs_mkdirs(path, &e), OK);
	assert_int_equal(fs_mkdirs(path, &e), OK);
	assert_true(fs_is_dir(path) && !fs_is_file(path) && fs_exists(path));
	snprintf(file, sizeof file, "%sfile", path);
	assert_int_equal(fs_write_atomic(file, "x", 1, &e), OK);
	assert_true(fs_is_file(file) && !fs_is_dir(file));
	assert_int_equal(fs_mkdirs(file, &e), ERR_IO);
	strcat(file, "/below");
	assert_int_equal(fs_mkdirs(file, &e), ERR_IO);
}

static void reads_what_was_written(void **state)
{
	char path[128], *back;
	size_t n;
	struct err e;
	snprintf(path, sizeof path, "%s/file", (char *)*state);
	static const size_t sizes[] = {0, 1, 4095, 4096, 100000};
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		char *text = mem_calloc(sizes[i] + 1, 1);
		for (size_t k = 0; k < sizes[i]; k++)
			text[k] = (char)(k * 7);
		assert_int_equal(fs_write_atomic(path, text, sizes[i], &e), OK);
		assert_int_equal(fs_read_all(path, &back, &n, &e), OK);
		assert_int_equal(n, sizes[i]);
		assert_memory_equal(back, text, n + 1);
		mem_free(back);
		mem_free(text);
	}
	assert_int_equal(entries(*state), 1);
	assert_int_equal(fs_read_all("/nonexistent/x", &back, &n, &e), ERR_NOTFOUND);
	assert_int_equal(fs_read_all(*state, &back, &n, &e), ERR_IO);
	assert_null(back);
	/* A file whose size is not known beforehand. */
	assert_int_equal(fs_read_all("/proc/self/status", &back, &n, &e), OK);
	assert_true(n > 0 && strlen(back) == n);
	mem_free(back);
}

static void nothing_appears_before_the_commit(void **state)
{
	char path[128], *back;
	size_t n;
	struct err e;
	struct fs_writer *a, *b;
	snprintf(path, sizeof path, "%s/file", (char *)*state);
	assert_int_equal(fs_writer_open(path, &a, &e), OK);
	assert_int_equal(fs_writer_open(path, &b, &e), OK); /* two writers of one path do not meet */
	assert_int_equal(fs_writer_put(a, "half", 4, &e), OK);
	assert_int_equal(fs_writer_put(b, "other", 5, &e), OK);
	assert_false(fs_exists(path));
	assert_int_equal(fs_writer_put(a, " and half", 9, &e), OK);
	assert_int_equal(fs_writer_commit(a, &e), OK);
	fs_writer_abort(b);
	fs_writer_abort(NULL);
	assert_int_equal(fs_read_all(path, &back, &n, &e), OK);
	assert_string_equal(back, "half and half");
	mem_free(back);
	assert_int_equal(entries(*state), 1);
}

/* A limit on file sizes stands for a disk that fills up half-way. */
static void failed_writes_leave_nothing(void **state)
{
	char path[128], *back, big[5000] = {0};
	size_t n;
	struct err e;
	snprintf(path, sizeof path, "%s/file", (char *)*state);
	assert_int_equal(fs_write_atomic(path, "old", 3, &e), OK);
	struct rlimit old, small;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	signal(SIGXFSZ, SIG_IGN);
	small = (struct rlimit){1000, old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	enum err_code code = fs_write_atomic(path, big, sizeof big, &e);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(code, ERR_IO);
	assert_non_null(strstr(e.text, "larger than a file may be here (1000 bytes written)"));
	assert_int_equal(fs_read_all(path, &back, &n, &e), OK);
	assert_string_equal(back, "old");
	mem_free(back);
	assert_int_equal(entries(*state), 1);
	assert_int_equal(fs_write_atomic("/nonexistent/x", "x", 1, &e), ERR_IO);
	char folder[128];
	snprintf(folder, sizeof folder, "%s/sub", (char *)*state);
	assert_int_equal(fs_mkdirs(folder, &e), OK);
	assert_int_equal(fs_write_atomic(folder, "x", 1, &e), ERR_IO); /* a folder is in the way */
	assert_int_equal(entries(*state), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(joins),
		cmocka_unit_test_setup_teardown(makes_folders, setup, teardown),
		cmocka_unit_test_setup_teardown(reads_what_was_written, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_appears_before_the_commit, setup, teardown),
		cmocka_unit_test_setup_teardown(failed_writes_leave_nothing, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
