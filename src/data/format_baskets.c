/* Next baskets, a user a line: part user basket basket ..., a basket being its items between commas, oldest first.  All baskets of
 * a "train" user train; of a "valid" (or "validate") and a "test" user the last basket is the target and the earlier ones are
 * history.  The time of a row is the number of its basket, from 1.  Files may number the users of each part anew, so they are called
 * by part and id. */
#include "data/reader.h"

#include <math.h>
#include <string.h>

static enum err_code read_part(struct reader *r, enum part *part, struct err *e)
{
	const struct field *f = &r->field[0];
	static const struct {
		const char *name;
		enum part part;
	} known[] = {{"train", PART_TRAIN}, {"valid", PART_VALID}, {"validate", PART_VALID}, {"test", PART_TEST}};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (f->len == strlen(known[i].name) && memcmp(f->text, known[i].name, f->len) == 0) {
			*part = known[i].part;
			return OK;
		}
	return reader_fail(
		r, f->at, e, "the part of a user is train, valid or test, got '%s'", reader_show(f->text, f->len).text);
}

static enum err_code new_user(struct reader *r, int32_t *user, struct err *e)
{
	const struct field *part = &r->field[0], *id = &r->field[1];
	str_clear(&r->id);
	str_printf(&r->id, "%.*s %.*s", (int)part->len, part->text, (int)id->len, id->text);
	*user = r->id.failed ? -1 : builder_user(r->builder, r->id.data, r->id.len);
	return *user < 0 ? err_set(e, ERR_NOMEM, "no memory for a new user id") : OK;
}

static enum err_code add_basket(struct reader *r, int32_t user, const struct field *f, int64_t time, struct err *e)
{
	for (size_t at = 0; at <= f->len;) {
		const char *comma = at < f->len ? memchr(f->text + at, ',', f->len - at) : NULL;
		size_t n = comma ? (size_t)(comma - f->text) - at : f->len - at;
		int32_t item;
		TRY(reader_item(r, &(struct field){f->text + at, n, f->at + at}, true, &item, e));
		TRY(builder_add_ids(r->builder, user, item, NAN, time, e));
		at += n + 1;
	}
	return OK;
}

static enum err_code line(struct reader *r, const char *text, size_t len, struct err *e)
{
	int32_t user;
	enum part part = PART_TRAIN;
	TRY(reader_split_blanks(r, text, len, e));
	if (r->n_fields == 0)
		return OK;
	if (r->n_fields < 3)
		return reader_fail(
			r, len, e, "%zu words where \"part user basket basket ...\" was expected", r->n_fields);
	r->records++;
	TRY(read_part(r, &part, e));
	TRY(new_user(r, &user, e));
	for (size_t i = 2; i < r->n_fields; i++) {
		builder_part(r->builder, i + 1 < r->n_fields && part != PART_TRAIN ? PART_HISTORY : part);
		struct field basket = r->field[i];
		TRY(add_basket(r, user, &basket, (int64_t)i - 1, e));
	}
	return OK;
}

extern const struct format_class format_baskets;
const struct format_class format_baskets = {
	.desc = {"baskets", "baskets { item_map = ... }",
		"Baskets in time order, a user a line: part user item,item,... item,... ...; part is train, valid or "
		"test, and the "
		"last basket of a valid or test user is its target.",
		(const struct arg_spec[]){FORMAT_ARGS_ITEM_IDS, {0}}},
	.line = line,
};
