/* One user a line: the user, then its items, oldest first. */
#include "data/reader.h"

#include <math.h>

static enum err_code line(struct reader *r, const char *text, size_t len, struct err *e)
{
	int32_t user, item;
	TRY(reader_split_blanks(r, text, len, e));
	if (r->n_fields == 0)
		return OK;
	TRY(reader_user(r, &r->field[0], true, &user, e));
	r->records++;
	for (size_t i = 1; i < r->n_fields; i++) {
		TRY(reader_item(r, &r->field[i], true, &item, e));
		TRY(builder_add_ids(r->builder, user, item, NAN, INT64_MIN, e));
	}
	return OK;
}

extern const struct format_class format_sequence;
const struct format_class format_sequence = {
	.desc = {"sequence", "sequence {}",
		"One user a line: user item item ... between blanks, oldest first (S3-Rec, LightGCN).",
		(const struct arg_spec[]){FORMAT_ARGS_IDS, {0}}},
	.line = line,
};
