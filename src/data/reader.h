/* What the format files share: the reader they are called with, fields, columns, ids and errors with a place. */
#ifndef GUSTO_DATA_READER_H
#define GUSTO_DATA_READER_H

#include "base/str.h"
#include "data/format.h"

#include <stdint.h>

struct field {
	const char *text;
	size_t len;
	size_t at; /* offset of the field in the line, for errors */
};

enum role { ROLE_SKIP, ROLE_USER, ROLE_ITEM, ROLE_RATING, ROLE_TIME, ROLE_USER_CELL, ROLE_ITEM_CELL, ROLE_ROW_CELL };

struct table_column {
	enum role role;
	enum column_type type; /* of a cell */
	bool words;	       /* a list whose parts stand between blanks */
	char name[32];	       /* of a cell */
};

/* The meaning of a line's fields; filled before the first row. */
struct table {
	struct table_column *column;
	size_t n, cap;
	bool open_end; /* further fields are ignored */
};

enum table_kind { TABLE_INTER, TABLE_USER, TABLE_ITEM };

struct reader {
	struct builder *builder;
	const struct format_class *class;
	struct format_options o;
	const char *name; /* of the file, for errors */
	enum table_kind kind;
	struct table table;
	struct dataset *user_ids, *item_ids; /* o.user_map and o.item_map, or NULL */
	struct dataset *features;	     /* o.features, or NULL: users are the indices, items their values */

	int64_t line;	  /* lines of the file so far */
	const char *text; /* the current record, for errors: where it begins in the file and what it holds */
	size_t len;
	int64_t text_line;
	size_t error_at;	/* offset in text of what reader_fail complained about */
	int64_t records, known; /* rows seen; rows of a user or item table whose id exists */

	struct field *field; /* of the current record */
	size_t n_fields, field_cap;
	struct str id;	    /* scratch */
	char separator[16]; /* table formats: what splits fields; "" until it is known */
	struct str record;  /* csv: a record that spans lines, and where it begins; jsonl: the texts of its fields */
	int64_t record_line;
	bool in_quotes;
	struct str unquoted; /* csv: the record without its quotes */
};

/* ERR_FORMAT with a sentence about what stands at offset `at` of the current record. */
enum err_code reader_fail(struct reader *r, size_t at, struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* The text of a field for an error sentence: cut, without control characters. */
struct shown {
	char text[48];
};
struct shown reader_show(const char *text, size_t len);

/* Fills r->field: split at a separator (one or more characters), or at runs of blanks. */
enum err_code reader_split(struct reader *r, const char *text, size_t len, const char *separator, struct err *e);
enum err_code reader_split_blanks(struct reader *r, const char *text, size_t len, struct err *e);
enum err_code reader_add_field(struct reader *r, const char *text, size_t len, size_t at, struct err *e);

/* The builder's id for a field, after offset and map.  With `make` unset *id is -1 where the id is unknown. */
enum err_code reader_user(struct reader *r, const struct field *f, bool make, int32_t *id, struct err *e);
enum err_code reader_item(struct reader *r, const struct field *f, bool make, int32_t *id, struct err *e);
/* An empty field is a missing value: NaN, INT64_MIN. */
enum err_code reader_rating(struct reader *r, const struct field *f, float *v, struct err *e);
enum err_code reader_time(struct reader *r, const struct field *f, int64_t *v, struct err *e);

/* Columns from a list as in format_options.columns. */
enum err_code table_from_list(struct reader *r, const char *list, struct err *e);
/* Columns from r->field, a header line; `typed`: names are "name:type" as RecBole writes them. */
enum err_code table_from_header(struct reader *r, bool typed, struct err *e);
/* One row from r->field. */
enum err_code table_row(struct reader *r, struct err *e);
/* Columns for a headerless file whose list was not given: user,item[,rating[,time]] by the number of fields. */
enum err_code table_from_count(struct reader *r, struct err *e);
void table_fini(struct table *t);

/* Rows of desc.args: one for each member of format_options that a format obeys. */
#define FORMAT_ARG(option, type_, text_)                                                                               \
	{                                                                                                              \
		.name = option, .type = type_, .min = -1e15, .max = 1e15, .help = text_                                \
	}
#define FORMAT_ARGS_ITEM_IDS                                                                                           \
	FORMAT_ARG("encoding", ARG_STRING, "utf-8 (default) or latin-1"),                                              \
		FORMAT_ARG("id_offset_item", ARG_INT, "added to every item id, which must be a whole number"),         \
		FORMAT_ARG("item_map", ARG_STRING, "file of 'id here, id in the data set' lines for items")
#define FORMAT_ARGS_IDS                                                                                                \
	FORMAT_ARGS_ITEM_IDS,                                                                                          \
		FORMAT_ARG("id_offset_user", ARG_INT, "added to every user id, which must be a whole number"),         \
		FORMAT_ARG("user_map", ARG_STRING, "file of 'id here, id in the data set' lines for users")
#define FORMAT_ARGS_TABLE                                                                                              \
	FORMAT_ARGS_IDS, FORMAT_ARG("separator", ARG_STRING, "what stands between fields"),                            \
		FORMAT_ARG("columns", ARG_STRING, "user,item,rating,time in file order; - skips, ... ends"),           \
		FORMAT_ARG("header", ARG_BOOL, "the first line names the columns"),                                    \
		FORMAT_ARG("table", ARG_STRING, "inter (default), user or item: what the rows describe"),              \
		FORMAT_ARG("map", ARG_STRING, "renames of header names: userId=user,movieId=item")

#endif
