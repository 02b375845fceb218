/* gusto repl: the Lua API by hand. */
#include "cli/command.h"
#include "script/script.h"

#include <unistd.h>

static const struct arg_spec args[] = {
	{"trust", ARG_BOOL, .help = "lift the sandbox"},
	{0},
};

extern const struct command cmd_repl;

static enum err_code run(const struct command_line *c, struct err *e)
{
	struct script_options so;
	script_options_default(&so);
	so.trust = option_number(&cmd_repl, c, "trust") != 0;
	return script_repl(stdin, stdout, isatty(STDIN_FILENO) != 0, &so, e);
}

const struct command cmd_repl = {
	.desc = {"repl", "repl", "Runs the same Lua API by hand: values outside of a model are computed at once.",
		args},
	.run = run,
};
