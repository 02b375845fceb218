#include "cli/train.h"

#include "store/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PROGRESS_SECONDS = 2 };

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void print_json(json_t *o)
{
	char *text = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(10));
	if (text)
		printf("%s\n", text);
	fflush(stdout);
	free(text);
	json_decref(o);
}

static json_t *number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *metrics_object(int n, const char *const *name, const double *value)
{
	json_t *m = json_object();
	for (int i = 0; i < n; i++)
		json_object_set_new(m, name[i], number(value[i]));
	return m;
}

static json_t *result_metrics(const struct evaluation_result *r)
{
	json_t *m = json_object();
	for (int i = 0; r && i < r->n; i++)
		json_object_set_new(m, r->metric[i].name, number(r->value[i]));
	return m;
}

static void event_json(const struct run_event *ev)
{
	json_t *o = NULL;
	if (ev->kind == RUN_STARTED)
		o = json_pack("{s:s,s:s,s:s,s:I}", "event", "start", "run", ev->run_id, "dir", ev->dir, "step",
			(json_int_t)ev->step);
	else if (ev->kind == RUN_EVALUATED)
		o = json_pack("{s:s,s:s,s:I,s:s,s:f,s:o}", "event", "eval", "run", ev->run_id, "step",
			(json_int_t)ev->step, "part", ev->part, "seconds", ev->seconds, "metrics",
			result_metrics(ev->result));
	else if (ev->kind == RUN_NOTE)
		o = json_pack("{s:s,s:I,s:s}", "event", "note", "step", (json_int_t)ev->step, "text",
			ev->text ? ev->text : "");
	if (o)
		print_json(o);
}

static void print_metric(const struct evaluation_result *r, int i)
{
	printf(" %s=%.4f", r->metric[i].name, r->value[i]);
	if (r->half[i] > 0)
		printf(" +- %.4f", r->half[i]);
}

static void event_plain(struct printer *p, const struct run_event *ev)
{
	switch (ev->kind) {
	case RUN_STARTED:
		printf("run %s in %s\n", ev->run_id, ev->dir);
		break;
	case RUN_PROGRESS:
		if (now() < p->next)
			return;
		p->next = now() + PROGRESS_SECONDS;
		printf("step %lld/%lld epoch %.2f loss %.4f  %.0f steps/s  %.0f examples/s  eta %.0f s\n",
			(long long)ev->step, (long long)ev->steps_total, ev->epoch, ev->loss, ev->steps_per_s,
			ev->examples_per_s, ev->eta);
		break;
	case RUN_EVALUATED:
		printf("step %lld epoch %.2f %s", (long long)ev->step, ev->epoch, ev->part);
		for (int i = 0; ev->result && i < ev->result->n; i++)
			print_metric(ev->result, i);
		printf("  (%.2f s)\n", ev->seconds);
		break;
	case RUN_NOTE:
		printf("step %lld %s\n", (long long)ev->step, ev->text ? ev->text : "");
		break;
	case RUN_DONE:
		break;
	}
	fflush(stdout);
}

static void announce(struct printer *p, const char *dir)
{
	if (p->announce < 0)
		return;
	ssize_t n = write(p->announce, dir, strlen(dir));
	(void)n;
	close(p->announce);
	p->announce = -1;
}

void printer_event(void *ctx, const struct run_event *ev)
{
	struct printer *p = ctx;
	if (ev->kind == RUN_STARTED)
		announce(p, ev->dir);
	if (p->quiet)
		return;
	if (p->json)
		event_json(ev);
	else
		event_plain(p, ev);
}

void printer_result(const struct printer *p, const struct run_result *r)
{
	const char *name[16] = {0};
	if (p->quiet)
		return;
	for (int i = 0; i < r->n_metrics; i++)
		name[i] = r->metric[i];
	if (p->json) {
		print_json(json_pack("{s:s,s:s,s:s,s:s,s:I,s:s,s:s,s:o}", "event", "done", "run", r->id, "dir", r->dir,
			"state", r->state, "step", (json_int_t)r->steps, "part", r->part, "weights_sha256",
			r->weights_sha256, "metrics", metrics_object(r->n_metrics, name, r->value)));
		return;
	}
	printf("%s after %lld steps", r->state, (long long)r->steps);
	if (r->n_metrics)
		printf("; %s", r->part);
	for (int i = 0; i < r->n_metrics; i++)
		printf(" %s=%.4f", name[i], r->value[i]);
	printf("\nweights %s\nrun %s\n", r->weights_sha256, r->dir);
}

enum err_code train_load_snapshot(const char *run_dir, bool trust, struct experiment **out, struct err *e)
{
	char path[4200], text[64];
	struct script_options so;
	struct reader_db *db;
	script_options_default(&so);
	TRY(reader_open(run_dir, &db, e));
	if (reader_get(db, "seed", text, sizeof text)) {
		so.has_seed = true;
		so.seed = strtoull(text, NULL, 10);
	}
	reader_close(db);
	so.snapshot_dir = run_dir;
	so.trust = trust;
	snprintf(path, sizeof path, "%s/experiment.lua", run_dir);
	return script_load(path, &so, out, e);
}

static void detached_child(const char *file, const struct script_options *so, const struct run_options *ro, int fd)
{
	struct err e = {OK, ""};
	struct experiment *x = NULL;
	struct run_result r;
	struct printer p = {.quiet = true, .announce = fd};
	struct run_options o = *ro;
	setsid();
	int null = open("/dev/null", O_RDWR);
	for (int i = 0; null >= 0 && i < 3; i++)
		dup2(null, i);
	signal(SIGHUP, SIG_IGN);
	o.event = printer_event;
	o.ctx = &p;
	enum err_code code = script_load(file, so, &x, &e);
	if (code == OK)
		code = runner_train(x, &o, &r, &e);
	if (code != OK && p.announce >= 0)
		dprintf(p.announce, "!%s", e.text);
	experiment_free(x);
	_exit(code == OK ? 0 : 1);
}

enum err_code train_detached(const char *file, const struct script_options *so, const struct run_options *ro, char *dir,
	size_t size, struct err *e)
{
	int fd[2];
	if (pipe(fd) != 0)
		return err_errno(e, "starting a run");
	fflush(NULL);
	pid_t pid = fork();
	if (pid < 0)
		return err_errno(e, "starting a run");
	if (pid == 0) {
		close(fd[0]);
		if (fork() != 0) /* the run is nobody's child: it cannot become a zombie */
			_exit(0);
		detached_child(file, so, ro, fd[1]);
	}
	close(fd[1]);
	waitpid(pid, NULL, 0);
	size_t n = 0;
	for (ssize_t got;
		n + 1 < size && ((got = read(fd[0], dir + n, size - 1 - n)) > 0 || (got < 0 && errno == EINTR));)
		n += got > 0 ? (size_t)got : 0;
	dir[n] = '\0';
	close(fd[0]);
	if (n == 0)
		return err_set(e, ERR_STATE, "the run ended before it began; `gusto run %s` shows why", file);
	return dir[0] == '!' ? err_set(e, ERR_STATE, "%s", dir + 1) : OK;
}
