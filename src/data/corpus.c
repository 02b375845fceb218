#include "data/corpus.h"

#include "base/mem.h"
#include "data/intern.h"
#include "data/words.h"

#include <stdlib.h>
#include <string.h>

struct memory {
	int32_t *start, *word, *item_text, *text_user;
	int64_t *item_start;
	struct intern met, kept; /* every word of the texts; the vocabulary */
	size_t word_cap;
};

static void memory_free(struct memory *m)
{
	mem_free(m->start);
	mem_free(m->word);
	mem_free(m->item_text);
	mem_free(m->text_user);
	mem_free(m->item_start);
	intern_fini(&m->met);
	intern_fini(&m->kept);
	mem_free(m);
}

void corpus_free(struct corpus *c)
{
	while (c) {
		struct corpus *next = c->next;
		memory_free(c->owner);
		mem_free(c);
		c = next;
	}
}

static enum err_code no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for the words of the texts");
}

/* ---- words ---- */

/* Every word counts for the vocabulary, also behind the first `length`: the vocabulary does not depend on the cut. */
static enum err_code add_text(struct memory *m, const char *bytes, size_t n, int32_t length, int64_t *words,
	int32_t **count, size_t *cap, struct err *e)
{
	struct words w = {bytes, bytes + n};
	char word[WORD_MAX];
	int32_t kept = 0;
	for (size_t len; (len = words_next(&w, word)) > 0;) {
		int32_t id = intern_put(&m->met, word, len);
		size_t had = *cap;
		if (id < 0 || !mem_grow(count, cap, (size_t)id + 1, sizeof **count))
			return no_memory(e);
		memset(*count + had, 0, (*cap - had) * sizeof **count);
		(*count)[id]++;
		if (length > 0 && kept == length)
			continue;
		if (*words == INT32_MAX || !mem_grow(&m->word, &m->word_cap, (size_t)*words + 1, sizeof *m->word))
			return no_memory(e);
		m->word[(*words)++] = id;
		kept++;
	}
	return OK;
}

static enum err_code read_texts(
	const struct split *s, const struct row_column *column, struct corpus *c, int32_t **count, struct err *e)
{
	const struct dataset *d = s->data;
	struct memory *m = c->owner;
	size_t cap = 0;
	int64_t words = 0;
	int32_t t = 0;
	for (int32_t u = 0; u < d->n_users; u++)
		for (int64_t row = d->start[u]; row < d->start[u + 1]; row++) {
			const char *bytes;
			if (s->part[row] != PART_TRAIN)
				continue;
			size_t n = strtab_get(&column->words, (int32_t)row, &bytes);
			m->text_user[t] = u;
			TRY(add_text(m, bytes, n, c->o.length, &words, count, &cap, e));
			m->start[++t] = (int32_t)words;
		}
	return OK;
}

struct frequency {
	int32_t count, id;
};

static int by_frequency(const void *a, const void *b)
{
	const struct frequency *x = a, *y = b;
	return x->count != y->count ? (x->count < y->count) - (x->count > y->count) : (x->id > y->id) - (x->id < y->id);
}

/* Chooses the vocabulary and renumbers the texts. */
static enum err_code choose(struct corpus *c, const int32_t *count, struct err *e)
{
	struct memory *m = c->owner;
	int32_t met = m->met.n;
	CHECK(count || met == 0, "words without counts");
	struct frequency *f = mem_calloc((size_t)met + 1, sizeof *f);
	int32_t *number = mem_calloc((size_t)met + 1, sizeof *number);
	bool ok = f && number;
	for (int32_t i = 0; ok && i < met; i++) {
		f[i] = (struct frequency){count[i], i};
		number[i] = -1;
	}
	if (ok)
		qsort(f, (size_t)met, sizeof *f, by_frequency);
	const struct strtab all = {met, m->met.offset, m->met.bytes};
	for (int32_t k = 0; ok && k < met && k < c->o.words && f[k].count >= c->o.least; k++) {
		const char *bytes;
		size_t n = strtab_get(&all, f[k].id, &bytes);
		number[f[k].id] = intern_put(&m->kept, bytes, n);
		ok = number[f[k].id] >= 0;
	}
	for (int32_t i = 0; ok && i < m->start[c->texts]; i++)
		m->word[i] = number[m->word[i]];
	mem_free(f);
	mem_free(number);
	c->words = m->kept.n;
	c->vocabulary = (struct strtab){m->kept.n, m->kept.offset, m->kept.bytes};
	return ok ? OK : no_memory(e);
}

/* ---- by item ---- */

struct dated {
	int64_t time;
	int32_t text;
};

static int by_time(const void *a, const void *b)
{
	const struct dated *x = a, *y = b;
	return x->time != y->time ? (x->time > y->time) - (x->time < y->time)
				  : (x->text > y->text) - (x->text < y->text);
}

static void fill_items(const struct split *s, struct memory *m, struct dated *order)
{
	const struct dataset *d = s->data;
	int32_t t = 0;
	for (int64_t row = 0; row < d->n; row++)
		if (s->part[row] == PART_TRAIN) {
			order[t] = (struct dated){d->time ? d->time[row] : t, t};
			m->item_start[d->item[row] + 1]++;
			t++;
		}
	qsort(order, (size_t)t, sizeof *order, by_time);
	for (int32_t i = 0; i < d->n_items; i++)
		m->item_start[i + 1] += m->item_start[i];
	for (int32_t k = t; k-- > 0;) /* backwards, so that item_start ends up where it began */
		m->item_text[--m->item_start[s->train_item[order[k].text] + 1]] = order[k].text;
	memmove(m->item_start, m->item_start + 1, (size_t)d->n_items * sizeof *m->item_start);
	m->item_start[d->n_items] = t;
}

static enum err_code by_item(const struct split *s, struct memory *m, struct err *e)
{
	struct dated *order = mem_calloc((size_t)s->count[PART_TRAIN] + 1, sizeof *order);
	if (!order)
		return no_memory(e);
	fill_items(s, m, order);
	mem_free(order);
	return OK;
}

/* ---- the whole ---- */

static enum err_code find_column(
	const struct dataset *d, const char *name, const struct row_column **out, struct err *e)
{
	*out = dataset_row_column(d, name);
	if (*out && (*out)->type == COLUMN_TEXT)
		return OK;
	return err_set(e, ERR_ARG,
		"data set '%s' has no text column '%s' of its interactions; models of reviews need one, other rating "
		"models (mf, autorec) do without",
		d->name, name);
}

static enum err_code fill(const struct split *s, struct corpus *c, struct err *e)
{
	const struct row_column *column;
	struct memory *m = c->owner;
	size_t texts = (size_t)c->texts;
	int32_t *count = NULL;
	TRY(find_column(s->data, c->o.column, &column, e));
	m->start = mem_calloc(texts + 1, sizeof *m->start);
	m->item_text = mem_calloc(texts + 1, sizeof *m->item_text);
	m->text_user = mem_calloc(texts + 1, sizeof *m->text_user);
	m->item_start = mem_calloc((size_t)s->data->n_items + 2, sizeof *m->item_start);
	if (!m->start || !m->item_text || !m->text_user || !m->item_start)
		return no_memory(e);
	enum err_code rc = read_texts(s, column, c, &count, e);
	if (rc == OK && !mem_grow(&m->word, &m->word_cap, (size_t)m->start[c->texts] + 1, sizeof *m->word))
		rc = no_memory(e);
	if (rc == OK)
		rc = choose(c, count, e);
	mem_free(count);
	return rc == OK ? by_item(s, m, e) : rc;
}

enum err_code corpus_new(const struct split *s, const struct corpus_options *o, struct corpus **out, struct err *e)
{
	*out = NULL;
	if (o->words < 1 || o->least < 0 || o->length < 0)
		return err_set(e, ERR_ARG,
			"a vocabulary needs at least one word, and counts and lengths from 0 on; got words=%d least=%d "
			"length=%d",
			o->words, o->least, o->length);
	if (s->count[PART_TRAIN] >= INT32_MAX)
		return err_set(e, ERR_ARG, "%lld texts are too many for one corpus", (long long)s->count[PART_TRAIN]);
	struct corpus *c = mem_calloc(1, sizeof *c);
	struct memory *m = mem_calloc(1, sizeof *m);
	if (!c || !m) {
		mem_free(c);
		mem_free(m);
		return no_memory(e);
	}
	*c = (struct corpus){.o = *o, .texts = (int32_t)s->count[PART_TRAIN], .owner = m};
	enum err_code rc = fill(s, c, e);
	if (rc != OK) {
		corpus_free(c);
		return rc;
	}
	c->start = m->start;
	c->word = m->word;
	c->item_start = m->item_start;
	c->item_text = m->item_text;
	c->text_user = m->text_user;
	*out = c;
	return OK;
}

static bool same(const struct corpus_options *a, const struct corpus_options *b)
{
	return strcmp(a->column, b->column) == 0 && a->words == b->words && a->least == b->least &&
	       a->length == b->length;
}

enum err_code corpus_of(const struct split *s, const struct corpus_options *o, const struct corpus **out, struct err *e)
{
	struct corpus *c = *s->corpus;
	while (c && !same(&c->o, o))
		c = c->next;
	if (!c) {
		TRY(corpus_new(s, o, &c, e));
		c->next = *s->corpus;
		*s->corpus = c;
	}
	*out = c;
	return OK;
}
