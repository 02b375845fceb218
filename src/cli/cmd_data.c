/* gusto data ls | info NAME | import FILE --format F | import planted --interactions N */
#include "base/mem.h"
#include "cli/command.h"
#include "script/script.h"

#include <stdio.h>
#include <string.h>

static const struct arg_spec args[] = {
	{"format", ARG_STRING, .text = "csv", .help = "of the file to import (see `gusto doc formats`)"},
	{"name", ARG_STRING, .help = "of the imported data set (default: the file's name)"},
	{"columns", ARG_STRING, .help = "names of the columns in file order: user,item,rating,time (- skips one)"},
	{"separator", ARG_STRING, .help = "between columns"},
	{"header", ARG_BOOL, .help = "the first line names the columns"},
	{"interactions", ARG_INT, .def = 0, .min = 1000, .max = 2e8,
		.help = "of the planted world, which is made instead of a file read"},
	{"seed", ARG_INT, .def = 1, .min = 0, .max = 9e15, .help = "of the planted world"},
	{0},
};

extern const struct command cmd_data;

static enum err_code list(struct err *e)
{
	struct script_dataset *d;
	size_t n;
	TRY(script_datasets(&d, &n, e));
	for (size_t i = 0; i < n; i++)
		printf("%-16s %-9s %s%s%s\n", d[i].name, d[i].missing ? "missing" : "here", d[i].help,
			d[i].views && d[i].views[0] ? "; views: " : "", d[i].views ? d[i].views : "");
	script_datasets_free(d, n);
	return OK;
}

static void print_dataset(const struct dataset *d)
{
	double cells = (double)d->n_users * d->n_items;
	printf("users         %d\nitems         %d\ninteractions  %lld\n", d->n_users, d->n_items, (long long)d->n);
	printf("per user      %.1f\ndensity       %.3f %%\n", (double)d->n / (d->n_users ? d->n_users : 1),
		100 * (double)d->n / (cells > 0 ? cells : 1));
	printf("ratings       %s\ntimes         %s\n", d->rating ? "yes" : "no", d->time ? "yes" : "file order");
	for (int i = 0; i < d->n_item_columns; i++)
		printf("item column   %s\n", d->item_columns[i].name);
	for (int i = 0; i < d->n_user_columns; i++)
		printf("user column   %s\n", d->user_columns[i].name);
	static const char *const holds[] = {"numbers", "words", "lists", "texts"};
	for (int i = 0; i < d->n_row_columns; i++)
		printf("row column    %s (%s)\n", d->row_columns[i].name, holds[d->row_columns[i].type]);
	if (d->candidate)
		printf("candidates    %lld given, one held-out item per user\n",
			(long long)d->candidate_start[d->n_users]);
	printf("content hash  %016llx\n", (unsigned long long)d->hash);
}

static enum err_code info(const char *name, struct err *e)
{
	struct script_dataset *rows;
	size_t n, m = strcspn(name, ":");
	char *how = NULL;
	struct dataset *d;
	TRY(script_datasets(&rows, &n, e));
	for (size_t i = 0; i < n; i++)
		if (strlen(rows[i].name) == m && strncmp(rows[i].name, name, m) == 0)
			printf("%s: %s\nsource        %s\nlicence       %s\nviews         %s\n", rows[i].name,
				rows[i].help, rows[i].source, rows[i].licence, rows[i].views ? rows[i].views : "");
	script_datasets_free(rows, n);
	TRY(script_dataset_open(name, &d, &how, e));
	print_dataset(d);
	if (how)
		printf("%s\n", how);
	mem_free(how);
	dataset_unref(d);
	return OK;
}

static enum err_code import(const struct command_line *c, struct err *e)
{
	const struct command *k = &cmd_data;
	const char *path = c->positional[1], *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	char name[64], written[4096];
	snprintf(name, sizeof name, "%.*s", (int)strcspn(base, "."), base);
	struct script_import i = {
		.name = option_text(k, c, "name") ? option_text(k, c, "name") : name,
		.path = path,
		.format = option_text(k, c, "format"),
		.columns = option_text(k, c, "columns"),
		.separator = option_text(k, c, "separator"),
		.header = option_number(k, c, "header") != 0,
	};
	struct dataset *d;
	TRY(script_dataset_import(&i, &d, written, sizeof written, e));
	print_dataset(d);
	printf("described in %s: use it as g.data \"%s\" or --data %s\n", written, i.name, i.name);
	dataset_unref(d);
	return OK;
}

/* A world that is made: what g.data { name, interactions = N, seed = S } will map from now on. */
static enum err_code make(const struct command_line *c, struct err *e)
{
	const struct command *k = &cmd_data;
	long long n = (long long)option_number(k, c, "interactions"), seed = (long long)option_number(k, c, "seed");
	struct dataset *d;
	char *how = NULL;
	TRY(script_dataset_make(c->positional[1], n, seed, &d, &how, e));
	print_dataset(d);
	printf("%suse it as g.data { \"%s\", interactions = %lld, seed = %lld }\n", how, c->positional[1], n, seed);
	mem_free(how);
	dataset_unref(d);
	return OK;
}

static enum err_code run(const struct command_line *c, struct err *e)
{
	const char *what = c->n ? c->positional[0] : "ls";
	if (strcmp(what, "ls") == 0)
		return list(e);
	if (strcmp(what, "info") != 0 && strcmp(what, "import") != 0)
		return err_set(e, ERR_ARG, "gusto data knows ls, info and import, not '%s'", what);
	if (c->n < 2)
		return err_set(
			e, ERR_ARG, "gusto data %s needs a %s", what, strcmp(what, "info") == 0 ? "name" : "file");
	if (strcmp(what, "info") == 0)
		return info(c->positional[1], e);
	return option_given(&cmd_data, c, "interactions") ? make(c, e) : import(c, e);
}

const struct command cmd_data = {
	.desc = {"data", "data ls | info NAME | import FILE | import planted --interactions N",
		"Lists data sets, tells about one, or brings in one of your own.", args},
	.positionals_max = 2,
	.run = run,
};
