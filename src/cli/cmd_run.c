/* gusto run FILE: trains an experiment in the foreground. */
#include "cli/command.h"
#include "cli/train.h"

#include "base/str.h"

#include <stdio.h>

static const struct arg_spec args[] = {
	{"data", ARG_STRING, .help = "another data set, as NAME or NAME:VIEW (see `gusto data ls`)"},
	{"epochs", ARG_INT, .def = -1, .min = 0, .max = 1e9, .help = "instead of the experiment's"},
	{"seed", ARG_INT, .def = 1, .min = 0, .max = 9007199254740992.0, .help = "of everything random"},
	{"threads", ARG_INT, .def = 0, .min = 0, .max = 1024, .help = "workers (0: all cores)"},
	{"json", ARG_BOOL, .help = "JSON lines: start, eval, done"},
	{"trust", ARG_BOOL, .help = "lift the sandbox of the script"},
	{"profile", ARG_BOOL, .help = "tell at the end where the time of the steps went, op by op"},
	{"detach", ARG_BOOL, .help = "leave it running in the background and print its directory"},
	{0},
};

extern const struct command cmd_run;

static enum err_code run(const struct command_line *c, struct err *e)
{
	const struct command *k = &cmd_run;
	struct script_setting set[CLI_SETS_MAX];
	struct script_options so;
	script_options_default(&so);
	for (int i = 0; i < c->n_sets; i++)
		set[i] = (struct script_setting){c->set_name[i], c->set_value[i]};
	so.set = set;
	so.n_set = (size_t)c->n_sets;
	so.data = option_text(k, c, "data");
	so.epochs = (int32_t)option_number(k, c, "epochs");
	so.has_seed = option_given(k, c, "seed");
	so.seed = (uint64_t)option_number(k, c, "seed");
	so.trust = option_number(k, c, "trust") != 0;
	struct printer p = {.json = option_number(k, c, "json") != 0, .announce = -1};
	struct run_options o = {.threads = (int)option_number(k, c, "threads"),
		.profile = option_number(k, c, "profile") != 0,
		.event = printer_event,
		.ctx = &p};
	if (option_number(k, c, "detach") != 0) {
		char dir[4096];
		TRY(train_detached(c->positional[0], &so, &o, dir, sizeof dir, e));
		printf("%s\n", dir);
		return OK;
	}
	struct experiment *x;
	struct run_result r;
	TRY(script_load(c->positional[0], &so, &x, e));
	enum err_code code = runner_train(x, &o, &r, e);
	if (code == OK)
		printer_result(&p, &r);
	experiment_free(x);
	return code;
}

const struct command cmd_run = {
	.desc = {"run", "run FILE [--set KNOB=VALUE ...] [options]", "Trains an experiment and prints how it goes.",
		args},
	.positionals_min = 1,
	.positionals_max = 1,
	.takes_set = true,
	.run = run,
};
