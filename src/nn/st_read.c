/* Reading safetensors with the checks of the reference library: the header fits and is one JSON object without
 * duplicate names, every tensor's bytes are what its type and shape need, and the tensors cover the rest of the file
 * without gaps or overlaps.  The file is mapped; tensors point into the map (aligned where st_write wrote it, else
 * anyhow: copy bytes). */
#include "nn/checkpoint.h"

#include "base/mem.h"
#include "nn/st_dtype.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The reference library's limit. */
#define HEADER_MAX 100000000u

struct st_file {
	char *path;
	void *map; /* NULL: the bytes are the caller's */
	size_t map_size;
	const unsigned char *data; /* after the header */
	size_t size;
	struct st_tensor *tensor;
	size_t n;
	struct meta meta;
};

static enum err_code bad_tensor(const struct st_file *f, const char *name, const char *what, struct err *e)
{
	return err_set(
		e, ERR_FORMAT, "%s: tensor '%.100s': %s; the file is damaged or not safetensors", f->path, name, what);
}

static enum err_code read_meta(struct st_file *f, const json_t *j, struct err *e)
{
	const char *key;
	json_t *v;
	if (!json_is_object(j))
		return err_set(e, ERR_FORMAT, "%s: __metadata__ must be an object of strings", f->path);
	json_object_foreach((json_t *)j, key, v)
	{
		if (!json_is_string(v))
			return err_set(e, ERR_FORMAT, "%s: __metadata__ entry '%.100s' must be a string", f->path, key);
		TRY(meta_set(&f->meta, key, json_string_value(v), e));
	}
	return OK;
}

static enum err_code read_shape(const struct st_file *f, struct st_tensor *t, const json_t *shape, struct err *e)
{
	size_t n = json_array_size(shape), size = st_dtype_size(t->dtype);
	uint64_t need = size;
	if (!json_is_array(shape) || n > 8)
		return bad_tensor(f, t->name, "shape must be a list of at most 8 numbers", e);
	t->ndim = (int)n;
	for (size_t i = 0; i < n; i++) {
		const json_t *d = json_array_get(shape, i);
		t->dim[i] = json_integer_value(d);
		if (!json_is_integer(d) || t->dim[i] < 0 || __builtin_mul_overflow(need, (uint64_t)t->dim[i], &need))
			return bad_tensor(f, t->name, "shape must be whole numbers of at least 0", e);
	}
	return need == t->bytes ? OK : bad_tensor(f, t->name, "data_offsets do not fit shape and dtype", e);
}

static enum err_code read_tensor(
	struct st_file *f, const char *name, const json_t *j, struct st_tensor *t, struct err *e)
{
	const char *dtype = json_string_value(json_object_get(j, "dtype"));
	const json_t *at = json_object_get(j, "data_offsets");
	const json_t *first = json_array_get(at, 0), *last = json_array_get(at, 1);
	json_int_t begin = json_integer_value(first), end = json_integer_value(last);
	if (!dtype || !st_dtype_size(dtype))
		return bad_tensor(f, name, "dtype is missing or unknown", e);
	if (json_array_size(at) != 2 || !json_is_integer(first) || !json_is_integer(last))
		return bad_tensor(f, name, "data_offsets must be two numbers", e);
	if (begin < 0 || end < begin || (uint64_t)end > f->size)
		return bad_tensor(f, name, "data_offsets lie outside of the file", e);
	t->name = mem_strdup(name);
	if (!t->name)
		return err_set(e, ERR_NOMEM, "no memory to read %s", f->path);
	f->n++;
	snprintf(t->dtype, sizeof t->dtype, "%s", dtype);
	t->data = f->data + begin;
	t->bytes = (size_t)(end - begin);
	return read_shape(f, t, json_object_get(j, "shape"), e);
}

static int by_place(const void *a, const void *b)
{
	const struct st_tensor *x = a, *y = b;
	uintptr_t p = (uintptr_t)x->data, q = (uintptr_t)y->data;
	if (p != q)
		return p < q ? -1 : 1;
	return x->bytes < y->bytes ? -1 : x->bytes > y->bytes;
}

static enum err_code check_cover(const struct st_file *f, struct err *e)
{
	size_t at = 0;
	qsort(f->tensor, f->n, sizeof *f->tensor, by_place);
	for (size_t i = 0; i < f->n; i++) {
		size_t begin = (size_t)((const unsigned char *)f->tensor[i].data - f->data);
		if (begin != at)
			return bad_tensor(f, f->tensor[i].name,
				begin < at ? "it overlaps another one" : "bytes before it belong to no tensor", e);
		at += f->tensor[i].bytes;
	}
	if (at != f->size)
		return err_set(e, ERR_FORMAT, "%s: the tensors end at byte %zu of %zu; the file is damaged or cut",
			f->path, at, f->size);
	return OK;
}

static enum err_code read_header(struct st_file *f, const json_t *root, struct err *e)
{
	const char *key;
	json_t *v;
	f->tensor = mem_calloc(json_object_size(root), sizeof *f->tensor);
	if (!f->tensor)
		return err_set(e, ERR_NOMEM, "no memory to read %s", f->path);
	json_object_foreach((json_t *)root, key, v)
	{
		if (strcmp(key, "__metadata__") == 0)
			TRY(read_meta(f, v, e));
		else
			TRY(read_tensor(f, key, v, &f->tensor[f->n], e));
	}
	return check_cover(f, e);
}

static enum err_code read_bytes(struct st_file *f, const unsigned char *p, size_t n, struct err *e)
{
	uint64_t len = 0;
	json_error_t je;
	if (n < 8)
		return err_set(e, ERR_FORMAT, "%s: %zu bytes are too few for safetensors", f->path, n);
	for (int i = 7; i >= 0; i--)
		len = len << 8 | p[i];
	if (len > n - 8 || len > HEADER_MAX)
		return err_set(e, ERR_FORMAT,
			"%s: a header of %llu bytes cannot be; the file is damaged or not safetensors", f->path,
			(unsigned long long)len);
	f->data = p + 8 + len;
	f->size = n - 8 - (size_t)len;
	json_t *root = json_loadb((const char *)p + 8, (size_t)len, JSON_REJECT_DUPLICATES, &je);
	if (!root)
		return err_set(e, ERR_FORMAT, "%s: header, column %d: %s", f->path, je.column, je.text);
	enum err_code rc = json_is_object(root) ? read_header(f, root, e)
						: err_set(e, ERR_FORMAT, "%s: the header is not an object", f->path);
	json_decref(root);
	return rc;
}

static enum err_code open_bytes(const char *path, const void *bytes, size_t n, struct st_file **out, struct err *e)
{
	struct st_file *f = mem_calloc(1, sizeof *f);
	if (f)
		f->path = mem_strdup(path);
	if (!f || !f->path) {
		st_close(f);
		return err_set(e, ERR_NOMEM, "no memory to read %s", path);
	}
	enum err_code rc = read_bytes(f, bytes, n, e);
	if (rc != OK) {
		st_close(f);
		return rc;
	}
	*out = f;
	return OK;
}

enum err_code st_open_memory(const void *bytes, size_t n, struct st_file **out, struct err *e)
{
	return open_bytes("(memory)", bytes, n, out, e);
}

static enum err_code map_file(const char *path, void **map, size_t *size, struct err *e)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? err_set(e, ERR_NOTFOUND, "there is no file %s", path)
				       : err_errno(e, "cannot read %s", path);
	enum err_code rc = fstat(fd, &st) == 0 ? OK : err_errno(e, "cannot read %s", path);
	if (rc == OK && (!S_ISREG(st.st_mode) || st.st_size == 0))
		rc = err_set(e, ERR_FORMAT, "%s is empty or not a file", path);
	if (rc == OK) {
		*size = (size_t)st.st_size;
		*map = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (*map == MAP_FAILED)
			rc = err_errno(e, "cannot map %s", path);
	}
	close(fd);
	return rc;
}

enum err_code st_open(const char *path, struct st_file **out, struct err *e)
{
	void *map = NULL;
	size_t size = 0;
	TRY(map_file(path, &map, &size, e));
	enum err_code rc = open_bytes(path, map, size, out, e);
	if (rc != OK) {
		munmap(map, size);
		return rc;
	}
	(*out)->map = map;
	(*out)->map_size = size;
	return OK;
}

void st_close(struct st_file *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->n; i++)
		mem_free(f->tensor[i].name);
	mem_free(f->tensor);
	meta_free(&f->meta);
	if (f->map)
		munmap(f->map, f->map_size);
	mem_free(f->path);
	mem_free(f);
}

size_t st_count(const struct st_file *f)
{
	return f->n;
}

const struct st_tensor *st_get(const struct st_file *f, size_t i)
{
	CHECK(i < f->n, "tensor %zu of %zu", i, f->n);
	return &f->tensor[i];
}

const struct st_tensor *st_find(const struct st_file *f, const char *name)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->tensor[i].name, name) == 0)
			return &f->tensor[i];
	return NULL;
}

const struct meta *st_meta(const struct st_file *f)
{
	return &f->meta;
}
