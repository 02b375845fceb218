/* Fields between tabs (or any separator); nothing is quoted. */
#include "data/reader.h"

#include <string.h>

static enum err_code begin(struct reader *r, struct err *e)
{
	if (!r->separator[0])
		strcpy(r->separator, "\t");
	return r->o.columns ? table_from_list(r, r->o.columns, e) : OK;
}

static enum err_code line(struct reader *r, const char *text, size_t len, struct err *e)
{
	TRY(reader_split(r, text, len, r->separator, e));
	if (r->o.header && r->line == 1)
		return r->o.columns ? OK : table_from_header(r, false, e);
	if (r->table.n == 0)
		TRY(table_from_count(r, e));
	return table_row(r, e);
}

extern const struct format_class format_tsv;
const struct format_class format_tsv = {
	.desc = {"tsv",
		"tsv { columns = \"user,item,rating,time\", header = false, separator = \"\\t\", table = \"inter\" }",
		"One row a line, fields between tabs or another separator of up to 15 characters; nothing is quoted.",
		(const struct arg_spec[]){FORMAT_ARGS_TABLE, {0}}},
	.begin = begin,
	.line = line,
};
