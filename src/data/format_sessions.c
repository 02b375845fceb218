/* One session a line: item item ...; a test example is "item item ... <tab> target".  Sessions have no users: each line is a user
 * of its own, called by its part and number.  The items before a tab are history (inputs of evaluation), the target belongs to the
 * part of the file. */
#include "data/reader.h"

#include <math.h>
#include <string.h>

static enum err_code new_user(struct reader *r, int32_t *user, struct err *e)
{
	str_clear(&r->id);
	str_printf(&r->id, "%s %lld", r->o.part ? r->o.part : "train", (long long)r->text_line);
	*user = r->id.failed ? -1 : builder_user(r->builder, r->id.data, r->id.len);
	return *user < 0 ? err_set(e, ERR_NOMEM, "no memory for a new session") : OK;
}

/* The items of text[0..len), which begins at offset `at` of the line. */
static enum err_code add_items(
	struct reader *r, int32_t user, const char *text, size_t len, size_t at, size_t *n, struct err *e)
{
	int32_t item;
	TRY(reader_split_blanks(r, text, len, e));
	*n = r->n_fields;
	for (size_t i = 0; i < r->n_fields; i++) {
		r->field[i].at += at;
		TRY(reader_item(r, &r->field[i], true, &item, e));
		TRY(builder_add_ids(r->builder, user, item, NAN, INT64_MIN, e));
	}
	return OK;
}

static enum err_code add_target(struct reader *r, int32_t user, const char *text, size_t len, size_t at, struct err *e)
{
	int part = arg_choice_index("train|valid|test|history", r->o.part ? r->o.part : "train");
	size_t n;
	if (part != PART_VALID && part != PART_TEST)
		return reader_fail(
			r, at - 1, e, "a target after a tab: such a file is read with part = \"test\" or \"valid\"");
	builder_part(r->builder, (enum part)part);
	TRY(add_items(r, user, text, len, at, &n, e));
	if (n != 1)
		return reader_fail(r, at, e, "%zu items after the tab, where one target was expected", n);
	return OK;
}

static enum err_code line(struct reader *r, const char *text, size_t len, struct err *e)
{
	const char *tab = memchr(text, '\t', len);
	size_t prefix = tab ? (size_t)(tab - text) : len, n;
	int32_t user;
	TRY(new_user(r, &user, e));
	r->records++;
	if (tab)
		builder_part(r->builder, PART_HISTORY);
	TRY(add_items(r, user, text, prefix, 0, &n, e));
	return tab ? add_target(r, user, tab + 1, len - prefix - 1, prefix + 1, e) : OK;
}

extern const struct format_class format_sessions;
const struct format_class format_sessions = {
	.desc = {"sessions", "sessions { item_map = ... }",
		"One session a line: item item ... between blanks, in order; of a test file item item ... <tab> "
		"target.  The "
		"sessions are called by part and line: 'train 1', 'test 1'.",
		(const struct arg_spec[]){FORMAT_ARGS_ITEM_IDS, {0}}},
	.line = line,
};
