#include "cli/command.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMMAND(name) extern const struct command cmd_##name;
#include "cli/commands.def"
#undef COMMAND

static const struct desc *const rows[] = {
#define COMMAND(name) &cmd_##name.desc,
#include "cli/commands.def"
#undef COMMAND
};

const struct registry command_registry = {"command", rows, sizeof rows / sizeof *rows};

static enum err_code parse_set(const struct command *k, struct command_line *c, const char *text, struct err *e)
{
	const char *eq = strchr(text, '=');
	if (!k->takes_set)
		return err_set(e, ERR_ARG, "gusto %s takes no knob settings ('%s')", k->desc.name, text);
	if (!eq || eq == text)
		return err_set(e, ERR_ARG, "a knob is set as name=value, got '%s'", text);
	if (c->n_sets == CLI_SETS_MAX)
		return err_set(e, ERR_ARG, "at most %d knobs can be set at once", CLI_SETS_MAX);
	char *copy = mem_strdup(text);
	if (!copy)
		return err_set(e, ERR_NOMEM, "no memory for the command line");
	copy[eq - text] = '\0';
	c->set_copy[c->n_sets] = copy;
	c->set_name[c->n_sets] = copy;
	c->set_value[c->n_sets++] = copy + (eq - text) + 1;
	return OK;
}

static enum err_code parse_option(
	const struct command *k, struct command_line *c, char **argv, int argc, int *i, struct err *e)
{
	char name[64];
	const char *given = argv[*i] + 2, *eq = strchr(given, '='), *value = eq ? eq + 1 : NULL;
	snprintf(name, sizeof name, "%.*s", (int)(eq ? (size_t)(eq - given) : strlen(given)), given);
	if (strcmp(name, "set") == 0) {
		if (!value && ++*i >= argc)
			return err_set(e, ERR_ARG, "--set needs knob=value");
		return parse_set(k, c, value ? value : argv[*i], e);
	}
	int at = arg_index(&k->desc, name);
	if (at < 0)
		return err_set(e, ERR_ARG, "gusto %s has no option --%s; `gusto help %s` lists them", k->desc.name,
			name, k->desc.name);
	const struct arg_spec *s = &k->desc.args[at];
	if (s->type == ARG_BOOL && !value) {
		c->args.num[at] = 1;
		c->args.given[at] = true;
		return OK;
	}
	if (!value && ++*i >= argc)
		return err_set(e, ERR_ARG, "--%s needs a value: %s", name, s->help);
	value = value ? value : argv[*i];
	if (s->type == ARG_STRING || s->type == ARG_CHOICE)
		return args_set_text(&k->desc, &c->args, name, value, e);
	char *end;
	double v = strtod(value, &end);
	if (*end || end == value)
		return err_set(e, ERR_ARG, "--%s must be a number, got '%s'", name, value);
	return args_set_number(&k->desc, &c->args, name, v, e);
}

enum err_code command_parse(const struct command *k, int argc, char **argv, struct command_line *out, struct err *e)
{
	*out = (struct command_line){.n = 0};
	args_default(&k->desc, &out->args);
	bool options = true;
	for (int i = 0; i < argc; i++) {
		if (options && strcmp(argv[i], "--") == 0) {
			options = false;
			continue;
		}
		if (options && str_starts(argv[i], "--")) {
			TRY(parse_option(k, out, argv, argc, &i, e));
			continue;
		}
		if (k->takes_set && out->n >= k->positionals_max && strchr(argv[i], '=')) {
			TRY(parse_set(k, out, argv[i], e));
			continue;
		}
		if (out->n == k->positionals_max || out->n == CLI_POSITIONALS_MAX)
			return err_set(
				e, ERR_ARG, "'%s' is one argument too many; usage: gusto %s", argv[i], k->desc.usage);
		out->positional[out->n++] = argv[i];
	}
	if (out->n < k->positionals_min)
		return err_set(e, ERR_ARG, "an argument is missing; usage: gusto %s", k->desc.usage);
	return OK;
}

void command_line_free(struct command_line *c)
{
	for (int i = 0; i < c->n_sets; i++)
		mem_free(c->set_copy[i]);
}

static size_t index_of(const struct command *k, const char *name)
{
	int i = arg_index(&k->desc, name);
	CHECK(i >= 0, "gusto %s declares no option %s", k->desc.name, name);
	return (size_t)i;
}

double option_number(const struct command *k, const struct command_line *c, const char *name)
{
	return c->args.num[index_of(k, name)];
}

bool option_given(const struct command *k, const struct command_line *c, const char *name)
{
	return c->args.given[index_of(k, name)];
}

const char *option_text(const struct command *k, const struct command_line *c, const char *name)
{
	return c->args.text[index_of(k, name)];
}

void command_help(const struct command *k)
{
	printf("gusto %s\n\n%s\n", k->desc.usage, k->desc.help);
	size_t n = arg_count(&k->desc);
	if (n || k->takes_set)
		printf("\n");
	if (k->takes_set)
		printf("  --set KNOB=VALUE      a knob's value; may be repeated\n");
	for (size_t i = 0; i < n; i++) {
		const struct arg_spec *s = &k->desc.args[i];
		char left[64];
		snprintf(left, sizeof left, "--%s%s", s->name,
			s->type == ARG_BOOL	? ""
			: s->type == ARG_CHOICE ? " WORD"
			: s->type == ARG_STRING ? " TEXT"
						: " N");
		printf("  %-21s %s", left, s->help);
		if (s->type == ARG_CHOICE)
			printf(" (%s)", s->choices);
		printf("\n");
	}
}
