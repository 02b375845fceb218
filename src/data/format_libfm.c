/* libFM's sparse rows with one feature a field: "label index:value index:value ..." (Rendle 2012; the click-through sets of
 * NFM and AFM).  `columns` names the fields in order; a token's text is its index, or what `features` (lines "index, column,
 * value" between tabs) says that it stands for; a column of type real takes the value behind the colon.  The label is the
 * rating. */
#include "data/reader.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

static enum err_code begin(struct reader *r, struct err *e)
{
	if (!r->o.columns)
		return err_set(e, ERR_ARG, "libfm needs columns = \"user,item,...\": what the features of a line are");
	size_t size = strlen(r->o.columns) + sizeof "rating,";
	char *list = mem_alloc(size);
	if (!list)
		return err_set(e, ERR_NOMEM, "no memory for the columns of a libfm file");
	snprintf(list, size, "rating,%s", r->o.columns);
	enum err_code code = table_from_list(r, list, e);
	mem_free(list);
	return code;
}

/* "index:value" -> the field's text, for the column it stands in. */
static enum err_code decode(struct reader *r, const struct table_column *c, struct field *f, struct err *e)
{
	const char *colon = memchr(f->text, ':', f->len);
	if (!colon)
		return reader_fail(
			r, f->at, e, "'%s' where index:value was expected", reader_show(f->text, f->len).text);
	size_t index = (size_t)(colon - f->text);
	if (c->type == COLUMN_REAL && c->role != ROLE_USER && c->role != ROLE_ITEM) {
		*f = (struct field){colon + 1, f->len - index - 1, f->at + index + 1};
		return OK;
	}
	f->len = index;
	const struct dataset *map = r->features;
	int32_t known = map ? strtab_find(&map->users, &map->user_index, f->text, index) : -1;
	if (map && known < 0)
		return reader_fail(
			r, f->at, e, "the feature %s is not in %s", reader_show(f->text, index).text, map->name);
	if (map)
		f->len = strtab_get(&map->items, map->item[map->start[known]], &f->text);
	return OK;
}

static enum err_code line(struct reader *r, const char *text, size_t len, struct err *e)
{
	TRY(reader_split_blanks(r, text, len, e));
	for (size_t i = 1; i < r->n_fields && i < r->table.n; i++)
		TRY(decode(r, &r->table.column[i], &r->field[i], e));
	return table_row(r, e);
}

extern const struct format_class format_libfm;
const struct format_class format_libfm = {
	.desc = {"libfm", "libfm { columns = \"user,item,weekday,...\", features = \"feature_map.tsv\" }",
		"libFM's \"label index:value ...\" with one feature a field; the label is the rating.",
		(const struct arg_spec[]){FORMAT_ARGS_IDS,
			FORMAT_ARG("columns", ARG_STRING, "what the features of a line are, in order"),
			FORMAT_ARG("features", ARG_STRING,
				"file of 'index, column, value' lines: what an index stands for"),
			{0}}},
	.begin = begin,
	.line = line,
};
