/* Summing the workers' gradients, in the order of the workers.
 *
 * Dense parameters are cut into blocks; of sparse ones each thread gets a share of every worker's touched rows, in place.
 * A row that several workers touched is summed into, and handed out from, the first of them. */
#include "graph/reduce.h"

#include "graph/program_impl.h"

#include <math.h>
#include <omp.h>
#include <string.h>

enum { DENSE_BLOCK = 4096, SPARSE_BLOCK = 256 };

static const real *row_of(const struct rowgrad *r, int32_t row)
{
	int32_t s = r->slot[row];
	return s < r->n && r->row[s] == row ? r->g + (int64_t)s * r->width : NULL;
}

static void add_to(real *a, const real *b, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		a[i] += b[i];
}

/* Adds the gradients of workers 1.. into worker 0's, block by block, and hands the blocks out. */
static void dense(struct program *p, int q, int w, int workers, reduce_fn f, void *ctx)
{
	int64_t n = p->param[q]->n, blocks = (n + DENSE_BLOCK - 1) / DENSE_BLOCK;
	for (int64_t k = blocks * w / workers; k < blocks * (w + 1) / workers; k++) {
		int64_t first = k * DENSE_BLOCK, count = n - first < DENSE_BLOCK ? n - first : DENSE_BLOCK;
		real *g = p->replica[0].dense + p->dense_at[q] + first;
		for (int o = 1; o < p->n_replicas && !p->reduced; o++)
			add_to(g, p->replica[o].dense + p->dense_at[q] + first, count);
		f(ctx, w, &(struct grad_block){q, p->param[q], NULL, first, count, g});
	}
}

static bool met_before(const struct program *p, int q, int o, int32_t row)
{
	for (int before = 0; before < o; before++)
		if (row_of(&p->replica[before].rows[q], row))
			return true;
	return false;
}

/* The touches of each worker are dealt out by position; a row that an earlier worker touched belongs to whoever owns it there. */
static void sparse(struct program *p, int q, int w, int workers, reduce_fn f, void *ctx)
{
	int32_t width = p->param[q]->width;
	for (int o = 0; o < p->n_replicas; o++) {
		struct rowgrad *r = &p->replica[o].rows[q];
		int32_t s = (int32_t)((int64_t)r->n * w / workers), end = (int32_t)((int64_t)r->n * (w + 1) / workers);
		while (s < end) {
			int32_t first = s;
			for (; s < end && s - first < SPARSE_BLOCK && !met_before(p, q, o, r->row[s]); s++)
				for (int later = o + 1; later < p->n_replicas && !p->reduced; later++) {
					const real *g = row_of(&p->replica[later].rows[q], r->row[s]);
					if (g)
						add_to(r->g + (int64_t)s * width, g, width);
				}
			if (s > first)
				f(ctx, w,
					&(struct grad_block){q, p->param[q], r->row + first, 0, s - first,
						r->g + (int64_t)first * width});
			else
				s++;
		}
	}
}

void reduce_each(struct engine *g, struct program *p, reduce_fn f, void *ctx)
{
	int workers = g->threads;
#pragma omp parallel num_threads(workers)
	{
		int w = omp_get_thread_num();
		for (int q = 0; q < p->n_params; q++) {
			if (p->dense_at[q] >= 0)
				dense(p, q, w, workers, f, ctx);
			else if (p->replica[0].rows[q].cap)
				sparse(p, q, w, workers, f, ctx);
		}
	}
	p->reduced = true;
}

struct norm {
	double sum[64]; /* per worker */
	int workers;
};

static void add_squares(void *ctx, int worker, const struct grad_block *b)
{
	struct norm *n = ctx;
	int64_t count = b->rows ? b->count * b->param->width : b->count;
	double s = 0;
#pragma omp simd reduction(+ : s)
	for (int64_t i = 0; i < count; i++)
		s += (double)b->g[i] * (double)b->g[i];
	n->sum[worker & 63] += s;
}

double reduce_norm(struct engine *g, struct program *p)
{
	struct norm n = {.workers = g->threads};
	CHECK(g->threads <= 64, "reduce_norm serves up to 64 workers, got %d", g->threads);
	reduce_each(g, p, add_squares, &n);
	double s = 0;
	for (int w = 0; w < g->threads; w++)
		s += n.sum[w];
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
