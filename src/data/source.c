/* Plain files are read directly; what begins with the magic of a compressed file or archive goes through libarchive.
 * An archive is walked twice: once to find the member (and to list the members in an error), once to read it. */
#include "data/source.h"

#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 1 << 18 };

static bool is_packed(const unsigned char *p, size_t n)
{
	static const struct {
		const char *bytes;
		size_t n;
	} magic[] = {{"\x1f\x8b", 2}, {"\x1f\x9d", 2},
		{"\xfd"
		 "7zXZ",
			5},
		{"\x28\xb5\x2f\xfd", 4}, {"BZh", 3}, {"\x04\x22\x4d\x18", 4}, {"PK\x03\x04", 4}, {"PK\x05\x06", 4},
		{"7z\xbc\xaf\x27\x1c", 6}};
	for (size_t i = 0; i < sizeof magic / sizeof *magic; i++)
		if (n >= magic[i].n && memcmp(p, magic[i].bytes, magic[i].n) == 0)
			return true;
	return n >= 262 && memcmp(p + 257, "ustar", 5) == 0;
}

static enum err_code read_plain(
	int fd, const char *path, char *buf, size_t got, source_sink *sink, void *ctx, struct err *e)
{
	while (got > 0) {
		TRY(sink(ctx, buf, got, e));
		ssize_t n;
		do
			n = read(fd, buf, PIECE);
		while (n < 0 && errno == EINTR);
		if (n < 0)
			return err_errno(e, "cannot read %s", path);
		got = (size_t)n;
	}
	return OK;
}

/* ---- libarchive ---- */

static enum err_code unpack_failed(struct archive *a, const char *path, struct err *e)
{
	const char *why = archive_error_string(a);
	return err_set(e, ERR_FORMAT, "cannot unpack %s: %s; the file may be incomplete: fetch it again", path,
		why ? why : "no reason given");
}

static enum err_code open_archive(const char *path, struct archive **out, struct err *e)
{
	struct archive *a = archive_read_new();
	*out = a;
	if (!a)
		return err_set(e, ERR_NOMEM, "no memory to unpack %s", path);
	archive_read_support_filter_all(a);
	archive_read_support_format_zip(a);
	archive_read_support_format_tar(a);
	archive_read_support_format_7zip(a);
	archive_read_support_format_raw(a);
	archive_read_support_format_empty(a);
	return archive_read_open_filename(a, path, PIECE) == ARCHIVE_OK ? OK : unpack_failed(a, path, e);
}

/* ARCHIVE_OK, ARCHIVE_EOF, or an error; a warning is as good as OK. */
static int next_entry(struct archive *a, struct archive_entry **entry)
{
	int status;
	do
		status = archive_read_next_header(a, entry);
	while (status == ARCHIVE_RETRY);
	return status == ARCHIVE_WARN ? ARCHIVE_OK : status;
}

static const char *entry_name(struct archive_entry *entry)
{
	const char *name = archive_entry_pathname(entry);
	return name ? name : "";
}

/* Which entry to read: its index in *index. */
struct search {
	const char *member; /* NULL: the only file */
	int index, files;
	struct str names;
};

static void consider(struct search *s, const char *name, int i)
{
	bool wanted = !s->member || strcmp(name, s->member) == 0 ||
		      (!strchr(s->member, '/') && strcmp(path_base(name), s->member) == 0);
	if (wanted && s->index < 0)
		s->index = i;
	if (++s->files <= 12)
		str_printf(&s->names, "%s%s", s->files > 1 ? ", " : "", name);
}

static enum err_code find_entry(const char *path, struct search *s, struct err *e)
{
	struct archive *a;
	struct archive_entry *entry;
	enum err_code code = open_archive(path, &a, e);
	int status = ARCHIVE_OK;
	for (int i = 0; code == OK && (status = next_entry(a, &entry)) == ARCHIVE_OK; i++)
		if (archive_entry_filetype(entry) == AE_IFREG || archive_format(a) == ARCHIVE_FORMAT_RAW)
			consider(s, entry_name(entry), i);
	if (code == OK && status != ARCHIVE_EOF)
		code = unpack_failed(a, path, e);
	archive_read_free(a);
	if (code != OK)
		return code;
	const char *more = s->files > 12 ? ", ..." : "";
	if (s->index < 0 && s->member)
		return err_set(e, ERR_NOTFOUND, "there is no '%s' in %s; it holds %s%s", s->member, path,
			str_text(&s->names), more);
	if (!s->member && s->files > 1)
		return err_set(e, ERR_ARG, "%s holds %d files; name one as \"%s!member\": %s%s", path, s->files,
			path_base(path), str_text(&s->names), more);
	return OK;
}

static enum err_code read_entry(const char *path, int index, char *buf, source_sink *sink, void *ctx, struct err *e)
{
	struct archive *a;
	struct archive_entry *entry;
	enum err_code code = open_archive(path, &a, e);
	for (int i = 0; code == OK && i <= index; i++)
		if (next_entry(a, &entry) != ARCHIVE_OK)
			code = unpack_failed(a, path, e);
	while (code == OK) {
		la_ssize_t n = archive_read_data(a, buf, PIECE);
		if (n == 0)
			break;
		if (n == ARCHIVE_RETRY || n == ARCHIVE_WARN)
			continue;
		code = n < 0 ? unpack_failed(a, path, e) : sink(ctx, buf, (size_t)n, e);
	}
	archive_read_free(a);
	return code;
}

static enum err_code read_packed(
	const char *path, const char *member, char *buf, source_sink *sink, void *ctx, struct err *e)
{
	struct search s = {.member = member, .index = -1};
	enum err_code code = find_entry(path, &s, e);
	if (code == OK && s.index >= 0)
		code = read_entry(path, s.index, buf, sink, ctx, e);
	str_free(&s.names);
	return code;
}

/* Cuts "archive!member" at the first '!' before which a file stands; a file that has '!' in its own name wins. */
static const char *cut_member(char *path)
{
	if (fs_is_file(path))
		return NULL;
	for (char *p = strchr(path, '!'); p; p = strchr(p + 1, '!')) {
		*p = '\0';
		if (fs_is_file(path))
			return p + 1;
		*p = '!';
	}
	return NULL;
}

static enum err_code read_file(
	const char *path, const char *member, char *buf, source_sink *sink, void *ctx, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return err_set(e, ERR_NOTFOUND, "there is no file %s", path);
	if (fd < 0)
		return err_errno(e, "cannot open %s", path);
	enum err_code code;
	ssize_t got = read(fd, buf, PIECE);
	if (got < 0)
		code = err_errno(e, "cannot read %s", path);
	else if (is_packed((const unsigned char *)buf, (size_t)got))
		code = read_packed(path, member, buf, sink, ctx, e);
	else if (member)
		code = err_set(e, ERR_FORMAT, "%s is no archive, so it has no member '%s'", path, member);
	else
		code = read_plain(fd, path, buf, (size_t)got, sink, ctx, e);
	close(fd);
	return code;
}

enum err_code source_read(const char *path, source_sink *sink, void *ctx, struct err *e)
{
	char *copy = mem_strdup(path), *buf = mem_alloc(PIECE);
	enum err_code code = copy && buf ? OK : err_set(e, ERR_NOMEM, "no memory to read %s", path);
	if (code == OK) {
		const char *member = cut_member(copy);
		code = read_file(copy, member, buf, sink, ctx, e);
	}
	mem_free(copy);
	mem_free(buf);
	return code;
}
