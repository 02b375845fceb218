#include "data/reader.h"

#include "base/mem.h"
#include "data/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum err_code reader_fail(struct reader *r, size_t at, struct err *e, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	r->error_at = at;
	return err_set(e, ERR_FORMAT, "%s", text);
}

struct shown reader_show(const char *text, size_t len)
{
	struct shown s = {""};
	text_clean(text, len, s.text, sizeof s.text);
	return s;
}

/* ---- fields ---- */

enum err_code reader_add_field(struct reader *r, const char *text, size_t len, size_t at, struct err *e)
{
	if (!mem_grow(&r->field, &r->field_cap, r->n_fields + 1, sizeof *r->field))
		return err_set(e, ERR_NOMEM, "no memory for a line of %zu fields", r->n_fields);
	r->field[r->n_fields++] = (struct field){text, len, at};
	return OK;
}

enum err_code reader_split(struct reader *r, const char *text, size_t len, const char *separator, struct err *e)
{
	size_t width = strlen(separator), from = 0, i = 0;
	r->n_fields = 0;
	while (i + width <= len) {
		if (text[i] != separator[0] || (width > 1 && memcmp(text + i, separator, width) != 0)) {
			i++;
			continue;
		}
		TRY(reader_add_field(r, text + from, i - from, from, e));
		i += width;
		from = i;
	}
	return reader_add_field(r, text + from, len - from, from, e);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

enum err_code reader_split_blanks(struct reader *r, const char *text, size_t len, struct err *e)
{
	r->n_fields = 0;
	for (size_t i = 0; i < len;) {
		if (is_blank(text[i])) {
			i++;
			continue;
		}
		size_t from = i;
		while (i < len && !is_blank(text[i]))
			i++;
		TRY(reader_add_field(r, text + from, i - from, from, e));
	}
	return OK;
}

/* ---- values ---- */

static void trim(const struct field *f, const char **text, size_t *len)
{
	*text = f->text;
	*len = f->len;
	while (*len > 0 && is_blank((*text)[*len - 1]))
		--*len;
	while (*len > 0 && is_blank(**text)) {
		++*text;
		--*len;
	}
}

static enum err_code shift(struct reader *r, const char *what, const struct field *f, int64_t offset, const char **text,
	size_t *len, struct err *e)
{
	int64_t v;
	if (!text_int(*text, *len, &v) || __builtin_add_overflow(v, offset, &v))
		return reader_fail(r, f->at, e, "the %s id '%s' is not a whole number, so id_offset_%s cannot be added",
			what, reader_show(*text, *len).text, what);
	str_clear(&r->id);
	str_printf(&r->id, "%lld", (long long)v);
	if (r->id.failed)
		return err_set(e, ERR_NOMEM, "no memory for a %s id", what);
	*text = r->id.data;
	*len = r->id.len;
	return OK;
}

static enum err_code look_up(struct reader *r, const char *what, const struct field *f, const struct dataset *map,
	const char **text, size_t *len, struct err *e)
{
	int32_t i = strtab_find(&map->users, &map->user_index, *text, *len);
	if (i < 0)
		return reader_fail(r, f->at, e, "the %s id '%s' is not in the id map %s", what,
			reader_show(*text, *len).text, map->name);
	*len = strtab_get(&map->items, map->item[map->start[i]], text);
	return OK;
}

static enum err_code read_id(
	struct reader *r, bool of_item, const struct field *f, bool make, int32_t *id, struct err *e)
{
	const char *what = of_item ? "item" : "user", *text = f->text;
	size_t len = f->len;
	int64_t offset = of_item ? r->o.id_offset_item : r->o.id_offset_user;
	const struct dataset *map = of_item ? r->item_ids : r->user_ids;
	if (len == 0)
		return reader_fail(r, f->at, e, "the %s id is empty", what);
	if (offset)
		TRY(shift(r, what, f, offset, &text, &len, e));
	if (map)
		TRY(look_up(r, what, f, map, &text, &len, e));
	if (make)
		*id = of_item ? builder_item(r->builder, text, len) : builder_user(r->builder, text, len);
	else
		*id = of_item ? builder_find_item(r->builder, text, len) : builder_find_user(r->builder, text, len);
	return make && *id < 0 ? err_set(e, ERR_NOMEM, "no memory for a new %s id", what) : OK;
}

enum err_code reader_user(struct reader *r, const struct field *f, bool make, int32_t *id, struct err *e)
{
	return read_id(r, false, f, make, id, e);
}

enum err_code reader_item(struct reader *r, const struct field *f, bool make, int32_t *id, struct err *e)
{
	return read_id(r, true, f, make, id, e);
}

/* On the first line a word where a number belongs is most likely a header. */
static const char *header_hint(const struct reader *r)
{
	return r->line == 1 && !r->o.header && arg_index(&r->class->desc, "header") >= 0
		       ? "; if this line names the columns, set header = true"
		       : "";
}

enum err_code reader_rating(struct reader *r, const struct field *f, float *v, struct err *e)
{
	const char *text;
	size_t len;
	double x;
	trim(f, &text, &len);
	*v = NAN;
	if (len == 0)
		return OK;
	if (!text_real(text, len, &x) || !isfinite((float)x))
		return reader_fail(
			r, f->at, e, "expected a number, got '%s'%s", reader_show(text, len).text, header_hint(r));
	*v = (float)x;
	return OK;
}

enum err_code reader_time(struct reader *r, const struct field *f, int64_t *v, struct err *e)
{
	const char *text;
	size_t len;
	double x;
	trim(f, &text, &len);
	*v = INT64_MIN;
	if (len == 0 || text_int(text, len, v))
		return OK;
	if (!text_real(text, len, &x) || fabs(x) > 9e18)
		return reader_fail(r, f->at, e, "expected a time as a number (seconds, or any count), got '%s'%s",
			reader_show(text, len).text, header_hint(r));
	*v = (int64_t)floor(x);
	return OK;
}
