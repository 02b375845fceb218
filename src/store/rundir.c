#include "store/rundir.h"

#include "base/mem.h"
#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ID_TRIES = 1000000, NAME_MAX_BYTES = 64 };

const char *rundir_root(void)
{
	const char *root = getenv("GUSTO_RUNS");
	return root && *root ? root : "runs";
}

static enum err_code path_join(char *path, size_t size, const char *dir, const char *name, struct err *e)
{
	int n = snprintf(path, size, "%s/%s", dir, name);
	return n >= 0 && (size_t)n < size ? OK : err_set(e, ERR_ARG, "the path %s/%s is too long", dir, name);
}

static enum err_code root_make(const char *root, struct err *e)
{
	char path[PATH_MAX];
	size_t len = strlen(root);
	if (len == 0 || len >= sizeof path)
		return err_set(e, ERR_ARG, "the folder of runs must have a path of 1..%zu bytes", sizeof path - 1);
	memcpy(path, root, len + 1);
	for (char *p = path + 1;; p++) {
		if (*p && *p != '/')
			continue;
		char was = *p;
		*p = '\0';
		if (mkdir(path, 0777) && errno != EEXIST)
			return err_errno(e, "cannot make the folder %s for the runs", path);
		if (!was)
			return OK;
		*p = was;
	}
}

/* An id is typed in shells and stands in paths: letters, digits and -_. only, no dot in front. */
static void id_clean(const char *name, char *out, size_t size)
{
	size_t n = 0;
	for (; *name && n + 1 < size; name++) {
		char c = *name;
		bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
			    c == '-' || (c == '.' && n);
		out[n++] = good ? c : '-';
	}
	out[n] = '\0';
	if (!n)
		snprintf(out, size, "run");
}

enum err_code rundir_create(const char *root, const char *name, char *path, size_t size, struct err *e)
{
	char stem[NAME_MAX_BYTES], id[NAME_MAX_BYTES + 16], sub[PATH_MAX];
	TRY(root_make(root, e));
	id_clean(name, stem, sizeof stem);
	for (int n = 1; n <= ID_TRIES; n++) {
		snprintf(id, sizeof id, "%s-%d", stem, n);
		TRY(path_join(path, size, root, id, e));
		if (!mkdir(path, 0700)) {
			TRY(path_join(sub, sizeof sub, path, "checkpoints", e));
			return mkdir(sub, 0700) ? err_errno(e, "cannot make %s", sub) : OK;
		}
		if (errno != EEXIST)
			return err_errno(e, "cannot make the run directory %s", path);
	}
	return err_set(e, ERR_STATE, "%s holds %d runs called %s already; delete some or choose another name", root,
		ID_TRIES, stem);
}

/* Started later comes first: the lock is written when a runner starts, run.db stands in for copies without it. */
struct run_entry {
	char *id;
	struct timespec started;
};

static bool entry_started(const char *root, const char *id, struct timespec *t)
{
	char path[PATH_MAX];
	struct stat db, lock;
	if (snprintf(path, sizeof path, "%s/%s/run.db", root, id) >= (int)sizeof path || stat(path, &db))
		return false;
	snprintf(path, sizeof path, "%s/%s/lock", root, id);
	*t = stat(path, &lock) ? db.st_mtim : lock.st_mtim;
	return true;
}

static int entry_compare(const void *pa, const void *pb)
{
	const struct run_entry *a = pa, *b = pb;
	if (a->started.tv_sec != b->started.tv_sec)
		return a->started.tv_sec < b->started.tv_sec ? 1 : -1;
	if (a->started.tv_nsec != b->started.tv_nsec)
		return a->started.tv_nsec < b->started.tv_nsec ? 1 : -1;
	return strverscmp(b->id, a->id);
}

static enum err_code entries_read(DIR *d, const char *root, struct run_entry **out, size_t *n, struct err *e)
{
	size_t cap = 0;
	for (struct dirent *f; (f = readdir(d));) {
		struct timespec t;
		if (f->d_name[0] == '.' || !entry_started(root, f->d_name, &t))
			continue;
		char *id = mem_strdup(f->d_name);
		if (!id || !mem_grow(out, &cap, *n + 1, sizeof **out)) {
			mem_free(id);
			return err_set(e, ERR_NOMEM, "no memory to list the runs in %s", root);
		}
		(*out)[(*n)++] = (struct run_entry){id, t};
	}
	return OK;
}

enum err_code rundir_list(const char *root, char ***ids, size_t *n, struct err *e)
{
	struct run_entry *entry = NULL;
	*ids = NULL;
	*n = 0;
	DIR *d = opendir(root);
	if (!d)
		return errno == ENOENT ? OK : err_errno(e, "cannot read the folder of runs %s", root);
	enum err_code code = entries_read(d, root, &entry, n, e);
	closedir(d);
	if (entry)
		qsort(entry, *n, sizeof *entry, entry_compare);
	char **list = code == OK ? mem_calloc(*n + 1, sizeof *list) : NULL;
	if (code == OK && !list)
		code = err_set(e, ERR_NOMEM, "no memory to list the runs in %s", root);
	for (size_t i = 0; entry && i < *n; i++) {
		if (list)
			list[i] = entry[i].id;
		else
			mem_free(entry[i].id);
	}
	mem_free(entry);
	*ids = list;
	if (!list)
		*n = 0;
	return code;
}

void rundir_list_free(char **ids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		mem_free(ids[i]);
	mem_free(ids);
}

static bool is_run(const char *path)
{
	char db[PATH_MAX];
	return snprintf(db, sizeof db, "%s/run.db", path) < (int)sizeof db && !access(db, F_OK);
}

static enum err_code not_found(const char *root, const char *given, char **ids, size_t n, struct err *e)
{
	if (!n)
		return err_set(e, ERR_NOTFOUND,
			"no run \"%s\": there are no runs in %s yet; `gusto run FILE` makes one", given, root);
	const char *close = str_closest(given, (const char *const *)ids, n);
	return err_set(e, ERR_NOTFOUND, "no run \"%s\" in %s%s%s%s; `gusto runs` lists them", given, root,
		close ? "; did you mean " : "", close ? close : "", close ? "?" : "");
}

/* The one id that starts with `given`. */
static enum err_code match_prefix(
	const char *root, const char *given, char **ids, size_t n, const char **id, struct err *e)
{
	*id = NULL;
	for (size_t i = 0; i < n; i++) {
		if (!str_starts(ids[i], given))
			continue;
		if (*id)
			return err_set(e, ERR_ARG, "\"%s\" may be run %s or %s; type more of it", given, *id, ids[i]);
		*id = ids[i];
	}
	return *id ? OK : not_found(root, given, ids, n, e);
}

static enum err_code resolve_id(
	const char *root, const char *given, char **ids, size_t n, const char **id, struct err *e)
{
	if (!strcmp(given, "last")) {
		*id = n ? ids[0] : NULL;
		return n ? OK : not_found(root, given, ids, n, e);
	}
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(ids[i], given)) {
			*id = ids[i];
			return OK;
		}
	}
	return match_prefix(root, given, ids, n, id, e);
}

enum err_code rundir_resolve(const char *root, const char *given, char *path, size_t size, struct err *e)
{
	if (!*given)
		return err_set(e, ERR_ARG, "no run was named: give an id, the start of one, a path, or \"last\"");
	if (strchr(given, '/') || !strcmp(given, ".") || !strcmp(given, "..")) {
		if (!is_run(given))
			return err_set(e, ERR_NOTFOUND, "%s is not a run directory: it holds no run.db", given);
		int len = snprintf(path, size, "%s", given);
		return (size_t)len < size ? OK : err_set(e, ERR_ARG, "the path %s is too long", given);
	}
	char **ids;
	size_t n;
	const char *id = NULL;
	TRY(rundir_list(root, &ids, &n, e));
	enum err_code code = resolve_id(root, given, ids, n, &id, e);
	if (code == OK)
		code = path_join(path, size, root, id, e);
	else if (code == ERR_NOTFOUND && is_run(given))
		code = (size_t)snprintf(path, size, "./%s", given) < size ? OK : ERR_ARG;
	rundir_list_free(ids, n);
	return code;
}

/* Locks of the open file description: they end with the process however it ends, and asking (GETLK) disturbs nobody. */
static int lock_ask(int fd, int cmd, struct flock *l)
{
	*l = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
	return fcntl(fd, cmd, l);
}

enum err_code rundir_lock(const char *path, int *lock, struct err *e)
{
	char file[PATH_MAX], pid[24];
	struct flock l;
	*lock = -1;
	TRY(path_join(file, sizeof file, path, "lock", e));
	int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(e, "cannot open the lock %s", file);
	if (lock_ask(fd, F_OFD_SETLK, &l)) {
		enum err_code code = OK;
		ssize_t n = errno == EAGAIN || errno == EACCES ? pread(fd, pid, sizeof pid - 1, 0) : -1;
		if (n < 0)
			code = err_errno(e, "cannot lock %s", file);
		else
			code = err_set(e, ERR_STATE,
				"run %s is alive: process %.*s has it; attach to it or stop it first", path,
				(int)strnlen(pid, (size_t)n), pid);
		close(fd);
		return code;
	}
	int n = snprintf(pid, sizeof pid, "%ld", (long)getpid());
	if (ftruncate(fd, 0) || pwrite(fd, pid, (size_t)n, 0) != n) {
		enum err_code code = err_errno(e, "cannot write the lock %s", file);
		close(fd);
		return code;
	}
	*lock = fd;
	return OK;
}

bool rundir_alive(const char *path)
{
	char file[PATH_MAX];
	struct flock l;
	if (snprintf(file, sizeof file, "%s/lock", path) >= (int)sizeof file)
		return false;
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool held = !lock_ask(fd, F_OFD_GETLK, &l) && l.l_type != F_UNLCK;
	close(fd);
	return held;
}
