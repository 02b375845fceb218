/* JSON lines: one object a line, one interaction (or user, or item) an object.  `map` says which members are kept and
 * what they mean: "reviewerID=user,asin=item,overall=rating,reviewText=review:text"; the others are ignored.
 *
 * A member becomes the field it would be in a table: a string its text, a number its decimal form, a list its parts
 * joined by '|', null or a missing member the empty field. */
#include "data/reader.h"

#include <jansson.h>
#include <string.h>

/* The next "theirs=ours[:type]" of the map; false at its end. */
static bool next_entry(const char **map, struct field *theirs, struct field *ours)
{
	const char *p = *map + (**map == ',');
	size_t len = strcspn(p, ",");
	if (len == 0)
		return false;
	const char *equal = memchr(p, '=', len);
	size_t key = equal ? (size_t)(equal - p) : strcspn(p, ",:");
	*theirs = (struct field){p, key, 0};
	*ours = equal ? (struct field){equal + 1, len - key - 1, 0} : (struct field){p, len, 0};
	*map = p + len;
	return true;
}

static enum err_code begin(struct reader *r, struct err *e)
{
	struct field theirs, ours;
	struct str list = {0};
	if (!r->o.map)
		return err_set(e, ERR_ARG, "jsonl needs map = \"their_name=user,their_name=item,...\"");
	for (const char *map = r->o.map; next_entry(&map, &theirs, &ours);) {
		str_puts(&list, list.len ? "," : "");
		str_add(&list, ours.text, ours.len);
	}
	enum err_code code = list.failed ? err_set(e, ERR_NOMEM, "no memory for the columns of a jsonl file")
					 : table_from_list(r, str_text(&list), e);
	str_free(&list);
	return code;
}

/* ---- values ---- */

static bool add_scalar(struct str *s, const json_t *v)
{
	if (json_is_integer(v))
		str_printf(s, "%lld", (long long)json_integer_value(v));
	else if (json_is_real(v))
		str_printf(s, "%.9g", json_real_value(v));
	else if (json_is_boolean(v))
		str_puts(s, json_is_true(v) ? "true" : "false");
	else if (json_is_string(v))
		str_add(s, json_string_value(v), json_string_length(v));
	else
		return json_is_null(v);
	return true;
}

static bool add_list(struct str *s, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (s->len && i)
			str_putc(s, '|');
		size_t from = s->len;
		if (!add_scalar(s, json_array_get(list, i)))
			return false;
		for (char *p = s->data ? s->data + from : NULL; p && p < s->data + s->len; p++)
			*p = *p == '|' ? '/' : *p;
	}
	return true;
}

/* All members into one text, whose fields are cut when it no longer moves. */
static enum err_code take_object(struct reader *r, const json_t *object, struct err *e)
{
	struct str *s = &r->record;
	struct field theirs, ours;
	str_clear(s);
	r->n_fields = 0;
	for (const char *map = r->o.map; next_entry(&map, &theirs, &ours);) {
		const json_t *v = json_object_getn(object, theirs.text, theirs.len);
		size_t from = s->len;
		bool fits = !v || (json_is_array(v) ? add_list(s, v) : add_scalar(s, v));
		if (!fits)
			return reader_fail(r, 0, e,
				"the member '%s' is an object or a list of lists; text, a number or a list was "
				"expected",
				reader_show(theirs.text, theirs.len).text);
		TRY(reader_add_field(r, NULL, s->len - from, 0, e));
	}
	if (s->failed)
		return err_set(e, ERR_NOMEM, "no memory for an object of %zu bytes", r->len);
	const char *text = str_text(s);
	for (size_t i = 0; i < r->n_fields; i++) {
		r->field[i].text = text;
		text += r->field[i].len;
	}
	return OK;
}

static enum err_code line(struct reader *r, const char *text, size_t len, struct err *e)
{
	json_error_t error;
	json_t *object = json_loadb(text, len, 0, &error);
	enum err_code code;
	if (!object)
		code = reader_fail(
			r, error.position > 0 ? (size_t)error.position - 1 : 0, e, "not JSON: %.120s", error.text);
	else if (!json_is_object(object))
		code = reader_fail(r, 0, e, "an object { ... } was expected on each line");
	else
		code = take_object(r, object, e);
	json_decref(object);
	return code == OK ? table_row(r, e) : code;
}

extern const struct format_class format_jsonl;
const struct format_class format_jsonl = {
	.desc = {"jsonl", "jsonl { map = \"reviewerID=user,asin=item,overall=rating,reviewText=review:text\" }",
		"JSON lines, one object an interaction; map names the members that are kept.",
		(const struct arg_spec[]){FORMAT_ARGS_IDS,
			FORMAT_ARG("table", ARG_STRING, "inter (default), user or item: what the objects describe"),
			FORMAT_ARG("map", ARG_STRING, "their_name=our_name[:type], ..."), {0}}},
	.begin = begin,
	.line = line,
};
