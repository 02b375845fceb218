/* Paths and files: joining, making folders, reading whole files, and writes that are there completely or not at all. */
#ifndef GUSTO_BASE_FS_H
#define GUSTO_BASE_FS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FS_PATH_MAX = 4096 };

/* folder/name in buf; name alone where folder is "" or name begins with '/'.  ERR_ARG where it does not fit. */
enum err_code path_join(char *buf, size_t size, const char *folder, const char *name, struct err *e);
/* What follows the last '/'. */
const char *path_base(const char *path);

bool fs_exists(const char *path);
bool fs_is_dir(const char *path);
bool fs_is_file(const char *path); /* a regular file, or a link to one */

/* Makes a folder and its parents (mode 0777 & ~umask); a folder that is there already is fine. */
enum err_code fs_mkdirs(const char *path, struct err *e);

/* The whole file, NUL-terminated at bytes[n]; the caller frees *bytes with mem_free. */
enum err_code fs_read_all(const char *path, char **bytes, size_t *n, struct err *e);

/* A file that appears under its name only when it is complete: written beside it as path.tmp-PID-N, synced, renamed.
 * A full disk or quota is ERR_IO with a sentence that says so; nothing is left behind. */
struct fs_writer;
enum err_code fs_writer_open(const char *path, struct fs_writer **out, struct err *e);
enum err_code fs_writer_put(struct fs_writer *w, const void *bytes, size_t n, struct err *e);
/* At a place of one's own, from any thread; put does not go on from there.  The disk is set to work at once. */
enum err_code fs_writer_put_at(struct fs_writer *w, uint64_t at, const void *bytes, size_t n, struct err *e);
int fs_writer_fd(const struct fs_writer *w);			    /* to read back what was written; of the writer */
enum err_code fs_writer_commit(struct fs_writer *w, struct err *e); /* frees w, also where it fails */
void fs_writer_abort(struct fs_writer *w); /* frees w, removes what was written; NULL is legal */

/* The three calls above for bytes that are in memory. */
enum err_code fs_write_atomic(const char *path, const void *bytes, size_t n, struct err *e);

#endif
