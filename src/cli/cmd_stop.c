/* gusto stop RUN */
#include "cli/control.h"

static enum err_code run(const struct command_line *c, struct err *e)
{
	return control_simple(c->positional[0], "stop", "stopping", e);
}

const struct command cmd_stop = {
	.desc = {"stop", "stop RUN", "Stops a run: it finishes its step, keeps a checkpoint and evaluates.", NULL},
	.positionals_min = 1,
	.positionals_max = 1,
	.run = run,
};
