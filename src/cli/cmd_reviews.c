/* gusto reviews RUN --user U [--item I] */
#include "cli/ask.h"

#include <stdio.h>

static const struct arg_spec args[] = {
	{"user", ARG_STRING, .flags = ARG_REQUIRED, .help = "by its original id"},
	{"item", ARG_STRING, .help = "by its original id; the user's held-out or last one if not given"},
	{"k", ARG_INT, .def = 5, .min = 1, .max = 1000, .help = "how many reviews of each side, the heaviest first"},
	{"json", ARG_BOOL, .help = "as JSON"},
	{0},
};

extern const struct command cmd_reviews;

static void print_map(const json_t *map)
{
	const json_t *x;
	size_t i;
	printf("%s, %lld reviews of the %s:\n", json_string_value(json_object_get(map, "layer")),
		(long long)json_integer_value(json_object_get(map, "n")),
		json_string_value(json_object_get(map, "of")));
	json_array_foreach(json_object_get(map, "reviews"), i, x)
	{
		const json_t *rating = json_object_get(x, "rating");
		printf("  %.3f  %s", json_number_value(json_object_get(x, "weight")),
			json_string_value(json_object_get(x, "id")));
		if (rating)
			printf(", rated %g", json_number_value(rating));
		printf("\n         %.300s\n", json_string_value(json_object_get(x, "text")));
	}
}

static void print(json_t *r)
{
	size_t i;
	json_t *map;
	printf("user %s, %s: rating %.2f at step %lld\n", json_string_value(json_object_get(r, "user")),
		json_string_value(json_object_get(json_object_get(r, "item"), "title")),
		json_number_value(json_object_get(r, "rating")),
		(long long)json_integer_value(json_object_get(r, "step")));
	json_array_foreach(json_object_get(r, "maps"), i, map) print_map(map);
}

static enum err_code run(const struct command_line *c, struct err *e)
{
	TRY(args_complete(&cmd_reviews.desc, &c->args, e));
	return ask_and_print(&cmd_reviews, c, ask_about_user(&cmd_reviews, c, "reviews"), print, e);
}

const struct command cmd_reviews = {
	.desc = {"reviews", "reviews RUN --user U [--item I]",
		"Which reviews a predicted rating rests on, with their weights and texts (models that weigh reviews: "
		"narre).",
		args},
	.positionals_min = 1,
	.positionals_max = 1,
	.run = run,
};
