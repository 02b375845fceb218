/* Lines whose fields have names: which field is the user, the item, the rating, the time, an attribute. */
#include "data/reader.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void table_fini(struct table *t)
{
	mem_free(t->column);
	*t = (struct table){0};
}

struct name {
	const char *text;
	size_t len;
};

static bool is(struct name n, const char *word)
{
	return strlen(word) == n.len && memcmp(word, n.text, n.len) == 0;
}

static struct name trimmed(const char *text, size_t len)
{
	while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
		len--;
	while (len > 0 && (*text == ' ' || *text == '\t')) {
		text++;
		len--;
	}
	return (struct name){text, len};
}

/* The types of our column lists and of RecBole's headers; no type is text. */
static bool set_type(struct table_column *c, struct name type)
{
	static const struct {
		const char *word;
		enum column_type type;
		bool words;
	} types[] = {{"", COLUMN_TOKEN, false}, {"token", COLUMN_TOKEN, false}, {"text", COLUMN_TEXT, false},
		{"real", COLUMN_REAL, false}, {"float", COLUMN_REAL, false}, {"tokens", COLUMN_TOKENS, false},
		{"words", COLUMN_TOKENS, true}, {"token_seq", COLUMN_TOKENS, true}, {"float_seq", COLUMN_TOKENS, true}};
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (is(type, types[i].word)) {
			c->type = types[i].type;
			c->words = types[i].words;
			return true;
		}
	return false;
}

/* A cell's owner by table and by the prefixes "user." and "item."; ROLE_SKIP where they contradict. */
static enum role cell_role(const struct reader *r, struct name *n)
{
	bool user = n->len > 5 && memcmp(n->text, "user.", 5) == 0,
	     item = n->len > 5 && memcmp(n->text, "item.", 5) == 0;
	if ((user && r->kind == TABLE_ITEM) || (item && r->kind == TABLE_USER))
		return ROLE_SKIP;
	if (user || item) {
		n->text += 5;
		n->len -= 5;
		return user ? ROLE_USER_CELL : ROLE_ITEM_CELL;
	}
	return r->kind == TABLE_USER ? ROLE_USER_CELL : r->kind == TABLE_ITEM ? ROLE_ITEM_CELL : ROLE_ROW_CELL;
}

static enum role role_of(const struct reader *r, struct name *n)
{
	if (is(*n, "user") && r->kind != TABLE_ITEM)
		return ROLE_USER;
	if (is(*n, "item") && r->kind != TABLE_USER)
		return ROLE_ITEM;
	if (is(*n, "rating") && r->kind == TABLE_INTER)
		return ROLE_RATING;
	if (is(*n, "time") && r->kind == TABLE_INTER)
		return ROLE_TIME;
	if (is(*n, "-") || n->len == 0)
		return ROLE_SKIP;
	return cell_role(r, n);
}

static bool has_role(const struct table *t, enum role role)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->column[i].role == role)
			return true;
	return false;
}

/* `listed`: from the caller's option, so that a mistake is a wrong argument; else from the file's header. */
static enum err_code add_column(struct reader *r, struct name n, struct name type, bool listed, struct err *e)
{
	struct table *t = &r->table;
	struct table_column c = {0};
	enum err_code wrong = listed ? ERR_ARG : ERR_FORMAT;
	struct shown word = reader_show(n.text, n.len);
	bool known_type = set_type(&c, type);
	c.role = role_of(r, &n);
	bool cell = c.role >= ROLE_USER_CELL;
	if (c.type == COLUMN_TEXT && c.role != ROLE_ROW_CELL)
		c.type = COLUMN_TOKEN;
	if (!known_type && c.role != ROLE_SKIP)
		return err_set(e, wrong,
			"the column '%s' has the unknown type '%s'; types are token, real, tokens, words, text",
			word.text, reader_show(type.text, type.len).text);
	if (c.role == ROLE_SKIP && listed && n.len > 0 && !is(n, "-"))
		return err_set(e, wrong,
			"columns: '%s' does not describe what the rows of a %s table are about; write - to skip it",
			word.text, r->kind == TABLE_USER ? "user" : "item");
	if (c.role != ROLE_SKIP && !cell && has_role(t, c.role))
		return err_set(e, wrong, "the column '%s' is there twice", word.text);
	if (cell && n.len >= sizeof c.name)
		return err_set(e, wrong, "the column name '%s' is longer than %zu bytes; rename it", word.text,
			sizeof c.name - 1);
	if (cell)
		memcpy(c.name, n.text, n.len);
	/* A title is one text, however the file types it. */
	if (cell && strcmp(c.name, "title") == 0)
		set_type(&c, (struct name){"", 0});
	if (!mem_grow(&t->column, &t->cap, t->n + 1, sizeof *t->column))
		return err_set(e, ERR_NOMEM, "no memory for %zu columns", t->n + 1);
	t->column[t->n++] = c;
	return OK;
}

static enum err_code check_roles(const struct reader *r, enum err_code wrong, const char *hint, struct err *e)
{
	const struct table *t = &r->table;
	bool user = r->kind == TABLE_ITEM || has_role(t, ROLE_USER),
	     item = r->kind == TABLE_USER || has_role(t, ROLE_ITEM);
	if (user && item)
		return OK;
	return err_set(e, wrong, "no column is the %s%s", user ? "item" : "user", hint);
}

enum err_code table_from_list(struct reader *r, const char *list, struct err *e)
{
	for (const char *p = list;;) {
		size_t len = strcspn(p, ",");
		struct name n = trimmed(p, len), type = {"", 0};
		const char *colon = memchr(n.text, ':', n.len);
		if (colon) {
			type = (struct name){colon + 1, n.len - (size_t)(colon + 1 - n.text)};
			n.len = (size_t)(colon - n.text);
		}
		if (is(n, "...") && !p[len])
			r->table.open_end = true;
		else
			TRY(add_column(r, n, type, true, e));
		if (!p[len])
			break;
		p += len + 1;
	}
	return check_roles(r, ERR_ARG, "; columns must name it", e);
}

/* map = "theirs=ours,..."; the names of public data sets are known without it. */
static struct name renamed(const struct reader *r, struct name n)
{
	static const char *const known[][2] = {{"user_id", "user"}, {"userId", "user"}, {"userID", "user"},
		{"item_id", "item"}, {"itemId", "item"}, {"itemID", "item"}, {"movieId", "item"}, {"movie_id", "item"},
		{"timestamp", "time"}, {"movie_title", "title"}};
	for (const char *p = r->o.map ? r->o.map : ""; *p;) {
		size_t len = strcspn(p, ",");
		const char *equal = memchr(p, '=', len);
		if (equal) {
			struct name from = trimmed(p, (size_t)(equal - p));
			if (from.len == n.len && memcmp(from.text, n.text, n.len) == 0)
				return trimmed(equal + 1, len - (size_t)(equal + 1 - p));
		}
		p += len + (p[len] == ',');
	}
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (is(n, known[i][0]))
			return (struct name){known[i][1], strlen(known[i][1])};
	return n;
}

static bool is_called(const struct reader *r, size_t i, const char *role)
{
	return is(renamed(r, trimmed(r->field[i].text, r->field[i].len)), role);
}

enum err_code table_from_count(struct reader *r, struct err *e)
{
	static const char *const lists[] = {"user,item", "user,item,rating", "user,item,rating,time"};
	if (r->kind != TABLE_INTER)
		return err_set(e, ERR_ARG, "%s: a %s table needs columns = \"%s,...\" (or header = true)",
			r->class->desc.name, r->kind == TABLE_USER ? "user" : "item",
			r->kind == TABLE_USER ? "user" : "item");
	if (r->n_fields < 2 || r->n_fields > 4)
		return reader_fail(r, 0, e,
			"%zu field%s where user,item[,rating[,time]] was expected; name them with columns = \"...\", "
			"or set separator",
			r->n_fields, r->n_fields == 1 ? "" : "s");
	if (is_called(r, 0, "user") && is_called(r, 1, "item"))
		return reader_fail(r, 0, e, "this line names the columns: set header = true");
	return table_from_list(r, lists[r->n_fields - 2], e);
}

struct header_name {
	struct name name, type;
};

static struct header_name header_name(const struct reader *r, const struct field *f, bool typed)
{
	struct header_name h = {.name = trimmed(f->text, f->len), .type = {"", 0}};
	const char *colon = typed ? memchr(h.name.text, ':', h.name.len) : NULL;
	if (colon) {
		h.type = (struct name){colon + 1, h.name.len - (size_t)(colon + 1 - h.name.text)};
		h.name.len = (size_t)(colon - h.name.text);
	}
	h.name = renamed(r, h.name);
	/* A rename may bring a type: "year=year:real". */
	colon = memchr(h.name.text, ':', h.name.len);
	if (colon && !typed) {
		h.type = (struct name){colon + 1, h.name.len - (size_t)(colon + 1 - h.name.text)};
		h.name.len = (size_t)(colon - h.name.text);
	}
	return h;
}

/* A typed header says by its id columns what the file describes. */
static void guess_kind(struct reader *r)
{
	bool user = false, item = false;
	for (size_t i = 0; i < r->n_fields; i++) {
		struct name n = header_name(r, &r->field[i], true).name;
		user |= is(n, "user");
		item |= is(n, "item");
	}
	if (!r->o.table && user != item)
		r->kind = user ? TABLE_USER : TABLE_ITEM;
}

enum err_code table_from_header(struct reader *r, bool typed, struct err *e)
{
	if (typed)
		guess_kind(r);
	for (size_t i = 0; i < r->n_fields; i++) {
		struct header_name h = header_name(r, &r->field[i], typed);
		r->error_at = r->field[i].at;
		TRY(add_column(r, h.name, h.type, false, e));
	}
	r->error_at = 0;
	return check_roles(r, ERR_FORMAT, " in this header; name it with map = \"their_name=user,their_name=item\"", e);
}

/* ---- rows ---- */

static enum err_code check_count(struct reader *r, struct err *e)
{
	const struct table *t = &r->table;
	if (r->n_fields == t->n || (r->n_fields > t->n && t->open_end))
		return OK;
	if (r->n_fields < t->n)
		return reader_fail(r, r->len, e, "the line ends after %zu of %zu fields", r->n_fields, t->n);
	return reader_fail(r, r->field[t->n].at, e, "%zu fields, %zu were expected", r->n_fields, t->n);
}

/* Words between blanks as a list between '|', in r->id. */
static enum err_code as_list(struct reader *r, const struct field *f, struct field *list, struct err *e)
{
	struct str *s = &r->id;
	str_clear(s);
	for (size_t i = 0; i < f->len; i++) {
		if (f->text[i] != ' ')
			str_putc(s, f->text[i] == '|' ? '/' : f->text[i]);
		else if (s->len > 0 && s->data[s->len - 1] != '|')
			str_putc(s, '|');
	}
	if (s->failed)
		return err_set(e, ERR_NOMEM, "no memory for a cell of %zu bytes", f->len);
	size_t len = s->len > 0 && s->data[s->len - 1] == '|' ? s->len - 1 : s->len;
	*list = (struct field){str_text(s), len, f->at};
	return OK;
}

static enum err_code cell_real(struct reader *r, const struct table_column *c, const struct field *f, int32_t user,
	int32_t item, struct err *e)
{
	bool of_item = c->role == ROLE_ITEM_CELL;
	float v;
	TRY(reader_rating(r, f, &v, e));
	if (c->role == ROLE_ROW_CELL)
		return builder_row_real(r->builder, c->name, v, e);
	return builder_cell_real(r->builder, of_item, of_item ? item : user, c->name, v, e);
}

static enum err_code cell_text(struct reader *r, const struct table_column *c, const struct field *f, int32_t user,
	int32_t item, struct err *e)
{
	bool of_item = c->role == ROLE_ITEM_CELL;
	struct field list = {0};
	if (c->words) {
		TRY(as_list(r, f, &list, e));
		f = &list;
	}
	if (c->role == ROLE_ROW_CELL)
		return builder_row_text(r->builder, c->name, c->type, f->text, f->len, e);
	return builder_cell_text(r->builder, of_item, of_item ? item : user, c->name, c->type, f->text, f->len, e);
}

static enum err_code row_cells(struct reader *r, int32_t user, int32_t item, struct err *e)
{
	for (size_t i = 0; i < r->table.n; i++) {
		const struct table_column *c = &r->table.column[i];
		if (c->role < ROLE_USER_CELL)
			continue;
		TRY(c->type == COLUMN_REAL ? cell_real(r, c, &r->field[i], user, item, e)
					   : cell_text(r, c, &r->field[i], user, item, e));
	}
	return OK;
}

enum err_code table_row(struct reader *r, struct err *e)
{
	TRY(check_count(r, e));
	bool inter = r->kind == TABLE_INTER, cells = false;
	int32_t user = -1, item = -1;
	float rating = NAN;
	int64_t time = INT64_MIN;
	r->records++;
	for (size_t i = 0; i < r->table.n; i++) {
		const struct field *f = &r->field[i];
		switch (r->table.column[i].role) {
		case ROLE_SKIP:
			break;
		case ROLE_USER:
			TRY(reader_user(r, f, inter, &user, e));
			break;
		case ROLE_ITEM:
			TRY(reader_item(r, f, inter, &item, e));
			break;
		case ROLE_RATING:
			TRY(reader_rating(r, f, &rating, e));
			break;
		case ROLE_TIME:
			TRY(reader_time(r, f, &time, e));
			break;
		case ROLE_USER_CELL:
		case ROLE_ITEM_CELL:
		case ROLE_ROW_CELL:
			cells = true;
			break;
		}
	}
	if (inter)
		TRY(builder_add_ids(r->builder, user, item, rating, time, e));
	else if ((r->kind == TABLE_USER ? user : item) < 0)
		return OK;
	r->known++;
	return cells ? row_cells(r, user, item, e) : OK;
}
