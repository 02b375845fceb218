#include "run/scorer.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

enum { CHUNK_ITEMS = 1024 };

struct target {
	real *scores;
	int32_t n_items, item, items; /* items item..item+items are being scored */
};

static void sink(void *ctx, int worker, int32_t first, int32_t n, const struct operand *o)
{
	const struct target *t = ctx;
	int64_t stride = shape_width(&o[0].shape);
	for (int32_t u = 0; u < n; u++)
		memcpy(t->scores + (int64_t)(first + u) * t->n_items + t->item, o[0].v + u * stride,
			(size_t)t->items * sizeof(real));
}

static void add_candidates(struct batch *b, const int32_t *chunk, int32_t width)
{
	struct field_spec *f = &b->spec[b->nfields];
	*f = (struct field_spec){.type = FIELD_INT, .axis = AXIS_EXAMPLE, .width = width};
	snprintf(f->name, sizeof f->name, "candidate");
	b->column[b->nfields++] = chunk;
}

static enum err_code by_chunks(struct rig *r, const struct batch *histories, struct target *t, struct err *e)
{
	const struct rig_program *p;
	int32_t width = t->n_items < CHUNK_ITEMS ? t->n_items : CHUNK_ITEMS, n = histories->examples;
	TRY(rig_program(r, MODEL_CANDIDATES, PROGRAM_INFER, width, n, &p, e));
	int32_t *chunk = mem_calloc((size_t)n * (size_t)width, sizeof *chunk);
	enum err_code rc = chunk ? OK : err_set(e, ERR_NOMEM, "no memory for the scores of %d histories", n);
	for (t->item = 0; rc == OK && t->item < t->n_items; t->item += width) {
		struct batch b = *histories;
		t->items = t->n_items - t->item < width ? t->n_items - t->item : width;
		for (int64_t i = 0; i < (int64_t)n * width; i++) {
			int32_t k = (int32_t)(i % width);
			chunk[i] = t->item + (k < t->items ? k : t->items - 1);
		}
		add_candidates(&b, chunk, width);
		rc = program_infer(r->engine, p->program, &b, sink, t, e);
	}
	mem_free(chunk);
	return rc;
}

enum err_code scorer_histories(struct rig *r, const int32_t *items, const int32_t *offsets, int32_t n,
	const int32_t *users, real *scores, struct err *e)
{
	const struct model_vtbl *m = r->x->vtbl;
	const struct rig_program *p;
	struct eval_scratch *scratch = NULL;
	struct batch b;
	struct target t = {.scores = scores, .n_items = r->x->split->data->n_items};
	t.items = t.n_items;
	struct eval_histories h = rig_histories(r, items, offsets, n, users);
	enum err_code rc = eval_batch_histories(&h, &scratch, &b, e);
	if (rc == OK && m->has(r->x->self, MODEL_SCORE)) {
		rc = rig_program(r, MODEL_SCORE, PROGRAM_INFER, 0, n, &p, e);
		if (rc == OK)
			rc = program_infer(r->engine, p->program, &b, sink, &t, e);
	} else if (rc == OK && m->has(r->x->self, MODEL_CANDIDATES)) {
		rc = by_chunks(r, &b, &t, e);
	} else if (rc == OK) {
		rc = err_set(
			e, ERR_SCRIPT, "model %s has neither a score nor a candidates function to ask", r->x->model);
	}
	eval_scratch_free(scratch);
	return rc;
}
