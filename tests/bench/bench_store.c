/* What logging costs: bench_store [SCALARS_PER_STEP [STEPS_PER_S [SECONDS]]], 200 1000 5 by default.
 *
 * Prints one line of JSON:
 *   ns_per_scalar_burst  the training thread's time per store_scalar, back to back (10 million)
 *   ns_per_scalar_paced  the same at the given rhythm, with the writer thread at work
 *   writer_share         CPU time of the writer thread as a share of one core
 *   db_bytes_per_scalar  size of the closed run.db */
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { BURST = 10000000 };

static double seconds(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

struct paced {
	double spent, writer; /* seconds in store_scalar; seconds of the writer thread */
	int64_t scalars;
};

static void run_paced(struct store *s, int scalars, double rate, double length, struct paced *out)
{
	double begin = seconds(CLOCK_MONOTONIC), all = seconds(CLOCK_PROCESS_CPUTIME_ID),
	       mine = seconds(CLOCK_THREAD_CPUTIME_ID);
	for (int64_t step = 0; seconds(CLOCK_MONOTONIC) - begin < length; step++) {
		double t = seconds(CLOCK_MONOTONIC);
		for (int i = 0; i < scalars; i++)
			store_scalar(s, i, step, (double)(float)(1.0 / (double)(step + i + 1)));
		out->spent += seconds(CLOCK_MONOTONIC) - t;
		out->scalars += scalars;
		double wait = begin + (double)(step + 1) / rate - seconds(CLOCK_MONOTONIC);
		if (wait > 0)
			nanosleep(&(struct timespec){(time_t)wait, (long)((wait - (double)(time_t)wait) * 1e9)}, NULL);
	}
	out->writer = seconds(CLOCK_PROCESS_CPUTIME_ID) - all - (seconds(CLOCK_THREAD_CPUTIME_ID) - mine);
	out->writer /= seconds(CLOCK_MONOTONIC) - begin;
}

static double run_burst(struct store *s, int scalars)
{
	double t = seconds(CLOCK_MONOTONIC);
	for (int64_t i = 0; i < BURST; i++)
		store_scalar(s, (int)(i % scalars), 1000000 + i / scalars, 0.5);
	return seconds(CLOCK_MONOTONIC) - t;
}

static enum err_code bench(const char *dir, int scalars, double rate, double length, struct err *e)
{
	struct paced p = {0};
	struct store *s;
	char name[64];
	struct stat st;
	int id;
	TRY(store_open(dir, &s, e));
	for (int i = 0; i < scalars; i++) {
		snprintf(name, sizeof name, "bench/%d", i);
		TRY(store_series(s, name, false, &id, e));
	}
	run_paced(s, scalars, rate, length, &p);
	double burst = run_burst(s, scalars);
	TRY(store_close(s, e));
	snprintf(name, sizeof name, "%s/run.db", dir);
	double bytes = stat(name, &st) ? 0 : (double)st.st_size;
	printf("{\"workload\":\"store\",\"scalars_per_step\":%d,\"steps_per_s\":%.0f,\"ns_per_scalar_burst\":%.1f,"
	       "\"ns_per_scalar_paced\":%.1f,\"writer_share\":%.4f,\"db_bytes_per_scalar\":%.2f}\n",
		scalars, rate, burst / BURST * 1e9, p.spent / (double)p.scalars * 1e9, p.writer,
		bytes / (double)(p.scalars + BURST));
	return OK;
}

int main(int argc, char **argv)
{
	char dir[] = "/tmp/gusto-bench-XXXXXX", path[64];
	struct err e = {0};
	int scalars = argc > 1 ? atoi(argv[1]) : 200;
	double rate = argc > 2 ? atof(argv[2]) : 1000, length = argc > 3 ? atof(argv[3]) : 5;
	if (scalars < 1 || rate <= 0 || !mkdtemp(dir)) {
		fprintf(stderr, "usage: bench_store [SCALARS_PER_STEP [STEPS_PER_S [SECONDS]]]\n");
		return 2;
	}
	enum err_code code = bench(dir, scalars, rate, length, &e);
	if (code != OK)
		fprintf(stderr, "bench_store: %s\n", e.text);
	const char *const files[] = {"run.db", "run.db-wal", "run.db-shm", "log.txt"};
	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, files[i]);
		unlink(path);
	}
	rmdir(dir);
	return code != OK;
}
