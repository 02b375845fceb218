/* Summing the workers' gradients, in the order of the workers, into those of the first worker that has them.
 *
 * Dense parameters are cut into blocks; of sparse ones each part gets a share of every worker's touched rows, in place.
 * A row that several workers touched is summed into, and handed out from, the first of them; the others mark it as met.
 * The sums are made at the end of the step, which thereby learns whether they are finite, and the norm. */
#include "graph/reduce.h"

#include "graph/program_impl.h"
#include "tensor/rows.h"

#include <math.h>
#include <string.h>

enum { DENSE_BLOCK = 4096, SPARSE_BLOCK = 256, AHEAD = 12 };

static const real *row_of(const struct rowgrad *r, int32_t row)
{
	if (!r->n)
		return NULL;
	int32_t s = r->slot[row];
	return s < r->n && r->row[s] == row ? r->g + (int64_t)s * r->width : NULL;
}

/* In the engine's precision, which is twice as fast; in double where the numbers are too large for it. */
static double squares(const real *x, int64_t n)
{
	double s = (double)rows_dot(x, x, n);
	if (isfinite(s))
		return s;
	s = 0;
	for (int64_t i = 0; i < n; i++)
		s += (double)x[i] * (double)x[i];
	return s;
}

/* Part w of the blocks of a dense parameter, or of the touched rows of a worker. */
struct span {
	int64_t from, to;
};

static struct span part_of(int64_t n, int w, int workers)
{
	return (struct span){n * w / workers, n * (w + 1) / workers};
}

static struct span dense_part(const struct program *p, int q, int w, int workers)
{
	return part_of((p->param[q]->n + DENSE_BLOCK - 1) / DENSE_BLOCK, w, workers);
}

static int64_t block_count(const struct program *p, int q, int64_t block)
{
	int64_t rest = p->param[q]->n - block * DENSE_BLOCK;
	return rest < DENSE_BLOCK ? rest : DENSE_BLOCK;
}

static double sum_dense(struct program *p, int q, int w, int workers)
{
	struct span part = dense_part(p, q, w, workers);
	double s = 0;
	for (int64_t k = part.from; k < part.to; k++) {
		int64_t at = p->dense_at[q] + k * DENSE_BLOCK, count = block_count(p, q, k);
		for (int o = 1; o < p->n_replicas; o++)
			rows_add(p->replica[o].dense + at, p->replica[0].dense + at, count);
		s += squares(p->replica[0].dense + at, count);
	}
	return s;
}

static bool met_before(const struct program *p, int q, int o, int32_t row)
{
	for (int before = 0; before < o; before++)
		if (row_of(&p->replica[before].rows[q], row))
			return true;
	return false;
}

static ROWS_INLINE void prefetch_slots(const struct program *p, int q, int o, int32_t row)
{
	for (int other = 0; other < p->n_replicas; other++)
		if (other != o && p->replica[other].rows[q].n)
			__builtin_prefetch(&p->replica[other].rows[q].slot[row]);
}

/* The touches of each worker are dealt out by position. */
static double sum_rows(struct program *p, int q, int o, int w, int workers)
{
	struct rowgrad *r = &p->replica[o].rows[q];
	struct span part = part_of(r->n, w, workers);
	double sum = 0;
	for (int64_t s = part.from; s < part.to; s++) {
		if (s + AHEAD < part.to)
			prefetch_slots(p, q, o, r->row[s + AHEAD]);
		r->met[s] = met_before(p, q, o, r->row[s]);
		if (r->met[s])
			continue;
		for (int later = o + 1; later < p->n_replicas; later++) {
			const real *g = row_of(&p->replica[later].rows[q], r->row[s]);
			if (g)
				rows_add(g, r->g + s * r->width, r->width);
		}
		sum += squares(r->g + s * r->width, r->width);
	}
	return sum;
}

static void sum_part(void *ctx, int w)
{
	struct program *p = ctx;
	int workers = p->n_replicas;
	double s = 0;
	for (int q = 0; q < p->n_params; q++)
		if (p->dense_at[q] >= 0)
			s += sum_dense(p, q, w, workers);
		else
			for (int o = 0; o < p->n_replicas; o++)
				s += sum_rows(p, q, o, w, workers);
	p->replica[w].squares = s;
}

void reduce_sum(struct engine *g, struct program *p)
{
	team_run(g->team, sum_part, p);
}

static void each_dense(struct program *p, int q, int w, int workers, reduce_fn f, void *ctx)
{
	struct span part = dense_part(p, q, w, workers);
	for (int64_t k = part.from; k < part.to; k++) {
		int64_t first = k * DENSE_BLOCK;
		f(ctx, w,
			&(struct grad_block){q, p->param[q], NULL, first, block_count(p, q, k),
				p->replica[0].dense + p->dense_at[q] + first});
	}
}

/* Runs of rows that no earlier worker has. */
static void each_rows(struct program *p, int q, int o, int w, int workers, reduce_fn f, void *ctx)
{
	const struct rowgrad *r = &p->replica[o].rows[q];
	struct span part = part_of(r->n, w, workers);
	for (int64_t s = part.from; s < part.to; s++) {
		int64_t first = s;
		while (s < part.to && s - first < SPARSE_BLOCK && !r->met[s])
			s++;
		if (s > first)
			f(ctx, w,
				&(struct grad_block){
					q, p->param[q], r->row + first, 0, s - first, r->g + first * r->width});
		if (s - first == SPARSE_BLOCK)
			s--;
	}
}

struct walk {
	struct program *p;
	reduce_fn f;
	void *ctx;
};

static void each(void *ctx, int w)
{
	const struct walk *k = ctx;
	struct program *p = k->p;
	for (int q = 0; q < p->n_params; q++)
		if (p->dense_at[q] >= 0)
			each_dense(p, q, w, p->n_replicas, k->f, k->ctx);
		else
			for (int o = 0; o < p->n_replicas; o++)
				each_rows(p, q, o, w, p->n_replicas, k->f, k->ctx);
}

void reduce_each(struct engine *g, struct program *p, reduce_fn f, void *ctx)
{
	CHECK(p->n_replicas == g->threads, "no step of this program was made with this engine");
	team_run(g->team, each, &(struct walk){p, f, ctx});
}

double reduce_norm(struct engine *g, struct program *p)
{
	double s = 0;
	CHECK(p->n_replicas == g->threads, "no step of this program was made with this engine");
	for (int w = 0; w < p->n_replicas; w++)
		s += p->replica[w].squares;
	return sqrt(s);
}

struct scatter {
	int index;
	real *out;
};

static void scatter_block(void *ctx, int worker, const struct grad_block *b)
{
	struct scatter *s = ctx;
	(void)worker;
	if (b->index != s->index)
		return;
	if (!b->rows) {
		memcpy(s->out + b->first, b->g, (size_t)b->count * sizeof(real));
		return;
	}
	for (int64_t k = 0; k < b->count; k++)
		memcpy(s->out + (int64_t)b->rows[k] * b->param->width, b->g + k * b->param->width,
			(size_t)b->param->width * sizeof(real));
}

void reduce_dense(struct engine *g, struct program *p, int index, real *out)
{
	struct scatter s = {index, out};
	memset(out, 0, (size_t)p->param[index]->n * sizeof(real));
	reduce_each(g, p, scatter_block, &s);
}
