/* MovieLens: u.data (tab), u.item and u.user ('|'), *.dat ("::").  The first line tells which. */
#include "data/reader.h"

#include <stdio.h>
#include <string.h>

/* The columns of the files as GroupLens ships them; u.item ends with 19 genre flags, see `genres`. */
static const char *default_columns(const struct reader *r)
{
	bool bars = r->separator[0] == '|';
	switch (r->kind) {
	case TABLE_ITEM:
		return bars ? "item,title,released,-,url,..." : "item,title,genres:tokens";
	case TABLE_USER:
		return bars ? "user,age:real,gender,occupation,zip" : "user,gender,age:real,occupation,zip";
	case TABLE_INTER:
		break;
	}
	return NULL;
}

static void guess_separator(struct reader *r, const char *text, size_t len)
{
	const char *separator = memmem(text, len, "::", 2) ? "::" : memchr(text, '\t', len) ? "\t" : "|";
	snprintf(r->separator, sizeof r->separator, "%s", separator);
}

static enum err_code define(struct reader *r, struct err *e)
{
	const char *list = r->o.columns ? r->o.columns : default_columns(r);
	return list ? table_from_list(r, list, e) : table_from_count(r, e);
}

/* u.item: the flags of fields 5..23 as one list. */
static enum err_code genres(struct reader *r, struct err *e)
{
	static const char *const genre[] = {"unknown", "Action", "Adventure", "Animation", "Children's", "Comedy",
		"Crime", "Documentary", "Drama", "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance",
		"Sci-Fi", "Thriller", "War", "Western"};
	enum { FIRST = 5, N = sizeof genre / sizeof *genre };
	int32_t id;
	if (r->n_fields != FIRST + N)
		return OK;
	TRY(reader_item(r, &r->field[0], false, &id, e));
	if (id < 0)
		return OK;
	str_clear(&r->id);
	for (size_t i = 0; i < N; i++)
		if (r->field[FIRST + i].len == 1 && r->field[FIRST + i].text[0] == '1')
			str_printf(&r->id, "%s%s", r->id.len ? "|" : "", genre[i]);
	if (r->id.failed)
		return err_set(e, ERR_NOMEM, "no memory for a list of genres");
	return builder_cell_text(r->builder, true, id, "genres", COLUMN_TOKENS, str_text(&r->id), r->id.len, e);
}

static enum err_code line(struct reader *r, const char *text, size_t len, struct err *e)
{
	if (!r->separator[0])
		guess_separator(r, text, len);
	TRY(reader_split(r, text, len, r->separator, e));
	if (r->table.n == 0)
		TRY(define(r, e));
	TRY(table_row(r, e));
	return r->kind == TABLE_ITEM && !r->o.columns && r->separator[0] == '|' ? genres(r, e) : OK;
}

extern const struct format_class format_movielens;
const struct format_class format_movielens = {
	.desc = {"movielens", "movielens { table = \"inter\", columns = ..., encoding = \"utf-8\" }",
		"The files of GroupLens: u.data (tab), u.item and u.user ('|'), ratings.dat, movies.dat and users.dat "
		"('::'). "
		"Older titles are in latin-1.",
		(const struct arg_spec[]){FORMAT_ARGS_IDS,
			FORMAT_ARG("separator", ARG_STRING, "tab, '|' or '::' unless said here"),
			FORMAT_ARG("columns", ARG_STRING, "other columns than GroupLens wrote"),
			FORMAT_ARG("table", ARG_STRING, "inter (default), user or item"), {0}}},
	.line = line,
};
