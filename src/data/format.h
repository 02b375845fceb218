/* Readers: one C file plus one row in formats.def each.
 *
 * A reader is fed lines by format_read, which opens plain files, .gz .xz .zst and members of .zip/.tar archives in
 * place (libarchive), splits lines of any length, strips a BOM and CR, and prefixes errors with "file:line:column: ". */
#ifndef GUSTO_DATA_FORMAT_H
#define GUSTO_DATA_FORMAT_H

#include "base/desc.h"
#include "data/dataset.h"

struct format_options {
	const char *separator;    /* NULL: the format's own */
	const char *columns;      /* "user,item,rating,time" in file order; "-" skips; a name of an attribute keeps it */
	bool header;              /* the first line names the columns */
	const char *encoding;     /* "utf-8" (default) or "latin-1" */
	const char *table;        /* "inter" (default), "user", "item": what the rows describe */
	const char *map;          /* renames: "userId=user,movieId=item" */
	/* Only ids that already exist are given attributes (for user and item tables). */
};

struct reader; /* opaque to callers */
struct format_class {
	struct desc desc;
	enum err_code (*begin)(struct reader *r, struct err *e);
	enum err_code (*line)(struct reader *r, const char *text, size_t len, struct err *e);
	enum err_code (*end)(struct reader *r, struct err *e);
};
extern const struct registry format_registry;

/* Reads one file (path, or archive path plus "!member") into the builder.
 * Formats: "movielens" (u.data tab, "::"), "csv", "tsv", "recbole" (.inter/.user/.item typed headers),
 * "sequence" (user item item ...), "pairs" ("user item" a line, in time order),
 * "leave_one_out" (the .test.rating line: user item rating time -> held_out), "negatives" ("(u,i)\tn\tn..." -> candidates). */
enum err_code format_read(struct builder *b, const char *path, const char *format, const struct format_options *o, struct err *e);
/* The same from memory, for tests and fuzzing. */
enum err_code format_read_memory(struct builder *b, const char *name, const char *bytes, size_t n, const char *format,
	const struct format_options *o, struct err *e);

/* Finds a raw file: tries `relative` (and relative + .xz .gz .zst) under every folder of GUSTO_DATA (':'-separated) and
 * datasets/raw/.  ERR_NOTFOUND says where it looked and, from `source`, where to get it. */
enum err_code format_find(const char *relative, const char *source, char *path, size_t size, struct err *e);

#endif
