/* gusto explain RUN --user U [--item I]; gusto explain RUN --causes */
#include "cli/ask.h"

#include <stdio.h>

static const struct arg_spec args[] = {
	{"user", ARG_STRING, .help = "by its original id"},
	{"item", ARG_STRING, .help = "why this item (its original id); the first recommended one if not given"},
	{"k", ARG_INT, .def = 10, .min = 1, .max = 1000, .help = "how many recommendations"},
	{"causes", ARG_BOOL,
		.help = "in a planted world: how often an explanation puts the true cause of a held-out event first"},
	{"users", ARG_INT, .def = 0, .min = 0, .max = 1e9, .help = "with --causes: how many users at most; 0: all"},
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

static void print_causes(json_t *r)
{
	size_t i;
	json_t *m;
	printf("%lld held-out events with a known cause, step %lld\n",
		(long long)json_integer_value(json_object_get(r, "events")),
		(long long)json_integer_value(json_object_get(r, "step")));
	printf("  %-32s  cause first  mean reciprocal rank\n", "explanation");
	json_array_foreach(json_object_get(r, "methods"), i, m) printf("  %-32.32s  %9.1f %%  %20.3f\n",
		json_string_value(json_object_get(m, "name")), 100 * json_number_value(json_object_get(m, "first")),
		json_number_value(json_object_get(m, "reciprocal")));
}

static enum err_code run(const struct command_line *c, struct err *e)
{
	const struct command *k = &cmd_explain;
	if (option_number(k, c, "causes") != 0)
		return ask_and_print(k, c,
			json_pack("{s:s,s:i}", "kind", "causes", "users", (int)option_number(k, c, "users")),
			print_causes, e);
	if (!option_text(k, c, "user"))
		return err_set(
			e, ERR_ARG, "explain needs --user U (an id of the data set), or --causes in a planted world");
	return ask_and_print(k, c, ask_about_user(k, c, "explain"), print, e);
}

const struct command cmd_explain = {
	.desc = {"explain", "explain RUN --user U [--item I] | --causes",
		"Why an item is recommended: what its score and rank become without each item of the history, with the "
		"attention beside it.",
		args},
	.positionals_min = 1,
	.positionals_max = 1,
	.run = run,
};
