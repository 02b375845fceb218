/* The held-out item of each user (He et al. 2017, *.test.rating): user item [rating [time]].  The pair leaves the rows. */
#include "data/reader.h"

static enum err_code line(struct reader *r, const char *text, size_t len, struct err *e)
{
	int32_t user, item;
	float rating;
	int64_t time;
	TRY(reader_split_blanks(r, text, len, e));
	if (r->n_fields == 0)
		return OK;
	if (r->n_fields < 2 || r->n_fields > 4)
		return reader_fail(r, r->n_fields > 4 ? r->field[4].at : len, e,
			"%zu words where \"user item [rating [time]]\" was expected", r->n_fields);
	r->records++;
	if (r->n_fields > 2)
		TRY(reader_rating(r, &r->field[2], &rating, e));
	if (r->n_fields > 3)
		TRY(reader_time(r, &r->field[3], &time, e));
	TRY(reader_user(r, &r->field[0], true, &user, e));
	TRY(reader_item(r, &r->field[1], true, &item, e));
	int32_t before = builder_find_held_out(r->builder, user);
	if (before >= 0 && before != item)
		return reader_fail(r, r->field[0].at, e, "user '%s' has a held-out item already",
			reader_show(r->field[0].text, r->field[0].len).text);
	return builder_held_out(r->builder, user, item, e);
}

extern const struct format_class format_leave_one_out;
const struct format_class format_leave_one_out = {
	.desc = {"leave_one_out", "leave_one_out { id_offset_user = 0, item_map = ... }",
		"The published test item of each user, a line each: user item [rating [time]] (*.test.rating of NCF).",
		(const struct arg_spec[]){FORMAT_ARGS_IDS, {0}}},
	.line = line,
};
