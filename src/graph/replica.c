/* One worker's replay of one slice: binding memory, forward, backward. */
#include "graph/program_impl.h"

#include <string.h>

/* Rows of every axis in the slice. */
static void bind_axes(struct replica *r, const struct batch *b, struct slice_range s)
{
	for (int a = 0; a < AXIS_N; a++) {
		r->n_rows[a] = r->first_row[a] = 0;
		r->total_rows[a] = batch_rows(b, (enum axis)a);
	}
	r->n_rows[AXIS_FIXED] = 1;
	r->n_rows[AXIS_EXAMPLE] = s.n;
	r->first_row[AXIS_EXAMPLE] = s.first;
	for (int a = AXIS_TOKEN; a < AXIS_N; a++) {
		if (!b->offsets[a])
			continue;
		const int32_t *from = b->offsets[a] + s.first;
		for (int32_t x = 0; x <= s.n; x++)
			r->offsets[a][x] = from[x] - from[0];
		r->first_row[a] = from[0];
		r->n_rows[a] = from[s.n] - from[0];
	}
}

static size_t round_up(size_t n)
{
	return (n + 15) & ~(size_t)15;
}

static inline void bind_rows(struct operand *o, const struct replica *r)
{
	enum axis a = o->shape.axis;
	o->rows = r->n_rows[a];
	o->first_row = r->first_row[a];
	o->total_rows = r->total_rows[a];
}

static void bind_io(
	const struct program *p, struct replica *r, int k, const struct batch *b, struct slice_range s, bool train)
{
	struct op_io *io = &r->io[k];
	for (int i = 0; i < io->n_in; i++)
		bind_rows(&io->in[i], r);
	bind_rows(&io->out, r);
	io->examples = s.n;
	io->first_example = s.first;
	io->total_examples = b->examples;
	for (int a = AXIS_TOKEN; a < AXIS_N; a++)
		io->offsets[a] = b->offsets[a] ? r->offsets[a] : NULL;
	io->key = p->key[k];
	io->step = b->step;
	io->train = train;
}

/* Where the numbers and the gradient of a value are in this slice. */
static inline void point(
	const struct program *p, const struct replica *r, struct operand *o, int value, const struct batch *b)
{
	const struct value *v = &p->value[value], *root = &p->value[v->root];
	if (root->kind == VALUE_INPUT) {
		const void *column = b->column[root->ref];
		int64_t at = o->first_row * v->width;
		o->i = v->type == FIELD_INT ? (const int32_t *)column + at : NULL;
		o->v = v->type == FIELD_INT ? NULL : (real *)column + at;
	} else if (root->kind != VALUE_PARAM) {
		o->v = root->buf >= 0 ? r->arena + r->at[root->buf] : NULL;
		o->g = root->gbuf >= 0 ? r->arena + r->at[root->gbuf] : NULL;
	}
}

static void bind_pointers(const struct program *p, struct replica *r, int k, const struct batch *b)
{
	const struct node *n = &p->node[k];
	struct op_io *io = &r->io[k];
	for (int i = 0; i < n->n_in; i++)
		point(p, r, &io->in[i], n->in[i], b);
	point(p, r, &io->out, n->out, b);
	io->aux = n->aux_buf >= 0 ? r->arena + r->at[n->aux_buf] : NULL;
}

/* Type and shape, and where a parameter is. */
static void point_once(const struct program *p, const struct replica *r, struct operand *o, int value)
{
	const struct value *v = &p->value[value], *root = &p->value[v->root];
	*o = (struct operand){.type = v->type, .shape = v->shape};
	if (root->kind != VALUE_PARAM)
		return;
	o->v = p->param[root->ref]->value;
	if (p->mode == PROGRAM_TRAIN && p->dense_at[root->ref] >= 0)
		o->g = r->dense + p->dense_at[root->ref];
}

void replica_bind_once(struct program *p, struct replica *r)
{
	for (int k = 0; k < p->n_nodes; k++) {
		struct node *n = &p->node[k];
		struct op_io *io = &r->io[k];
		*io = (struct op_io){.class = n->class, .attr = n->attr, .n_in = n->n_in};
		for (int i = 0; i < n->n_in; i++) {
			point_once(p, r, &io->in[i], n->in[i]);
			io->in[i].add = (n->add >> i) & 1;
			if ((n->sparse >> i) & 1)
				io->in[i].sparse = &r->rows[p->value[n->in[i]].ref];
		}
		point_once(p, r, &io->out, n->out);
		io->gathered = n->gathered >= 0 ? &r->gathered[n->gathered] : NULL;
	}
}

/* Room for the tokens of the slice by id. */
static enum err_code bind_gathered(const struct program *p, struct replica *r, struct err *e)
{
	for (int k = 0; k < p->n_gathered; k++) {
		struct gathered *g = &r->gathered[k];
		int64_t tokens = r->n_rows[p->value[p->gathered_value[k]].shape.axis];
		size_t need = by_id_size(tokens, p->gathered_below[k]);
		g->made = false;
		g->below = p->gathered_below[k];
		if (need <= g->size)
			continue;
		mem_free(g->room);
		g->size = need + need / 4;
		g->room = mem_calloc(g->size, sizeof *g->room);
		if (!g->room) {
			g->size = 0;
			return err_set(e, ERR_NOMEM, "no memory for %lld tokens by id", (long long)tokens);
		}
	}
	return OK;
}

/* Offsets of every place for this slice; the arena grows to the largest slice met.  Without backward and without probes
 * nobody reads aux after its op, so that all aux share one place behind the others. */
static enum err_code lay_out(const struct program *p, struct replica *r, struct err *e)
{
	size_t at = 0, shared = 0;
	for (int q = 0; q < p->n_places; q++) {
		const struct place *place = &p->place[q];
		bool aux = place->aux_of >= 0;
		size_t n = aux ? p->node[place->aux_of].class->aux(&r->io[place->aux_of])
			       : (size_t)(r->n_rows[place->axis] * place->width);
		r->at[q] = at;
		if (aux && (p->mode == PROGRAM_INFER || p->mode == PROGRAM_FACTORS))
			shared = n > shared ? n : shared;
		else
			at += round_up(n);
	}
	at += round_up(shared);
	if (at <= r->arena_size)
		return OK;
	size_t size = at + at / 4;
	mem_aligned_free(r->arena);
	r->arena = mem_aligned(size * sizeof(real));
	r->arena_size = r->arena ? size : 0;
	return r->arena ? OK
			: err_set(e, ERR_NOMEM, "no memory for %.1f MB of activations",
				  (double)size * sizeof(real) / 1e6);
}

static enum err_code bind_scratch(struct engine *g, struct program *p, struct replica *r, int worker, struct err *e)
{
	size_t need = 0;
	for (int k = 0; k < p->n_nodes; k++)
		if (p->node[k].class->scratch) {
			size_t n = p->node[k].class->scratch(&r->io[k]);
			need = n > need ? n : need;
		}
	if (need > g->scratch_size[worker]) {
		mem_aligned_free(g->scratch[worker]);
		g->scratch[worker] = mem_aligned((need + need / 4) * sizeof(real));
		g->scratch_size[worker] = g->scratch[worker] ? need + need / 4 : 0;
		if (!g->scratch[worker])
			return err_set(
				e, ERR_NOMEM, "no memory for %.1f MB of scratch", (double)need * sizeof(real) / 1e6);
	}
	for (int k = 0; k < p->n_nodes; k++)
		r->io[k].scratch = g->scratch[worker];
	return OK;
}

enum err_code replica_bind(struct engine *g, struct program *p, int worker, const struct batch *b, struct slice_range s,
	bool train, struct err *e)
{
	struct replica *r = &p->replica[worker];
	bind_axes(r, b, s);
	for (int k = 0; k < p->n_nodes; k++)
		bind_io(p, r, k, b, s, train);
	TRY(lay_out(p, r, e));
	TRY(bind_gathered(p, r, e));
	for (int k = 0; k < p->n_nodes; k++)
		bind_pointers(p, r, k, b);
	TRY(bind_scratch(g, p, r, worker, e));
	for (int i = 0; i < p->n_values; i++)
		if (p->value[i].kind == VALUE_NUMBER)
			r->arena[r->at[p->value[i].buf]] = (real)p->value[i].number;
	return OK;
}

void replica_forward(struct program *p, int worker, int k)
{
	if (!(p->node[k].class->flags & OP_ALIAS))
		p->node[k].class->forward(&p->replica[worker].io[k]);
}

void replica_backward_begin(struct program *p, int worker)
{
	struct replica *r = &p->replica[worker];
	const struct value *loss = &p->value[p->value[p->output[0]].root];
	r->arena[r->at[loss->gbuf]] = 1;
}

void replica_backward(struct program *p, int worker, int k)
{
	struct node *n = &p->node[k];
	struct op_io *io = &p->replica[worker].io[k];
	if (!n->active || (n->class->flags & (OP_ALIAS | OP_NOGRAD)))
		return;
	for (int i = 0; n->zero && i < n->n_in; i++)
		if ((n->zero >> i) & 1)
			memset(io->in[i].g, 0, (size_t)(io->in[i].rows * p->value[n->in[i]].width) * sizeof(real));
	n->class->backward(io);
}

void replica_output(struct program *p, int worker, int k, const struct batch *b, struct operand *out)
{
	const struct replica *r = &p->replica[worker];
	point_once(p, r, out, p->output[k]);
	bind_rows(out, r);
	point(p, r, out, p->output[k], b);
}

void replica_clear_grads(struct program *p, int worker)
{
	struct replica *r = &p->replica[worker];
	if (p->dense_size)
		memset(r->dense, 0, (size_t)p->dense_size * sizeof(real));
	for (int q = 0; q < p->n_params; q++)
		rowgrad_clear(&r->rows[q]);
}
