#include "graph/gathered.h"

/* Outside of a program (in tests) an op has a room of its own. */
static struct by_id tokens_by_id(const struct op_io *io, int32_t *own)
{
	const struct operand *ids = &io->in[io->class->gathers.ids];
	const int32_t *offsets = io->offsets[ids->shape.axis];
	struct gathered *g = io->gathered;
	if (!g)
		return by_id_make(ids->i, offsets, io->examples, io->in[io->class->gathers.table].shape.dim[0], own);
	if (!g->made)
		g->by = by_id_make(ids->i, offsets, io->examples, g->below, g->room);
	g->made = true;
	return g->by;
}

/* Scratch, cut into pieces that begin at 64-byte boundaries. */
struct pieces {
	char *at; /* NULL: only counted */
	size_t used;
};

static void *piece(struct pieces *p, size_t n, size_t size)
{
	void *here = p->at ? p->at + p->used : NULL;
	p->used += (n * size + 63) / 64 * 64;
	return here;
}

static struct gathering cut(const struct op_io *io, int64_t d, struct pieces *p)
{
	struct gathering g = {0};
	const struct operand *table = &io->in[io->class->gathers.table];
	size_t tokens = (size_t)io->in[io->class->gathers.ids].rows;
	size_t n = (size_t)table->shape.dim[0] < tokens ? (size_t)table->shape.dim[0] : tokens;
	g.r.d = d;
	g.r.vectors = (int32_t)(table->shape.dim[1] / d);
	g.row = piece(p, n + 1, sizeof *g.row);
	g.grad = piece(p, n + 1, sizeof *g.grad);
	g.fresh = piece(p, n + 1, sizeof *g.fresh);
	g.y = piece(p, ragged_packed_size(io->examples, d), sizeof(real));
	g.dy = piece(p, ragged_packed_size(io->examples, d), sizeof(real));
	g.padded = piece(p, ragged_padded_size(d, g.r.vectors), sizeof(real));
	g.pick = piece(p, tokens, sizeof *g.pick);
	g.c = piece(p, tokens * (size_t)g.r.vectors, sizeof(real));
	g.keep = piece(p, tokens, sizeof(real));
	g.room = piece(p, by_id_size((int64_t)tokens, table->shape.dim[0]), sizeof *g.room);
	g.kept = piece(p, by_id_size((int64_t)tokens, table->shape.dim[0]), sizeof *g.kept);
	return g;
}

size_t op_gathering_size(const struct op_io *io, int64_t d)
{
	struct pieces p = {0};
	if (!op_gathers(io, d))
		return 0;
	cut(io, d, &p);
	return (p.used + 64) / sizeof(real);
}

static void find_rows(struct gathering *g, const struct op_io *io)
{
	const struct operand *table = &io->in[io->class->gathers.table];
	for (int32_t k = 0; k < g->r.by.n; k++)
		g->row[k] = table->v + (int64_t)g->r.by.id[k] * table->shape.dim[1];
}

struct gathering op_gathering(struct op_io *io, int64_t d)
{
	char *scratch = (char *)io->scratch;
	struct pieces p = {scratch + (64 - (uintptr_t)scratch % 64) % 64, 0};
	struct gathering g = cut(io, d, &p);
	g.r.by = tokens_by_id(io, g.room);
	find_rows(&g, io);
	return g;
}

bool op_gathering_grads(struct gathering *g, struct operand *table)
{
	if (!op_wants(table))
		return false;
	for (int32_t k = 0; k < g->r.by.n; k++) {
		const int32_t id = g->r.by.id[k];
		g->fresh[k] = false;
		g->grad[k] = table->sparse ? rowgrad_find(table->sparse, id, &g->fresh[k])
					   : table->g + (int64_t)id * table->shape.dim[1];
	}
	return true;
}

void op_gathering_keep(struct gathering *g, const struct op_io *io, const real *keep)
{
	g->r.by = by_id_keep(&g->r.by, keep, g->kept);
	find_rows(g, io);
}
