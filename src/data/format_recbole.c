/* RecBole's atomic files: tab-separated, the first line names and types the columns
 * ("user_id:token<tab>item_id:token<tab>rating:float<tab>timestamp:float"); a *_seq cell has blanks between its parts. */
#include "data/reader.h"

#include <string.h>

static enum err_code line(struct reader *r, const char *text, size_t len, struct err *e)
{
	if (!r->separator[0])
		strcpy(r->separator, "\t");
	TRY(reader_split(r, text, len, r->separator, e));
	return r->table.n == 0 ? table_from_header(r, true, e) : table_row(r, e);
}

extern const struct format_class format_recbole;
const struct format_class format_recbole = {
	.desc = {"recbole", "recbole { map = \"session_id=user\" }",
		"RecBole's .inter, .user and .item files with typed headers; what the file describes follows from its "
		"id columns.",
		(const struct arg_spec[]){FORMAT_ARGS_IDS, FORMAT_ARG("separator", ARG_STRING, "tab unless said here"),
			FORMAT_ARG("table", ARG_STRING, "inter, user or item, where the header leaves it open"),
			FORMAT_ARG("map", ARG_STRING, "renames of header names: session_id=user"), {0}}},
	.line = line,
};
