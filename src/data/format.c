/* From bytes to lines to a format's `line`, with a place for every error.
 *
 * source_read unpacks; `feed` cuts at '\n' and keeps what is left of a piece in `carry`, so that a line that lies whole
 * in a piece is never copied; take_line strips BOM and CR, and makes sure that what a format sees is UTF-8 without NUL. */
#include "data/format.h"

#include "base/fs.h"
#include "base/mem.h"
#include "data/reader.h"
#include "data/source.h"
#include "data/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT(name) extern const struct format_class format_##name;
#include "data/formats.def"
#undef FORMAT

static const struct desc *const rows[] = {
#define FORMAT(name) &format_##name.desc,
#include "data/formats.def"
#undef FORMAT
};

const struct registry format_registry = {"format", rows, sizeof rows / sizeof *rows};

struct feed {
	struct reader r;
	struct str carry, utf8;
	bool latin1;
};

/* ---- errors ---- */

/* "file:line:column: " before a complaint about the current record; columns count characters. */
static enum err_code place(const struct reader *r, enum err_code code, struct err *e)
{
	if (code == OK || !e)
		return code;
	if (code != ERR_FORMAT)
		return err_prefix(e, "%s:%lld", r->name, (long long)r->text_line);
	int64_t line = r->text_line, column = 1;
	for (size_t i = 0; i < r->error_at && i < r->len; i++) {
		bool end = r->text[i] == '\n';
		line += end;
		column = end ? 1 : column + (((unsigned char)r->text[i] & 0xc0) != 0x80);
	}
	return err_prefix(e, "%s:%lld:%lld", r->name, (long long)line, (long long)column);
}

/* ---- lines ---- */

static enum err_code check_text(struct feed *f, const char *text, size_t len, struct err *e)
{
	size_t bad = text_utf8_check(text, len);
	if (bad == len)
		return OK;
	if (text[bad] == '\0')
		return reader_fail(&f->r, bad, e, "a NUL byte; data files are text in UTF-8 or latin-1");
	return reader_fail(&f->r, bad, e,
		"the byte 0x%02X is not UTF-8; if the file is in ISO-8859-1, set encoding = \"latin-1\"",
		(unsigned char)text[bad]);
}

static enum err_code take_line(struct feed *f, const char *text, size_t len, struct err *e)
{
	struct reader *r = &f->r;
	if (++r->line == 1 && len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		len -= 3;
	}
	if (len > 0 && text[len - 1] == '\r')
		len--;
	if (f->latin1) {
		str_clear(&f->utf8);
		text_from_latin1(&f->utf8, text, len);
		if (f->utf8.failed)
			return err_set(e, ERR_NOMEM, "%s: no memory for a line of %zu bytes", r->name, len);
		text = str_text(&f->utf8);
		len = f->utf8.len;
	}
	r->text = text;
	r->len = len;
	r->text_line = r->line;
	r->error_at = 0;
	enum err_code code = check_text(f, text, len, e);
	if (code == OK && (len > 0 || r->in_quotes))
		code = r->class->line(r, text, len, e);
	return place(r, code, e);
}

static enum err_code take_piece(void *ctx, const char *bytes, size_t n, struct err *e)
{
	struct feed *f = ctx;
	while (n > 0) {
		const char *end = memchr(bytes, '\n', n);
		size_t len = end ? (size_t)(end - bytes) : n;
		if (!end || f->carry.len > 0) {
			str_add(&f->carry, bytes, len);
			if (f->carry.failed)
				return err_set(e, ERR_NOMEM, "%s: no memory for line %lld", f->r.name,
					(long long)f->r.line + 1);
		}
		if (!end)
			return OK;
		bool carried = f->carry.len > 0;
		TRY(take_line(f, carried ? f->carry.data : bytes, carried ? f->carry.len : len, e));
		if (carried)
			str_clear(&f->carry);
		bytes += len + 1;
		n -= len + 1;
	}
	return OK;
}

static enum err_code take_end(struct feed *f, struct err *e)
{
	struct reader *r = &f->r;
	if (f->carry.len > 0)
		TRY(take_line(f, f->carry.data, f->carry.len, e));
	if (r->class->end)
		TRY(place(r, r->class->end(r, e), e));
	if (r->records == 0)
		return err_set(e, ERR_FORMAT, "%s: there is not one row in it", r->name);
	if (r->kind != TABLE_INTER && r->known == 0)
		return err_set(e, ERR_FORMAT,
			"%s: none of its %lld ids occurs in the interactions; read those first, or give an id map",
			r->name, (long long)r->records);
	return OK;
}

/* ---- options ---- */

static enum err_code check_options(const struct format_class *c, const struct format_options *o, struct err *e)
{
	const struct {
		const char *name;
		bool given;
	} option[] = {{"separator", o->separator}, {"columns", o->columns}, {"header", o->header},
		{"encoding", o->encoding}, {"table", o->table}, {"map", o->map}, {"id_offset_user", o->id_offset_user},
		{"id_offset_item", o->id_offset_item}, {"user_map", o->user_map}, {"item_map", o->item_map},
		{"features", o->features}};
	for (size_t i = 0; i < sizeof option / sizeof *option; i++)
		if (option[i].given && arg_index(&c->desc, option[i].name) < 0)
			return err_set(e, ERR_ARG, "format %s has no option '%s'; usage: %s", c->desc.name,
				option[i].name, c->desc.usage);
	return OK;
}

static enum err_code set_table(struct reader *r, struct err *e)
{
	static const char *const name[] = {[TABLE_INTER] = "inter", [TABLE_USER] = "user", [TABLE_ITEM] = "item"};
	for (int i = 0; r->o.table && i < 3; i++)
		if (strcmp(r->o.table, name[i]) == 0) {
			r->kind = (enum table_kind)i;
			return OK;
		}
	return r->o.table ? err_set(e, ERR_ARG, "table must be inter, user or item, got \"%s\"", r->o.table) : OK;
}

/* Every format of interactions obeys it: the builder labels what it is given. */
static enum err_code set_part(struct reader *r, struct err *e)
{
	int part = r->o.part ? arg_choice_index("train|valid|test|history", r->o.part) : PART_TRAIN;
	if (part < 0)
		return err_set(e, ERR_ARG, "part must be train, valid, test or history, got \"%s\"", r->o.part);
	builder_part(r->builder, (enum part)part);
	return OK;
}

static enum err_code set_encoding(struct feed *f, struct err *e)
{
	const char *given = f->r.o.encoding;
	static const char *const latin[] = {"latin-1", "latin1", "iso-8859-1", "ISO-8859-1"};
	if (!given || strcmp(given, "utf-8") == 0 || strcmp(given, "UTF-8") == 0)
		return OK;
	for (size_t i = 0; i < 4; i++)
		f->latin1 |= strcmp(given, latin[i]) == 0;
	return f->latin1 ? OK : err_set(e, ERR_ARG, "encoding must be utf-8 or latin-1, got \"%s\"", given);
}

/* A map file is a small data set of its own: users are the ids in the file, the item of each is the id it means. */
static enum err_code read_map(
	const char *path, const char *format, const struct format_options *o, struct dataset **out, struct err *e)
{
	if (!path)
		return OK;
	struct builder *b = builder_new(path);
	enum err_code code = b ? format_read(b, path, format, o, e) : err_set(e, ERR_NOMEM, "no memory for %s", path);
	if (code == OK)
		code = builder_finish(b, out, e);
	builder_free(b);
	return code;
}

static enum err_code set_options(struct feed *f, const struct format_options *o, struct err *e)
{
	struct reader *r = &f->r;
	if (o)
		r->o = *o;
	TRY(check_options(r->class, &r->o, e));
	TRY(set_encoding(f, e));
	TRY(set_table(r, e));
	TRY(set_part(r, e));
	const char *separator = r->o.separator ? r->o.separator : "";
	if (strlen(separator) >= sizeof r->separator || strchr(separator, '\n') || strchr(separator, '"'))
		return err_set(e, ERR_ARG, "separator must be 1 to %zu characters without quotes, got \"%.20s\"",
			sizeof r->separator - 1, separator);
	snprintf(r->separator, sizeof r->separator, "%s", separator);
	const struct format_options features = {.columns = "user,-,item"};
	TRY(read_map(r->o.user_map, "pairs", NULL, &r->user_ids, e));
	TRY(read_map(r->o.item_map, "pairs", NULL, &r->item_ids, e));
	TRY(read_map(r->o.features, "tsv", &features, &r->features, e));
	return r->class->begin ? r->class->begin(r, e) : OK;
}

static enum err_code open_feed(struct feed *f, struct builder *b, const char *name, const char *format,
	const struct format_options *o, struct err *e)
{
	*f = (struct feed){.r = {.builder = b, .name = name}};
	const struct desc *d = registry_need(&format_registry, format, e);
	if (!d)
		return ERR_NOTFOUND;
	f->r.class = (const struct format_class *)d;
	enum err_code code = set_options(f, o, e);
	return code == OK ? OK : err_prefix(e, "%s", name), code;
}

static void close_feed(struct feed *f)
{
	struct reader *r = &f->r;
	dataset_unref(r->user_ids);
	dataset_unref(r->item_ids);
	dataset_unref(r->features);
	table_fini(&r->table);
	mem_free(r->field);
	str_free(&r->id);
	str_free(&r->record);
	str_free(&r->unquoted);
	str_free(&f->carry);
	str_free(&f->utf8);
}

enum err_code format_read(
	struct builder *b, const char *path, const char *format, const struct format_options *o, struct err *e)
{
	struct feed f;
	enum err_code code = open_feed(&f, b, path, format, o, e);
	if (code == OK)
		code = source_read(path, take_piece, &f, e);
	if (code == OK)
		code = take_end(&f, e);
	close_feed(&f);
	return code;
}

enum err_code format_read_memory(struct builder *b, const char *name, const char *bytes, size_t n, const char *format,
	const struct format_options *o, struct err *e)
{
	struct feed f;
	enum err_code code = open_feed(&f, b, name, format, o, e);
	if (code == OK)
		code = take_piece(&f, bytes, n, e);
	if (code == OK)
		code = take_end(&f, e);
	close_feed(&f);
	return code;
}

/* ---- finding raw files ---- */

static bool try_folder(const char *folder, const char *relative, char *path, size_t size)
{
	static const char *const suffix[] = {"", ".xz", ".gz", ".zst"};
	for (size_t i = 0; i < sizeof suffix / sizeof *suffix; i++) {
		int n = snprintf(path, size, "%s%s%s%s", folder, *folder ? "/" : "", relative, suffix[i]);
		if (n > 0 && (size_t)n < size && fs_is_file(path))
			return true;
	}
	return false;
}

enum err_code format_find(const char *relative, const char *source, char *path, size_t size, struct err *e)
{
	const char *list = getenv("GUSTO_DATA");
	char folder[FS_PATH_MAX];
	if (relative[0] == '/' && try_folder("", relative, path, size))
		return OK;
	for (const char *p = list ? list : ""; *p;) {
		size_t len = strcspn(p, ":");
		if (len > 0 && len < sizeof folder) {
			memcpy(folder, p, len);
			folder[len] = '\0';
			if (try_folder(folder, relative, path, size))
				return OK;
		}
		p += len + (p[len] == ':');
	}
	/* or where it stands: an absolute path, or a file of the current folder */
	if (try_folder("datasets/raw", relative, path, size) || try_folder("", relative, path, size))
		return OK;
	path[0] = '\0';
	return err_set(e, ERR_NOTFOUND,
		"there is no %s (or .xz, .gz, .zst of it) under GUSTO_DATA=%s or datasets/raw; get it from %s and put "
		"it there",
		relative, list && *list ? list : "(not set)", source && *source ? source : "its publisher");
}
