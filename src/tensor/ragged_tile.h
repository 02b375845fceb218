/* Private to ragged*.c: dense tiles.  TILE groups whose ids follow each other and in which a good part of the examples have a token
 * are a dense matrix with zeros in it: BLAS is several times faster per number than the kernels by token. */
#ifndef GUSTO_TENSOR_RAGGED_TILE_H
#define GUSTO_TENSOR_RAGGED_TILE_H

#include "tensor/ragged.h"

/* How many groups from g on are in dense tiles. */
int32_t ragged_tile_skip(const struct ragged *r, int32_t g, int64_t examples);

/* The products of ragged.h over the dense tiles alone; false: there are none.  (Of a spread: nor where their gradient rows do not
 * stand one after the other, equally fresh.) */
bool ragged_tile_sum(const struct ragged *r, const real *const *row, int64_t examples, real *packed);
bool ragged_tile_spread(
	const struct ragged *r, real *const *grad, const bool *fresh, int64_t examples, const real *packed);
bool ragged_tile_dots(const struct ragged *r, const real *const *row, int64_t examples, const real *packed, real *s);

#endif
