/* gusto pause RUN */
#include "cli/control.h"

static enum err_code run(const struct command_line *c, struct err *e)
{
	return control_simple(c->positional[0], "pause", "paused", e);
}

const struct command cmd_pause = {
	.desc = {"pause", "pause RUN", "Pauses a run at its next safe point.", NULL},
	.positionals_min = 1,
	.positionals_max = 1,
	.run = run,
};
