/* Where gradients of the workers become one: the one place that later lets other ranks join.
 *
 * program_step ends with summing them.  After it, reduce_each walks all trainable parameters of the program in parallel and hands out disjoint
 * blocks with their summed gradient:
 *   dense   rows == NULL; elements first..first+count of the parameter (in numbers), g[count]
 *   sparse  rows[count] are touched rows with their gradients, each exactly once per step
 * Which thread handles which block depends only on the worker count; a row of a table is always handled by the same. */
#ifndef GUSTO_GRAPH_REDUCE_H
#define GUSTO_GRAPH_REDUCE_H

#include "graph/program.h"

struct grad_row {
	int32_t row;
	real *g; /* [width] */
};
struct grad_block {
	int index; /* position of the parameter in program_params */
	struct param *param;
	const struct grad_row *rows; /* [count]; NULL: dense */
	int64_t first, count;
	const real *g; /* dense */
};
typedef void (*reduce_fn)(void *ctx, int worker, const struct grad_block *b);
/* all: sparse parameters come as dense ones, rows that nobody touched with a gradient of zeros. */
void reduce_each(struct engine *g, struct program *p, bool all, reduce_fn f, void *ctx);

/* sqrt of the sum of squares over all gradients of the step (deterministic order); finite after a step that returned OK.
 * Costs nothing: the step knows it. */
double reduce_norm(struct engine *g, struct program *p);

/* The dense gradient of one parameter (sparse ones scattered into zeros) into out[param->n]: for tests and probes. */
void reduce_dense(struct engine *g, struct program *p, int index, real *out);

#endif
