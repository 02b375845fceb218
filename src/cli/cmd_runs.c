/* gusto runs: one line a run, newest first. */
#include "cli/command.h"

#include "store/reader.h"
#include "store/rundir.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct arg_spec args[] = {
	{"json", ARG_BOOL, .help = "one JSON object a line"},
	{0},
};

extern const struct command cmd_runs;

static const char *const facts[] = {
	"state", "experiment", "model", "dataset", "step", "epoch", "monitor", "best_value", "best_step"};
enum { STATE, EXPERIMENT, MODEL, DATASET, STEP, EPOCH, MONITOR, BEST_VALUE, BEST_STEP, FACTS };

static void print_run(const char *id, const char *dir, bool json)
{
	char value[FACTS][128];
	struct reader_db *db;
	struct err e = {OK, ""};
	memset(value, 0, sizeof value);
	if (reader_open(dir, &db, &e) == OK) {
		for (int i = 0; i < FACTS; i++)
			reader_get(db, facts[i], value[i], sizeof value[i]);
		reader_close(db);
	} else {
		snprintf(value[STATE], sizeof value[STATE], "unreadable");
	}
	bool alive = rundir_alive(dir);
	if (!alive && (strcmp(value[STATE], "running") == 0 || strcmp(value[STATE], "paused") == 0))
		snprintf(value[STATE], sizeof value[STATE], "died");
	if (json) {
		json_t *o = json_pack("{s:s,s:b}", "run", id, "alive", alive);
		for (int i = 0; i < FACTS; i++)
			json_object_set_new(o, facts[i], json_string(value[i]));
		json_dumpf(o, stdout, JSON_COMPACT);
		printf("\n");
		json_decref(o);
		return;
	}
	char best[32] = "";
	if (value[BEST_VALUE][0])
		snprintf(best, sizeof best, " best %.4f", strtod(value[BEST_VALUE], NULL));
	printf("%-24s %-10s %-10s %-14s %-10s %s%s%s%s\n", id, value[STATE], value[MODEL], value[DATASET], value[STEP],
		value[MONITOR], best, value[BEST_STEP][0] ? " @" : "", value[BEST_STEP]);
}

static enum err_code run(const struct command_line *c, struct err *e)
{
	char **ids;
	size_t n;
	bool json = option_number(&cmd_runs, c, "json") != 0;
	TRY(rundir_list(rundir_root(), &ids, &n, e));
	if (!n && !json)
		printf("no runs in %s; `gusto demo` or `gusto run experiments/demo.lua` makes one\n", rundir_root());
	else if (!json)
		printf("%-24s %-10s %-10s %-14s %-10s %s\n", "run", "state", "model", "data", "step", "monitor");
	for (size_t i = 0; i < n; i++) {
		char dir[4200];
		snprintf(dir, sizeof dir, "%s/%s", rundir_root(), ids[i]);
		print_run(ids[i], dir, json);
	}
	rundir_list_free(ids, n);
	return OK;
}

const struct command cmd_runs = {
	.desc = {"runs", "runs", "Lists the runs, newest first.", args},
	.run = run,
};
