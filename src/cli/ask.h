/* Printing recommendations and explanations. */
#ifndef GUSTO_CLI_ASK_H
#define GUSTO_CLI_ASK_H

#include "cli/control.h"

/* Probes RUN (positional 0) with {"kind":kind,"user","item"?,"k"} from the command's options and prints or dumps it. */
enum err_code ask_and_print(const struct command *k, const struct command_line *c, const char *kind,
	void (*print)(json_t *r), struct err *e);

void ask_print_items(json_t *r);

#endif
