/* An evaluation batch is written example by example: its owner, then what the kind makes of its history. */
#include "data/eval_writer.h"

#include "base/mem.h"
#include "data/transpose.h"

#include <string.h>

enum { CELL = sizeof(real) > sizeof(int32_t) ? sizeof(real) : sizeof(int32_t) };

void eval_scratch_free(struct eval_scratch *s)
{
	if (!s)
		return;
	for (int i = 0; i < BATCH_FIELDS_MAX; i++)
		mem_free(s->writer.column[i].data);
	for (int a = 0; a < AXIS_N; a++)
		mem_free(s->offsets[a].data);
	mem_free(s->item);
	mem_free(s->rating);
	mem_free(s->time);
	mem_free(s->columns);
	mem_free(s);
}

/* ---- columns ---- */

static void *grow(struct growing *g, size_t n)
{
	if (!mem_grow(&g->data, &g->cap, g->n + n + 1, CELL))
		return NULL;
	g->n += n;
	return g->data;
}

static struct growing *column_of(struct eval_writer *w, const char *name, enum field_type type)
{
	for (int i = 0; i < w->signature->nfields; i++)
		if (strcmp(w->signature->spec[i].name, name) == 0 && w->signature->spec[i].type == type)
			return &w->column[i];
	CHECK(false, "this kind has no evaluation column %s", name);
	return NULL;
}

int32_t *eval_writer_ints(struct eval_writer *w, const char *column, int32_t n)
{
	struct growing *g = column_of(w, column, FIELD_INT);
	size_t at = g->n;
	int32_t *data = grow(g, (size_t)n);
	return data ? data + at : NULL;
}

real *eval_writer_reals(struct eval_writer *w, const char *column, int32_t n)
{
	struct growing *g = column_of(w, column, FIELD_REAL);
	size_t at = g->n;
	real *data = grow(g, (size_t)n);
	return data ? data + at : NULL;
}

/* ---- examples ---- */

enum err_code eval_begin(struct eval_scratch **scratch, const struct batch *out, struct err *e)
{
	if (!*scratch)
		*scratch = mem_calloc(1, sizeof **scratch);
	struct eval_scratch *s = *scratch;
	if (!s)
		return err_set(e, ERR_NOMEM, "no memory for an evaluation batch");
	s->writer.signature = out;
	for (int i = 0; i < BATCH_FIELDS_MAX; i++)
		s->writer.column[i].n = 0;
	for (int a = AXIS_TOKEN; a < AXIS_N; a++) {
		s->offsets[a].n = 0;
		int32_t *first = grow(&s->offsets[a], 1);
		if (!first)
			return err_set(e, ERR_NOMEM, "no memory for an evaluation batch");
		first[0] = 0;
	}
	return OK;
}

enum err_code eval_close_example(struct eval_scratch *s, struct err *e)
{
	const struct batch *b = s->writer.signature;
	for (int a = AXIS_TOKEN; a < AXIS_N; a++) {
		size_t rows = 0;
		for (int i = b->nfields; i-- > 0;)
			if (b->spec[i].axis == (enum axis)a)
				rows = s->writer.column[i].n / (size_t)b->spec[i].width;
		int32_t *offsets = rows < INT32_MAX ? grow(&s->offsets[a], 1) : NULL;
		if (!offsets)
			return err_set(e, ERR_NOMEM, "no memory for an evaluation batch of %zu tokens", rows);
		offsets[s->offsets[a].n - 1] = (int32_t)rows;
	}
	return OK;
}

enum err_code eval_write_example(
	struct eval_scratch *s, const struct kind_class *k, const struct history *h, struct err *e)
{
	int32_t *user = eval_writer_ints(&s->writer, s->writer.signature->spec[0].name, 1);
	if (!user)
		return err_set(e, ERR_NOMEM, "no memory for an evaluation batch");
	*user = h->user;
	return k->example ? k->example(&s->writer, h, e) : OK;
}

void eval_bind(const struct eval_scratch *s, int32_t n, const int32_t *candidates, struct batch *out)
{
	out->examples = n;
	for (int a = AXIS_TOKEN; a < AXIS_N; a++) {
		bool used = false;
		for (int i = 0; i < out->nfields; i++)
			used = used || out->spec[i].axis == (enum axis)a;
		out->offsets[a] = used ? s->offsets[a].data : NULL;
	}
	for (int i = 0; i < out->nfields; i++)
		if (!out->column[i])
			out->column[i] = s->writer.column[i].data;
	if (candidates)
		out->column[out->nfields - 1] = candidates;
}
