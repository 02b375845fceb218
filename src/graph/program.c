/* The engine: slices, workers, steps. */
#include "graph/program_impl.h"
#include "graph/reduce.h"

#include "base/rng.h"
#include "tensor/blas.h"

#include <math.h>
#include <string.h>
#include <time.h>

enum err_code engine_new(const struct engine_options *o, struct engine **out, struct err *e)
{
	struct engine *g = mem_calloc(1, sizeof *g);
	int threads = o && o->threads > 0 ? o->threads : team_cores();
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
	enum err_code rc = team_new(threads, &g->team, e);
	if (rc != OK) {
		engine_free(g);
		return rc;
	}
	blas_set_threads(threads); /* else the products of an engine of one would start threads of their own */
	*out = g;
	return OK;
}

void engine_free(struct engine *g)
{
	if (!g)
		return;
	team_free(g->team);
	for (int w = 0; g->scratch && w < g->threads; w++)
		mem_aligned_free(g->scratch[w]);
	mem_free(g->scratch);
	mem_free(g->scratch_size);
	mem_free(g);
}

struct team *engine_team(const struct engine *g)
{
	return g->team;
}

int engine_threads(const struct engine *g)
{
	return g->threads;
}

void engine_profile(struct engine *g, bool on)
{
	g->profile = on;
}

void program_free(struct program *p)
{
	if (!p)
		return;
	replicas_free(p);
	for (int k = 0; k < p->n_nodes; k++)
		mem_free(p->node[k].scope);
	for (int q = 0; q < p->n_params; q++)
		param_unref(p->param[q]);
	mem_free(p->node);
	mem_free(p->value);
	mem_free(p->param);
	mem_free(p->dense_at);
	mem_free(p->place);
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

enum err_code program_reserve(struct engine *g, struct program *p, const int64_t rows[AXIS_N], struct err *e)
{
	return replicas_reserve(g, p, rows, e);
}

static void keys(struct program *p, const struct batch *b)
{
	uint64_t at = 0;
	for (int k = 0; k < p->n_nodes; k++)
		if (p->node[k].class->flags & OP_RANDOM)
			p->key[k] = rng_key(b->seed, RNG_DROPOUT, b->step, at++);
}

static bool same_column(const struct field_spec *a, const struct field_spec *b)
{
	return a->type == b->type && a->axis == b->axis && a->width == b->width && strcmp(a->name, b->name) == 0;
}

/* The batch must carry what the program was traced with. */
static enum err_code check_batch(const struct program *p, const struct batch *b, struct err *e)
{
	for (int i = 0; i < p->n_fields; i++) {
		const struct field_spec *f = &p->field[i];
		if (i >= b->nfields || !same_column(f, &b->spec[i]))
			return err_set(e, ERR_SHAPE,
				"column %d of the batch is %s, the program was traced with '%s' there; trace it again",
				i + 1, i < b->nfields ? b->spec[i].name : "missing", f->name);
	}
	for (int i = 0; i < p->n_values; i++) {
		enum axis a = p->value[i].shape.axis;
		if (a >= AXIS_TOKEN && !b->offsets[a])
			return err_set(e, ERR_SHAPE, "the program works on %s but the batch has none",
				a == AXIS_TOKEN ? "tokens" : "tokens2");
	}
	return OK;
}

static enum err_code begin(struct engine *g, struct program *p, const struct batch *b, struct err *e)
{
	int64_t rows[AXIS_N];
	for (int a = 0; a < AXIS_N; a++)
		rows[a] = batch_rows(b, (enum axis)a);
	TRY(check_batch(p, b, e));
	TRY(replicas_reserve(g, p, rows, e));
	keys(p, b);
	slices_cut(g, p, b);
	return OK;
}

static const real *parameter_value(const struct program *p, int value)
{
	return value < 0 ? NULL : p->param[p->value[p->value[value].root].ref]->value;
}

bool program_product(const struct program *p, struct program_product *out)
{
	if (p->table < 0)
		return false;
	const struct shape *s = &p->value[p->table].shape;
	*out = (struct program_product){
		s->dim[0], s->dim[1], parameter_value(p, p->table), parameter_value(p, p->bias)};
	return true;
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The clock of a profile: what the first worker spent on a node since `begun`, and what it did. */
static void count(struct program *p, int k, double begun, bool backward)
{
	struct node *n = &p->node[k];
	*(backward ? &n->backward : &n->forward) += now() - begun;
	if (!n->class->work)
		return;
	struct op_work w = n->class->work(&p->replica[0].io[k], backward);
	n->work.flops += w.flops;
	n->work.bytes += w.bytes;
}

static void forward_all(struct engine *g, struct program *p, int worker)
{
	for (int k = 0; k < p->n_nodes; k++) {
		double begun = g->profile ? now() : 0;
		replica_forward(p, worker, k);
		if (g->profile && worker == 0)
			count(p, k, begun, false);
	}
}

static void backward_all(struct engine *g, struct program *p, int worker)
{
	replica_backward_begin(p, worker);
	for (int k = p->n_nodes - 1; k >= 0; k--) {
		double begun = g->profile ? now() : 0;
		replica_backward(p, worker, k);
		if (g->profile && worker == 0 && p->node[k].active)
			count(p, k, begun, true);
	}
}

static struct slice_range slice_at(const struct program *p, int32_t s)
{
	return (struct slice_range){p->slice[s], p->slice[s + 1] - p->slice[s]};
}

/* A program's replay by all workers. */
struct replay {
	struct engine *g;
	struct program *p;
	const struct batch *b;
	enum err_code (*work)(const struct replay *r, int worker, struct err *e);
	program_sink sink; /* of inference */
	void *ctx;
	pthread_mutex_t lock;
	enum err_code code; /* the first error of the workers */
	struct err *e;
};

static void failed(struct replay *r, const struct err *mine)
{
	pthread_mutex_lock(&r->lock);
	if (r->code == OK) {
		r->code = mine->code;
		if (r->e)
			*r->e = *mine;
	}
	pthread_mutex_unlock(&r->lock);
}

static void member(void *ctx, int w)
{
	struct replay *r = ctx;
	struct err mine = {OK, ""};
	int before = r->p->coupled ? 0 : blas_own_threads(1);
	if (r->work(r, w, &mine) != OK)
		failed(r, &mine);
	if (before)
		blas_own_threads(before);
}

/* A program whose ops couple the batch has one slice, which the caller replays: its products may use all threads. */
static enum err_code replay(struct replay *r)
{
	pthread_mutex_init(&r->lock, NULL);
	if (!r->p->coupled)
		team_run(r->g->team, member, r);
	for (int w = 0; r->p->coupled && w < r->g->threads; w++)
		member(r, w);
	pthread_mutex_destroy(&r->lock);
	return r->code;
}

static enum err_code work_train(const struct replay *replay, int w, struct err *e)
{
	struct engine *g = replay->g;
	struct program *p = replay->p;
	const struct batch *b = replay->b;
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
	return OK;
}

/* What the ops of a coupled program leave behind; its one slice is still bound. */
static void commit_all(struct program *p, int workers)
{
	for (int w = 0; w < workers; w++)
		for (int k = 0; p->share[w] < p->share[w + 1] && k < p->n_nodes; k++)
			if (p->node[k].class->commit)
				p->node[k].class->commit(&p->replica[w].io[k]);
}

enum err_code program_step(struct engine *g, struct program *p, const struct batch *b, double *losses, struct err *e)
{
	CHECK(p->mode == PROGRAM_TRAIN, "program_step needs a training program");
	TRY(begin(g, p, b, e));
	TRY(replay(&(struct replay){.g = g, .p = p, .b = b, .work = work_train, .e = e}));
	reduce_sum(g, p);
	bool bad = !isfinite(reduce_norm(g, p));
	for (int k = 0; k < p->n_outputs; k++) {
		losses[k] = 0;
		for (int w = 0; w < g->threads; w++)
			losses[k] += p->replica[w].losses[k];
	}
	for (int w = 0; w < g->threads; w++)
		bad |= p->replica[w].bad_slice >= 0;
	if (bad)
		return recorder_report(g, p, b, e);
	if (p->coupled)
		commit_all(p, g->threads);
	return OK;
}

static enum err_code work_infer(const struct replay *r, int w, struct err *e)
{
	struct program *p = r->p;
	for (int32_t s = p->share[w]; s < p->share[w + 1]; s++) {
		struct slice_range range = slice_at(p, s);
		struct operand out[8];
		TRY(replica_bind(r->g, p, w, r->b, range, false, e));
		forward_all(r->g, p, w);
		for (int k = 0; k < p->n_outputs; k++)
			replica_output(p, w, k, r->b, &out[k]);
		if (r->sink)
			r->sink(r->ctx, w, range.first, range.n, out);
	}
	return OK;
}

enum err_code program_infer(
	struct engine *g, struct program *p, const struct batch *b, program_sink sink, void *ctx, struct err *e)
{
	TRY(begin(g, p, b, e));
	return replay(&(struct replay){.g = g, .p = p, .b = b, .work = work_infer, .sink = sink, .ctx = ctx, .e = e});
}

enum err_code program_look(struct engine *g, struct program *p, const struct batch *b, struct err *e)
{
	CHECK(p->mode == PROGRAM_KEEP, "program_look needs a program that keeps its values");
	TRY(begin(g, p, b, e));
	struct slice_range all = {0, b->examples};
	TRY(replica_bind(g, p, 0, b, all, false, e));
	forward_all(g, p, 0);
	for (int k = 0; k < p->n_outputs; k++)
		replica_output(p, 0, k, b, &p->looked[k]);
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
		out[k] = (struct op_time){p->node[k].class->desc.name, p->node[k].scope, p->node[k].forward,
			p->node[k].backward, p->node[k].work};
	return n;
}
