/* gusto bench [WORKLOAD...]: times training steps on synthetic data of well-known shapes. */
#include "cli/command.h"

#include "base/str.h"
#include "run/bench.h"
#include "script/script.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct arg_spec args[] = {
	{"match", ARG_STRING, .help = "only workloads whose names contain this"},
	{"seconds", ARG_REAL, .def = 3, .min = 0.01, .max = 1e6, .help = "timed, after a warm-up"},
	{"threads", ARG_INT, .def = 0, .min = 0, .max = 1024, .help = "workers (0: all cores)"},
	{"slice", ARG_INT, .def = 0, .min = 0, .max = 1e9, .help = "rows a slice (0: chosen)"},
	{"profile", ARG_BOOL, .help = "time per op instead"},
	{"steps", ARG_INT, .def = 200, .min = 1, .max = 1e9, .help = "of a profile"},
	{"json", ARG_BOOL, .help = "one JSON object a workload"},
	{0},
};

extern const struct command cmd_bench;

static void print(const char *name, const struct bench_result *r, bool json)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	double rss = (double)u.ru_maxrss / 1024;
	if (!json) {
		printf("%-22s %10.1f steps/s %12.0f examples/s  epoch %8.3f s  loss %.4f  %6.0f MB  loading %4.1f %%  "
		       "%d "
		       "threads\n",
			name, r->steps_per_s, r->examples_per_s, r->epoch_s, r->final_loss, rss, 100 * r->loading,
			r->threads);
		return;
	}
	json_t *o = json_pack("{s:s,s:f,s:f,s:f,s:f,s:i,s:f,s:f,s:I,s:f}", "workload", name, "steps_per_s",
		r->steps_per_s, "examples_per_s", r->examples_per_s, "epoch_s", r->epoch_s, "peak_rss_mb", rss,
		"threads", r->threads, "final_loss", r->final_loss, "best_steps_per_s", r->best_steps_per_s, "steps",
		(json_int_t)r->steps, "loading", r->loading);
	json_dumpf(o, stdout, JSON_COMPACT);
	printf("\n");
	json_decref(o);
}

static enum err_code bench(const char *name, const struct command_line *c, struct err *e)
{
	const struct command *k = &cmd_bench;
	struct experiment *x;
	struct script_options so;
	char file[128];
	script_options_default(&so);
	snprintf(file, sizeof file, "experiments/bench/%s.lua", name);
	TRY(script_load(file, &so, &x, e));
	struct bench_options o = {option_number(k, c, "seconds"), (int)option_number(k, c, "threads"),
		(int64_t)option_number(k, c, "slice")};
	struct bench_result r;
	enum err_code code;
	if (option_number(k, c, "profile") != 0) {
		code = bench_profile(x, &o, (int)option_number(k, c, "steps"), e);
	} else {
		code = bench_run(x, &o, &r, e);
		if (code == OK)
			print(name, &r, option_number(k, c, "json") != 0);
	}
	experiment_free(x);
	return code;
}

/* Each workload in a process of its own, so that peak memory is its own. */
static enum err_code bench_apart(const char *name, const struct command_line *c, struct err *e)
{
	fflush(NULL);
	pid_t pid = fork();
	if (pid < 0)
		return err_errno(e, "bench %s", name);
	if (pid == 0) {
		struct err mine = {OK, ""};
		enum err_code code = bench(name, c, &mine);
		if (code != OK)
			fprintf(stderr, "gusto: %s: %s\n", name, mine.text);
		fflush(NULL);
		_exit(code != OK);
	}
	int status = 1;
	waitpid(pid, &status, 0);
	return status == 0 ? OK : err_set(e, ERR_STATE, "workload %s failed", name);
}

/* Is it asked for: by name, by a part of it, or because nothing is? */
static bool wanted(const char *name, const struct command_line *c)
{
	const char *part = option_text(&cmd_bench, c, "match");
	for (int i = 0; i < c->n; i++)
		if (strcmp(c->positional[i], name) == 0)
			return true;
	return part ? strstr(name, part) != NULL : c->n == 0;
}

static enum err_code check_names(const struct command_line *c, char **names, size_t n, struct err *e)
{
	struct str all = {0};
	enum err_code code = OK;
	for (int i = 0; i < c->n && code == OK; i++) {
		bool known = false;
		for (size_t k = 0; k < n; k++)
			known |= strcmp(c->positional[i], names[k]) == 0;
		if (known)
			continue;
		for (size_t k = 0; k < n; k++)
			str_printf(&all, "%s%s", k ? ", " : "", names[k]);
		code = err_set(
			e, ERR_NOTFOUND, "there is no workload '%s'; there are %s", c->positional[i], str_text(&all));
	}
	str_free(&all);
	return code;
}

static enum err_code run(const struct command_line *c, struct err *e)
{
	char **names;
	size_t n;
	TRY(script_workloads(&names, &n, e));
	enum err_code code = check_names(c, names, n, e);
	for (size_t k = 0; k < n && code == OK; k++)
		if (wanted(names[k], c))
			code = bench_apart(names[k], c, e);
	script_workloads_free(names, n);
	return code;
}

const struct command cmd_bench = {
	.desc = {"bench", "bench [WORKLOAD ...]",
		"Times training steps and evaluations of the workloads in experiments/bench on synthetic data of "
		"well-known "
		"shapes.",
		args},
	.positionals_max = 64,
	.run = run,
};
