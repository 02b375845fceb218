/* gusto explain RUN --user U [--item I] */
#include "cli/ask.h"

#include <stdio.h>

static const struct arg_spec args[] = {
	{"user", ARG_STRING, .flags = ARG_REQUIRED, .help = "by its original id"},
	{"item", ARG_STRING, .help = "why this item (its original id); the first recommended one if not given"},
	{"k", ARG_INT, .def = 10, .min = 1, .max = 1000, .help = "how many recommendations"},
	{"json", ARG_BOOL, .help = "as JSON"},
	{0},
};

extern const struct command cmd_explain;

static void print(json_t *r)
{
	size_t i;
	json_t *x, *t = json_object_get(r, "target");
	ask_print_items(r);
	printf("why %s (rank %lld)?\n", json_string_value(json_object_get(t, "title")),
		(long long)json_integer_value(json_object_get(t, "rank")));
	printf("  without this item       score   rank  attention\n");
	json_array_foreach(json_object_get(r, "effects"), i, x)
	{
		json_t *a = json_object_get(x, "attention");
		printf("  %-32.32s %+8.4f %+6lld", json_string_value(json_object_get(x, "title")),
			-json_number_value(json_object_get(x, "delta_score")),
			(long long)json_integer_value(json_object_get(x, "delta_rank")));
		if (json_is_number(a))
			printf("  %.3f", json_number_value(a));
		printf("\n");
	}
}

static enum err_code run(const struct command_line *c, struct err *e)
{
	TRY(args_complete(&cmd_explain.desc, &c->args, e));
	return ask_and_print(&cmd_explain, c, "explain", print, e);
}

const struct command cmd_explain = {
	.desc = {"explain", "explain RUN --user U [--item I]",
		"Why an item is recommended: what its score and rank become without each item of the history, with the "
		"attention beside it.",
		args},
	.positionals_min = 1,
	.positionals_max = 1,
	.run = run,
};
