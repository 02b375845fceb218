/* The bytes of a data file, unpacked: plain, .gz .xz .zst .bz2 .lz4, and members of .zip .tar .7z archives in place. */
#ifndef GUSTO_DATA_SOURCE_H
#define GUSTO_DATA_SOURCE_H

#include "base/err.h"

#include <stddef.h>

/* Calls sink with one piece after the other; an error of the sink ends the reading and is returned.
 * `path` is a file or "archive!member"; an archive of one file needs no member. */
typedef enum err_code source_sink(void *ctx, const char *bytes, size_t n, struct err *e);
enum err_code source_read(const char *path, source_sink *sink, void *ctx, struct err *e);

#endif
