/* Databases that are not as they should be: older, newer, foreign, damaged, not writable, on a full disk. */
#include "store_test.h"

#include "base/mem.h"
#include "base/rng.h"
#include "store/reader.h"
#include "store/schema.h"
#include "store/store.h"

#include <fcntl.h>
#include <glob.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

static char dir[256], db_path[300];

static int setup(void **state)
{
	(void)state;
	temp_dir(dir, sizeof dir);
	snprintf(db_path, sizeof db_path, "%s/run.db", dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	temp_remove(dir);
	return 0;
}

static char *slurp(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	char *text = f ? calloc(1, 1 << 22) : NULL;
	assert_non_null(text);
	*n = fread(text, 1, (1 << 22) - 1, f);
	fclose(f);
	return text;
}

static void spill(const char *path, const void *bytes, size_t n)
{
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static void sql_into(const char *sql)
{
	sqlite3 *db;
	assert_int_equal(sqlite3_open(db_path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

/* Every stored schema holds the same run. */
static void check_content(void)
{
	struct err err = {0};
	struct reader_db *r;
	struct samples got = {0};
	struct tweak_row *tweaks;
	struct checkpoint_row *saved;
	struct knob_row *knobs;
	size_t n;
	char buf[32];
	must(reader_open(dir, &r, &err));
	must(reader_samples(r, 1, &got, &err));
	assert_int_equal(got.n, 600);
	for (int i = 0; i < 600; i++)
		assert_true(got.step[i] == i && (i == 7 ? isnan(got.value[i]) : got.value[i] == 1.0 / (1 + i / 64)));
	samples_free(&got);
	must(reader_samples(r, 2, &got, &err));
	assert_true(got.n == 3 && got.step[1] == 250 && got.value[2] == 0.2);
	samples_free(&got);
	assert_true(reader_get(r, "model", buf, sizeof buf));
	assert_string_equal(buf, "SASRec");
	must(reader_tweaks(r, 0, &tweaks, &n, &err));
	assert_int_equal(n, 1);
	assert_string_equal(tweaks[0].new_value, "3e-4");
	reader_tweaks_free(tweaks, n);
	must(reader_knobs(r, &knobs, &n, &err));
	assert_true(n == 1 && knobs[0].max == 1 && !strcmp(knobs[0].name, "lr"));
	reader_knobs_free(knobs, n);
	must(reader_checkpoints(r, &saved, &n, &err));
	assert_true(n == 1 && saved[0].best && saved[0].step == 600);
	mem_free(saved);
	reader_close(r);
}

static void test_migrations(void **state)
{
	(void)state;
	struct err err = {0};
	glob_t g;
	assert_int_equal(glob("tests/reference/schema_v*.sql", 0, NULL, &g), 0);
	assert_int_equal(g.gl_pathc, schema_version() - 1);
	for (size_t i = 0; i < g.gl_pathc; i++) {
		size_t n;
		struct store *s;
		int id;
		char *sql = slurp(g.gl_pathv[i], &n);
		sql_into(sql);
		free(sql);
		check_content(); /* read from a migrated copy */
		must(store_open(dir, &s, &err));
		check_content(); /* and from the migrated file */
		must(store_series(s, "train/loss", false, &id, &err));
		store_scalar(s, id, 600, 9);
		must(store_rewind(s, 600, &err));
		must(store_close(s, &err));
		check_content();
		unlink(db_path);
	}
	globfree(&g);
}

/* Both refuse, with a sentence that holds `word`. */
static void refused(enum err_code code, const char *word)
{
	struct err err = {0};
	struct reader_db *r;
	struct store *s;
	assert_int_equal(reader_open(dir, &r, &err), code);
	if (!strstr(err.text, word))
		fail_msg("the reader says: %s", err.text);
	err = (struct err){0};
	assert_int_equal(store_open(dir, &s, &err), code);
	if (!strstr(err.text, word))
		fail_msg("the store says: %s", err.text);
	assert_null(r);
	assert_null(s);
}

static void test_newer(void **state)
{
	(void)state;
	struct err err = {0};
	struct store *s;
	must(store_open(dir, &s, &err));
	must(store_close(s, &err));
	sql_into("PRAGMA user_version = 99");
	refused(ERR_STATE, "update gusto");
}

static void test_foreign(void **state)
{
	(void)state;
	sql_into("CREATE TABLE t(x); INSERT INTO t VALUES(1)");
	refused(ERR_FORMAT, "not one of a gusto run");
}

static void test_not_a_database(void **state)
{
	(void)state;
	char text[9000];
	memset(text, 'x', sizeof text);
	spill(db_path, text, sizeof text);
	refused(ERR_FORMAT, "not a run database");
}

static void test_missing(void **state)
{
	(void)state;
	struct err err = {0};
	struct reader_db *r;
	struct store *s;
	assert_int_equal(reader_open(dir, &r, &err), ERR_IO);
	assert_non_null(strstr(err.text, "No such file"));
	assert_int_equal(reader_open("/nowhere", &r, &err), ERR_IO);
	assert_int_equal(store_open("/nowhere", &s, &err), ERR_IO);
	assert_non_null(strstr(err.text, "/nowhere"));
	spill(db_path, "", 0);
	assert_int_equal(reader_open(dir, &r, &err), ERR_STATE);
}

static bool fact_seen(void *ctx, const char *key, const char *value)
{
	*(size_t *)ctx += strlen(key) + strlen(value);
	return true;
}

/* Everything a reader can do, with whatever comes out. */
static void read_everything(void)
{
	struct err err = {0};
	struct reader_db *r;
	struct series_info *info = NULL;
	struct tweak_row *tweaks;
	struct event_row *events;
	struct knob_row *knobs;
	struct eval_row *evals;
	struct checkpoint_row *saved;
	float *users;
	int32_t nusers;
	size_t n = 0, bytes = 0;
	if (reader_open(dir, &r, &err) != OK) {
		assert_true(err.text[0]);
		return;
	}
	reader_facts(r, fact_seen, &bytes, &err);
	reader_series(r, &info, &n, &err);
	for (size_t i = 0; i < n; i++) {
		struct samples got = {0};
		if (reader_samples(r, info[i].id, &got, &err) != OK)
			assert_true(err.text[0]);
		samples_free(&got);
	}
	mem_free(info);
	if (reader_tweaks(r, 0, &tweaks, &n, &err) == OK)
		reader_tweaks_free(tweaks, n);
	if (reader_events(r, 0, &events, &n, &err) == OK)
		reader_events_free(events, n);
	if (reader_knobs(r, &knobs, &n, &err) == OK)
		reader_knobs_free(knobs, n);
	if (reader_evaluations(r, &evals, &n, &err) == OK)
		mem_free(evals);
	if (reader_checkpoints(r, &saved, &n, &err) == OK)
		mem_free(saved);
	if (reader_per_user(r, "valid", "ndcg@10", -1, &users, &nusers, &err) == OK)
		mem_free(users);
	mem_free(reader_probe(r, "attention", NULL, NULL));
	reader_close(r);
}

/* Bytes of a good database turned at random: a sentence or work, never a crash. */
static void test_damaged(void **state)
{
	(void)state;
	struct err err = {0};
	struct rng g = rng_stream(3, 0, 0, 0);
	size_t n;
	char *sql = slurp("tests/reference/schema_v1.sql", &n);
	sql_into(sql);
	free(sql);
	struct store *s;
	must(store_open(dir, &s, &err));
	must(store_close(s, &err));
	char *good = slurp(db_path, &n), *bad = malloc(n);
	for (int round = 0; round < 150; round++) {
		memcpy(bad, good, n);
		size_t flips = 1 + (size_t)rng_below(&g, 40), len = n;
		for (size_t i = 0; i < flips; i++)
			bad[rng_below(&g, round % 3 ? n : 4096)] = (char)rng_u64(&g);
		if (round % 7 == 0)
			len = (size_t)rng_below(&g, n);
		spill(db_path, bad, len);
		read_everything();
		if (store_open(dir, &s, &err) == OK) {
			int id;
			if (store_series(s, "train/loss", false, &id, &err) == OK)
				store_scalar(s, id, 601, 1);
			store_rewind(s, 300, &err);
			store_close(s, &err);
		}
	}
	free(good);
	free(bad);
}

/* Writes until the system refuses, makes room, and goes on: nothing is lost.  `room` makes the room. */
static int write_through_refusal(const char *word, void (*room)(void))
{
	struct err err = {0};
	struct store *s;
	struct reader_db *r;
	struct samples got = {0};
	int id, step = 0;
	int64_t tweak;
	if (store_open(dir, &s, &err) != OK || store_series(s, "x", false, &id, &err) != OK ||
		store_tweak(s, 0, "set", "lr", "1", "2", "me", "", &tweak, &err) != OK)
		return 11;
	enum err_code code = OK;
	while (code == OK && step < 3000000) {
		for (int i = 0; i < 1000; i++, step++)
			store_scalar(s, id, step, step * 0.1);
		code = store_flush(s, &err);
	}
	if (code != ERR_IO || !strstr(err.text, word) || store_check(s, NULL) != ERR_IO) {
		fprintf(stderr, "code %d after %d steps: %s\n", code, step, err.text);
		return 12;
	}
	/* A tweak is small and may still find room; then it must be there afterwards. */
	size_t tweaks = store_tweak(s, step, "set", "lr", "2", "3", "me", "", &tweak, &err) == OK ? 2 : 1, ntweaks;
	struct tweak_row *rows;
	room();
	if (store_flush(s, &err) != OK || store_check(s, &err) != OK) {
		store_flush(s, NULL); /* the writer thread may have met the full disk once more in between */
		if (store_check(s, &err) != OK)
			return 14;
	}
	if (store_close(s, &err) != OK || reader_open(dir, &r, &err) != OK || reader_samples(r, 1, &got, &err) != OK)
		return 15;
	if (reader_tweaks(r, 0, &rows, &ntweaks, &err) != OK || ntweaks != tweaks)
		return 13;
	reader_tweaks_free(rows, ntweaks);
	bool all = got.n == (size_t)step;
	for (size_t i = 0; i < got.n && all; i++)
		all = got.step[i] == (int64_t)i && got.value[i] == (double)i * 0.1;
	samples_free(&got);
	reader_close(r);
	return all ? 0 : 16;
}

static void limit_lift(void)
{
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY});
}

static int child_file_limit(void)
{
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){1 << 20, RLIM_INFINITY});
	return write_through_refusal("writing failed", limit_lift);
}

static char ballast[300];

static void ballast_drop(void)
{
	unlink(ballast);
}

/* A file system of 4 MiB in a mount namespace of its own. */
static int child_full_disk(void)
{
	static char block[1 << 16];
	if (unshare(CLONE_NEWNS) || mount("none", "/", "", MS_REC | MS_PRIVATE, "") ||
		mount("tmpfs", dir, "tmpfs", 0, "size=8m"))
		return 77;
	snprintf(ballast, sizeof ballast, "%s/ballast", dir);
	int fd = open(ballast, O_CREAT | O_WRONLY, 0600);
	for (int i = 0; i < 48; i++)
		if (write(fd, block, sizeof block) != sizeof block)
			return 17;
	close(fd);
	return write_through_refusal("disk is full", ballast_drop);
}

static int in_child(int (*f)(void))
{
	int status;
	pid_t pid = fork();
	if (pid == 0)
		_exit(f());
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_file_limit(void **state)
{
	(void)state;
	assert_int_equal(in_child(child_file_limit), 0);
}

static void test_full_disk(void **state)
{
	(void)state;
	int rc = in_child(child_full_disk);
	if (rc == 77)
		print_message("skipped: mounting a small file system is not permitted here\n");
	else
		assert_int_equal(rc, 0);
}

static int child_unwritable(void)
{
	struct err err = {0};
	struct store *s;
	if (geteuid() == 0 && (setgid(65534) || setuid(65534)))
		return 2;
	if (store_open(dir, &s, &err) != ERR_IO || !strstr(err.text, dir)) {
		fprintf(stderr, "%s\n", err.text);
		return 3;
	}
	return 0;
}

static void test_unwritable(void **state)
{
	(void)state;
	struct err err = {0};
	struct store *s;
	chmod(dir, 0555);
	assert_int_equal(in_child(child_unwritable), 0);
	chmod(dir, 0755);
	must(store_open(dir, &s, &err));
	must(store_close(s, &err));
	chmod(db_path, 0444);
	chmod(dir, 0555);
	assert_int_equal(in_child(child_unwritable), 0);
	chmod(dir, 0755);
}

#define dir_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		dir_test(test_migrations),
		dir_test(test_newer),
		dir_test(test_foreign),
		dir_test(test_not_a_database),
		dir_test(test_missing),
		dir_test(test_damaged),
		dir_test(test_file_limit),
		dir_test(test_full_disk),
		dir_test(test_unwritable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
