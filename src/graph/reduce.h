/* Where gradients of the workers become one: the one place that later lets other ranks join.
 *
 * program_step ends with summing them.  After it, reduce_each walks all trainable parameters of the program in parallel and hands out disjoint
 * blocks with their summed gradient:
 *   dense   rows == NULL; elements first..first+count of the parameter (in numbers), g[count]
 *   sparse  rows[count] are the touched rows (each exactly once per step), g[count, width]
 * Which thread handles which block depends only on the worker count. */
#ifndef GUSTO_GRAPH_REDUCE_H
#define GUSTO_GRAPH_REDUCE_H

#include "graph/program.h"

struct grad_block {
	int index; /* position of the parameter in program_params */
	struct param *param;
	const int32_t *rows; /* NULL: dense */
	int64_t first, count;
	const real *g;
};
typedef void (*reduce_fn)(void *ctx, int worker, const struct grad_block *b);
void reduce_each(struct engine *g, struct program *p, reduce_fn f, void *ctx);

/* sqrt of the sum of squares over all gradients of the step (deterministic order); finite after a step that returned OK.
 * Costs nothing: the step knows it. */
double reduce_norm(struct engine *g, struct program *p);

/* The dense gradient of one parameter (sparse ones scattered into zeros) into out[param->n]: for tests and probes. */
void reduce_dense(struct engine *g, struct program *p, int index, real *out);

#endif
