/* One memory-mapped file per data set: <folder>/<name>-<key>.gusto, key = hash of (sources' content, options, version).
 * Written to a temporary name, fsynced, renamed; a truncated or foreign file is refused and made anew. */
#ifndef GUSTO_DATA_CACHE_H
#define GUSTO_DATA_CACHE_H

#include "data/dataset.h"

enum err_code cache_save(const struct dataset *d, const char *path, struct err *e);
enum err_code cache_load(const char *path, struct dataset **out, struct err *e);
/* sha256 of a file as 64 hex digits. */
enum err_code file_sha256(const char *path, char hex[65], struct err *e);

#endif
