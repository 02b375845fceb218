#include "base/desc.h"

#include "base/str.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const struct desc *registry_find(const struct registry *r, const char *name)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->rows[i]->name, name) == 0)
			return r->rows[i];
	return NULL;
}

const struct desc *registry_need(const struct registry *r, const char *name, struct err *e)
{
	const struct desc *d = registry_find(r, name);
	if (d)
		return d;
	const char *names[256];
	size_t n = r->n < 256 ? r->n : 256;
	for (size_t i = 0; i < n; i++)
		names[i] = r->rows[i]->name;
	const char *close = str_closest(name, names, n);
	if (close)
		err_set(e, ERR_NOTFOUND, "there is no %s '%s'; did you mean '%s'?", r->kind, name, close);
	else
		err_set(e, ERR_NOTFOUND, "there is no %s '%s'; `gusto doc` lists what there is", r->kind, name);
	return NULL;
}

size_t arg_count(const struct desc *d)
{
	size_t n = 0;
	while (d->args && d->args[n].type != ARG_END)
		n++;
	return n;
}

int arg_index(const struct desc *d, const char *name)
{
	size_t n = arg_count(d);
	for (size_t i = 0; i < n; i++)
		if (strcmp(d->args[i].name, name) == 0)
			return (int)i;
	return -1;
}

void args_default(const struct desc *d, struct args *a)
{
	memset(a, 0, sizeof *a);
	size_t n = arg_count(d);
	CHECK(n <= ARGS_MAX, "%s has %zu arguments, room is for %d", d->name, n, ARGS_MAX);
	for (size_t i = 0; i < n; i++) {
		const struct arg_spec *s = &d->args[i];
		a->num[i] = s->def;
		a->text[i] = s->text;
		if (s->type == ARG_CHOICE && s->text)
			a->num[i] = arg_choice_index(s->choices, s->text);
	}
}

enum err_code arg_check_number(const char *owner, const struct arg_spec *s, double v, struct err *e)
{
	if (s->type == ARG_STRING || s->type == ARG_CHOICE)
		return err_set(e, ERR_ARG, "%s: %s must be a string, got %g", owner, s->name, v);
	if (isnan(v))
		return err_set(e, ERR_ARG, "%s: %s must be a number, got NaN", owner, s->name);
	if (s->type == ARG_INT && v != floor(v))
		return err_set(e, ERR_ARG, "%s: %s must be a whole number, got %g", owner, s->name, v);
	if (s->type != ARG_BOOL && (v < s->min || v > s->max))
		return err_set(e, ERR_ARG, "%s: %s must be in %g..%g, got %g", owner, s->name, s->min, s->max, v);
	return OK;
}

int arg_choice_index(const char *choices, const char *text)
{
	size_t n = strlen(text);
	int i = 0;
	for (const char *p = choices; p; i++) {
		const char *bar = strchr(p, '|');
		size_t m = bar ? (size_t)(bar - p) : strlen(p);
		if (m == n && memcmp(p, text, n) == 0)
			return i;
		p = bar ? bar + 1 : NULL;
	}
	return -1;
}

char *arg_choice_text(const char *choices, int index, char *out, size_t size)
{
	const char *p = choices;
	for (; p && index > 0; index--) {
		const char *bar = strchr(p, '|');
		p = bar ? bar + 1 : NULL;
	}
	bool there = p && index == 0;
	snprintf(out, size, "%.*s", there ? (int)strcspn(p, "|") : 0, there ? p : "");
	return out;
}

static int need_index(const struct desc *d, const char *name, struct err *e)
{
	int i = arg_index(d, name);
	if (i >= 0)
		return i;
	const char *names[ARGS_MAX];
	size_t n = arg_count(d);
	for (size_t k = 0; k < n; k++)
		names[k] = d->args[k].name;
	const char *close = str_closest(name, names, n);
	if (close)
		err_set(e, ERR_ARG, "%s has no argument '%s'; did you mean '%s'?", d->name, name, close);
	else
		err_set(e, ERR_ARG, "%s has no argument '%s'; usage: %s", d->name, name, d->usage);
	return -1;
}

enum err_code args_set_number(const struct desc *d, struct args *a, const char *name, double v, struct err *e)
{
	int i = need_index(d, name, e);
	if (i < 0)
		return ERR_ARG;
	TRY(arg_check_number(d->name, &d->args[i], v, e));
	a->num[i] = v;
	a->given[i] = true;
	return OK;
}

enum err_code args_set_text(const struct desc *d, struct args *a, const char *name, const char *text, struct err *e)
{
	int i = need_index(d, name, e);
	if (i < 0)
		return ERR_ARG;
	const struct arg_spec *s = &d->args[i];
	if (s->type != ARG_STRING && s->type != ARG_CHOICE)
		return err_set(e, ERR_ARG, "%s: %s must be a number, got \"%s\"", d->name, name, text);
	if (s->type == ARG_CHOICE) {
		int k = arg_choice_index(s->choices, text);
		if (k < 0)
			return err_set(
				e, ERR_ARG, "%s: %s must be one of %s, got \"%s\"", d->name, name, s->choices, text);
		a->num[i] = k;
	}
	a->text[i] = text;
	a->given[i] = true;
	return OK;
}

enum err_code args_complete(const struct desc *d, const struct args *a, struct err *e)
{
	size_t n = arg_count(d);
	for (size_t i = 0; i < n; i++)
		if ((d->args[i].flags & ARG_REQUIRED) && !a->given[i])
			return err_set(e, ERR_ARG, "%s needs %s (%s); usage: %s", d->name, d->args[i].name,
				d->args[i].help, d->usage);
	return OK;
}
