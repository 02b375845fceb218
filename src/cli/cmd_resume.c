/* gusto resume RUN: a paused run goes on; a dead one is continued from its last good checkpoint. */
#include "cli/control.h"
#include "cli/train.h"

#include "store/reader.h"
#include "store/rundir.h"

#include <stdlib.h>

static const struct arg_spec args[] = {
	{"json", ARG_BOOL, .help = "JSON lines: start, eval, done"},
	{"threads", ARG_INT, .def = 0, .min = 0, .max = 1024,
		.help = "workers (0: as the run had, which is what makes it exact)"},
	{"trust", ARG_BOOL, .help = "lift the sandbox of the script"},
	{0},
};

extern const struct command cmd_resume;

static enum err_code run(const struct command_line *c, struct err *e)
{
	const struct command *k = &cmd_resume;
	char dir[4096], threads[16] = "";
	TRY(rundir_resolve(rundir_root(), c->positional[0], dir, sizeof dir, e));
	if (rundir_alive(dir))
		return control_simple(c->positional[0], "resume", "goes on", e);
	struct reader_db *db;
	TRY(reader_open(dir, &db, e));
	reader_get(db, "threads", threads, sizeof threads);
	reader_close(db);
	struct printer p = {.json = option_number(k, c, "json") != 0, .announce = -1};
	struct run_options o = {
		.resume = dir, .threads = (int)option_number(k, c, "threads"), .event = printer_event, .ctx = &p};
	if (!o.threads)
		o.threads = atoi(threads);
	struct experiment *x;
	struct run_result r;
	TRY(train_load_snapshot(dir, option_number(k, c, "trust") != 0, &x, e));
	enum err_code code = runner_train(x, &o, &r, e);
	if (code == OK)
		printer_result(&p, &r);
	experiment_free(x);
	return code;
}

const struct command cmd_resume = {
	.desc = {"resume", "resume RUN",
		"Lets a paused run go on, or continues a dead one from its last good checkpoint.", args},
	.positionals_min = 1,
	.positionals_max = 1,
	.run = run,
};
