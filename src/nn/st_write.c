/* Writing safetensors: u64 length of the header, the header as JSON, the bytes of the tensors without gaps.
 *
 * Wider types come first and the header is padded with spaces to a multiple of 8, so that every tensor of a mapped file
 * is aligned; within a type, the order given.  A temporary file beside the target is written, fsynced and renamed
 * over it, then the folder is fsynced: the target is either the old file or the whole new one. */
#include "nn/checkpoint.h"

#include "base/mem.h"
#include "nn/st_dtype.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static json_t *dims(const struct st_tensor *t)
{
	json_t *a = json_array();
	for (int i = 0; a && i < t->ndim; i++)
		json_array_append_new(a, json_integer(t->dim[i]));
	return a;
}

static enum err_code check(const struct st_tensor *t, struct err *e)
{
	int64_t n = 1;
	size_t size = st_dtype_size(t->dtype);
	for (int i = 0; i < t->ndim; i++)
		if (t->dim[i] < 0 || __builtin_mul_overflow(n, t->dim[i], &n))
			return err_set(e, ERR_SHAPE, "tensor '%s' has an impossible shape", t->name);
	if (!size || (uint64_t)n * size != t->bytes)
		return err_set(e, ERR_SHAPE, "tensor '%s' has %zu bytes, its shape and type %s need %llu", t->name,
			t->bytes, t->dtype, (unsigned long long)n * size);
	return OK;
}

static json_t *header_json(const struct st_tensor *t, const size_t *order, size_t n, const struct meta *m)
{
	json_t *root = json_object(), *meta = json_object();
	int bad = 0;
	for (size_t i = 0; m && i < m->n; i++)
		bad |= json_object_set_new(meta, m->row[i].key, json_string(m->row[i].value));
	if (m && m->n)
		bad |= json_object_set(root, "__metadata__", meta);
	json_decref(meta);
	for (size_t i = 0, at = 0; i < n; i++) {
		const struct st_tensor *x = &t[order[i]];
		json_t *row = json_pack("{s:s, s:o, s:[I, I]}", "dtype", x->dtype, "shape", dims(x), "data_offsets",
			(json_int_t)at, (json_int_t)at + (json_int_t)x->bytes);
		bad |= json_object_set_new(root, x->name, row);
		at += x->bytes;
	}
	if (bad) {
		json_decref(root);
		return NULL;
	}
	return root;
}

/* Widest types first, stable. */
static void sort_by_width(const struct st_tensor *t, size_t *order, size_t n)
{
	size_t k = 0;
	for (size_t width = 8; width; width /= 2)
		for (size_t i = 0; i < n; i++)
			if (st_dtype_size(t[i].dtype) == width)
				order[k++] = i;
}

static bool write_all(int fd, const void *bytes, size_t n)
{
	for (const char *p = bytes; n;) {
		ssize_t k = write(fd, p, n < (size_t)1 << 30 ? n : (size_t)1 << 30);
		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return false;
		p += k;
		n -= (size_t)k;
	}
	return true;
}

static bool write_tensors(int fd, const char *header, const struct st_tensor *t, const size_t *order, size_t n)
{
	size_t len = strlen(header), pad = (8 - len % 8) % 8;
	unsigned char head[8];
	for (int i = 0; i < 8; i++)
		head[i] = (unsigned char)((uint64_t)(len + pad) >> (8 * i));
	bool ok = write_all(fd, head, 8) && write_all(fd, header, len) && write_all(fd, "       ", pad);
	for (size_t i = 0; ok && i < n; i++)
		ok = write_all(fd, t[order[i]].data, t[order[i]].bytes);
	return ok && fsync(fd) == 0;
}

static enum err_code sync_folder(const char *path, struct err *e)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? mem_strndup(path, slash == path ? 1 : (size_t)(slash - path)) : mem_strdup(".");
	int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	/* some file systems cannot sync a folder; the rename itself has happened */
	if (fd >= 0) {
		(void)fsync(fd);
		close(fd);
	}
	mem_free(folder);
	return OK;
}

static enum err_code write_renamed(
	const char *path, const char *header, const struct st_tensor *t, const size_t *order, size_t n, struct err *e)
{
	char tmp[4096];
	if (snprintf(tmp, sizeof tmp, "%s.tmp", path) >= (int)sizeof tmp)
		return err_set(e, ERR_ARG, "the path %s is too long", path);
	int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		return err_errno(e, "cannot write %s", tmp);
	bool ok = write_tensors(fd, header, t, order, n);
	int saved = errno;
	close(fd);
	errno = saved;
	if (ok && rename(tmp, path) == 0)
		return sync_folder(path, e);
	err_errno(e, "cannot write %s", path);
	unlink(tmp);
	return ERR_IO;
}

enum err_code st_write(const char *path, const struct st_tensor *t, size_t n, const struct meta *m, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		TRY(check(&t[i], e));
	size_t *order = mem_alloc(n * sizeof *order);
	if (!order)
		return err_set(e, ERR_NOMEM, "no memory to write %s", path);
	sort_by_width(t, order, n);
	json_t *root = header_json(t, order, n, m);
	char *header = root ? json_dumps(root, JSON_COMPACT) : NULL;
	enum err_code rc = header ? write_renamed(path, header, t, order, n, e)
				  : err_set(e, ERR_FORMAT, "%s: a tensor name or entry is not UTF-8 text", path);
	free(header);
	json_decref(root);
	mem_free(order);
	return rc;
}
