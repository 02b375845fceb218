/* Opening the workbench with what only the CLI can supply: probes of finished runs, starting runs. */
#ifndef GUSTO_CLI_WORKBENCH_H
#define GUSTO_CLI_WORKBENCH_H

#include "base/err.h"

#include <stdbool.h>

/* There is a terminal that can show it. */
bool workbench_possible(void);

/* run_dir: the run to attach to, or NULL for the list of runs.  Without a terminal: ERR_STATE with what to use instead. */
enum err_code workbench_open(const char *run_dir, struct err *e);

#endif
