/* Comma-separated values as RFC 4180 has them: a field may stand in quotes, in which separators and line ends are text
 * and "" is a quote.  A quote inside a field that does not begin with one is text.
 *
 * A record whose quotes are open at the end of a line is kept in r->record until a line closes them; whether they are
 * open is carried from line to line, so that a long record is scanned once. */
#include "data/reader.h"

#include <string.h>

enum { RECORD_MAX = 1 << 26 };

static enum err_code begin(struct reader *r, struct err *e)
{
	if (!r->separator[0])
		strcpy(r->separator, ",");
	return r->o.columns ? table_from_list(r, r->o.columns, e) : OK;
}

static bool separator_at(const struct reader *r, const char *text, size_t len, size_t i)
{
	size_t width = strlen(r->separator);
	return i + width <= len && memcmp(text + i, r->separator, width) == 0;
}

/* Whether quotes are open after this line, given whether they were before. */
static bool open_after(const struct reader *r, const char *text, size_t len, bool open)
{
	bool begins = !open; /* at the beginning of a field */
	for (size_t i = 0; i < len; i++) {
		if (open) {
			if (text[i] != '"')
				continue;
			if (i + 1 < len && text[i + 1] == '"')
				i++;
			else
				open = false;
		} else if (begins && text[i] == '"') {
			open = true;
			begins = false;
		} else {
			begins = separator_at(r, text, len, i);
			i += begins ? strlen(r->separator) - 1 : 0;
		}
	}
	return open;
}

/* The quoted field that begins at text[*i] into r->unquoted; *i is left behind its closing quote. */
static enum err_code unquote(struct reader *r, const char *text, size_t len, size_t *i, struct err *e)
{
	size_t at = *i;
	for (++*i; *i < len; ++*i) {
		if (text[*i] == '"') {
			if (*i + 1 >= len || text[*i + 1] != '"')
				break;
			++*i;
		}
		r->unquoted.data[r->unquoted.len++] = text[*i];
	}
	++*i;
	if (*i < len && !separator_at(r, text, len, *i))
		return reader_fail(r, *i, e,
			"text follows the quoted field that begins at character %zu; write \"\" for a quote inside "
			"quotes",
			at + 1);
	return OK;
}

static enum err_code split_quoted(struct reader *r, const char *text, size_t len, struct err *e)
{
	size_t width = strlen(r->separator);
	/* Fields point into unquoted, so it must not move: unquoting never makes a record longer. */
	str_clear(&r->unquoted);
	str_add(&r->unquoted, text, len);
	if (r->unquoted.failed)
		return err_set(e, ERR_NOMEM, "no memory for a record of %zu bytes", len);
	r->unquoted.len = 0;
	r->n_fields = 0;
	for (size_t i = 0;; i += width) {
		size_t at = i, from = r->unquoted.len;
		if (i < len && text[i] == '"') {
			TRY(unquote(r, text, len, &i, e));
			TRY(reader_add_field(r, r->unquoted.data + from, r->unquoted.len - from, at, e));
		} else {
			while (i < len && !separator_at(r, text, len, i))
				i++;
			TRY(reader_add_field(r, text + at, i - at, at, e));
		}
		if (i >= len)
			return OK;
	}
}

static enum err_code record(struct reader *r, const char *text, size_t len, struct err *e)
{
	if (memchr(text, '"', len))
		TRY(split_quoted(r, text, len, e));
	else
		TRY(reader_split(r, text, len, r->separator, e));
	if (r->o.header && r->text_line == 1)
		return r->o.columns ? OK : table_from_header(r, false, e);
	if (r->table.n == 0)
		TRY(table_from_count(r, e));
	return table_row(r, e);
}

static enum err_code line(struct reader *r, const char *text, size_t len, struct err *e)
{
	bool was_open = r->in_quotes;
	if (!was_open && !memchr(text, '"', len))
		return record(r, text, len, e);
	r->in_quotes = open_after(r, text, len, was_open);
	if (!was_open && !r->in_quotes)
		return record(r, text, len, e);
	if (!was_open)
		r->record_line = r->line;
	else
		str_putc(&r->record, '\n');
	str_add(&r->record, text, len);
	if (r->record.failed)
		return err_set(e, ERR_NOMEM, "no memory for a record of %zu bytes", r->record.len);
	if (r->in_quotes && r->record.len < RECORD_MAX)
		return OK;
	r->text = r->record.data;
	r->len = r->record.len;
	r->text_line = r->record_line;
	if (r->in_quotes)
		return reader_fail(r, 0, e, "a quoted field of this record is not closed within %d bytes", RECORD_MAX);
	TRY(record(r, r->text, r->len, e));
	str_clear(&r->record);
	return OK;
}

static enum err_code end(struct reader *r, struct err *e)
{
	if (!r->in_quotes)
		return OK;
	r->text = r->record.data;
	r->len = r->record.len;
	r->text_line = r->record_line;
	return reader_fail(
		r, 0, e, "a quoted field of this record is never closed; write \"\" for a quote inside quotes");
}

extern const struct format_class format_csv;
const struct format_class format_csv = {
	.desc = {"csv",
		"csv { header = true, map = \"userId=user,movieId=item\", columns = ..., separator = \",\", table = "
		"\"inter\" }",
		"Comma-separated values (RFC 4180): quoted fields may hold separators, line ends and doubled quotes.",
		(const struct arg_spec[]){FORMAT_ARGS_TABLE, {0}}},
	.begin = begin,
	.line = line,
	.end = end,
};
