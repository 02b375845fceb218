/* gusto replay RUN: repeats a run with its tweaks; the weights must come out the same to the bit. */
#include "cli/command.h"
#include "cli/train.h"

#include "store/reader.h"
#include "store/rundir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct arg_spec args[] = {
	{"json", ARG_BOOL, .help = "JSON lines: start, eval, done"},
	{"threads", ARG_INT, .def = 0, .min = 0, .max = 1024,
		.help = "workers (0: as the run had, which is what makes it exact)"},
	{"trust", ARG_BOOL, .help = "lift the sandbox of the script"},
	{0},
};

extern const struct command cmd_replay;

static enum err_code run(const struct command_line *c, struct err *e)
{
	const struct command *k = &cmd_replay;
	char dir[4096], before[80] = "", threads[16] = "";
	struct reader_db *db;
	TRY(rundir_resolve(rundir_root(), c->positional[0], dir, sizeof dir, e));
	TRY(reader_open(dir, &db, e));
	reader_get(db, "weights_sha256", before, sizeof before);
	reader_get(db, "threads", threads, sizeof threads);
	reader_close(db);
	struct printer p = {.json = option_number(k, c, "json") != 0, .announce = -1};
	struct run_options o = {
		.replay_of = dir, .threads = (int)option_number(k, c, "threads"), .event = printer_event, .ctx = &p};
	if (!o.threads)
		o.threads = atoi(threads);
	struct experiment *x;
	struct run_result r;
	TRY(train_load_snapshot(dir, option_number(k, c, "trust") != 0, &x, e));
	enum err_code code = runner_train(x, &o, &r, e);
	experiment_free(x);
	TRY(code);
	printer_result(&p, &r);
	if (before[0] && strcmp(before, r.weights_sha256) != 0)
		return err_set(e, ERR_STATE, "the replay ended with weights %s, the run with %s: they must be the same",
			r.weights_sha256, before);
	if (before[0] && !p.json)
		printf("bit-identical to %s\n", c->positional[0]);
	return OK;
}

const struct command cmd_replay = {
	.desc = {"replay", "replay RUN",
		"Repeats a run with its tweaks and checks that the weights are the same to the bit.", args},
	.positionals_min = 1,
	.positionals_max = 1,
	.run = run,
};
