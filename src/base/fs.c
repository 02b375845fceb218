#include "base/fs.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum err_code path_join(char *buf, size_t size, const char *folder, const char *name, struct err *e)
{
	size_t n = strlen(folder);
	bool alone = n == 0 || name[0] == '/';
	int len = alone ? snprintf(buf, size, "%s", name)
			: snprintf(buf, size, "%s%s%s", folder, folder[n - 1] == '/' ? "" : "/", name);
	if (len < 0 || (size_t)len >= size)
		return err_set(e, ERR_ARG, "the path %.80s.../%.80s is longer than %zu bytes", folder, name, size - 1);
	return OK;
}

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

bool fs_exists(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0;
}

bool fs_is_dir(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool fs_is_file(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

enum err_code fs_mkdirs(const char *path, struct err *e)
{
	char part[FS_PATH_MAX];
	TRY(path_join(part, sizeof part, "", path, e));
	for (char *p = part; *p; p++) {
		if (p[1] != '/' && p[1] != '\0')
			continue;
		char kept = p[1];
		p[1] = '\0';
		if (mkdir(part, 0777) != 0 && !fs_is_dir(part))
			return err_errno(e, "cannot make the folder %s", part);
		p[1] = kept;
	}
	return OK;
}

static enum err_code read_fd(int fd, const char *path, char **bytes, size_t *n, struct err *e)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return err_errno(e, "cannot read %s", path);
	size_t cap = 0, used = 0;
	char *buf = NULL;
	size_t guess = st.st_size > 0 ? (size_t)st.st_size + 2 : 4096;
	for (;;) {
		if (!mem_grow(&buf, &cap, used + 2 > guess ? used + 2 : guess, 1)) {
			mem_free(buf);
			return err_set(e, ERR_NOMEM, "no memory to read %s (%zu bytes so far)", path, used);
		}
		ssize_t got = read(fd, buf + used, cap - used - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			err_errno(e, "cannot read %s", path);
			mem_free(buf);
			return ERR_IO;
		}
		if (got == 0)
			break;
		used += (size_t)got;
	}
	buf[used] = '\0';
	*bytes = buf;
	*n = used;
	return OK;
}

enum err_code fs_read_all(const char *path, char **bytes, size_t *n, struct err *e)
{
	*bytes = NULL;
	*n = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return err_set(e, ERR_NOTFOUND, "there is no file %s", path);
	if (fd < 0)
		return err_errno(e, "cannot open %s", path);
	enum err_code code = read_fd(fd, path, bytes, n, e);
	close(fd);
	return code;
}

/* ---- atomic writes ---- */

struct fs_writer {
	int fd;
	size_t written;
	char path[FS_PATH_MAX], temp[FS_PATH_MAX];
};

static enum err_code write_failed(const struct fs_writer *w, struct err *e)
{
	switch (errno) {
	case ENOSPC:
		return err_set(e, ERR_IO, "cannot write %s: the disk is full after %zu bytes; make room and try again",
			w->path, w->written);
	case EDQUOT:
		return err_set(e, ERR_IO,
			"cannot write %s: the disk quota is used up after %zu bytes; make room and try again", w->path,
			w->written);
	case EFBIG:
		return err_set(e, ERR_IO, "cannot write %s: larger than a file may be here (%zu bytes written)",
			w->path, w->written);
	default:
		return err_errno(e, "cannot write %s", w->path);
	}
}

enum err_code fs_writer_open(const char *path, struct fs_writer **out, struct err *e)
{
	*out = NULL;
	struct fs_writer *w = mem_calloc(1, sizeof *w);
	if (!w)
		return err_set(e, ERR_NOMEM, "no memory to write %s", path);
	w->fd = -1;
	enum err_code code = path_join(w->path, sizeof w->path, "", path, e);
	/* O_EXCL: two writers of one path never share a temporary file. */
	for (int i = 0; code == OK && w->fd < 0; i++) {
		int len = snprintf(w->temp, sizeof w->temp, "%s.tmp-%ld-%d", path, (long)getpid(), i);
		if (len < 0 || (size_t)len >= sizeof w->temp)
			code = err_set(e, ERR_ARG, "the path %.80s... is too long to write to", path);
		else if ((w->fd = open(w->temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666)) < 0 && errno != EEXIST)
			code = write_failed(w, e);
	}
	if (code != OK) {
		mem_free(w);
		return code;
	}
	*out = w;
	return OK;
}

enum err_code fs_writer_put(struct fs_writer *w, const void *bytes, size_t n, struct err *e)
{
	const char *p = bytes;
	while (n > 0) {
		ssize_t put = write(w->fd, p, n < (size_t)1 << 30 ? n : (size_t)1 << 30);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return write_failed(w, e);
		p += put;
		n -= (size_t)put;
		w->written += (size_t)put;
	}
	return OK;
}

enum err_code fs_writer_put_at(struct fs_writer *w, uint64_t at, const void *bytes, size_t n, struct err *e)
{
	const char *p = bytes;
	size_t left = n;
	while (left > 0) {
		ssize_t put = pwrite(w->fd, p, left < (size_t)1 << 30 ? left : (size_t)1 << 30, (off_t)(at + n - left));
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return write_failed(w, e);
		p += put;
		left -= (size_t)put;
	}
	__atomic_add_fetch(&w->written, n, __ATOMIC_RELAXED);
	if (n > 0)
		(void)sync_file_range(w->fd, (off_t)at, (off_t)n, SYNC_FILE_RANGE_WRITE);
	return OK;
}

int fs_writer_fd(const struct fs_writer *w)
{
	return w->fd;
}

void fs_writer_abort(struct fs_writer *w)
{
	if (!w)
		return;
	if (w->fd >= 0)
		close(w->fd);
	unlink(w->temp);
	mem_free(w);
}

/* A rename is durable once its folder is synced; some file systems cannot sync a folder, and that is no failure. */
static void sync_folder(const char *path)
{
	char folder[FS_PATH_MAX];
	snprintf(folder, sizeof folder, "%s", path);
	char *slash = strrchr(folder, '/');
	if (slash)
		slash[slash == folder] = '\0';
	int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		(void)fsync(fd);
		close(fd);
	}
}

enum err_code fs_writer_commit(struct fs_writer *w, struct err *e)
{
	enum err_code code = OK;
	if (fsync(w->fd) != 0)
		code = write_failed(w, e);
	int closed = close(w->fd);
	w->fd = -1;
	if (code == OK && closed != 0)
		code = write_failed(w, e);
	if (code == OK && rename(w->temp, w->path) != 0)
		code = write_failed(w, e);
	if (code != OK) {
		fs_writer_abort(w);
		return code;
	}
	sync_folder(w->path);
	mem_free(w);
	return OK;
}

enum err_code fs_write_atomic(const char *path, const void *bytes, size_t n, struct err *e)
{
	struct fs_writer *w;
	TRY(fs_writer_open(path, &w, e));
	enum err_code code = fs_writer_put(w, bytes, n, e);
	if (code != OK) {
		fs_writer_abort(w);
		return code;
	}
	return fs_writer_commit(w, e);
}
