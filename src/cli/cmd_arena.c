/* gusto arena EXPERIMENT [RUN...]: who serves the people of an environment best. */
#include "cli/command.h"

#include "run/arena.h"
#include "script/script.h"
#include "store/rundir.h"

#include <stdio.h>
#include <string.h>

static const struct arg_spec args[] = {
	{"users", ARG_INT, .def = 0, .min = 0, .max = 1e6, .help = "people (0: as the experiment's protocol says)"},
	{"episodes", ARG_INT, .def = 0, .min = 0, .max = 1e6, .help = "episodes of each (0: likewise)"},
	{0},
};

extern const struct command cmd_arena;
enum { MOST = CLI_POSITIONALS_MAX };

static enum err_code open_run(const char *name, char *dir, size_t size, struct experiment **x, struct err *e)
{
	struct script_options so;
	script_options_default(&so);
	TRY(rundir_resolve(rundir_root(), name, dir, size, e));
	so.snapshot_dir = dir;
	return script_load(NULL, &so, x, e);
}

static void print_rows(const struct arena_row *rows, int n)
{
	const struct evaluation_result *first = &rows[0].result;
	printf("%-36s %-12s", "contestant", "model");
	for (int m = 0; m < first->n; m++)
		printf(" %20s", first->metric[m].name);
	printf("   more %s than %s\n", first->metric[0].name, rows[0].name);
	for (int i = 0; i < n; i++) {
		printf("%-36s %-12s", rows[i].name, rows[i].model);
		for (int m = 0; m < rows[i].result.n; m++)
			printf(" %11.4f +- %.4f", rows[i].result.value[m], rows[i].result.half[m]);
		if (i > 0)
			printf("   %+.3f +- %.3f", rows[i].better, rows[i].half);
		printf("\n");
	}
}

static enum err_code run(const struct command_line *c, struct err *e)
{
	struct experiment *world = NULL;
	struct contestant who[MOST] = {{0}};
	static char dir[MOST][4096];
	struct arena_row rows[MOST];
	int n = c->n; /* chance, and the runs */
	enum err_code rc = script_load(c->positional[0], NULL, &world, e);
	for (int i = 1; i < n && rc == OK; i++) {
		rc = open_run(c->positional[i], dir[i], sizeof dir[i], &who[i].x, e);
		who[i].run_dir = dir[i];
	}
	if (rc == OK)
		rc = arena_run(world, who, n, (int32_t)option_number(&cmd_arena, c, "users"),
			(int32_t)option_number(&cmd_arena, c, "episodes"), rows, e);
	if (rc == OK)
		print_rows(rows, n);
	for (int i = 1; i < n; i++)
		experiment_free(who[i].x);
	experiment_free(world);
	return rc;
}

const struct command cmd_arena = {
	.desc = {"arena", "arena EXPERIMENT [RUN...]",
		"Lets chance and trained runs act for the same people of the experiment's environment and compares "
		"them by one "
		"reward, person by person. Runs that learned from the environment's log (g.data { env = ... }) rank "
		"what people "
		"took.",
		args},
	.positionals_min = 1,
	.positionals_max = CLI_POSITIONALS_MAX,
	.run = run,
};
