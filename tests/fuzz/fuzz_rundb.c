/* A damaged run.db, opened by reader and store, gives a sentence or works.
 *
 * Input: two bytes (little-endian) that count the sectors of 512 bytes of run.db; run.db; the rest is run.db-wal. */
#include "base/mem.h"
#include "store/reader.h"
#include "store/store.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n);

static void spill(const char *dir, const char *name, const unsigned char *bytes, size_t n)
{
	char path[128];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	unlink(path);
	int fd = n ? open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600) : -1;
	if (fd < 0)
		return;
	if (write(fd, bytes, n) != (ssize_t)n)
		abort();
	close(fd);
}

static void told(enum err_code code, struct err *e)
{
	if (code != OK && !e->text[0])
		abort();
	*e = (struct err){0};
}

static bool fact_ignore(void *ctx, const char *key, const char *value)
{
	(void)ctx;
	return key && value;
}

static void read_series(struct reader_db *r)
{
	struct err e = {0};
	struct series_info *info = NULL;
	size_t n = 0;
	told(reader_series(r, &info, &n, &e), &e);
	for (size_t i = 0; i < n && i < 64; i++) {
		struct samples got = {0};
		told(reader_samples(r, info[i].id, &got, &e), &e);
		told(reader_samples(r, info[i].id, &got, &e), &e);
		samples_free(&got);
	}
	mem_free(info);
}

static void read_rows(struct reader_db *r)
{
	struct err e = {0};
	struct tweak_row *tweaks;
	struct event_row *events;
	struct knob_row *knobs;
	struct eval_row *evals;
	struct checkpoint_row *saved;
	float *users = NULL;
	int32_t nusers;
	size_t n;
	char buf[16];
	told(reader_facts(r, fact_ignore, NULL, &e), &e);
	reader_get(r, "state", buf, sizeof buf);
	told(reader_tweaks(r, 0, &tweaks, &n, &e), &e);
	reader_tweaks_free(tweaks, n);
	told(reader_events(r, 0, &events, &n, &e), &e);
	reader_events_free(events, n);
	told(reader_knobs(r, &knobs, &n, &e), &e);
	reader_knobs_free(knobs, n);
	told(reader_evaluations(r, &evals, &n, &e), &e);
	mem_free(evals);
	told(reader_checkpoints(r, &saved, &n, &e), &e);
	mem_free(saved);
	told(reader_per_user(r, "valid", "ndcg@10", -1, &users, &nusers, &e), &e);
	mem_free(users);
	mem_free(reader_probe(r, "attention", NULL, NULL));
	reader_version(r);
}

static void write_some(struct store *s)
{
	struct err e = {0};
	int64_t id64;
	int id;
	enum err_code code = store_series(s, "train/loss", false, &id, &e);
	if (code == OK)
		store_scalar(s, id, 601, 1);
	told(code, &e);
	told(store_flush(s, &e), &e);
	told(store_rewind(s, 300, &e), &e);
	told(store_tweak(s, 1, "set", "lr", "1", "2", "me", "", &id64, &e), &e);
	told(store_set(s, "state", "done", &e), &e);
	told(store_checkpoint(s, 1, "a", "b", true, &e), &e);
	told(store_close(s, &e), &e);
}

static void remove_all(const char *dir)
{
	static const char *const names[] = {"run.db", "run.db-wal", "run.db-shm", "run.db-journal", "log.txt"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		spill(dir, names[i], NULL, 0);
	rmdir(dir);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n)
{
	char dir[32]; /* in memory where possible: fsync is what takes the time */
	snprintf(dir, sizeof dir, "%s/gusto-fuzz-XXXXXX", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	struct err e = {0};
	struct reader_db *r;
	struct store *s;
	if (n < 2 || n > 1 << 20 || !mkdtemp(dir))
		return 0;
	size_t cut = (data[0] + 256u * data[1]) * 512u, rest = n - 2;
	if (cut > rest)
		cut = rest;
	spill(dir, "run.db", data + 2, cut);
	spill(dir, "run.db-wal", data + 2 + cut, rest - cut);
	enum err_code code = reader_open(dir, &r, &e);
	told(code, &e);
	if (code == OK) {
		read_series(r);
		read_rows(r);
		reader_close(r);
	}
	code = store_open(dir, &s, &e);
	told(code, &e);
	if (code == OK)
		write_some(s);
	remove_all(dir);
	return 0;
}
