/* gusto recommend RUN --user U */
#include "cli/ask.h"

static const struct arg_spec args[] = {
	{"user", ARG_STRING, .flags = ARG_REQUIRED, .help = "by its original id"},
	{"k", ARG_INT, .def = 10, .min = 1, .max = 1000, .help = "how many"},
	{"json", ARG_BOOL, .help = "as JSON"},
	{0},
};

extern const struct command cmd_recommend;

static enum err_code run(const struct command_line *c, struct err *e)
{
	TRY(args_complete(&cmd_recommend.desc, &c->args, e));
	return ask_and_print(&cmd_recommend, c, ask_about_user(&cmd_recommend, c, "recommend"), ask_print_items, e);
}

const struct command cmd_recommend = {
	.desc = {"recommend", "recommend RUN --user U",
		"The items that a run recommends to a user, live or from its best checkpoint.", args},
	.positionals_min = 1,
	.positionals_max = 1,
	.run = run,
};
