/* How a batch is cut: one share per worker, each share into slices, all boundaries at the example nearest to an equal split of
 * the cost.  The cost of the examples before x is linear in x and in the offsets, so a boundary is found by bisection. */
#include "graph/program_impl.h"

#include <math.h>

/* A slice's activations should stay in a core's second-level cache (1 MB on current server cores), but slices so thin
 * that products become inefficient cost more than they save. */
enum { SLICE_BYTES = 1 << 20, SLICE_ROWS_MIN = 64 };

/* The products of a recurrent step have one row per example: fewer than this waste the machine. */
enum { STEPWISE_EXAMPLES = 32 };

/* A row of a table that is fetched for a slice should meet several of its examples (graph/gathered.h). */
enum { GATHERED_EXAMPLES = 256 };

/* Bytes of arena that the examples before x cost. */
static double cost_before(const struct program *p, const struct batch *b, int32_t x)
{
	double c = ((double)p->row_bytes[AXIS_EXAMPLE] + 1) * x;
	for (int a = AXIS_TOKEN; a < AXIS_N; a++)
		if (b->offsets[a])
			c += (double)p->row_bytes[a] * b->offsets[a][x];
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

/* The example from..examples before which the cost is nearest to c. */
static int32_t nearest(const struct program *p, const struct batch *b, int32_t from, double c)
{
	int32_t low = from, high = b->examples;
	while (low < high) {
		int32_t middle = low + (high - low) / 2;
		if (cost_before(p, b, middle) < c)
			low = middle + 1;
		else
			high = middle;
	}
	return low > from && c - cost_before(p, b, low - 1) < cost_before(p, b, low) - c ? low - 1 : low;
}

void slices_cut(const struct engine *g, struct program *p, const struct batch *b)
{
	int workers = p->coupled ? 1 : g->threads;
	double share = cost_before(p, b, b->examples) / workers;
	int pieces = p->coupled || p->mode == PROGRAM_KEEP ? 1 : (int)ceil(share / slice_bytes(g, p));
	if ((p->stepwise || (p->gathers && p->mode == PROGRAM_TRAIN)) && g->slice_rows == 0) {
		int most = b->examples / workers / (p->gathers ? GATHERED_EXAMPLES : STEPWISE_EXAMPLES);
		pieces = pieces < most ? pieces : most;
	}
	pieces = pieces < 1 ? 1 : pieces;
	p->slices = 0;
	p->slice[0] = 0;
	for (int w = 0; w < workers; w++) {
		p->share[w] = p->slices;
		for (int k = 1; k <= pieces; k++) {
			bool last = w + 1 == workers && k == pieces;
			int32_t from = p->slice[p->slices], end = b->examples;
			if (!last)
				end = nearest(p, b, from, share * (w + (double)k / pieces));
			if (end > from)
				p->slice[++p->slices] = end;
		}
	}
	for (int w = workers; w <= g->threads; w++)
		p->share[w] = p->slices;
}
