/* Pictures of a finished run, for those without a terminal. */
#ifndef GUSTO_CLI_PICTURES_H
#define GUSTO_CLI_PICTURES_H

#include "base/err.h"

/* Writes curves.svg, attention.svg and explain.svg (of the first user) into the run's directory and prints their paths. */
enum err_code pictures_write(const char *run_dir, struct err *e);

#endif
