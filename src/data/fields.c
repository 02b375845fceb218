/* A set of fields is made in two steps: the text is cut into names and options, then every field gets its codes.  The codes
 * of interactions' words are those of the data set; attributes of users and items are words in cells, coded here. */
#include "data/fields.h"

#include "base/mem.h"
#include "base/rng.h"
#include "base/str.h"
#include "data/intern.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct making {
	const struct split *s;
	const struct dataset *d;
	struct fieldset *f;
	struct arena *arena;
	struct err *e;
};

/* A column of users, items or interactions. */
struct source {
	enum fieldset_owner owner;
	enum column_type type;
	const struct column *column;
	const struct row_column *row; /* one of the two, or neither: the ids themselves */
	int64_t n;
};

struct options {
	int32_t hash; /* 0: none */
	bool log, standard, category;
};

void fieldset_free(struct fieldset *f)
{
	if (!f)
		return;
	arena_free(f->owner);
	mem_free(f->owner);
	mem_free(f);
}

static void *room(const struct making *m, size_t n, size_t size)
{
	void *p = arena_alloc(m->arena, n * size + 1);
	if (!p)
		err_set(m->e, ERR_NOMEM, "no memory for the fields of %s", m->d->name);
	return p;
}

/* ---- codes ---- */

/* Word w of n bytes as a code: its number in the vocabulary, or its bucket. */
static int32_t code_of(struct intern *words, const struct options *o, const char *w, size_t n)
{
	if (n == 0)
		return -1;
	return o->hash ? (int32_t)(strtab_hash(w, n) % (uint32_t)o->hash) : intern_put(words, w, n);
}

static const struct strtab *cells_of(const struct source *s)
{
	return s->column ? &s->column->text : &s->row->words;
}

static int32_t real_code(struct intern *words, const struct options *o, float v)
{
	char text[32];
	return isnan(v) ? -1 : code_of(words, o, text, (size_t)snprintf(text, sizeof text, "%.9g", (double)v));
}

static const float *reals_of(const struct source *s)
{
	return s->column ? s->column->real : s->row->real;
}

/* Codes of one word a row. */
static bool category(const struct making *m, const struct source *s, const struct options *o, struct fieldset_field *f)
{
	struct intern words = {0};
	bool ids = !s->column && !s->row, coded = s->row && s->type == COLUMN_TOKEN;
	int32_t *code = NULL;
	f->size = o->hash ? o->hash : ids ? (int32_t)s->n : coded ? s->row->words.n : 0;
	if (!o->hash && (ids || coded)) {
		f->code = coded ? s->row->code : NULL;
		return true;
	}
	code = room(m, (size_t)s->n, sizeof *code);
	for (int64_t i = 0; code && i < s->n; i++) {
		const char *w = NULL;
		size_t n = 0;
		if (s->type == COLUMN_REAL) {
			code[i] = real_code(&words, o, reals_of(s)[i]);
			continue;
		}
		if (ids)
			n = strtab_get(s->owner == OWNER_USER ? &m->d->users : &m->d->items, (int32_t)i, &w);
		else if (!coded)
			n = strtab_get(cells_of(s), (int32_t)i, &w);
		else if (s->row->code[i] >= 0)
			n = strtab_get(cells_of(s), s->row->code[i], &w);
		code[i] = code_of(&words, o, w, n);
	}
	f->code = code;
	f->size = o->hash ? o->hash : words.n;
	intern_fini(&words);
	return code != NULL;
}

/* The words of a list of interactions are coded already. */
static bool list_of_rows(
	const struct making *m, const struct source *s, const struct options *o, struct fieldset_field *f)
{
	int64_t n = s->row->first[s->n];
	f->start = s->row->first;
	f->code = s->row->code;
	f->size = o->hash ? o->hash : s->row->words.n;
	int32_t *code = o->hash ? room(m, (size_t)n, sizeof *code) : NULL;
	for (int64_t i = 0; code && i < n; i++) {
		const char *w;
		size_t len = strtab_get(&s->row->words, s->row->code[i], &w);
		code[i] = code_of(NULL, o, w, len);
	}
	if (o->hash)
		f->code = code;
	return code || !o->hash;
}

/* Parts of cells between '|'. */
static bool list_of_cells(
	const struct making *m, const struct source *s, const struct options *o, struct fieldset_field *f)
{
	struct intern words = {0};
	const struct strtab *cells = &s->column->text;
	int64_t *start = room(m, (size_t)s->n + 1, sizeof *start), most = cells->offset[s->n] + s->n;
	int32_t *code = room(m, (size_t)most, sizeof *code);
	int64_t k = 0;
	for (int32_t i = 0; start && code && i < s->n; i++) {
		const char *w;
		size_t len = strtab_get(cells, i, &w);
		start[i] = k;
		for (size_t from = 0, to; from < len; from = to + 1) {
			const char *bar = memchr(w + from, '|', len - from);
			to = bar ? (size_t)(bar - w) : len;
			if (to > from)
				code[k++] = code_of(&words, o, w + from, to - from);
		}
	}
	if (start)
		start[s->n] = k;
	f->start = start;
	f->code = code;
	f->size = o->hash ? o->hash : words.n;
	intern_fini(&words);
	return start && code;
}

static bool list(const struct making *m, const struct source *s, const struct options *o, struct fieldset_field *f)
{
	bool done = s->row ? list_of_rows(m, s, o, f) : list_of_cells(m, s, o, f);
	for (int64_t i = 0; done && i < s->n; i++) {
		int64_t n = f->start[i + 1] - f->start[i];
		f->most = n > f->most ? (int32_t)n : f->most;
	}
	return done;
}

/* ---- numbers ---- */

/* Mean and deviation over the training rows, of what is not missing. */
static void moments(const struct making *m, const struct fieldset_field *f, const float *v, double *mean, double *sd)
{
	double sum = 0, square = 0;
	int64_t n = 0;
	for (int32_t u = 0; u < m->d->n_users; u++)
		for (int64_t i = m->d->start[u]; i < m->d->start[u + 1]; i++) {
			double x = (double)v[fieldset_owner_of(f, u, m->d->item[i], i)];
			if (m->s->part[i] != PART_TRAIN || isnan(x))
				continue;
			sum += x;
			square += x * x;
			n++;
		}
	*mean = n ? sum / (double)n : 0;
	double var = n ? square / (double)n - *mean * *mean : 0;
	*sd = var > 1e-12 ? sqrt(var) : 1;
}

static bool number(const struct making *m, const struct source *s, const struct options *o, struct fieldset_field *f)
{
	const float *from = reals_of(s);
	float *value = room(m, (size_t)s->n, sizeof *value);
	double mean = 0, sd = 1;
	if (!value)
		return false;
	for (int64_t i = 0; i < s->n; i++)
		value[i] = o->log ? copysignf(log1pf(fabsf(from[i])), from[i]) : from[i];
	if (o->standard)
		moments(m, f, value, &mean, &sd);
	for (int64_t i = 0; i < s->n; i++)
		value[i] = isnan(value[i]) ? 0 : (float)(((double)value[i] - mean) / sd);
	f->value = value;
	return true;
}

/* ---- names ---- */

static enum err_code unknown(const struct making *m, const char *name)
{
	struct str have = {0};
	const struct dataset *d = m->d;
	str_puts(&have, "user, item");
	for (int i = 0; i < d->n_row_columns; i++)
		str_printf(&have, ", %s", d->row_columns[i].name);
	for (int i = 0; i < d->n_user_columns; i++)
		str_printf(&have, ", user.%s", d->user_columns[i].name);
	for (int i = 0; i < d->n_item_columns; i++)
		str_printf(&have, ", item.%s", d->item_columns[i].name);
	err_set(m->e, ERR_ARG,
		"data set '%s' has no field '%s'; it has %.300s; models that read no fields (neumf, mf, sasrec) would "
		"fit it as "
		"it is",
		d->name, name, str_text(&have));
	str_free(&have);
	return ERR_ARG;
}

static enum err_code find(const struct making *m, const char *name, struct source *s)
{
	const struct dataset *d = m->d;
	bool user = str_starts(name, "user."), item = str_starts(name, "item.");
	*s = (struct source){.type = COLUMN_TOKEN};
	if (strcmp(name, "user") == 0 || strcmp(name, "item") == 0) {
		s->owner = *name == 'u' ? OWNER_USER : OWNER_ITEM;
	} else if (!user && !item && (s->row = dataset_row_column(d, name))) {
		s->owner = OWNER_ROW;
	} else if (!item && (s->column = dataset_user_column(d, user ? name + 5 : name))) {
		s->owner = OWNER_USER;
	} else if (!user && (s->column = dataset_item_column(d, item ? name + 5 : name))) {
		s->owner = OWNER_ITEM;
	} else {
		return unknown(m, name);
	}
	s->n = s->owner == OWNER_USER ? d->n_users : s->owner == OWNER_ITEM ? d->n_items : d->n;
	s->type = s->row ? s->row->type : s->column ? s->column->type : COLUMN_TOKEN;
	return OK;
}

static enum err_code read_options(const struct making *m, const char *name, char *text, struct options *o)
{
	*o = (struct options){0};
	for (char *p = text; p && *p;) {
		char *next = strchr(p, ':');
		if (next)
			*next++ = '\0';
		long n = str_starts(p, "hash=") ? strtol(p + 5, NULL, 10) : 0;
		if (n > 0 && n < INT32_MAX)
			o->hash = (int32_t)n;
		else if (strcmp(p, "log") == 0)
			o->log = true;
		else if (strcmp(p, "standard") == 0)
			o->standard = true;
		else if (strcmp(p, "category") == 0)
			o->category = true;
		else
			return err_set(m->e, ERR_ARG,
				"field '%s': there is no option '%s'; there are hash=N, log, standard and category",
				name, p);
		p = next;
	}
	return OK;
}

static enum err_code check(const struct making *m, const struct source *s, const char *name, const struct options *o)
{
	bool real = s->type == COLUMN_REAL;
	if (s->type == COLUMN_TEXT)
		return err_set(m->e, ERR_ARG, "field '%s' of data set '%s' holds texts; a field holds words or numbers",
			name, m->d->name);
	if (!real && (o->log || o->standard))
		return err_set(m->e, ERR_ARG, "field '%s' holds words; log and standard are for numbers", name);
	if (real && o->hash && !o->category)
		return err_set(m->e, ERR_ARG, "field '%s' holds numbers; write %s:category:hash=N to hash its values",
			name, name);
	return OK;
}

static enum err_code add(struct making *m, const char *name, const struct options *o)
{
	struct source s;
	struct fieldset_field *f = &m->f->field[m->f->n];
	TRY(find(m, name, &s));
	TRY(check(m, &s, name, o));
	if (m->f->n == FIELDSET_MAX)
		return err_set(m->e, ERR_ARG, "more than %d fields", FIELDSET_MAX);
	*f = (struct fieldset_field){.owner = s.owner, .first = m->f->features};
	snprintf(f->name, sizeof f->name, "%.70s", name);
	f->kind = s.type == COLUMN_REAL && !o->category ? FIELDSET_NUMBER
		  : s.type == COLUMN_TOKENS		? FIELDSET_LIST
							: FIELDSET_CATEGORY;
	bool done = f->kind == FIELDSET_NUMBER ? number(m, &s, o, f)
		    : f->kind == FIELDSET_LIST ? list(m, &s, o, f)
					       : category(m, &s, o, f);
	if (!done)
		return ERR_NOMEM;
	if (f->kind == FIELDSET_LIST && m->f->n_kind[FIELDSET_LIST] == FIELDSET_LISTS)
		return err_set(m->e, ERR_ARG, "field '%s' is a list, and there are %d already", name, FIELDSET_LISTS);
	m->f->n++;
	m->f->n_kind[f->kind]++;
	m->f->features += f->size;
	return OK;
}

static int find_category(const struct making *m, const char *name)
{
	for (int i = 0; i < m->f->n; i++)
		if (m->f->field[i].kind == FIELDSET_CATEGORY && strcmp(m->f->field[i].name, name) == 0)
			return i;
	return -1;
}

/* "a*b": both are fields of the set. */
static enum err_code add_cross(struct making *m, const char *name, const char *star, const struct options *o)
{
	char left[72];
	struct fieldset_field *f = &m->f->field[m->f->n];
	snprintf(left, sizeof left, "%.*s", (int)(star - name), name);
	if (m->f->n == FIELDSET_MAX)
		return err_set(m->e, ERR_ARG, "more than %d fields", FIELDSET_MAX);
	*f = (struct fieldset_field){.kind = FIELDSET_CROSS,
		.first = m->f->crossed,
		.size = o->hash,
		.a = find_category(m, left),
		.b = find_category(m, star + 1)};
	snprintf(f->name, sizeof f->name, "%.70s", name);
	if (f->a < 0 || f->b < 0)
		return err_set(m->e, ERR_ARG, "cross '%s': '%s' is not a category among the fields before it", name,
			f->a < 0 ? left : star + 1);
	if (!o->hash)
		return err_set(m->e, ERR_ARG, "cross '%s' needs its number of buckets: %s:hash=100000", name, name);
	m->f->n++;
	m->f->n_kind[FIELDSET_CROSS]++;
	m->f->crossed += f->size;
	return OK;
}

static enum err_code add_text(struct making *m, const char *text, size_t len)
{
	char entry[160];
	struct options o;
	while (len > 0 && *text == ' ')
		text++, len--;
	while (len > 0 && text[len - 1] == ' ')
		len--;
	if (len == 0 || len >= sizeof entry)
		return err_set(m->e, ERR_ARG, "fields: '%.*s' is no name of a field", (int)(len < 60 ? len : 60), text);
	memcpy(entry, text, len);
	entry[len] = '\0';
	char *colon = strchr(entry, ':');
	if (colon)
		*colon++ = '\0';
	const char *star = strchr(entry, '*');
	TRY(read_options(m, entry, colon, &o));
	return star ? add_cross(m, entry, star, &o) : add(m, entry, &o);
}

static enum err_code add_column(struct making *m, const char *prefix, const char *name, enum column_type type)
{
	char full[64];
	if (strcmp(name, "title") == 0 || type == COLUMN_TEXT)
		return OK;
	snprintf(full, sizeof full, "%s%s", prefix, name);
	return add(m, full, &(struct options){.standard = type == COLUMN_REAL});
}

static enum err_code add_all(struct making *m)
{
	const struct dataset *d = m->d;
	TRY(add(m, "user", &(struct options){0}));
	TRY(add(m, "item", &(struct options){0}));
	for (int i = 0; i < d->n_row_columns; i++)
		TRY(add_column(m, "", d->row_columns[i].name, d->row_columns[i].type));
	for (int i = 0; i < d->n_user_columns; i++)
		TRY(add_column(m, "user.", d->user_columns[i].name, d->user_columns[i].type));
	for (int i = 0; i < d->n_item_columns; i++)
		TRY(add_column(m, "item.", d->item_columns[i].name, d->item_columns[i].type));
	return OK;
}

enum err_code fieldset_new(const struct split *s, const char *spec, struct fieldset **out, struct err *e)
{
	struct fieldset *f = mem_calloc(1, sizeof *f);
	struct arena *arena = mem_calloc(1, sizeof *arena);
	struct making m = {s, s->data, f, arena, e};
	enum err_code code = f && arena ? OK : err_set(e, ERR_NOMEM, "no memory for the fields of %s", s->data->name);
	*out = NULL;
	if (f)
		f->owner = arena;
	for (const char *p = spec; code == OK && p && *p;) {
		size_t len = strcspn(p, ",");
		code = add_text(&m, p, len);
		p += len + (p[len] == ',');
	}
	if (code == OK && f->n == 0)
		code = add_all(&m);
	if (code != OK) {
		fieldset_free(f);
		return code;
	}
	*out = f;
	return OK;
}

int32_t fieldset_cross(
	const struct fieldset *s, const struct fieldset_field *f, int32_t user, int32_t item, int64_t row)
{
	int32_t a = fieldset_category(&s->field[f->a], user, item, row);
	int32_t b = fieldset_category(&s->field[f->b], user, item, row);
	if (a < 0 || b < 0)
		return -1;
	uint64_t h = rng_mix(((uint64_t)(uint32_t)a << 32 | (uint32_t)b) * RNG_WEYL);
	return f->first + (int32_t)(h % (uint32_t)f->size);
}
