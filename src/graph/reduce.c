/* Summing the workers' gradients, in the order of the workers, into those of the first worker that has them.
 *
 * Dense parameters are cut into blocks; of sparse ones each worker sums the rows that belong to it (graph/rowgrad.h), in place, and lists
 * them.  The sums are made at the end of the step, which thereby learns whether they are finite, and the norm. */
#include "graph/reduce.h"

#include "graph/program_impl.h"
#include "tensor/rows.h"

#include <math.h>
#include <string.h>

enum { DENSE_BLOCK = 4096, AHEAD = 12 };

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
		if (rowgrad_look(&p->replica[before].rows[q], row))
			return true;
	return false;
}

static ROWS_INLINE void prefetch_slots(const struct program *p, int q, int o, int32_t row)
{
	for (int other = 0; row >= 0 && other < p->n_replicas; other++)
		if (other != o && p->replica[other].rows[q].n)
			__builtin_prefetch(&p->replica[other].rows[q].slot[row]);
}

/* The rows of one chunk of worker o's, which belong to worker w; returns the sum of their squares. */
static double sum_chunk(struct program *p, int q, int o, int w, int32_t first)
{
	struct rowgrad *r = &p->replica[o].rows[q];
	struct owned *own = &p->replica[w].owned[q];
	double sum = 0;
	for (int32_t s = first; s < first + ROWGRAD_CHUNK && r->row[s] >= 0; s++) {
		real *g = r->g + (int64_t)s * r->width;
		if (s + AHEAD < first + ROWGRAD_CHUNK)
			prefetch_slots(p, q, o, r->row[s + AHEAD]);
		if (met_before(p, q, o, r->row[s]))
			continue;
		for (int later = o + 1; later < p->n_replicas; later++) {
			const real *more = rowgrad_look(&p->replica[later].rows[q], r->row[s]);
			if (more)
				rows_add(more, g, r->width);
		}
		sum += squares(g, r->width);
		own->row[own->n++] = (struct grad_row){r->row[s], g};
	}
	return sum;
}

static double sum_rows(struct program *p, int q, int w)
{
	double sum = 0;
	p->replica[w].owned[q].n = 0;
	for (int o = 0; o < p->n_replicas; o++) {
		const struct rowgrad *r = &p->replica[o].rows[q];
		for (int32_t first = 0; first < r->n; first += ROWGRAD_CHUNK)
			if (r->part[first / ROWGRAD_CHUNK] == w)
				sum += sum_chunk(p, q, o, w, first);
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
			s += sum_rows(p, q, w);
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

static const real *summed(const struct program *p, int q, int32_t row)
{
	const real *g = NULL;
	for (int o = 0; o < p->n_replicas && !g; o++)
		g = rowgrad_look(&p->replica[o].rows[q], row);
	return g;
}

/* The gradient of a lazy parameter's numbers first..first+count-1, untouched rows with zeros. */
static void spread_rows(const struct program *p, int q, int64_t first, int64_t count, real *out)
{
	int64_t width = p->param[q]->width;
	for (int64_t done = 0; done < count;) {
		int64_t row = (first + done) / width, at = (first + done) % width;
		int64_t n = width - at < count - done ? width - at : count - done;
		const real *g = summed(p, q, (int32_t)row);
		if (g)
			memcpy(out + done, g + at, (size_t)n * sizeof *out);
		else
			memset(out + done, 0, (size_t)n * sizeof *out);
		done += n;
	}
}

static void each_untouched_too(struct program *p, int q, int w, reduce_fn f, void *ctx)
{
	real g[DENSE_BLOCK];
	struct span part = dense_part(p, q, w, p->n_replicas);
	for (int64_t k = part.from; k < part.to; k++) {
		int64_t first = k * DENSE_BLOCK, count = block_count(p, q, k);
		spread_rows(p, q, first, count, g);
		f(ctx, w, &(struct grad_block){q, p->param[q], NULL, first, count, g});
	}
}

struct walk {
	struct program *p;
	reduce_fn f;
	void *ctx;
	bool all;
};

static void each(void *ctx, int w)
{
	const struct walk *k = ctx;
	struct program *p = k->p;
	for (int q = 0; q < p->n_params; q++)
		if (p->dense_at[q] >= 0)
			each_dense(p, q, w, p->n_replicas, k->f, k->ctx);
		else if (k->all && p->param[q]->trainable && !p->param[q]->frozen)
			each_untouched_too(p, q, w, k->f, k->ctx);
		else if (p->replica[w].owned[q].n)
			k->f(k->ctx, w,
				&(struct grad_block){.index = q,
					.param = p->param[q],
					.rows = p->replica[w].owned[q].row,
					.count = p->replica[w].owned[q].n});
}

void reduce_each(struct engine *g, struct program *p, bool all, reduce_fn f, void *ctx)
{
	CHECK(p->n_replicas == g->threads, "no step of this program was made with this engine");
	team_run(g->team, each, &(struct walk){p, f, ctx, all});
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
		memcpy(s->out + (int64_t)b->rows[k].row * b->param->width, b->rows[k].g,
			(size_t)b->param->width * sizeof(real));
}

void reduce_dense(struct engine *g, struct program *p, int index, real *out)
{
	struct scatter s = {index, out};
	memset(out, 0, (size_t)p->param[index]->n * sizeof(real));
	reduce_each(g, p, false, scatter_block, &s);
}
