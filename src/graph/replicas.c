/* The workers' memory: made for an engine's thread count, grown to the largest batch. */
#include "graph/program_impl.h"

static void rowgrad_fini(struct rowgrad *r)
{
	mem_free(r->slot);
	mem_free(r->row);
	mem_free(r->met);
	mem_aligned_free(r->g);
	*r = (struct rowgrad){0};
}

static void replica_fini(struct program *p, struct replica *r)
{
	mem_aligned_free(r->arena);
	mem_aligned_free(r->dense);
	mem_free(r->io);
	mem_free(r->at);
	for (int a = 0; a < AXIS_N; a++)
		mem_free(r->offsets[a]);
	for (int q = 0; r->rows && q < p->n_params; q++)
		rowgrad_fini(&r->rows[q]);
	mem_free(r->rows);
	for (int k = 0; k < p->n_gathered; k++)
		mem_free(r->gathered[k].room);
}

void replicas_free(struct program *p)
{
	for (int w = 0; p->replica && w < p->n_replicas; w++)
		replica_fini(p, &p->replica[w]);
	mem_free(p->replica);
	mem_free(p->share);
	mem_free(p->slice);
	p->replica = NULL;
	p->share = p->slice = NULL;
	p->n_replicas = 0;
	p->max_examples = 0;
}

static bool replica_init(struct program *p, struct replica *r)
{
	bool train = p->mode == PROGRAM_TRAIN;
	r->bad_slice = -1;
	r->io = mem_calloc((size_t)p->n_nodes, sizeof *r->io);
	r->at = mem_calloc((size_t)p->n_places, sizeof *r->at);
	r->rows = mem_calloc((size_t)p->n_params, sizeof *r->rows);
	r->dense = train ? mem_aligned((size_t)p->dense_size * sizeof(real)) : NULL;
	return r->io && r->at && r->rows && (r->dense || !train);
}

static enum err_code replicas_make(const struct engine *g, struct program *p, struct err *e)
{
	if (p->n_replicas == g->threads)
		return OK;
	replicas_free(p);
	p->replica = mem_calloc((size_t)g->threads, sizeof *p->replica);
	p->share = mem_calloc((size_t)g->threads + 1, sizeof *p->share);
	bool made = p->replica && p->share;
	p->n_replicas = g->threads;
	for (int w = 0; made && w < g->threads; w++)
		made = replica_init(p, &p->replica[w]);
	if (made) {
		for (int w = 0; w < g->threads; w++)
			replica_bind_once(p, &p->replica[w]);
		return OK;
	}
	replicas_free(p);
	return err_set(e, ERR_NOMEM, "no memory for the program's workers (%.1f MB of gradients each)",
		(double)p->dense_size * sizeof(real) / 1e6);
}

/* How many rows of parameter q one worker may touch in a batch with these axis lengths. */
static int64_t touched_bound(const struct program *p, int q, const int64_t rows[AXIS_N])
{
	int64_t n = 0;
	for (int k = 0; k < p->n_nodes; k++) {
		const struct node *node = &p->node[k];
		bool here = false;
		for (int i = 0; i < node->n_in; i++)
			here |= ((node->sparse >> i) & 1) && p->value[node->in[i]].ref == q;
		for (int i = 0; here && i < node->n_in; i++) {
			const struct value *v = &p->value[node->in[i]];
			if (v->type == FIELD_INT)
				n += (v->shape.axis == AXIS_FIXED ? 1 : rows[v->shape.axis]) * v->width;
		}
	}
	return n < p->param[q]->rows ? n : p->param[q]->rows;
}

/* What was there is forgotten: a step begins. */
static enum err_code rowgrad_grow(struct rowgrad *r, const struct param *param, int64_t need, struct err *e)
{
	if (r->cap >= need)
		return OK;
	rowgrad_fini(r);
	r->width = param->width;
	r->slot = mem_calloc((size_t)param->rows, sizeof *r->slot);
	r->row = mem_calloc((size_t)need, sizeof *r->row);
	r->met = mem_calloc((size_t)need, sizeof *r->met);
	r->g = mem_aligned((size_t)need * (size_t)r->width * sizeof(real));
	if (!r->slot || !r->row || !r->met || !r->g) {
		rowgrad_fini(r);
		return err_set(e, ERR_NOMEM, "no memory for the row gradients of %s (%lld rows)", param->name,
			(long long)need);
	}
	r->cap = (int32_t)need;
	return OK;
}

static enum err_code examples_grow(struct program *p, int64_t examples, struct err *e)
{
	if (p->slice && examples <= p->max_examples)
		return OK;
	for (int w = 0; w < p->n_replicas; w++)
		for (int a = AXIS_TOKEN; a < AXIS_N; a++) {
			int32_t *o = mem_realloc(p->replica[w].offsets[a], (size_t)examples + 1, sizeof *o);
			if (!o)
				return err_set(e, ERR_NOMEM, "no memory for the offsets of %lld examples",
					(long long)examples);
			p->replica[w].offsets[a] = o;
		}
	int32_t *s = mem_realloc(p->slice, (size_t)examples + 1, sizeof *s);
	if (!s)
		return err_set(e, ERR_NOMEM, "no memory for the slices of %lld examples", (long long)examples);
	p->slice = s;
	p->max_examples = (int32_t)examples;
	return OK;
}

enum err_code replicas_reserve(const struct engine *g, struct program *p, const int64_t rows[AXIS_N], struct err *e)
{
	TRY(replicas_make(g, p, e));
	TRY(examples_grow(p, rows[AXIS_EXAMPLE], e));
	for (int q = 0; p->mode == PROGRAM_TRAIN && q < p->n_params; q++) {
		int64_t need = touched_bound(p, q, rows);
		for (int w = 0; w < p->n_replicas; w++)
			TRY(rowgrad_grow(&p->replica[w].rows[q], p->param[q], need, e));
	}
	return OK;
}
