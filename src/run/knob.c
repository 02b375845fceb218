#include "run/knob.h"

#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void knob_fini(struct knob *k)
{
	mem_free(k->name);
	mem_free(k->help);
	mem_free(k->choices);
	mem_free(k->def_text);
	mem_free(k->text);
	*k = (struct knob){0};
}

void knobset_free(struct knobset *k)
{
	for (size_t i = 0; i < k->n; i++)
		knob_fini(&k->row[i]);
	mem_free(k->row);
	*k = (struct knobset){0};
}

/* False where memory is short; a NULL text stays NULL. */
static bool dup(char **to, const char *from)
{
	*to = from ? mem_strdup(from) : NULL;
	return !from || *to;
}

static bool knob_copy(const struct knob *from, struct knob *to)
{
	*to = *from;
	bool a = dup(&to->name, from->name), b = dup(&to->help, from->help), c = dup(&to->choices, from->choices),
	     d = dup(&to->def_text, from->def_text), f = dup(&to->text, from->text);
	return a && b && c && d && f;
}

/* Appends a copy. */
static enum err_code knobset_append(struct knobset *k, const struct knob *row, struct err *e)
{
	if (!mem_grow(&k->row, &k->cap, k->n + 1, sizeof *k->row) || !knob_copy(row, &k->row[k->n])) {
		if (k->row && k->n < k->cap)
			knob_fini(&k->row[k->n]);
		return err_set(e, ERR_NOMEM, "no memory for knob %s", row->name);
	}
	k->n++;
	return OK;
}

enum err_code knobset_copy(const struct knobset *from, struct knobset *to, struct err *e)
{
	struct knobset copy = {0};
	for (size_t i = 0; i < from->n; i++) {
		enum err_code rc = knobset_append(&copy, &from->row[i], e);
		if (rc != OK) {
			knobset_free(&copy);
			return rc;
		}
	}
	*to = copy;
	return OK;
}

struct knob *knobset_find(const struct knobset *k, const char *name)
{
	for (size_t i = 0; i < k->n; i++)
		if (strcmp(k->row[i].name, name) == 0)
			return &k->row[i];
	return NULL;
}

struct knob *knobset_need(const struct knobset *k, const char *name, struct err *e)
{
	struct knob *found = knobset_find(k, name);
	if (found)
		return found;
	const char **names = mem_calloc(k->n + 1, sizeof *names);
	for (size_t i = 0; names && i < k->n; i++)
		names[i] = k->row[i].name;
	const char *close = names ? str_closest(name, names, k->n) : NULL;
	struct str all = {0};
	for (size_t i = 0; i < k->n; i++)
		str_printf(&all, "%s%s", i ? ", " : "", k->row[i].name);
	if (close)
		err_set(e, ERR_NOTFOUND, "there is no knob '%s'; did you mean '%s'?", name, close);
	else
		err_set(e, ERR_NOTFOUND, "there is no knob '%s'; there are: %s", name, str_text(&all));
	str_free(&all);
	mem_free(names);
	return NULL;
}

static bool is_text(const struct knob *k)
{
	return k->type == ARG_STRING || k->type == ARG_CHOICE;
}

static enum err_code check_number(const struct knob *k, double v, struct err *e)
{
	if (isnan(v))
		return err_set(e, ERR_ARG, "knob %s must be a number, got NaN", k->name);
	if (k->type == ARG_BOOL && v != 0 && v != 1)
		return err_set(e, ERR_ARG, "knob %s must be true or false, got %g", k->name, v);
	if (k->type == ARG_INT && v != floor(v))
		return err_set(e, ERR_ARG, "knob %s must be a whole number, got %g", k->name, v);
	if (k->type != ARG_BOOL && (v < k->min || v > k->max))
		return err_set(e, ERR_ARG, "knob %s must be in %g..%g, got %g", k->name, k->min, k->max, v);
	return OK;
}

static enum err_code check_text(const struct knob *k, const char *value, struct err *e)
{
	if (k->type == ARG_CHOICE && (!k->choices || arg_choice_index(k->choices, value) < 0))
		return err_set(e, ERR_ARG, "knob %s must be one of %s, got \"%s\"", k->name,
			k->choices ? k->choices : "nothing", value);
	return OK;
}

enum err_code knobset_add(struct knobset *k, const struct knob *declared, struct err *e)
{
	struct knob row = *declared;
	if (knobset_find(k, row.name))
		return err_set(e, ERR_ARG, "knob %s is declared twice", row.name);
	if (is_text(&row)) {
		if (!row.def_text)
			row.def_text = "";
		TRY(check_text(&row, row.def_text, e));
		row.text = row.def_text;
	} else {
		TRY(check_number(&row, row.def, e));
		row.num = row.def;
	}
	return knobset_append(k, &row, e);
}

static enum err_code parse_bool(const struct knob *k, const char *value, double *out, struct err *e)
{
	static const char *const yes[] = {"true", "1", "yes", "on"}, *const no[] = {"false", "0", "no", "off"};
	for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
		if (strcmp(value, yes[i]) == 0)
			return *out = 1, OK;
		if (strcmp(value, no[i]) == 0)
			return *out = 0, OK;
	}
	return err_set(e, ERR_ARG, "knob %s must be true or false, got \"%s\"", k->name, value);
}

static enum err_code parse_number(const struct knob *k, const char *value, double *out, struct err *e)
{
	char *end;
	*out = strtod(value, &end);
	if (end == value || *end)
		return err_set(e, ERR_ARG, "knob %s must be a number, got \"%s\"", k->name, value);
	return OK;
}

enum err_code knob_set_text(struct knob *k, const char *value, struct err *e)
{
	double v = 0;
	if (is_text(k)) {
		TRY(check_text(k, value, e));
		char *copy = mem_strdup(value);
		if (!copy)
			return err_set(e, ERR_NOMEM, "no memory for knob %s", k->name);
		mem_free(k->text);
		k->text = copy;
		return OK;
	}
	TRY(k->type == ARG_BOOL ? parse_bool(k, value, &v, e) : parse_number(k, value, &v, e));
	TRY(check_number(k, v, e));
	k->num = v;
	return OK;
}

char *knob_text(const struct knob *k, char *buf, size_t size)
{
	if (is_text(k))
		snprintf(buf, size, "%s", k->text ? k->text : "");
	else if (k->type == ARG_BOOL)
		snprintf(buf, size, "%s", k->num != 0 ? "true" : "false");
	else
		for (int digits = 6; digits <= 17; digits++) {
			snprintf(buf, size, "%.*g", digits, k->num);
			if (strtod(buf, NULL) == k->num)
				break;
		}
	return buf;
}

double knobset_number(const struct knobset *k, const char *name, double otherwise)
{
	const struct knob *row = knobset_find(k, name);
	return row && !is_text(row) ? row->num : otherwise;
}

const char *knobset_text(const struct knobset *k, const char *name, const char *otherwise)
{
	const struct knob *row = knobset_find(k, name);
	return row && is_text(row) && row->text ? row->text : otherwise;
}
