/* The cache file: a head, the records of the columns, and then the arrays of the data set as they lie in memory, each
 * at a multiple of 64 bytes.  A range (offset, bytes) in head and records says where an array is; 0, 0 = there is none.
 *
 * Loading maps the file and trusts nothing in it: every range must lie in the file and have the size that the counts
 * ask for, offsets must not fall, ids must be in range (so that no later access can leave an array), and the content
 * must have the hash that the head promises (so that a damaged file is never taken for data). */
#include "data/cache.h"

#include "base/fs.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { VERSION = 3, ALIGN = 64, COLUMNS_MAX = 4096 };
static const char magic[8] = "GUSTODAT";
static const uint32_t byte_order = 0x01020304;

struct range {
	uint64_t at, bytes;
};

struct strings_at {
	struct range offset, bytes, slot; /* slot: not for columns */
};

struct head {
	char magic[8];
	uint32_t version, byte_order;
	uint64_t file_bytes, hash;
	char name[64];
	int32_t n_users, n_items;
	int64_t n;
	int32_t n_user_columns, n_item_columns, n_row_columns, reserved;
	struct range start, item, rating, time, part;
	struct strings_at users, items;
	struct range candidate_start, candidate, held_out;
};

struct column_record {
	char name[32];
	int32_t type, reserved;
	struct range real;
	struct strings_at text;	  /* of interactions: the words */
	struct range first, code; /* of interactions only */
};

/* ---- saving ---- */

/* First pass: where everything will lie.  Second pass: the bytes, in the same order.  `w` is NULL in the first. */
struct layout {
	uint64_t at;
	bool streams; /* items, ratings and times of the rows are left open */
	struct fs_writer *w;
	enum err_code code;
	struct err *e;
};

static struct range place(struct layout *l, const void *p, uint64_t bytes)
{
	static const char zero[ALIGN] = {0};
	if (!p || l->code != OK)
		return (struct range){0};
	uint64_t at = (l->at + ALIGN - 1) / ALIGN * ALIGN;
	if (l->w) {
		l->code = fs_writer_put_at(l->w, l->at, zero, at - l->at, l->e);
		if (l->code == OK)
			l->code = fs_writer_put_at(l->w, at, p, bytes, l->e);
	}
	l->at = at + bytes;
	return (struct range){at, bytes};
}

/* A column of the rows: where they stream, its place without its bytes. */
static struct range place_column(struct layout *l, const void *p, uint64_t bytes)
{
	if (!l->streams)
		return place(l, p, bytes);
	uint64_t at = (l->at + ALIGN - 1) / ALIGN * ALIGN;
	l->at = at + bytes;
	return (struct range){at, bytes};
}

static struct strings_at place_strings(struct layout *l, const struct strtab *t, const struct strindex *x)
{
	struct strings_at s = {0};
	s.offset = place(l, t->offset, ((uint64_t)t->n + 1) * sizeof *t->offset);
	s.bytes = place(l, t->bytes, (uint64_t)t->offset[t->n]);
	if (x)
		s.slot = place(l, x->slot, (uint64_t)x->size * sizeof *x->slot);
	return s;
}

static void place_columns(struct layout *l, const struct column *c, int n, int32_t rows, struct column_record *out)
{
	for (int i = 0; i < n; i++) {
		memcpy(out[i].name, c[i].name, sizeof out[i].name);
		out[i].type = (int32_t)c[i].type;
		if (c[i].type == COLUMN_REAL)
			out[i].real = place(l, c[i].real, (uint64_t)rows * sizeof *c[i].real);
		else
			out[i].text = place_strings(l, &c[i].text, NULL);
	}
}

static void place_row_columns(struct layout *l, const struct dataset *d, struct column_record *out)
{
	uint64_t n = (uint64_t)d->n;
	for (int i = 0; i < d->n_row_columns; i++) {
		const struct row_column *c = &d->row_columns[i];
		memcpy(out[i].name, c->name, sizeof out[i].name);
		out[i].type = (int32_t)c->type;
		out[i].real = place(l, c->real, n * sizeof *c->real);
		out[i].first = place(l, c->first, (n + 1) * sizeof *c->first);
		out[i].code = place(l, c->code, (c->first ? (uint64_t)c->first[n] : n) * sizeof *c->code);
		if (c->type != COLUMN_REAL)
			out[i].text = place_strings(l, &c->words, NULL);
	}
}

static void place_all(struct layout *l, const struct dataset *d, struct head *h, struct column_record *c)
{
	uint64_t n = (uint64_t)d->n, users = (uint64_t)d->n_users;
	h->start = place(l, d->start, (users + 1) * sizeof *d->start);
	h->item = place_column(l, d->item, n * sizeof *d->item);
	h->rating = place_column(l, d->rating, n * sizeof *d->rating);
	h->time = place_column(l, d->time, n * sizeof *d->time);
	h->part = place(l, d->part, n * sizeof *d->part);
	h->users = place_strings(l, &d->users, &d->user_index);
	h->items = place_strings(l, &d->items, &d->item_index);
	h->candidate_start = place(l, d->candidate_start, (users + 1) * sizeof *d->candidate_start);
	uint64_t candidates = d->candidate_start ? (uint64_t)d->candidate_start[users] : 0;
	h->candidate = place(l, d->candidate, candidates * sizeof *d->candidate);
	h->held_out = place(l, d->held_out, users * sizeof *d->held_out);
	place_columns(l, d->user_columns, d->n_user_columns, d->n_users, c);
	place_columns(l, d->item_columns, d->n_item_columns, d->n_items, c + d->n_user_columns);
	place_row_columns(l, d, c + d->n_user_columns + d->n_item_columns);
	h->file_bytes = l->at;
}

static enum err_code new_head(const struct dataset *d, struct head *h, struct column_record **c, struct err *e)
{
	size_t records = (size_t)d->n_user_columns + (size_t)d->n_item_columns + (size_t)d->n_row_columns;
	if (records > COLUMNS_MAX)
		return err_set(e, ERR_ARG, "%s has %zu columns, a cache file holds %d", d->name, records, COLUMNS_MAX);
	*h = (struct head){.version = VERSION,
		.byte_order = byte_order,
		.hash = d->hash,
		.n_users = d->n_users,
		.n_items = d->n_items,
		.n = d->n,
		.n_user_columns = d->n_user_columns,
		.n_item_columns = d->n_item_columns,
		.n_row_columns = d->n_row_columns};
	memcpy(h->magic, magic, sizeof magic);
	memcpy(h->name, d->name, sizeof h->name);
	*c = mem_calloc(records + 1, sizeof **c);
	return *c ? OK : err_set(e, ERR_NOMEM, "no memory to write %s to a cache file", d->name);
}

static enum err_code write_all(
	const struct dataset *d, bool streams, struct fs_writer *w, struct head *h, struct err *e)
{
	struct column_record *c;
	TRY(new_head(d, h, &c, e));
	uint64_t records = (uint64_t)h->n_user_columns + (uint64_t)h->n_item_columns + (uint64_t)h->n_row_columns;
	uint64_t front = sizeof *h + records * sizeof *c;
	struct layout plan = {.at = front, .streams = streams},
		      write = {.at = front, .streams = streams, .w = w, .e = e};
	place_all(&plan, d, h, c);
	write.code = fs_writer_put_at(w, 0, h, sizeof *h, e);
	if (write.code == OK)
		write.code = fs_writer_put_at(w, sizeof *h, c, records * sizeof *c, e);
	place_all(&write, d, h, c);
	mem_free(c);
	return write.code;
}

enum err_code cache_save(const struct dataset *d, const char *path, struct err *e)
{
	struct fs_writer *w;
	struct head h;
	TRY(fs_writer_open(path, &w, e));
	enum err_code code = write_all(d, false, w, &h, e);
	if (code == OK)
		return fs_writer_commit(w, e);
	fs_writer_abort(w);
	return code;
}

/* ---- loading ---- */

struct map {
	const char *bytes;
	uint64_t size;
	bool bad; /* set by the first thing that does not fit */
	struct dataset *d;
};

/* The array of `count` elements that a range must hold. */
static const void *array(struct map *m, struct range r, uint64_t count, size_t size)
{
	uint64_t bytes;
	bool fits = !__builtin_mul_overflow(count, size, &bytes) && r.bytes == bytes && r.at % ALIGN == 0 && r.at > 0 &&
		    r.at <= m->size && bytes <= m->size - r.at;
	if (!fits)
		m->bad = true;
	return fits ? m->bytes + r.at : NULL;
}

static const void *optional(struct map *m, struct range r, uint64_t count, size_t size)
{
	return r.at == 0 && r.bytes == 0 ? NULL : array(m, r, count, size);
}

static void check_offsets(struct map *m, const int64_t *offset, int64_t n, int64_t last)
{
	if (m->bad || offset[0] != 0 || offset[n] != last) {
		m->bad = true;
		return;
	}
	bool falls = false;
	for (int64_t i = 0; i < n; i++)
		falls |= offset[i + 1] < offset[i];
	m->bad |= falls;
}

static void check_ids(struct map *m, const int32_t *id, uint64_t n, int32_t least, int32_t below)
{
	const uint64_t window = DATASET_WINDOW / sizeof *id;
	for (uint64_t i = 0; !m->bad && i < n; i += window) {
		bool outside = false;
		for (uint64_t k = i; k < n && k < i + window; k++)
			outside |= id[k] < least || id[k] >= below;
		m->bad |= outside;
		if (n - i > window)
			dataset_forget(m->d);
	}
}

static struct strtab load_strings(struct map *m, const struct strings_at *s, int32_t n)
{
	struct strtab t = {.n = n};
	t.offset = array(m, s->offset, (uint64_t)n + 1, sizeof *t.offset);
	t.bytes = array(m, s->bytes, s->bytes.bytes, 1);
	check_offsets(m, t.offset, n, (int64_t)s->bytes.bytes);
	return t;
}

/* Probing ends at a free slot, so there must be one; and every string must be found where it is. */
static struct strindex load_index(struct map *m, const struct strings_at *s, const struct strtab *t)
{
	uint64_t size = s->slot.bytes / sizeof(struct strslot);
	if (t->n == 0 && size == 0)
		return (struct strindex){0};
	const struct strslot *slot = array(m, s->slot, size, sizeof *slot);
	if (m->bad || size > UINT32_MAX || (size & (size - 1)) != 0 || size <= (uint64_t)t->n) {
		m->bad = true;
		return (struct strindex){0};
	}
	uint64_t used = 0;
	for (uint64_t i = 0; i < size; i++) {
		used += slot[i].id >= 0;
		m->bad |= slot[i].id < -1 || slot[i].id >= t->n;
	}
	m->bad |= used != (uint64_t)t->n;
	struct strindex x = {(uint32_t)size, slot};
	for (int32_t i = 0; !m->bad && i < t->n; i++) {
		const char *bytes;
		size_t len = strtab_get(t, i, &bytes);
		m->bad |= strtab_find(t, &x, bytes, len) != i;
	}
	return x;
}

static const struct column *load_columns(
	struct map *m, struct dataset *d, const struct column_record *c, int n, int32_t rows)
{
	struct column *out = dataset_alloc(d, (size_t)n * sizeof *out);
	for (int i = 0; out && !m->bad && i < n; i++) {
		m->bad |= c[i].type < COLUMN_REAL || c[i].type > COLUMN_TOKENS ||
			  !memchr(c[i].name, '\0', sizeof c[i].name);
		if (m->bad)
			break;
		memcpy(out[i].name, c[i].name, sizeof out[i].name);
		out[i].type = (enum column_type)c[i].type;
		if (out[i].type == COLUMN_REAL)
			out[i].real = array(m, c[i].real, (uint64_t)rows, sizeof *out[i].real);
		else
			out[i].text = load_strings(m, &c[i].text, rows);
	}
	return out;
}

/* The arrays of one column of the interactions, by its type. */
static void load_row_column(struct map *m, const struct column_record *c, int64_t n, struct row_column *out)
{
	memcpy(out->name, c->name, sizeof out->name);
	out->type = (enum column_type)c->type;
	if (out->type == COLUMN_REAL) {
		out->real = array(m, c->real, (uint64_t)n, sizeof *out->real);
		return;
	}
	if (out->type == COLUMN_TEXT) {
		m->bad |= n > INT32_MAX;
		out->words = m->bad ? (struct strtab){0} : load_strings(m, &c->text, (int32_t)n);
		return;
	}
	uint64_t words = c->text.offset.bytes / sizeof(int64_t), codes = c->code.bytes / sizeof *out->code;
	m->bad |= words < 1 || words > INT32_MAX || (out->type == COLUMN_TOKEN && codes != (uint64_t)n);
	if (m->bad)
		return;
	out->words = load_strings(m, &c->text, (int32_t)words - 1);
	out->code = array(m, c->code, codes, sizeof *out->code);
	check_ids(m, out->code, codes, out->type == COLUMN_TOKEN ? -1 : 0, (int32_t)words - 1);
	if (out->type == COLUMN_TOKENS) {
		out->first = array(m, c->first, (uint64_t)n + 1, sizeof *out->first);
		check_offsets(m, out->first, n, (int64_t)codes);
	}
}

static const struct row_column *load_row_columns(struct map *m, struct dataset *d, const struct column_record *c, int n)
{
	struct row_column *out = dataset_alloc(d, (size_t)n * sizeof *out);
	for (int i = 0; out && !m->bad && i < n; i++) {
		m->bad |= c[i].type < COLUMN_REAL || c[i].type > COLUMN_TEXT ||
			  !memchr(c[i].name, '\0', sizeof c[i].name);
		if (!m->bad)
			load_row_column(m, &c[i], d->n, &out[i]);
	}
	return out;
}

static void load_rows(struct map *m, struct dataset *d, const struct head *h)
{
	uint64_t n = (uint64_t)h->n, users = (uint64_t)h->n_users;
	d->start = array(m, h->start, users + 1, sizeof *d->start);
	d->item = array(m, h->item, n, sizeof *d->item);
	d->rating = optional(m, h->rating, n, sizeof *d->rating);
	d->time = optional(m, h->time, n, sizeof *d->time);
	d->part = optional(m, h->part, n, sizeof *d->part);
	for (uint64_t i = 0; !m->bad && d->part && i < n; i++)
		m->bad |= d->part[i] > PART_HISTORY;
	check_offsets(m, d->start, h->n_users, h->n);
	check_ids(m, d->item, n, 0, h->n_items);
	d->held_out = optional(m, h->held_out, users, sizeof *d->held_out);
	if (d->held_out)
		check_ids(m, d->held_out, users, -1, h->n_items);
	d->candidate_start = optional(m, h->candidate_start, users + 1, sizeof *d->candidate_start);
	if (d->candidate_start) {
		uint64_t candidates = h->candidate.bytes / sizeof *d->candidate;
		d->candidate = array(m, h->candidate, candidates, sizeof *d->candidate);
		check_offsets(m, d->candidate_start, h->n_users, (int64_t)candidates);
		check_ids(m, d->candidate, candidates, 0, h->n_items);
	}
}

static enum err_code refuse(const char *path, const char *why, struct err *e)
{
	return err_set(e, ERR_FORMAT, "the cache file %s %s; remove it and import the data again", path, why);
}

static enum err_code check_head(const struct head *h, uint64_t size, const char *path, struct err *e)
{
	if (memcmp(h->magic, magic, sizeof magic) != 0)
		return refuse(path, "is not a data set of gusto", e);
	if (h->version != VERSION || h->byte_order != byte_order)
		return refuse(path, "is of another version or machine", e);
	if (h->file_bytes != size)
		return refuse(path, h->file_bytes > size ? "is truncated" : "has bytes behind its end", e);
	bool fine = h->n_users >= 0 && h->n_items >= 0 && h->n >= 0 && h->n_user_columns >= 0 &&
		    h->n_item_columns >= 0 && h->n_row_columns >= 0 && h->n_user_columns <= COLUMNS_MAX &&
		    h->n_item_columns <= COLUMNS_MAX && h->n_row_columns <= COLUMNS_MAX &&
		    memchr(h->name, '\0', sizeof h->name);
	uint64_t columns =
		fine ? (uint64_t)h->n_user_columns + (uint64_t)h->n_item_columns + (uint64_t)h->n_row_columns : 0;
	fine = fine && size >= sizeof *h + columns * sizeof(struct column_record);
	return fine ? OK : refuse(path, "is damaged", e);
}

static enum err_code load_map(struct map *m, const char *path, struct err *e)
{
	struct dataset *d = m->d;
	const struct head *h = (const struct head *)m->bytes;
	TRY(check_head(h, m->size, path, e));
	const struct column_record *c = (const struct column_record *)(m->bytes + sizeof *h);
	memcpy(d->name, h->name, sizeof d->name);
	d->n_users = h->n_users;
	d->n_items = h->n_items;
	d->n = h->n;
	d->hash = h->hash;
	load_rows(m, d, h);
	d->users = load_strings(m, &h->users, h->n_users);
	d->items = load_strings(m, &h->items, h->n_items);
	d->user_index = load_index(m, &h->users, &d->users);
	d->item_index = load_index(m, &h->items, &d->items);
	d->n_user_columns = h->n_user_columns;
	d->n_item_columns = h->n_item_columns;
	d->user_columns = load_columns(m, d, c, h->n_user_columns, h->n_users);
	d->item_columns = load_columns(m, d, c + h->n_user_columns, h->n_item_columns, h->n_items);
	d->n_row_columns = h->n_row_columns;
	d->row_columns = load_row_columns(m, d, c + h->n_user_columns + h->n_item_columns, h->n_row_columns);
	if (!d->user_columns || !d->item_columns || !d->row_columns)
		return err_set(e, ERR_NOMEM, "no memory to open %s", path);
	return m->bad ? refuse(path, "is damaged", e) : OK;
}

static enum err_code map_file(int fd, const char *path, struct map *m, struct err *e)
{
	struct stat st;
	enum err_code code = OK;
	if (fstat(fd, &st) != 0)
		code = err_errno(e, "cannot read %s", path);
	else if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size < sizeof(struct head))
		code = refuse(path, "is too short to be one", e);
	if (code == OK) {
		void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
		if (p == MAP_FAILED)
			code = err_errno(e, "cannot map %s", path);
		else
			*m = (struct map){.bytes = p, .size = (uint64_t)st.st_size};
	}
	return code;
}

/* The data set of a file whose hash is still to be compared with its content. */
static enum err_code load(int fd, const char *path, struct dataset **out, struct err *e)
{
	struct map m = {0};
	*out = NULL;
	TRY(map_file(fd, path, &m, e));
	m.d = dataset_new("");
	if (!m.d) {
		munmap((void *)(uintptr_t)m.bytes, (size_t)m.size);
		return err_set(e, ERR_NOMEM, "no memory to open %s", path);
	}
	dataset_own_map(m.d, (void *)(uintptr_t)m.bytes, (size_t)m.size);
	enum err_code code = load_map(&m, path, e);
	if (code == OK)
		*out = m.d;
	else
		dataset_unref(m.d);
	return code;
}

enum err_code cache_load(const char *path, struct dataset **out, struct err *e)
{
	*out = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return err_set(e, ERR_NOTFOUND, "there is no cache file %s", path);
	if (fd < 0)
		return err_errno(e, "cannot open %s", path);
	enum err_code code = load(fd, path, out, e);
	close(fd);
	if (code != OK || dataset_content_hash(*out) == (*out)->hash)
		return code;
	dataset_unref(*out);
	*out = NULL;
	return refuse(path, "is damaged", e);
}

/* ---- streaming ---- */

struct cache_stream {
	struct fs_writer *w;
	struct head h;
	char path[FS_PATH_MAX];
};

enum err_code cache_stream_open(const struct dataset *frame, const char *path, struct cache_stream **out, struct err *e)
{
	*out = NULL;
	struct cache_stream *s = mem_calloc(1, sizeof *s);
	if (!s)
		return err_set(e, ERR_NOMEM, "no memory to write %s", path);
	enum err_code code = path_join(s->path, sizeof s->path, "", path, e);
	if (code == OK)
		code = fs_writer_open(path, &s->w, e);
	if (code == OK)
		code = write_all(frame, true, s->w, &s->h, e);
	if (code != OK) {
		cache_stream_abort(s);
		return code;
	}
	*out = s;
	return OK;
}

void cache_stream_abort(struct cache_stream *s)
{
	if (s)
		fs_writer_abort(s->w);
	mem_free(s);
}

enum err_code cache_stream_rows(struct cache_stream *s, int64_t first, int64_t n, const int32_t *item,
	const float *rating, const int64_t *time, struct err *e)
{
	CHECK(first >= 0 && n >= 0 && first + n <= s->h.n, "rows %lld..%lld of %lld", (long long)first,
		(long long)(first + n), (long long)s->h.n);
	uint64_t at = (uint64_t)first, rows = (uint64_t)n;
	TRY(fs_writer_put_at(s->w, s->h.item.at + at * sizeof *item, item, rows * sizeof *item, e));
	TRY(fs_writer_put_at(s->w, s->h.rating.at + at * sizeof *rating, rating, rows * sizeof *rating, e));
	return fs_writer_put_at(s->w, s->h.time.at + at * sizeof *time, time, rows * sizeof *time, e);
}

/* The hash is that of what stands in the file. */
enum err_code cache_stream_finish(struct cache_stream *s, struct dataset **out, struct err *e)
{
	struct dataset *d;
	enum err_code code = load(fs_writer_fd(s->w), s->path, &d, e);
	if (code == OK) {
		d->hash = s->h.hash = dataset_content_hash(d);
		code = fs_writer_put_at(s->w, 0, &s->h, sizeof s->h, e);
	}
	if (code == OK) {
		code = fs_writer_commit(s->w, e);
		s->w = NULL;
	}
	cache_stream_abort(s);
	if (code != OK) {
		dataset_unref(d);
		d = NULL;
	}
	*out = d;
	return code;
}

enum err_code cache_path(
	const char *folder, const char *name, const char *recipe, char *path, size_t size, struct err *e)
{
	char hex[65], file[128];
	TRY(bytes_sha256(recipe, strlen(recipe), hex, e));
	int n = snprintf(file, sizeof file, "%s-v%d-%.16s.gusto", name, VERSION, hex);
	if (n < 0 || (size_t)n >= sizeof file || strchr(name, '/'))
		return err_set(e, ERR_ARG,
			"'%.60s' cannot be the name of a data set: at most 60 characters without '/'", name);
	return path_join(path, size, folder, file, e);
}
