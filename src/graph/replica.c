/* One worker's replay of one slice: binding memory, forward, backward. */
#include "graph/program_impl.h"

#include <string.h>

static int64_t slice_rows_of(const struct batch *b, enum axis a, struct slice_range s, int64_t *first)
{
	*first = 0;
	if (a == AXIS_FIXED)
		return 1;
	if (a == AXIS_EXAMPLE) {
		*first = s.first;
		return s.n;
	}
	if (!b->offsets[a])
		return 0;
	*first = b->offsets[a][s.first];
	return b->offsets[a][s.first + s.n] - b->offsets[a][s.first];
}

static size_t round_up(size_t n)
{
	return (n + 15) & ~(size_t)15;
}

static void bind_rows(struct operand *o, const struct value *v, const struct batch *b, struct slice_range s)
{
	o->type = v->type;
	o->shape = v->shape;
	o->rows = slice_rows_of(b, v->shape.axis, s, &o->first_row);
	o->total_rows = batch_rows(b, v->shape.axis);
}

static void bind_io(
	struct program *p, struct replica *r, int k, const struct batch *b, struct slice_range s, bool train)
{
	struct node *n = &p->node[k];
	struct op_io *io = &r->io[k];
	io->class = n->class;
	io->attr = n->attr;
	io->n_in = n->n_in;
	for (int i = 0; i < n->n_in; i++)
		bind_rows(&io->in[i], &p->value[n->in[i]], b, s);
	bind_rows(&io->out, &p->value[n->out], b, s);
	io->examples = s.n;
	io->first_example = s.first;
	io->total_examples = b->examples;
	for (int a = 0; a < AXIS_N; a++)
		io->offsets[a] = b->offsets[a] ? r->offsets[a] : NULL;
	io->key = p->key[k];
	io->train = train;
}

static void point(struct program *p, struct replica *r, struct operand *o, int value, const struct batch *b)
{
	const struct value *v = &p->value[value], *root = &p->value[v->root];
	o->i = NULL;
	o->v = o->g = NULL;
	o->add = false;
	o->sparse = NULL;
	switch (root->kind) {
	case VALUE_INPUT:
		if (v->type == FIELD_INT)
			o->i = (const int32_t *)b->column[root->ref] + o->first_row * v->width;
		else
			o->v = (real *)b->column[root->ref] + o->first_row * v->width;
		break;
	case VALUE_PARAM:
		o->v = p->param[root->ref]->value;
		if (p->dense_at[root->ref] >= 0)
			o->g = r->dense + p->dense_at[root->ref];
		break;
	case VALUE_NUMBER:
	case VALUE_OP:
		if (root->buf >= 0)
			o->v = r->arena + r->at[root->buf];
		if (root->gbuf >= 0)
			o->g = r->arena + r->at[root->gbuf];
		break;
	}
}

static void bind_pointers(struct program *p, struct replica *r, int k, const struct batch *b)
{
	struct node *n = &p->node[k];
	struct op_io *io = &r->io[k];
	for (int i = 0; i < n->n_in; i++) {
		point(p, r, &io->in[i], n->in[i], b);
		io->in[i].add = (n->add >> i) & 1;
		if ((n->sparse >> i) & 1) {
			io->in[i].g = NULL;
			io->in[i].sparse = &r->rows[p->value[p->value[n->in[i]].root].ref];
		}
	}
	point(p, r, &io->out, n->out, b);
	io->aux = n->aux_buf >= 0 ? r->arena + r->at[n->aux_buf] : NULL;
}

/* Offsets of every place for this slice; the arena grows only where it was not reserved. */
static enum err_code lay_out(
	struct program *p, struct replica *r, const struct batch *b, struct slice_range s, struct err *e)
{
	size_t at = 0;
	for (int q = 0; q < p->n_places; q++) {
		const struct place *place = &p->place[q];
		int64_t first;
		size_t n = place->aux_of >= 0 ? p->node[place->aux_of].class->aux(&r->io[place->aux_of])
					      : (size_t)(slice_rows_of(b, place->axis, s, &first) * place->width);
		r->at[q] = at;
		at += round_up(n);
	}
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
	for (int a = AXIS_TOKEN; a < AXIS_N; a++)
		for (int32_t x = 0; b->offsets[a] && x <= s.n; x++)
			r->offsets[a][x] = b->offsets[a][s.first + x] - b->offsets[a][s.first];
	for (int k = 0; k < p->n_nodes; k++)
		bind_io(p, r, k, b, s, train);
	TRY(lay_out(p, r, b, s, e));
	TRY(bind_scratch(g, p, r, worker, e));
	for (int k = 0; k < p->n_nodes; k++)
		bind_pointers(p, r, k, b);
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

void replica_output(
	struct program *p, int worker, int k, const struct batch *b, struct slice_range s, struct operand *out)
{
	bind_rows(out, &p->value[p->output[k]], b, s);
	point(p, &p->replica[worker], out, p->output[k], b);
}

void replica_clear_grads(struct program *p, int worker)
{
	struct replica *r = &p->replica[worker];
	if (p->dense_size)
		memset(r->dense, 0, (size_t)p->dense_size * sizeof(real));
	for (int q = 0; q < p->n_params; q++)
		r->rows[q].n = 0;
}
