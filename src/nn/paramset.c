#include "nn/paramset.h"

#include "base/mem.h"
#include "base/rng.h"
#include "base/str.h"
#include "nn/hash.h"
#include "nn/init.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SCOPE_DEPTH = 32, FOLLOW_ALONE = 65536 };

struct paramset {
	uint64_t seed;
	const struct paramset *adopt; /* NULL: every parameter is made */
	struct param **item;
	size_t n, cap;
	struct str scope;	    /* "block 1/attention" */
	size_t length[SCOPE_DEPTH]; /* of the scope before each push */
	int depth;
};

struct paramset *paramset_new(uint64_t seed)
{
	struct paramset *s = mem_calloc(1, sizeof *s);
	if (s)
		s->seed = seed;
	return s;
}

void paramset_free(struct paramset *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++)
		param_unref(s->item[i]);
	mem_free(s->item);
	str_free(&s->scope);
	mem_free(s);
}

size_t paramset_count(const struct paramset *s)
{
	return s->n;
}

struct param *paramset_get(const struct paramset *s, size_t i)
{
	CHECK(i < s->n, "parameter %zu of %zu", i, s->n);
	return s->item[i];
}

struct param *paramset_find(const struct paramset *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->item[i]->name, name) == 0)
			return s->item[i];
	return NULL;
}

int64_t paramset_numbers(const struct paramset *s, bool trainable_only)
{
	int64_t n = 0;
	for (size_t i = 0; i < s->n; i++)
		if (s->item[i]->trainable || !trainable_only)
			n += s->item[i]->n;
	return n;
}

void paramset_push(struct paramset *s, const char *scope)
{
	CHECK(s->depth < SCOPE_DEPTH, "scopes nest deeper than %d at %s", SCOPE_DEPTH, scope);
	s->length[s->depth++] = s->scope.len;
	if (s->scope.len)
		str_putc(&s->scope, '/');
	str_puts(&s->scope, scope);
}

void paramset_pop(struct paramset *s)
{
	CHECK(s->depth > 0, "paramset_pop without a push");
	s->scope.len = s->length[--s->depth];
	if (s->scope.data)
		s->scope.data[s->scope.len] = '\0';
}

static enum err_code full_name(const struct paramset *s, const char *name, char out[PARAM_NAME_MAX], struct err *e)
{
	int n = snprintf(out, PARAM_NAME_MAX, "%s%s%s", str_text(&s->scope), s->scope.len ? "/" : "", name);
	if (s->scope.failed)
		return err_set(e, ERR_NOMEM, "no memory for the name of parameter '%s'", name);
	if (n >= PARAM_NAME_MAX)
		return err_set(e, ERR_ARG, "the parameter name '%s/%s' is longer than %d characters",
			str_text(&s->scope), name, PARAM_NAME_MAX - 1);
	if (paramset_find(s, out))
		return err_set(e, ERR_ARG, "there are two parameters named '%s'; give the layers different names", out);
	return OK;
}

void paramset_adopt(struct paramset *s, const struct paramset *from)
{
	s->adopt = from;
}

static struct param *adopted(
	const struct paramset *s, const char *name, const struct shape *shape, bool trainable, bool lazy)
{
	struct param *p = s->adopt ? paramset_find(s->adopt, name) : NULL;
	return p && shape_same(&p->shape, shape) && p->trainable == trainable && p->lazy == lazy ? p : NULL;
}

bool paramset_same(const struct paramset *a, const struct paramset *b)
{
	return a->n == b->n && (a->n == 0 || memcmp(a->item, b->item, a->n * sizeof(struct param *)) == 0);
}

enum err_code paramset_make(struct paramset *s, const char *name, const struct shape *shape, const struct init *init,
	bool trainable, bool lazy, struct param **out, struct err *e)
{
	char full[PARAM_NAME_MAX];
	struct param *p = NULL;
	TRY(full_name(s, name, full, e));
	if (!mem_grow(&s->item, &s->cap, s->n + 1, sizeof(struct param *)))
		return err_set(e, ERR_NOMEM, "no memory for parameter '%s'", full);
	p = adopted(s, full, shape, trainable, lazy);
	if (p) {
		*out = s->item[s->n++] = param_ref(p);
		return OK;
	}
	TRY(param_new(full, shape, &p, e));
	enum err_code rc = init_fill(init, rng_key(s->seed, RNG_INIT, rng_hash_name(full), 0), p, e);
	if (rc != OK) {
		param_unref(p);
		return rc;
	}
	p->trainable = trainable;
	p->lazy = lazy;
	s->item[s->n++] = p;
	*out = p;
	return OK;
}

size_t paramset_carry(struct paramset *fresh_set, const struct paramset *old, bool *fresh)
{
	size_t carried = 0;
	for (size_t i = 0; i < fresh_set->n; i++) {
		struct param *p = fresh_set->item[i];
		const struct param *from = paramset_find(old, p->name);
		bool same = from && shape_same(&p->shape, &from->shape);
		if (same)
			memcpy(p->value, from->value, (size_t)p->n * sizeof(real));
		carried += same;
		if (fresh)
			fresh[i] = !same;
	}
	return carried;
}

/* What follows "scope/" in the name, or NULL. */
static const char *below(const char *name, const char *scope)
{
	size_t n = strlen(scope);
	return strncmp(name, scope, n) == 0 && name[n] == '/' ? name + n + 1 : NULL;
}

static const struct param *fellow_of(const struct paramset *s, const struct param *p, const char *to, const char *from)
{
	char name[PARAM_NAME_MAX];
	if (snprintf(name, sizeof name, "%s/%s", from, below(p->name, to)) >= (int)sizeof name)
		return NULL;
	const struct param *q = paramset_find(s, name);
	return q && shape_same(&q->shape, &p->shape) ? q : NULL;
}

struct following {
	real *to;
	const real *from;
	int64_t n;
	real t;
	int members;
};

static void follow_part(void *ctx, int member)
{
	const struct following *f = ctx;
	real *restrict to = f->to;
	const real *restrict from = f->from;
	int64_t end = f->n * (member + 1) / f->members;
	for (int64_t k = f->n * member / f->members; k < end; k++)
		to[k] += f->t * (from[k] - to[k]);
}

static void follow(real *to, const real *from, int64_t n, real t, struct team *team)
{
	bool alone = !team || n < FOLLOW_ALONE;
	struct following f = {to, from, n, t, alone ? 1 : team_size(team)};
	if (alone)
		follow_part(&f, 0);
	else
		team_run(team, follow_part, &f);
}

int paramset_follow(struct paramset *s, const char *to, const char *from, double tau, struct team *team)
{
	int pairs = 0;
	const real t = (real)tau;
	for (size_t i = 0; i < s->n; i++) {
		struct param *p = s->item[i];
		if (!below(p->name, to))
			continue;
		const struct param *q = fellow_of(s, p, to, from);
		if (!q)
			return -1;
		if (tau >= 1)
			memcpy(p->value, q->value, (size_t)p->n * sizeof(real));
		else
			follow(p->value, q->value, p->n, t, team);
		pairs++;
	}
	return pairs;
}

static int by_name(const void *a, const void *b)
{
	const struct param *const *x = a, *const *y = b;
	return strcmp((*x)->name, (*y)->name);
}

/* The digest is of "<name> <shape>\n" and the raw bytes of each parameter. */
static void hash_param(struct hash *h, const struct param *p)
{
	char shape[96], head[PARAM_NAME_MAX + 100];
	int n = snprintf(head, sizeof head, "%s %s\n", p->name, shape_text(&p->shape, shape, sizeof shape));
	hash_add(h, head, (size_t)n);
	hash_add(h, p->value, (size_t)p->n * sizeof(real));
}

void paramset_sha256(const struct paramset *s, char hex[65])
{
	struct param **sorted = mem_alloc(s->n * sizeof(struct param *));
	struct hash h;
	CHECK(sorted, "no memory for %zu pointers", s->n);
	if (s->n) {
		memcpy(sorted, s->item, s->n * sizeof(struct param *));
		qsort(sorted, s->n, sizeof(struct param *), by_name);
	}
	hash_begin(&h);
	for (size_t i = 0; i < s->n; i++)
		hash_param(&h, sorted[i]);
	mem_free(sorted);
	bool ok = hash_end(&h, hex);
	CHECK(ok, "libcrypto cannot compute a SHA-256");
}
