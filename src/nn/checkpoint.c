/* A checkpoint is a pair of files.  The state names the SHA-256 of the weights it belongs to ("weights_sha256"), so a
 * pair that a crash mixed from two savings of one step is recognised; saving the same weights again is harmless.  It also
 * names its own ("state_sha256", over its tensors and all other strings), so that damage is found before it is used. */
#include "nn/checkpoint.h"

#include "base/mem.h"
#include "nn/hash.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_SIZE = 4096 };

static enum err_code path_of(char out[PATH_SIZE], const char *dir, int64_t step, const char *ending, struct err *e)
{
	if (snprintf(out, PATH_SIZE, "%s/%" PRId64 ".%s", dir, step, ending) >= PATH_SIZE)
		return err_set(e, ERR_ARG, "the path %s is too long", dir);
	return OK;
}

/* ---- lists of tensors ---- */

struct list {
	struct st_tensor *row;
	size_t n, cap;
	bool failed;
};

static void list_add(struct list *l, const char *name, const real *data, int ndim, const int64_t *dim)
{
	int64_t n = 1;
	char *copy = mem_strdup(name);
	if (!copy || !mem_grow(&l->row, &l->cap, l->n + 1, sizeof *l->row)) {
		mem_free(copy);
		l->failed = true;
		return;
	}
	struct st_tensor *t = &l->row[l->n++];
	*t = (struct st_tensor){.name = copy, .dtype = REAL_NAME, .ndim = ndim, .data = data};
	for (int i = 0; i < ndim; i++)
		n *= t->dim[i] = dim[i];
	t->bytes = (size_t)n * sizeof(real);
}

static void list_free(struct list *l)
{
	for (size_t i = 0; i < l->n; i++)
		mem_free(l->row[i].name);
	mem_free(l->row);
}

static void add_param(struct list *l, const struct param *p)
{
	int64_t dim[SHAPE_DIMS];
	for (int i = 0; i < p->shape.ndim; i++)
		dim[i] = p->shape.dim[i];
	list_add(l, p->name, p->value, p->shape.ndim, dim);
}

static void state_name(char *out, size_t size, const char *param, int k)
{
	snprintf(out, size, "optim/%s/%d", param, k);
}

static void add_state(void *ctx, const char *param, int k, real *state, int64_t n)
{
	char name[PARAM_NAME_MAX + 32];
	state_name(name, sizeof name, param, k);
	list_add(ctx, name, state, 1, &n);
}

/* ---- the state's digest ---- */

static int by_name(const void *a, const void *b)
{
	const struct st_tensor *const *x = a, *const *y = b;
	return strcmp((*x)->name, (*y)->name);
}

static int by_key(const void *a, const void *b)
{
	const struct meta_entry *const *x = a, *const *y = b;
	return strcmp((*x)->key, (*y)->key);
}

static void hash_tensor(struct hash *h, const struct st_tensor *t)
{
	hash_add(h, t->name, strlen(t->name) + 1);
	hash_add(h, t->dtype, strlen(t->dtype) + 1);
	hash_add(h, t->dim, (size_t)t->ndim * sizeof *t->dim);
	hash_add(h, t->data, t->bytes);
}

static void hash_string(struct hash *h, const struct meta_entry *m)
{
	if (strcmp(m->key, "state_sha256") == 0)
		return;
	hash_add(h, m->key, strlen(m->key) + 1);
	hash_add(h, m->value, strlen(m->value) + 1);
}

/* In the order of names, whatever order the file has. */
static enum err_code state_sha256(
	const struct st_tensor *t, size_t n, const struct meta *m, char hex[65], struct err *e)
{
	const struct st_tensor **tensor = mem_calloc(n + 1, sizeof *tensor);
	const struct meta_entry **string = mem_calloc(m->n + 1, sizeof *string);
	struct hash h;
	bool ok = tensor && string;
	hash_begin(&h);
	for (size_t i = 0; ok && i < n; i++)
		tensor[i] = &t[i];
	for (size_t i = 0; ok && i < m->n; i++)
		string[i] = &m->row[i];
	if (ok) {
		qsort(tensor, n, sizeof *tensor, by_name);
		qsort(string, m->n, sizeof *string, by_key);
	}
	for (size_t i = 0; ok && i < n; i++)
		hash_tensor(&h, tensor[i]);
	for (size_t i = 0; ok && i < m->n; i++)
		hash_string(&h, string[i]);
	ok = hash_end(&h, hex) && ok;
	mem_free(tensor);
	mem_free(string);
	return ok ? OK : err_set(e, ERR_NOMEM, "no memory for the digest of a checkpoint's state");
}

static enum err_code check_state(const struct st_file *f, const char *path, struct err *e)
{
	char hex[65];
	const char *want = meta_get(st_meta(f), "state_sha256");
	TRY(state_sha256(st_count(f) ? st_get(f, 0) : NULL, st_count(f), st_meta(f), hex, e));
	if (!want || strcmp(want, hex) != 0)
		return err_set(
			e, ERR_FORMAT, "%s is damaged: it is not what was saved; use an earlier checkpoint", path);
	return OK;
}

/* ---- saving ---- */

static enum err_code full_meta(
	struct meta *full, const struct meta *m, const struct paramset *s, struct optim *o, int64_t step, struct err *e)
{
	char hex[65], number[32], clocks[96];
	for (size_t i = 0; m && i < m->n; i++)
		TRY(meta_set(full, m->row[i].key, m->row[i].value, e));
	paramset_sha256(s, hex);
	TRY(meta_set(full, "weights_sha256", hex, e));
	snprintf(number, sizeof number, "%" PRId64, step);
	TRY(meta_set(full, "step", number, e));
	if (!o)
		return OK;
	TRY(meta_set(full, "optim_steps", optim_steps_text(o, clocks, sizeof clocks), e));
	return meta_set(full, "optim", optim_class_of(o)->desc.name, e);
}

static enum err_code save_pair(const char *dir, int64_t step, const struct list *weights, const struct list *state,
	const struct meta *m, struct err *e)
{
	char path[PATH_SIZE];
	struct meta head = {(struct meta_entry[]){{"format", "pt"}}, 1, 1};
	TRY(path_of(path, dir, step, "state", e));
	TRY(st_write(path, state->row, state->n, m, e));
	TRY(path_of(path, dir, step, "safetensors", e));
	return st_write(path, weights->row, weights->n, &head, e);
}

static void block_name(char *out, size_t size, const struct checkpoint_block *b)
{
	snprintf(out, size, "block/%s", b->name);
}

static void add_block(struct list *l, const struct checkpoint_block *b)
{
	char name[192];
	int64_t none = 0;
	block_name(name, sizeof name, b);
	list_add(l, name, NULL, 1, &none);
	if (l->failed)
		return;
	struct st_tensor *t = &l->row[l->n - 1];
	strcpy(t->dtype, "U8");
	t->data = b->data;
	t->dim[0] = (int64_t)b->bytes;
	t->bytes = b->bytes;
}

enum err_code checkpoint_save(
	const char *dir, int64_t step, const struct paramset *s, struct optim *o, const struct meta *m, struct err *e)
{
	return checkpoint_save_with(dir, step, s, o, m, NULL, 0, e);
}

enum err_code checkpoint_save_with(const char *dir, int64_t step, const struct paramset *s, struct optim *o,
	const struct meta *m, const struct checkpoint_block *blocks, size_t n, struct err *e)
{
	struct list weights = {0}, state = {0};
	struct meta full = {0};
	char hex[65];
	for (size_t i = 0; i < paramset_count(s); i++)
		add_param(&weights, paramset_get(s, i));
	if (o)
		optim_each_state(o, add_state, &state);
	for (size_t i = 0; i < n; i++)
		add_block(&state, &blocks[i]);
	enum err_code rc = weights.failed || state.failed
				   ? err_set(e, ERR_NOMEM, "no memory to save checkpoint %s/%lld", dir, (long long)step)
				   : full_meta(&full, m, s, o, step, e);
	if (rc == OK)
		rc = state_sha256(state.row, state.n, &full, hex, e);
	if (rc == OK)
		rc = meta_set(&full, "state_sha256", hex, e);
	if (rc == OK)
		rc = save_pair(dir, step, &weights, &state, &full, e);
	meta_free(&full);
	list_free(&weights);
	list_free(&state);
	return rc;
}

/* ---- loading ---- */

/* Numbers of either precision; the bytes may stand anywhere. */
static void copy_numbers(real *to, const struct st_tensor *t, int64_t n)
{
	if (strcmp(t->dtype, REAL_NAME) == 0) {
		memcpy(to, t->data, t->bytes);
		return;
	}
	const char *p = t->data;
	bool wide = strcmp(t->dtype, "F64") == 0;
	for (int64_t i = 0; i < n; i++) {
		float f;
		double d;
		memcpy(&f, p + i * (wide ? 8 : 4), sizeof f);
		if (wide)
			memcpy(&d, p + i * 8, sizeof d);
		else
			d = (double)f;
		to[i] = (real)d;
	}
}

static bool is_real(const struct st_tensor *t)
{
	return strcmp(t->dtype, "F32") == 0 || strcmp(t->dtype, "F64") == 0;
}

static enum err_code check_param(const struct st_file *f, const char *path, const struct param *p, struct err *e)
{
	char want[96];
	const struct st_tensor *t = st_find(f, p->name);
	if (!t)
		return err_set(e, ERR_FORMAT, "%s: there is no tensor '%s', which the model needs", path, p->name);
	bool same = t->ndim == p->shape.ndim;
	for (int i = 0; same && i < t->ndim; i++)
		same = t->dim[i] == p->shape.dim[i];
	if (!same)
		return err_set(e, ERR_SHAPE, "%s: tensor '%s' has another shape than the model's %s", path, p->name,
			shape_text(&p->shape, want, sizeof want));
	if (!is_real(t))
		return err_set(e, ERR_FORMAT, "%s: tensor '%s' is %s, expected F32 or F64", path, p->name, t->dtype);
	return OK;
}

/* Everything is checked before the first value changes. */
static enum err_code check_params(const struct st_file *f, const char *path, const struct paramset *s, struct err *e)
{
	for (size_t i = 0; i < paramset_count(s); i++)
		TRY(check_param(f, path, paramset_get(s, i), e));
	for (size_t i = 0; i < st_count(f); i++)
		if (!paramset_find(s, st_get(f, i)->name))
			return err_set(e, ERR_FORMAT, "%s: tensor '%s' is no parameter of the model", path,
				st_get(f, i)->name);
	return OK;
}

struct state_walk {
	const struct st_file *f;
	const char *path;
	bool copy;
	enum err_code rc;
	struct err *e;
};

static void visit_state(void *ctx, const char *param, int k, real *state, int64_t n)
{
	struct state_walk *w = ctx;
	char name[PARAM_NAME_MAX + 32];
	state_name(name, sizeof name, param, k);
	const struct st_tensor *t = st_find(w->f, name);
	if (w->rc != OK)
		return;
	if (!t || t->ndim != 1 || t->dim[0] != n || !is_real(t))
		w->rc = err_set(w->e, ERR_FORMAT, "%s: optimizer state '%s' is missing or not %lld numbers", w->path,
			name, (long long)n);
	else if (w->copy)
		copy_numbers(state, t, n);
}

static enum err_code read_state(const struct st_file *f, const char *path, struct optim *o, bool copy, struct err *e)
{
	struct state_walk w = {f, path, copy, OK, e};
	const char *name = meta_get(st_meta(f), "optim"), *steps = meta_get(st_meta(f), "optim_steps");
	if (!name || !steps || strcmp(name, optim_class_of(o)->desc.name) != 0)
		return err_set(e, ERR_FORMAT, "%s: the state is that of optimizer '%s', the run uses '%s'", path,
			name ? name : "(none)", optim_class_of(o)->desc.name);
	optim_each_state(o, visit_state, &w);
	if (w.rc == OK && copy)
		optim_set_steps(o, steps);
	return w.rc;
}

static enum err_code copy_meta(struct meta *to, const struct meta *from, struct err *e)
{
	for (size_t i = 0; to && i < from->n; i++)
		TRY(meta_set(to, from->row[i].key, from->row[i].value, e));
	return OK;
}

/* The state is checked before, and applied after, the weights were. */
static enum err_code load_pair(const struct st_file *weights, const char *path, const struct st_file *state,
	const char *state_path, struct paramset *s, struct optim *o, struct meta *m, struct err *e)
{
	TRY(check_params(weights, path, s, e));
	if (state)
		TRY(check_state(state, state_path, e));
	if (state && o)
		TRY(read_state(state, state_path, o, false, e));
	if (state)
		TRY(copy_meta(m, st_meta(state), e));
	for (size_t i = 0; i < paramset_count(s); i++) {
		struct param *p = paramset_get(s, i);
		copy_numbers(p->value, st_find(weights, p->name), p->n);
	}
	return state && o ? read_state(state, state_path, o, true, e) : OK;
}

static enum err_code check_match(const struct st_file *state, const char *path, const struct paramset *s, struct err *e)
{
	char hex[65];
	const char *want = meta_get(st_meta(state), "weights_sha256");
	paramset_sha256(s, hex);
	if (!want || strcmp(want, hex) != 0)
		return err_set(e, ERR_FORMAT,
			"%s belongs to other weights than the file beside it; use an earlier checkpoint", path);
	return OK;
}

enum err_code checkpoint_load(
	const char *dir, int64_t step, struct paramset *s, struct optim *o, struct meta *m, struct err *e)
{
	char path[PATH_SIZE], state_path[PATH_SIZE];
	struct st_file *weights = NULL, *state = NULL;
	TRY(path_of(path, dir, step, "safetensors", e));
	TRY(path_of(state_path, dir, step, "state", e));
	enum err_code rc = st_open(path, &weights, e);
	if (rc == OK && (o || m))
		rc = st_open(state_path, &state, e);
	if (rc == OK)
		rc = load_pair(weights, path, state, state_path, s, o, m, e);
	if (rc == OK && state)
		rc = check_match(state, state_path, s, e);
	st_close(weights);
	st_close(state);
	return rc;
}

static const struct st_tensor *find_block(
	const struct st_file *f, const char *path, const struct checkpoint_block *b, struct err *e)
{
	char name[192];
	block_name(name, sizeof name, b);
	const struct st_tensor *t = st_find(f, name);
	if (t && t->bytes == b->bytes)
		return t;
	err_set(e, ERR_FORMAT, "%s: the state '%s' is missing or not %zu bytes", path, b->name, b->bytes);
	return NULL;
}

enum err_code checkpoint_load_blocks(
	const char *dir, int64_t step, const struct checkpoint_block *blocks, size_t n, struct err *e)
{
	char path[PATH_SIZE];
	struct st_file *f = NULL;
	if (n == 0)
		return OK;
	TRY(path_of(path, dir, step, "state", e));
	TRY(st_open(path, &f, e));
	enum err_code rc = OK;
	for (size_t i = 0; i < n && rc == OK; i++)
		rc = find_block(f, path, &blocks[i], e) ? OK : ERR_FORMAT;
	for (size_t i = 0; i < n && rc == OK; i++)
		if (blocks[i].bytes)
			memcpy(blocks[i].data, find_block(f, path, &blocks[i], e)->data, blocks[i].bytes);
	st_close(f);
	return rc;
}

/* ---- finding ---- */

static bool step_of(const char *file, int64_t *step)
{
	char *end;
	errno = 0;
	long long v = strtoll(file, &end, 10);
	*step = v;
	return errno == 0 && end != file && v >= 0 && strcmp(end, ".safetensors") == 0;
}

static bool readable_pair(const char *dir, int64_t step)
{
	char path[PATH_SIZE];
	struct st_file *weights = NULL, *state = NULL;
	bool ok = path_of(path, dir, step, "safetensors", NULL) == OK && st_open(path, &weights, NULL) == OK &&
		  path_of(path, dir, step, "state", NULL) == OK && st_open(path, &state, NULL) == OK;
	st_close(weights);
	st_close(state);
	return ok;
}

enum err_code checkpoint_latest(const char *dir, int64_t before, int64_t *step, struct err *e)
{
	DIR *d = opendir(dir);
	int64_t best = -1, s;
	if (!d)
		return err_errno(e, "cannot read the checkpoints in %s", dir);
	for (struct dirent *f; (f = readdir(d));)
		if (step_of(f->d_name, &s) && s > best && s < before && readable_pair(dir, s))
			best = s;
	closedir(d);
	if (best < 0)
		return err_set(e, ERR_NOTFOUND, "there is no complete checkpoint in %s", dir);
	*step = best;
	return OK;
}
