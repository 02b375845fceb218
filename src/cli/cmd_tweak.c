/* gusto tweak RUN knob=value ...: changes knobs of a live run at its next safe point. */
#include "cli/control.h"

#include <stdio.h>
#include <string.h>

static const struct arg_spec args[] = {
	{"reload", ARG_BOOL, .help = "read the experiment's file again and rebuild the model with it"},
	{"eval", ARG_STRING, .help = "run a Lua chunk inside the run (journalled)"},
	{"json", ARG_BOOL, .help = "print the answer as JSON"},
	{0},
};

extern const struct command cmd_tweak;

static void print_receipt(json_t *r)
{
	size_t i;
	json_t *t;
	json_array_foreach(json_object_get(r, "tweaks"), i, t)
		printf("%s %s -> %s\n", json_string_value(json_object_get(t, "name")),
			json_string_value(json_object_get(t, "old")), json_string_value(json_object_get(t, "new")));
	json_t *fresh = json_object_get(r, "initialised");
	if (json_is_true(json_object_get(r, "rebuilt")))
		printf("model rebuilt: %d parameters carried over, %d initialised\n",
			(int)json_integer_value(json_object_get(r, "carried")), (int)json_array_size(fresh));
	else if (json_array_size(json_object_get(r, "tweaks")))
		printf("in force from the next step\n");
	json_array_foreach(fresh, i, t) printf("  new: %s\n", json_string_value(t));
	const char *value = json_string_value(json_object_get(r, "value"));
	if (value)
		printf("%s\n", value);
}

static enum err_code run(const struct command_line *c, struct err *e)
{
	const struct command *k = &cmd_tweak;
	const char *chunk = option_text(k, c, "eval"), *cmd = "set";
	json_t *a = json_object(), *result = NULL, *knobs = json_object();
	char dir[4096];
	for (int i = 0; i < c->n_sets; i++)
		json_object_set_new(knobs, c->set_name[i], json_string(c->set_value[i]));
	json_object_set_new(a, "by", json_string("gusto tweak"));
	if (chunk) {
		cmd = "eval";
		json_object_set_new(a, "chunk", json_string(chunk));
	} else if (option_number(k, c, "reload") != 0) {
		cmd = "reload";
	} else if (!c->n_sets) {
		json_decref(a);
		json_decref(knobs);
		return err_set(e, ERR_ARG, "nothing to change: gusto tweak RUN knob=value");
	}
	json_object_set_new(a, "knobs", knobs);
	enum err_code code = control_send(c->positional[0], cmd, a, dir, sizeof dir, &result, e);
	json_decref(a);
	if (code != OK)
		return code;
	if (option_number(k, c, "json") != 0)
		json_dumpf(result, stdout, JSON_COMPACT), printf("\n");
	else
		print_receipt(result);
	json_decref(result);
	return OK;
}

const struct command cmd_tweak = {
	.desc = {"tweak", "tweak RUN KNOB=VALUE ...",
		"Changes knobs of a live run at its next safe point; all or none.", args},
	.positionals_min = 1,
	.positionals_max = 1,
	.takes_set = true,
	.run = run,
};
