/* Commands: one file cmd_<name>.c, one row in commands.def.  The desc's args are the command's options (--name value;
 * ARG_BOOL: --name), its usage line the positional arguments. */
#ifndef GUSTO_CLI_COMMAND_H
#define GUSTO_CLI_COMMAND_H

#include "base/desc.h"

enum { CLI_POSITIONALS_MAX = 16, CLI_SETS_MAX = 64 };

struct command_line {
	struct args args; /* options, parallel to desc.args */
	int n;
	const char *positional[CLI_POSITIONALS_MAX];
	int n_sets;
	const char *set_name[CLI_SETS_MAX]; /* --set name=value, in order; strings owned by the command line */
	const char *set_value[CLI_SETS_MAX];
	char *set_copy[CLI_SETS_MAX];
};

struct command {
	struct desc desc;
	int positionals_min, positionals_max;
	bool takes_set; /* --set knob=value, repeatable */
	/* The exit status is 0 where OK comes back, else 1 and the sentence is printed. */
	enum err_code (*run)(const struct command_line *c, struct err *e);
};
extern const struct registry command_registry;

enum err_code command_parse(const struct command *k, int argc, char **argv, struct command_line *out, struct err *e);
void command_line_free(struct command_line *c);

/* The value of an option by name. */
double option_number(const struct command *k, const struct command_line *c, const char *name);
bool option_given(const struct command *k, const struct command_line *c, const char *name);
const char *option_text(const struct command *k, const struct command_line *c, const char *name); /* NULL: not given */

/* The command's help page on stdout. */
void command_help(const struct command *k);

#endif
