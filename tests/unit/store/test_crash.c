/* kill -9 in the middle of writing: what was committed is there, what a person did is there. */
#include "store_test.h"

#include "base/mem.h"
#include "store/reader.h"
#include "store/store.h"

#include <signal.h>
#include <sys/wait.h>

enum { TOGETHER = 3 };

/* What the child had finished when it said so. */
struct progress {
	int64_t flushed, tweaks;
};

static void child_write(const char *dir, int out)
{
	struct store *s;
	int id;
	if (store_open(dir, &s, NULL) != OK || store_series(s, "loss", false, &id, NULL) != OK)
		_exit(1);
	struct progress p = {0};
	for (int64_t step = 0;; step++) {
		store_scalar(s, id, step, (double)step);
		if (step % 97 == 0) {
			static const struct store_tweak_row set[TOGETHER] = {{"set", "lr", "1", "2", "ok"},
				{"set", "clip", "1", "2", ""}, {"set", "batch", "1", "2", ""}};
			int64_t tweak[TOGETHER];
			if (store_tweaks(s, step, set, TOGETHER, "test", tweak, NULL) != OK)
				_exit(1);
			p.tweaks = tweak[TOGETHER - 1];
		}
		if (step % 500 == 499) {
			if (store_flush(s, NULL) != OK)
				_exit(1);
			p.flushed = step + 1;
		}
		if ((step % 97 == 0 || step % 500 == 499) && write(out, &p, sizeof p) != sizeof p)
			_exit(1);
	}
}

/* Starts a child, lets it report `reports` times, kills it; returns its last report. */
static struct progress killed_child(const char *dir, int reports)
{
	struct progress p = {0};
	int fd[2], status;
	assert_int_equal(pipe(fd), 0);
	pid_t pid = fork();
	if (pid == 0)
		child_write(dir, fd[1]);
	close(fd[1]);
	for (int i = 0; i < reports; i++)
		assert_int_equal(read(fd[0], &p, sizeof p), sizeof p);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	assert_true(WIFSIGNALED(status));
	struct progress last;
	while (read(fd[0], &last, sizeof last) == sizeof last)
		p = last;
	close(fd[0]);
	return p;
}

static void check_run(const char *dir, const struct progress *p)
{
	struct err err = {0};
	struct reader_db *r;
	struct samples got = {0};
	struct tweak_row *tweaks;
	size_t n;
	must(reader_open(dir, &r, &err));
	must(reader_samples(r, 1, &got, &err));
	assert_true((int64_t)got.n >= p->flushed);
	for (size_t i = 0; i < got.n; i++)
		assert_true(got.step[i] == (int64_t)i && got.value[i] == (double)i);
	must(reader_tweaks(r, 0, &tweaks, &n, &err));
	assert_true((int64_t)n >= p->tweaks);
	assert_int_equal(n % TOGETHER, 0); /* a set of several is there as a whole */
	for (size_t i = 0; i < n; i++)
		assert_int_equal(tweaks[i].step, 97 * (i / TOGETHER));
	reader_tweaks_free(tweaks, n);
	samples_free(&got);
	reader_close(r);
}

static void copy_run(const char *from, const char *to)
{
	char cmd[700];
	snprintf(cmd, sizeof cmd, "cp -r %s %s", from, to);
	assert_int_equal(system(cmd), 0);
}

static void test_kill(void **state)
{
	(void)state;
	char dir[256], copy[300];
	for (int round = 0; round < 6; round++) {
		struct err err = {0};
		struct store *s;
		int id;
		temp_dir(dir, sizeof dir);
		struct progress p = killed_child(dir, 1 + 23 * round);
		snprintf(copy, sizeof copy, "%s-copy", dir);
		copy_run(dir, copy);
		check_run(dir, &p);
		check_run(copy, &p);
		temp_remove(copy);
		/* The run goes on from step 100. */
		must(store_open(dir, &s, &err));
		must(store_rewind(s, 100, &err));
		must(store_series(s, "loss", false, &id, &err));
		for (int i = (int)(p.flushed < 100 ? p.flushed : 100); i < 700; i++)
			if (p.flushed >= 100)
				store_scalar(s, id, i, i);
		must(store_close(s, &err));
		if (p.flushed >= 100)
			check_run(dir, &(struct progress){700, p.tweaks});
		temp_remove(dir);
	}
}

/* A copy of a killed run, WAL and all, in a directory that this user may not write. */
static void read_as_nobody(const char *dir, const struct progress *p)
{
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		struct err err = {0};
		struct reader_db *r;
		struct samples got = {0};
		if (geteuid() == 0 && (setgid(65534) || setuid(65534)))
			_exit(2);
		if (reader_open(dir, &r, &err) != OK || reader_samples(r, 1, &got, &err) != OK) {
			fprintf(stderr, "%s\n", err.text);
			_exit(3);
		}
		int enough = (int64_t)got.n >= p->flushed;
		samples_free(&got);
		reader_close(r);
		_exit(enough ? 0 : 4);
	}
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_unwritable_directory(void **state)
{
	(void)state;
	struct err err = {0};
	char dir[256], odd[300], cmd[700];
	struct store *s;
	temp_dir(dir, sizeof dir);
	struct progress p = killed_child(dir, 60);
	assert_true(p.flushed >= 500);
	snprintf(odd, sizeof odd, "%s?odd#name%%41", dir);
	assert_int_equal(rename(dir, odd), 0);
	snprintf(cmd, sizeof cmd, "rm -f '%s/run.db-shm'; chmod a-w,a+rX -R '%s'", odd, odd);
	assert_int_equal(system(cmd), 0);
	read_as_nobody(odd, &p); /* a WAL and no -shm: a copy */
	chmod(odd, 0700);
	snprintf(cmd, sizeof cmd, "chmod u+w -R '%s'", odd);
	assert_int_equal(system(cmd), 0);
	must(store_open(odd, &s, &err));
	must(store_close(s, &err));
	snprintf(cmd, sizeof cmd, "rm -f '%s'/run.db-*; chmod a-w,a+rX -R '%s'", odd, odd);
	assert_int_equal(system(cmd), 0);
	read_as_nobody(odd, &p); /* no WAL: immutable */
	chmod(odd, 0700);
	temp_remove(odd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kill),
		cmocka_unit_test(test_unwritable_directory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
