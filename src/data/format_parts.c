/* The part of each interaction that was read before, in order, a number a line: 0 train, 1 validation, 2 test, 3 history. */
#include "data/reader.h"

#include "data/text.h"

static enum err_code line(struct reader *r, const char *text, size_t len, struct err *e)
{
	int64_t part;
	TRY(reader_split_blanks(r, text, len, e));
	if (r->n_fields == 0)
		return OK;
	if (r->n_fields != 1 || !text_int(r->field[0].text, r->field[0].len, &part) || part < PART_TRAIN ||
		part > PART_HISTORY)
		return reader_fail(r, r->field[0].at, e,
			"expected a part: 0 (train), 1 (validation), 2 (test) or 3 (history), got '%s'",
			reader_show(text, len).text);
	return builder_row_part(r->builder, r->records++, (enum part)part, e);
}

static enum err_code end(struct reader *r, struct err *e)
{
	if (r->records == builder_rows(r->builder))
		return OK;
	return reader_fail(r, 0, e, "there are parts for %lld interactions, but %lld were read before",
		(long long)r->records, (long long)builder_rows(r->builder));
}

extern const struct format_class format_parts;
const struct format_class format_parts = {
	.desc = {"parts", "parts {}",
		"The part of each interaction of the files before, one number a line in their order: 0 train, 1 "
		"validation, 2 test, "
		"3 history.",
		(const struct arg_spec[]){{0}}},
	.line = line,
	.end = end,
};
