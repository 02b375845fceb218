/* Fixed evaluation candidates (He et al. 2017, *.test.negative): "(user,item)", or user and item as two words, and then the
 * negatives, between blanks.  The item is the user's held-out item; where another file said so before, the two must agree. */
#include "data/reader.h"

#include <string.h>

/* *n_words: the words that the pair takes. */
static enum err_code pair(struct reader *r, int32_t *user, int32_t *item, size_t *n_words, struct err *e)
{
	const struct field f = r->field[0];
	*n_words = f.text[0] == '(' ? 1 : 2;
	if (*n_words == 2 && r->n_fields > 1 && !memchr(f.text, ',', f.len)) {
		TRY(reader_user(r, &f, true, user, e));
		return reader_item(r, &r->field[1], true, item, e);
	}
	const char *comma = f.len ? memchr(f.text, ',', f.len) : NULL;
	if (!comma || f.text[0] != '(' || f.text[f.len - 1] != ')')
		return reader_fail(
			r, f.at, e, "'%s' where \"(user,item)\" was expected", reader_show(f.text, f.len).text);
	size_t n = (size_t)(comma - f.text);
	TRY(reader_user(r, &(struct field){f.text + 1, n - 1, f.at + 1}, true, user, e));
	return reader_item(r, &(struct field){comma + 1, f.len - n - 2, f.at + n + 1}, true, item, e);
}

static enum err_code line(struct reader *r, const char *text, size_t len, struct err *e)
{
	int32_t user = -1, item = -1, negative;
	TRY(reader_split_blanks(r, text, len, e));
	if (r->n_fields == 0)
		return OK;
	r->records++;
	size_t words;
	TRY(pair(r, &user, &item, &words, e));
	int32_t before = builder_find_held_out(r->builder, user);
	if (before >= 0 && before != item)
		return reader_fail(r, r->field[0].at, e, "%s is not the held-out item that another file gave this user",
			reader_show(r->field[0].text, r->field[0].len).text);
	TRY(builder_held_out(r->builder, user, item, e));
	for (size_t i = words; i < r->n_fields; i++) {
		TRY(reader_item(r, &r->field[i], true, &negative, e));
		TRY(builder_candidate(r->builder, user, negative, e));
	}
	return OK;
}

extern const struct format_class format_negatives;
const struct format_class format_negatives = {
	.desc = {"negatives", "negatives { id_offset_user = 0, item_map = ... }",
		"The published negatives of each user, a line each: (user,item) or user item, negative negative ... "
		"(*.test.negative of NCF).",
		(const struct arg_spec[]){FORMAT_ARGS_IDS, {0}}},
	.line = line,
};
