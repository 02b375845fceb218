/* One memory-mapped file per data set: <folder>/<name>-<key>.gusto, key = hash of (sources' content, options, version).
 * Written to a temporary name, fsynced, renamed; a truncated or foreign file is refused and made anew. */
#ifndef GUSTO_DATA_CACHE_H
#define GUSTO_DATA_CACHE_H

#include "data/dataset.h"

enum err_code cache_save(const struct dataset *d, const char *path, struct err *e);
/* ERR_NOTFOUND: no such file.  ERR_FORMAT: a file that is not ours, of another version, or damaged; make it anew. */
enum err_code cache_load(const char *path, struct dataset **out, struct err *e);
/* A data set whose rows go into the file while they are made and are never in memory together.  `frame` has all but items, ratings and
 * times, which every row gets: start says how many rows there will be of whom. */
struct cache_stream;
enum err_code cache_stream_open(
	const struct dataset *frame, const char *path, struct cache_stream **out, struct err *e);
/* Rows first..first + n; any thread, each row once. */
enum err_code cache_stream_rows(struct cache_stream *s, int64_t first, int64_t n, const int32_t *item,
	const float *rating, const int64_t *time, struct err *e);
/* Frees s, also where it fails; *out is mapped from the file, as cache_load gives it. */
enum err_code cache_stream_finish(struct cache_stream *s, struct dataset **out, struct err *e);
void cache_stream_abort(struct cache_stream *s); /* frees s and leaves no file; NULL is legal */

/* The file for a data set: `recipe` is any text from which the same data follow (checksums of the sources, options).
 * The folder is not made. */
enum err_code cache_path(
	const char *folder, const char *name, const char *recipe, char *path, size_t size, struct err *e);

/* sha256 of a file, and of bytes, as 64 hex digits. */
enum err_code file_sha256(const char *path, char hex[65], struct err *e);
enum err_code bytes_sha256(const void *bytes, size_t n, char hex[65], struct err *e);

#endif
