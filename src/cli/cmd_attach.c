/* gusto attach RUN */
#include "cli/command.h"
#include "cli/workbench.h"

#include "store/rundir.h"

static enum err_code run(const struct command_line *c, struct err *e)
{
	char dir[4096];
	TRY(rundir_resolve(rundir_root(), c->n ? c->positional[0] : "last", dir, sizeof dir, e));
	return workbench_open(dir, e);
}

const struct command cmd_attach = {
	.desc = {"attach", "attach [RUN]", "Opens the workbench on a run (the last one, where none is named).", NULL},
	.positionals_max = 1,
	.run = run,
};
