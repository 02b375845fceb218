/* Private to ragged*.c: how y is packed.
 *
 * d columns are covered by vectors of RAGGED_LANES; the last one ends at d and overlaps the one before, so that rows are read and
 * written by whole vectors wherever they end.  What overlaps is 0 in a packed y, so that nothing counts twice; of a packed sum
 * it is not read. */
#ifndef GUSTO_TENSOR_RAGGED_LAYOUT_H
#define GUSTO_TENSOR_RAGGED_LAYOUT_H

#include "tensor/ragged.h"

enum { VECS = RAGGED_BLOCK / RAGGED_LANES };

static inline int64_t vectors_of(int64_t d)
{
	return (d + RAGGED_LANES - 1) / RAGGED_LANES;
}

static inline int64_t blocks_of(int64_t d)
{
	return (vectors_of(d) + VECS - 1) / VECS;
}

/* A block of columns: `n` vectors from column `from`, the last of them at from + last. */
struct block {
	int n;
	int64_t from, last;
};

static inline struct block block_of(int64_t d, int64_t b)
{
	const int64_t from = b * RAGGED_BLOCK, rest = vectors_of(d) - b * VECS, n = rest < VECS ? rest : VECS;
	const bool end = n == rest;
	return (struct block){(int)n, from, end ? d - RAGGED_LANES - from : (n - 1) * RAGGED_LANES};
}

/* Columns of the last vector that the one before it has too. */
static inline int64_t overlap_of(const struct block *b)
{
	return (b->n - 1) * RAGGED_LANES - b->last;
}

#endif
