/* The workers' memory: made for an engine's thread count, grown to the largest batch. */
#include "graph/program_impl.h"

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
	for (int q = 0; r->owned && q < p->n_params; q++)
		mem_free(r->owned[q].row);
	mem_free(r->rows);
	mem_free(r->owned);
	mem_free(r->touched);
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
	r->owned = mem_calloc((size_t)p->n_params, sizeof *r->owned);
	r->touched = mem_calloc((size_t)p->n_params, sizeof *r->touched);
	r->dense = train ? mem_aligned((size_t)p->dense_size * sizeof(real)) : NULL;
	return r->io && r->at && r->rows && r->owned && r->touched && (r->dense || !train);
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

/* Lists of a worker's rows: each row once, however many workers touched it. */
static bool owned_grow(struct owned *o, int64_t most)
{
	mem_free(o->row);
	o->row = mem_calloc((size_t)most, sizeof *o->row);
	return o->row != NULL;
}

/* What was there is forgotten: a step begins. */
static enum err_code rows_grow(struct program *p, int w, int q, int64_t need, struct err *e)
{
	const struct param *param = p->param[q];
	struct replica *r = &p->replica[w];
	if (r->touched[q] >= need)
		return OK;
	int64_t all = need * p->n_replicas, most = all < param->rows ? all : param->rows;
	rowgrad_fini(&r->rows[q]);
	r->touched[q] = 0;
	if (!rowgrad_init(&r->rows[q], param->rows, param->width, need, p->n_replicas) ||
		!owned_grow(&r->owned[q], most)) {
		rowgrad_fini(&r->rows[q]);
		return err_set(e, ERR_NOMEM, "no memory for the row gradients of %s (%lld rows)", param->name,
			(long long)need);
	}
	r->touched[q] = need;
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
			TRY(rows_grow(p, w, q, need, e));
	}
	return OK;
}
