/* One memory-mapped file per data set: <folder>/<name>-<key>.gusto, key = hash of (sources' content, options, version).
 * Written to a temporary name, fsynced, renamed; a truncated or foreign file is refused and made anew. */
#ifndef GUSTO_DATA_CACHE_H
#define GUSTO_DATA_CACHE_H

#include "data/dataset.h"

enum err_code cache_save(const struct dataset *d, const char *path, struct err *e);
/* ERR_NOTFOUND: no such file.  ERR_FORMAT: a file that is not ours, of another version, or damaged; make it anew. */
enum err_code cache_load(const char *path, struct dataset **out, struct err *e);
/* The file for a data set: `recipe` is any text from which the same data follow (checksums of the sources, options).
 * The folder is not made. */
enum err_code cache_path(
	const char *folder, const char *name, const char *recipe, char *path, size_t size, struct err *e);

/* sha256 of a file, and of bytes, as 64 hex digits. */
enum err_code file_sha256(const char *path, char hex[65], struct err *e);
enum err_code bytes_sha256(const void *bytes, size_t n, char hex[65], struct err *e);

#endif
