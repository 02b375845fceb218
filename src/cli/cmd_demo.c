/* gusto demo: a recommender learning in the terminal; without one, the same with plain lines and pictures. */
#include "cli/command.h"
#include "cli/pictures.h"
#include "cli/train.h"
#include "cli/workbench.h"

#include <stdio.h>

static const struct arg_spec args[] = {
	{"epochs", ARG_INT, .def = -1, .min = 0, .max = 1e9, .help = "instead of the demo's"},
	{"seed", ARG_INT, .def = 1, .min = 0, .max = 9007199254740992.0, .help = "of everything random"},
	{"threads", ARG_INT, .def = 0, .min = 0, .max = 1024, .help = "workers (0: all cores)"},
	{0},
};

extern const struct command cmd_demo;

static enum err_code headless(const struct script_options *so, struct run_options *o, struct err *e)
{
	struct printer p = {.announce = -1};
	struct experiment *x;
	struct run_result r;
	TRY(script_load("experiments/demo.lua", so, &x, e));
	o->event = printer_event;
	o->ctx = &p;
	enum err_code code = runner_train(x, o, &r, e);
	if (code == OK)
		printer_result(&p, &r);
	experiment_free(x);
	o->ctx = NULL;
	return code == OK ? pictures_write(r.dir, e) : code;
}

static enum err_code run(const struct command_line *c, struct err *e)
{
	const struct command *k = &cmd_demo;
	struct script_options so;
	struct run_options o = {.threads = (int)option_number(k, c, "threads")};
	char dir[4096];
	script_options_default(&so);
	so.epochs = (int32_t)option_number(k, c, "epochs");
	so.has_seed = true;
	so.seed = (uint64_t)option_number(k, c, "seed");
	if (!workbench_possible())
		return headless(&so, &o, e);
	TRY(train_detached("experiments/demo.lua", &so, &o, dir, sizeof dir, e));
	return workbench_open(dir, e);
}

const struct command cmd_demo = {
	.desc = {"demo", "demo", "Trains a small recommender on a made-up world and opens the workbench on it.", args},
	.run = run,
};
