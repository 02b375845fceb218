/* What ops say of their work (op_class.work): the products of their formulas, and every number that must be read or written counted
 * once.  So GFLOP/s and GB/s of a profile tell how far an op is from what the machine can do, not what its caches carried. */
#ifndef GUSTO_GRAPH_WORK_H
#define GUSTO_GRAPH_WORK_H

#include "graph/op_util.h"

/* Inputs 0 and 1 meet in products of `flops` operations forward, and as many for each gradient that is wanted. */
static inline struct op_work work_product(const struct op_io *io, bool backward, double flops)
{
	double numbers = (double)op_numbers(&io->out);
	for (int k = 0; k < io->n_in; k++)
		numbers += (double)op_numbers(&io->in[k]);
	double times = backward ? op_wants(&io->in[0]) + op_wants(&io->in[1]) : 1;
	return (struct op_work){times * flops, times * numbers * sizeof(real)};
}

/* y = x W^T or x W: every number of the output is a sum of products along the last dimension of x. */
static inline struct op_work work_matrix(const struct op_io *io, bool backward)
{
	return work_product(io, backward, 2. * (double)op_numbers(&io->out) * shape_last(&io->in[0].shape));
}

/* `visits` rows of a table by id: each meets a vector of the input `h` in a product, or (h = -1) is added to the output.  Row gradients
 * are read and written. */
static inline struct op_work work_lookup(const struct op_io *io, bool backward, int table, int h, int64_t visits)
{
	const struct shape *t = &io->in[table].shape;
	double rows = (double)visits * (t->ndim > 1 ? t->dim[1] : 1), each = h < 0 ? 1 : 2;
	double side = (double)op_numbers(h < 0 ? &io->out : &io->in[h]);
	if (!backward)
		return (struct op_work){each * rows, (rows + side) * sizeof(real)};
	struct op_work w = {0, 0};
	if (h >= 0 && op_wants(&io->in[h])) {
		w.flops += each * rows;
		w.bytes += (rows + side) * sizeof(real);
	}
	if (op_wants(&io->in[table])) {
		w.flops += each * rows;
		w.bytes += (2 * rows + side) * sizeof(real);
	}
	return w;
}

#endif
