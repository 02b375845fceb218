/* gusto diff A B: what differs between two runs, and whether their users can tell. */
#include "base/mem.h"
#include "cli/command.h"

#include "store/reader.h"
#include "store/rundir.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static enum err_code open_run(const char *given, struct reader_db **out, struct err *e)
{
	char dir[4096];
	TRY(rundir_resolve(rundir_root(), given, dir, sizeof dir, e));
	return reader_open(dir, out, e);
}

static void diff_fact(struct reader_db *a, struct reader_db *b, const char *key)
{
	char x[256], y[256];
	reader_get(a, key, x, sizeof x);
	reader_get(b, key, y, sizeof y);
	if (strcmp(x, y) != 0)
		printf("  %-24s %-24s %s\n", key, x, y);
}

static enum err_code diff_knobs(struct reader_db *a, struct reader_db *b, struct err *e)
{
	struct knob_row *x = NULL, *y = NULL;
	size_t n = 0, m = 0;
	enum err_code code = reader_knobs(a, &x, &n, e);
	if (code == OK)
		code = reader_knobs(b, &y, &m, e);
	for (size_t i = 0; code == OK && i < n; i++) {
		const char *other = "-";
		for (size_t j = 0; j < m; j++)
			if (strcmp(x[i].name, y[j].name) == 0)
				other = y[j].value;
		if (strcmp(x[i].value, other) != 0)
			printf("  %-24s %-24s %s\n", x[i].name, x[i].value, other);
	}
	for (size_t j = 0; code == OK && j < m; j++) {
		bool known = false;
		for (size_t i = 0; i < n; i++)
			known |= strcmp(x[i].name, y[j].name) == 0;
		if (!known)
			printf("  %-24s %-24s %s\n", y[j].name, "-", y[j].value);
	}
	reader_knobs_free(x, n);
	reader_knobs_free(y, m);
	return code;
}

/* Mean difference over the users that both evaluated, with its 95 % interval (normal, paired). */
static void diff_metric(struct reader_db *a, struct reader_db *b, const char *part, const char *metric)
{
	float *x = NULL, *y = NULL;
	int32_t n = 0, m = 0;
	double sum = 0, squares = 0, mean_a = 0, mean_b = 0;
	int32_t users = 0;
	if (reader_per_user(a, part, metric, -1, &x, &n, NULL) == OK &&
		reader_per_user(b, part, metric, -1, &y, &m, NULL) == OK && n == m)
		for (int32_t u = 0; u < n; u++)
			if (!isnan(x[u]) && !isnan(y[u])) {
				double d = (double)x[u] - (double)y[u];
				sum += d;
				squares += d * d;
				mean_a += (double)x[u];
				mean_b += (double)y[u];
				users++;
			}
	if (users > 1) {
		double mean = sum / users, variance = (squares - sum * mean) / (users - 1),
		       half = 1.96 * sqrt(variance / users);
		printf("  %s %-18s %-24.4f %.4f   A-B %+.4f +- %.4f (95 %%, %d users paired)\n", part, metric,
			mean_a / users, mean_b / users, mean, half, users);
	}
	mem_free(x);
	mem_free(y);
}

static enum err_code diff_metrics(struct reader_db *a, struct reader_db *b, struct err *e)
{
	char p[256], q[256];
	struct eval_row *row;
	size_t n;
	reader_get(a, "protocol", p, sizeof p);
	reader_get(b, "protocol", q, sizeof q);
	if (strcmp(p, q) != 0) {
		printf("metrics: not compared, the protocols differ\n");
		return OK;
	}
	TRY(reader_evaluations(a, &row, &n, e));
	printf("metrics (last evaluation):\n");
	for (size_t i = 0; i < n; i++) {
		bool later = false;
		for (size_t j = i + 1; j < n; j++)
			later |= strcmp(row[i].part, row[j].part) == 0 && strcmp(row[i].metric, row[j].metric) == 0;
		if (!later)
			diff_metric(a, b, row[i].part, row[i].metric);
	}
	mem_free(row);
	return OK;
}

static enum err_code run(const struct command_line *c, struct err *e)
{
	static const char *const keys[] = {"experiment", "model", "dataset", "protocol", "seed", "threads", "slices",
		"epochs", "monitor", "state", "step", "best_value", "best_step", "weights_sha256", "cpu", "version"};
	struct reader_db *a = NULL, *b = NULL;
	enum err_code code = open_run(c->positional[0], &a, e);
	if (code == OK)
		code = open_run(c->positional[1], &b, e);
	if (code == OK) {
		printf("%-26s %-24s %s\n", "", c->positional[0], c->positional[1]);
		for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
			diff_fact(a, b, keys[i]);
		printf("knobs:\n");
		code = diff_knobs(a, b, e);
	}
	if (code == OK)
		code = diff_metrics(a, b, e);
	reader_close(a);
	reader_close(b);
	return code;
}

const struct command cmd_diff = {
	.desc = {"diff", "diff A B", "What differs between two runs: facts, knobs, and metrics paired by user.", NULL},
	.positionals_min = 2,
	.positionals_max = 2,
	.run = run,
};
