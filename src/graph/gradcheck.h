/* The gradient check of one case of an op, driven directly (no program).
 *
 * With random inputs x and a random direction r it checks, for the loss sum(r * out):
 *   gradient   against central differences (h = 1e-6; only where real = double)
 *   add        the gradient added to a buffer = the buffer + the written gradient; writing leaves nothing of what was there
 *   slices     the examples cut in two slices give the same outputs and gradients (not for OP_COUPLED)
 *   reads      backward reads no value that the class does not declare in need_in and need_out
 *   sparse     row gradients, scattered, equal the dense ones (inputs in takes_sparse)
 * Sentences name op, case, input and element. */
#ifndef GUSTO_GRAPH_GRADCHECK_H
#define GUSTO_GRAPH_GRADCHECK_H

#include "graph/op.h"

enum err_code gradcheck_case(const struct op_class *class, const struct op_case *c, uint64_t seed, struct err *e);

#endif
