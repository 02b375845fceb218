/* What a run will cost, told before it starts: some steps of it are made on a model that is thrown away. */
#ifndef GUSTO_CLI_ESTIMATE_H
#define GUSTO_CLI_ESTIMATE_H

#include "run/experiment.h"

/* Prints "estimate: 4,845 steps and 20 s an epoch, 2.0 min for 6 epochs without evaluations, 310 MB" on stdout.  Says nothing of
 * experiments that train nothing by gradient or act in an environment.  What would end the run ends it here. */
enum err_code estimate_print(struct experiment *x, int threads, struct err *e);

#endif
