/* How ops come to products with ragged matrices (tensor/ragged.h): the tokens of a slice by id, made once per slice for all ops
 * that look at the same column, and the rows of a table behind the groups. */
#ifndef GUSTO_GRAPH_GATHERED_H
#define GUSTO_GRAPH_GATHERED_H

#include "graph/op_util.h"
#include "tensor/ragged.h"

/* The tokens of one column of ids in the slice that is bound. */
struct gathered {
	struct by_id by;
	bool made;
	int32_t below; /* the ids are below this */
	int32_t *room;
	size_t size; /* of room */
};

/* Is it worth it?  Not where the table lies in the second-level cache anyway, and not for vectors shorter than a register. */
static inline bool op_gathers(const struct op_io *io, int64_t d)
{
	const struct operand *table = &io->in[io->class->gathers.table];
	return d >= RAGGED_LANES && shape_width(&table->shape) * (int64_t)sizeof(real) > (int64_t)256 << 10;
}

/* An op's products: the matrix, the rows of its table, and room in the scratch. */
struct gathering {
	struct ragged r;
	const real **row;
	real **grad;
	bool *fresh;
	real *y, *dy;	      /* packed [examples, d] */
	real *padded;	      /* for ragged_dots */
	int32_t *pick;	      /* [tokens] */
	real *c;	      /* [tokens, K] */
	real *keep;	      /* [tokens] */
	int32_t *room, *kept; /* private */
};
size_t op_gathering_size(const struct op_io *io, int64_t d);
/* by, d and vectors of r, row[] of the table's rows; the rest of the room is for the op. */
struct gathering op_gathering(struct op_io *io, int64_t d);
/* From now on only tokens with keep[token] != 0. */
void op_gathering_keep(struct gathering *g, const struct op_io *io, const real *keep);
/* Their gradient rows, into grad[], and whether they hold nothing yet; false: nobody wants them. */
bool op_gathering_grads(struct gathering *g, struct operand *table);

#endif
