/* The engine: slices, workers, steps. */
#include "graph/program_impl.h"

#include "base/rng.h"
#include "tensor/blas.h"

#include <math.h>
#include <omp.h>
#include <string.h>
#include <time.h>

/* A slice's activations should stay in a core's second-level cache (1 MB on current server cores), but slices so thin
 * that products become inefficient cost more than they save. */
enum { SLICE_BYTES = 1 << 20, SLICE_ROWS_MIN = 64 };

enum err_code engine_new(const struct engine_options *o, struct engine **out, struct err *e)
{
	struct engine *g = mem_calloc(1, sizeof *g);
	int threads = o && o->threads > 0 ? o->threads : omp_get_num_procs();
	if (g) {
		g->threads = threads;
		g->slice_rows = o ? o->slice_rows : 0;
		g->scratch = mem_calloc((size_t)threads, sizeof *g->scratch);
		g->scratch_size = mem_calloc((size_t)threads, sizeof *g->scratch_size);
	}
	if (!g || !g->scratch || !g->scratch_size) {
		engine_free(g);
		return err_set(e, ERR_NOMEM, "no memory for the engine");
	}
	*out = g;
	return OK;
}

void engine_free(struct engine *g)
{
	if (!g)
		return;
	for (int w = 0; g->scratch && w < g->threads; w++)
		mem_aligned_free(g->scratch[w]);
	mem_free(g->scratch);
	mem_free(g->scratch_size);
	mem_free(g);
}

int engine_threads(const struct engine *g)
{
	return g->threads;
}

void engine_profile(struct engine *g, bool on)
{
	g->profile = on;
}

static void replica_fini(struct program *p, struct replica *r)
{
	mem_aligned_free(r->arena);
	mem_aligned_free(r->dense);
	mem_free(r->io);
	mem_free(r->at);
	for (int a = 0; a < AXIS_N; a++)
		mem_free(r->offsets[a]);
	for (int q = 0; r->rows && q < p->n_params; q++) {
		mem_free(r->rows[q].slot);
		mem_free(r->rows[q].row);
		mem_aligned_free(r->rows[q].g);
	}
	mem_free(r->rows);
}

void program_free(struct program *p)
{
	if (!p)
		return;
	for (int w = 0; w < p->n_replicas; w++)
		replica_fini(p, &p->replica[w]);
	mem_free(p->replica);
	for (int k = 0; k < p->n_nodes; k++)
		mem_free(p->node[k].scope);
	for (int q = 0; q < p->n_params; q++)
		param_unref(p->param[q]);
	mem_free(p->node);
	mem_free(p->value);
	mem_free(p->param);
	mem_free(p->dense_at);
	mem_free(p->place);
	mem_free(p->slice);
	mem_free(p->share);
	mem_free(p->key);
	mem_free(p);
}

int program_params(const struct program *p, struct param *const **params)
{
	*params = p->param;
	return p->n_params;
}

int program_ops(const struct program *p)
{
	return p->n_nodes;
}

/* ---- replicas ---- */

static enum err_code replicas_make(struct engine *g, struct program *p, struct err *e)
{
	if (p->n_replicas >= g->threads)
		return OK;
	CHECK(p->n_replicas == 0, "a program stays with engines of one thread count");
	p->replica = mem_calloc((size_t)g->threads, sizeof *p->replica);
	p->share = mem_calloc((size_t)g->threads + 1, sizeof *p->share);
	if (!p->replica || !p->share)
		return err_set(e, ERR_NOMEM, "no memory for the program's workers");
	p->n_replicas = g->threads;
	for (int w = 0; w < g->threads; w++) {
		struct replica *r = &p->replica[w];
		r->io = mem_calloc((size_t)p->n_nodes + 1, sizeof *r->io);
		r->at = mem_calloc((size_t)p->n_places + 1, sizeof *r->at);
		r->rows = mem_calloc((size_t)p->n_params + 1, sizeof *r->rows);
		r->dense = p->mode == PROGRAM_TRAIN ? mem_aligned((size_t)p->dense_size * sizeof(real)) : NULL;
		if (!r->io || !r->at || !r->rows || (p->mode == PROGRAM_TRAIN && !r->dense))
			return err_set(e, ERR_NOMEM, "no memory for the program's workers (%.1f MB of gradients each)",
				(double)p->dense_size * sizeof(real) / 1e6);
	}
	return OK;
}

/* How many rows of parameter q one worker may touch in a batch with these axis lengths. */
static int64_t touched_bound(const struct program *p, int q, const int64_t rows[AXIS_N])
{
	int64_t n = 0;
	for (int k = 0; k < p->n_nodes; k++) {
		const struct node *node = &p->node[k];
		bool here = false;
		for (int i = 0; i < node->n_in; i++)
			here |= ((node->sparse >> i) & 1) && p->value[p->value[node->in[i]].root].ref == q;
		for (int i = 0; here && i < node->n_in; i++) {
			const struct value *v = &p->value[node->in[i]];
			if (v->type == FIELD_INT)
				n += rows[v->shape.axis] * v->width;
		}
	}
	return n < p->param[q]->rows ? n : p->param[q]->rows;
}

static enum err_code rowgrads_grow(struct program *p, const int64_t rows[AXIS_N], struct err *e)
{
	for (int q = 0; q < p->n_params; q++) {
		int64_t need = touched_bound(p, q, rows);
		for (int w = 0; need > 0 && w < p->n_replicas; w++) {
			struct rowgrad *r = &p->replica[w].rows[q];
			if (r->cap >= need)
				continue;
			r->width = p->param[q]->width;
			if (!r->slot)
				r->slot = mem_calloc((size_t)p->param[q]->rows, sizeof *r->slot);
			mem_free(r->row);
			mem_aligned_free(r->g);
			r->row = mem_calloc((size_t)need, sizeof *r->row);
			r->g = mem_aligned((size_t)need * (size_t)r->width * sizeof(real));
			r->cap = (int32_t)need;
			if (!r->slot || !r->row || !r->g)
				return err_set(e, ERR_NOMEM, "no memory for the row gradients of %s (%lld rows)",
					p->param[q]->name, (long long)need);
		}
	}
	return OK;
}

static enum err_code examples_grow(struct program *p, int64_t examples, struct err *e)
{
	if (examples <= p->max_examples)
		return OK;
	for (int w = 0; w < p->n_replicas; w++)
		for (int a = AXIS_TOKEN; a < AXIS_N; a++) {
			int32_t *o = mem_realloc(p->replica[w].offsets[a], (size_t)examples + 1, sizeof *o);
			if (!o)
				return err_set(e, ERR_NOMEM, "no memory for the offsets of %lld examples",
					(long long)examples);
			p->replica[w].offsets[a] = o;
		}
	int32_t *s = mem_realloc(p->slice, (size_t)(examples + p->n_replicas) + 2, sizeof *s);
	if (!s)
		return err_set(e, ERR_NOMEM, "no memory for the slices of %lld examples", (long long)examples);
	p->slice = s;
	p->max_examples = (int32_t)examples;
	return OK;
}

static enum err_code grow(struct engine *g, struct program *p, const int64_t rows[AXIS_N], struct err *e)
{
	TRY(replicas_make(g, p, e));
	TRY(examples_grow(p, rows[AXIS_EXAMPLE], e));
	return p->mode == PROGRAM_TRAIN ? rowgrads_grow(p, rows, e) : OK;
}

enum err_code program_reserve(struct engine *g, struct program *p, const int64_t rows[AXIS_N], struct err *e)
{
	return grow(g, p, rows, e);
}

/* ---- slices ---- */

/* Bytes of arena that an example costs. */
static double example_cost(const struct program *p, const struct batch *b, int32_t x)
{
	double c = (double)p->row_bytes[AXIS_EXAMPLE] + 1;
	for (int a = AXIS_TOKEN; a < AXIS_N; a++)
		if (b->offsets[a])
			c += (double)p->row_bytes[a] * (b->offsets[a][x + 1] - b->offsets[a][x]);
	return c;
}

static double slice_bytes(const struct engine *g, const struct program *p)
{
	size_t widest = 1;
	for (int a = AXIS_EXAMPLE; a < AXIS_N; a++)
		widest = p->row_bytes[a] > widest ? p->row_bytes[a] : widest;
	if (g->slice_rows > 0)
		return (double)widest * (double)g->slice_rows;
	double least = (double)widest * SLICE_ROWS_MIN;
	return least > SLICE_BYTES ? least : SLICE_BYTES;
}

/* Cuts the batch into shares of about equal cost, one per worker, and each share into slices. */
static void cut(const struct engine *g, struct program *p, const struct batch *b)
{
	int workers = p->coupled ? 1 : g->threads;
	double total = 0;
	for (int32_t x = 0; x < b->examples; x++)
		total += example_cost(p, b, x);
	double share = total / workers, limit = slice_bytes(g, p);
	int64_t per_share = p->coupled || p->mode == PROGRAM_KEEP ? 1 : (int64_t)ceil(share / limit);
	double piece = share / (double)(per_share < 1 ? 1 : per_share), done = 0, bound = piece;
	int w = 0;
	p->slices = 0;
	p->slice[0] = 0;
	for (int32_t x = 0; x < b->examples; x++) {
		done += example_cost(p, b, x);
		bool last = x + 1 == b->examples;
		if (!last && done < bound * (1 - 1e-12))
			continue;
		while (w < workers && done > share * w * (1 + 1e-12))
			p->share[w++] = p->slices;
		p->slice[++p->slices] = x + 1;
		while (done >= bound * (1 - 1e-12))
			bound += piece;
	}
	while (w <= g->threads)
		p->share[w++] = p->slices;
}

static void keys(struct program *p, const struct batch *b)
{
	uint64_t at = 0;
	for (int k = 0; k < p->n_nodes; k++)
		if (p->node[k].class->flags & OP_RANDOM)
			p->key[k] = rng_key(b->seed, RNG_DROPOUT, b->step, at++);
}

static enum err_code begin(struct engine *g, struct program *p, const struct batch *b, struct err *e)
{
	int64_t rows[AXIS_N];
	for (int a = 0; a < AXIS_N; a++)
		rows[a] = batch_rows(b, (enum axis)a);
	CHECK(b->nfields >= p->n_fields, "the batch has %d columns, the program was traced with %d", b->nfields,
		p->n_fields);
	TRY(grow(g, p, rows, e));
	p->reduced = false;
	keys(p, b);
	cut(g, p, b);
	return OK;
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void forward_all(struct engine *g, struct program *p, int worker)
{
	for (int k = 0; k < p->n_nodes; k++) {
		double begun = g->profile ? now() : 0;
		replica_forward(p, worker, k);
		if (g->profile && worker == 0)
			p->node[k].forward += now() - begun;
	}
}

static void backward_all(struct engine *g, struct program *p, int worker)
{
	replica_backward_begin(p, worker);
	for (int k = p->n_nodes - 1; k >= 0; k--) {
		double begun = g->profile ? now() : 0;
		replica_backward(p, worker, k);
		if (g->profile && worker == 0)
			p->node[k].backward += now() - begun;
	}
}

/* 0 where all are finite, NaN otherwise: x * 0 is NaN for NaN and infinity. */
static real zero_if_finite(const real *x, int64_t n)
{
	real s = 0;
#pragma omp simd reduction(+ : s)
	for (int64_t i = 0; i < n; i++)
		s += x[i] * (real)0;
	return s;
}

static bool grads_finite(const struct program *p, const struct replica *r)
{
	real s = zero_if_finite(r->dense, p->dense_size);
	for (int q = 0; q < p->n_params; q++)
		s += zero_if_finite(r->rows[q].g, (int64_t)r->rows[q].n * r->rows[q].width);
	return s == 0;
}

static struct slice_range slice_at(const struct program *p, int32_t s)
{
	return (struct slice_range){p->slice[s], p->slice[s + 1] - p->slice[s]};
}

static enum err_code work_train(struct engine *g, struct program *p, int w, const struct batch *b, struct err *e)
{
	struct replica *r = &p->replica[w];
	replica_clear_grads(p, w);
	memset(r->losses, 0, sizeof r->losses);
	r->bad_slice = -1;
	for (int32_t s = p->share[w]; s < p->share[w + 1]; s++) {
		TRY(replica_bind(g, p, w, b, slice_at(p, s), true, e));
		forward_all(g, p, w);
		for (int k = 0; k < p->n_outputs; k++) {
			const struct value *v = &p->value[p->value[p->output[k]].root];
			double x = (double)r->arena[r->at[v->buf]];
			r->losses[k] += x;
			if (!isfinite(x) && r->bad_slice < 0)
				r->bad_slice = s;
		}
		backward_all(g, p, w);
	}
	r->bad_grad = !grads_finite(p, r);
	return OK;
}

enum err_code program_step(struct engine *g, struct program *p, const struct batch *b, double *losses, struct err *e)
{
	CHECK(p->mode == PROGRAM_TRAIN, "program_step needs a training program");
	TRY(begin(g, p, b, e));
	enum err_code code = OK;
	int workers = g->threads;
#pragma omp parallel num_threads(workers)
	{
		struct err mine = {OK, ""};
		if (work_train(g, p, omp_get_thread_num(), b, &mine) != OK)
#pragma omp critical(gusto_program_error)
		{
			code = mine.code;
			if (e)
				*e = mine;
		}
	}
	if (code != OK)
		return code;
	bool bad = false;
	for (int k = 0; k < p->n_outputs; k++) {
		double sum = 0;
		for (int w = 0; w < workers; w++)
			sum += p->replica[w].losses[k];
		losses[k] = sum;
	}
	for (int w = 0; w < workers; w++)
		bad |= p->replica[w].bad_slice >= 0 || p->replica[w].bad_grad;
	return bad ? recorder_report(g, p, b, e) : OK;
}

static enum err_code work_infer(
	struct engine *g, struct program *p, int w, const struct batch *b, program_sink sink, void *ctx, struct err *e)
{
	for (int32_t s = p->share[w]; s < p->share[w + 1]; s++) {
		struct slice_range range = slice_at(p, s);
		struct operand out[8];
		TRY(replica_bind(g, p, w, b, range, false, e));
		forward_all(g, p, w);
		for (int k = 0; k < p->n_outputs; k++)
			replica_output(p, w, k, b, range, &out[k]);
		if (sink)
			sink(ctx, w, range.first, range.n, out);
	}
	return OK;
}

enum err_code program_infer(
	struct engine *g, struct program *p, const struct batch *b, program_sink sink, void *ctx, struct err *e)
{
	TRY(begin(g, p, b, e));
	enum err_code code = OK;
#pragma omp parallel num_threads(g->threads)
	{
		struct err mine = {OK, ""};
		if (work_infer(g, p, omp_get_thread_num(), b, sink, ctx, &mine) != OK)
#pragma omp critical(gusto_program_error)
		{
			code = mine.code;
			if (e)
				*e = mine;
		}
	}
	return code;
}

enum err_code program_look(struct engine *g, struct program *p, const struct batch *b, struct err *e)
{
	CHECK(p->mode == PROGRAM_KEEP, "program_look needs a program that keeps its values");
	TRY(begin(g, p, b, e));
	struct slice_range all = {0, b->examples};
	TRY(replica_bind(g, p, 0, b, all, false, e));
	forward_all(g, p, 0);
	for (int k = 0; k < p->n_outputs; k++)
		replica_output(p, 0, k, b, all, &p->looked[k]);
	return OK;
}

void program_output(const struct program *p, int k, struct operand *out)
{
	*out = p->looked[k];
}

int program_probe_count(const struct program *p)
{
	int n = 0;
	for (int k = 0; k < p->n_nodes; k++)
		n += p->node[k].class->probe != NULL;
	return n;
}

void program_probe_get(const struct program *p, int index, struct program_probe *out)
{
	for (int k = 0; k < p->n_nodes; k++)
		if (p->node[k].class->probe && index-- == 0)
			*out = (struct program_probe){p->node[k].scope, p->node[k].class->probe, &p->replica[0].io[k]};
}

int program_times(const struct program *p, struct op_time *out, int max)
{
	int n = p->n_nodes < max ? p->n_nodes : max;
	for (int k = 0; k < n; k++)
		out[k] = (struct op_time){
			p->node[k].class->desc.name, p->node[k].scope, p->node[k].forward, p->node[k].backward};
	return n;
}
