/* One interaction a line: user and item; the order of the lines is the order in time. */
#include "data/reader.h"

#include <math.h>

static enum err_code line(struct reader *r, const char *text, size_t len, struct err *e)
{
	int32_t user, item;
	TRY(reader_split_blanks(r, text, len, e));
	if (r->n_fields == 0)
		return OK;
	if (r->n_fields != 2)
		return reader_fail(r, r->n_fields > 2 ? r->field[2].at : len, e,
			"%zu words where \"user item\" was expected", r->n_fields);
	r->records++;
	TRY(reader_user(r, &r->field[0], true, &user, e));
	TRY(reader_item(r, &r->field[1], true, &item, e));
	return builder_add_ids(r->builder, user, item, NAN, INT64_MIN, e);
}

extern const struct format_class format_pairs;
const struct format_class format_pairs = {
	.desc = {"pairs", "pairs {}",
		"One interaction a line: \"user item\", each user's lines in time order (SASRec, BERT4Rec).",
		(const struct arg_spec[]){FORMAT_ARGS_IDS, {0}}},
	.line = line,
};
