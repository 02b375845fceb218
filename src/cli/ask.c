#include "cli/ask.h"

#include "store/rundir.h"

#include <stdio.h>

static const char *text_of(json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));
	return s ? s : "";
}

void ask_print_items(json_t *r)
{
	size_t i;
	json_t *x, *history = json_object_get(r, "history"), *held = json_object_get(r, "held_out");
	printf("user %s at step %lld, %zu items in the history; the last:\n", text_of(r, "user"),
		(long long)json_integer_value(json_object_get(r, "step")), json_array_size(history));
	json_array_foreach(history, i, x) if (i + 5 >= json_array_size(history))
		printf("      %s\n", text_of(x, "title"));
	printf("recommended:\n");
	json_array_foreach(json_object_get(r, "items"), i, x)
		printf("  %2lld  %8.4f  %s\n", (long long)json_integer_value(json_object_get(x, "rank")),
			json_number_value(json_object_get(x, "score")), text_of(x, "title"));
	if (json_is_object(held))
		printf("held out: %s, rank %lld\n", text_of(held, "title"),
			(long long)json_integer_value(json_object_get(held, "rank")));
}

json_t *ask_about_user(const struct command *k, const struct command_line *c, const char *kind)
{
	json_t *a = json_pack(
		"{s:s,s:s,s:i}", "kind", kind, "user", option_text(k, c, "user"), "k", (int)option_number(k, c, "k"));
	if (arg_index(&k->desc, "item") >= 0 && option_text(k, c, "item"))
		json_object_set_new(a, "item", json_string(option_text(k, c, "item")));
	return a;
}

enum err_code ask_and_print(const struct command *k, const struct command_line *c, json_t *question,
	void (*print)(json_t *r), struct err *e)
{
	char dir[4096];
	json_t *r = NULL;
	enum err_code code = rundir_resolve(rundir_root(), c->positional[0], dir, sizeof dir, e);
	if (code == OK)
		code = control_probe(dir, question, &r, e);
	json_decref(question);
	if (code != OK)
		return code;
	if (option_number(k, c, "json") != 0) {
		json_dumpf(r, stdout, JSON_COMPACT);
		printf("\n");
	} else {
		print(r);
	}
	json_decref(r);
	return OK;
}
