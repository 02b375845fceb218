/* Readers: one C file plus one row in formats.def each.
 *
 * A reader is fed lines by format_read, which opens plain files, .gz .xz .zst and members of .zip/.tar archives in
 * place (libarchive), splits lines of any length, strips a BOM and CR, and prefixes errors with "file:line:column: ". */
#ifndef GUSTO_DATA_FORMAT_H
#define GUSTO_DATA_FORMAT_H

#include "base/desc.h"
#include "data/dataset.h"

/* What a reader is told.  NULL, 0 and false mean "the format's own way"; an option that a format does not know is an
 * error. */
struct format_options {
	const char *separator; /* one or more characters */
	/* Names in file order.  "user", "item", "rating", "time" have their meaning; "-" skips; any other name keeps an
	 * attribute of what the rows describe: "title", "age:real", "genres:tokens" (a list, parts joined by '|'),
	 * "review:text" (of interactions); in interactions also "item.title" or "user.age".  "..." at the end ignores
	 * further fields. */
	const char *columns;
	bool header;	      /* the first line names the columns */
	const char *encoding; /* "utf-8" (default) or "latin-1" */
	const char *table;    /* "inter" (default), "user", "item": what the rows describe.
	                       * Rows of a user or item table are kept only for ids that exist already. */
	const char *map;      /* renames of header names: "userId=user,movieId=item" */
	/* Ids as another publication wrote them: a number is shifted (NCF counts users from 0: id_offset_user = 1), then
	 * looked up in a file of "id in this file <blank> id in the data set" lines (the path may name an archive's member). */
	int64_t id_offset_user, id_offset_item;
	const char *user_map, *item_map;
	const char *features; /* libfm: file of "index <tab> column <tab> value" lines */
	const char *part;     /* what the rows of the file are for: "train" (default), "valid", "test", "history" */
};

struct reader; /* data/reader.h, for the format files */
struct format_class {
	struct desc desc;
	enum err_code (*begin)(struct reader *r, struct err *e);
	enum err_code (*line)(struct reader *r, const char *text, size_t len, struct err *e);
	enum err_code (*end)(struct reader *r, struct err *e);
};
extern const struct registry format_registry;

/* Reads one file (path, or archive path plus "!member") into the builder; several files may follow each other.
 * After an error the builder holds the rows before it and is usually freed.
 * Formats: "movielens" (u.data tab, "::"), "csv" (quoted fields), "tsv", "recbole" (.inter/.user/.item typed headers),
 * "sequence" (user item item ...), "pairs" ("user item" a line, in time order),
 * "jsonl" (an object a line), "libfm" (label index:value ...),
 * "leave_one_out" (the .test.rating line: user item rating time -> held_out), "negatives" ("(u,i)\tn\tn..." -> candidates). */
enum err_code format_read(
	struct builder *b, const char *path, const char *format, const struct format_options *o, struct err *e);
/* The same from memory, for tests and fuzzing. */
enum err_code format_read_memory(struct builder *b, const char *name, const char *bytes, size_t n, const char *format,
	const struct format_options *o, struct err *e);

/* Finds a raw file: tries `relative` (and relative + .xz .gz .zst) under every folder of GUSTO_DATA (':'-separated) and
 * datasets/raw/, then as it stands.  ERR_NOTFOUND says where it looked and, from `source`, where to get it. */
enum err_code format_find(const char *relative, const char *source, char *path, size_t size, struct err *e);

#endif
