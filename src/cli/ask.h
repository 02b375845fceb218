/* Printing recommendations and explanations. */
#ifndef GUSTO_CLI_ASK_H
#define GUSTO_CLI_ASK_H

#include "cli/control.h"

/* {"kind":kind,"user","item"?,"k"} from the command's options. */
json_t *ask_about_user(const struct command *k, const struct command_line *c, const char *kind);

/* Probes RUN (positional 0) with the question, whose reference it takes, and prints or dumps the answer. */
enum err_code ask_and_print(const struct command *k, const struct command_line *c, json_t *question,
	void (*print)(json_t *r), struct err *e);

void ask_print_items(json_t *r);

#endif
