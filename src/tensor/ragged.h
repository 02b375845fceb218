/* Products with a ragged matrix.  Token t belongs to example e_t and to row id_t of tables; a row holds K vectors of d numbers, of
 * which a token uses one (its pick), those up to its pick, or all (a coefficient each):
 *
 *   ragged_sum     y_e += sum over the tokens t of e, sum_k c_tk T[id_t][k]
 *   ragged_spread  G[id_t][k] += sum over the tokens t of an id, c_tk y_{e_t}
 *   ragged_dots    s_tk = y_{e_t} . T[id_t][k]
 *
 * Tokens come by id (tensor/by_id.h): a row stays in registers while it meets its examples.  y is packed for that: in blocks of
 * columns, [blocks][examples][RAGGED_BLOCK], so that an example's part of a block is contiguous and aligned.
 * Sums over the tokens of an example run by rising id, those of a row by rising token. */
#ifndef GUSTO_TENSOR_RAGGED_H
#define GUSTO_TENSOR_RAGGED_H

#include "base/real.h"
#include "tensor/by_id.h"

#include <stdbool.h>

enum { RAGGED_LANES = 64 / (int)sizeof(real), RAGGED_BLOCK = 4 * RAGGED_LANES, RAGGED_PICKS = 64 };

struct ragged {
	struct by_id by;
	int64_t d;	     /* RAGGED_LANES at least */
	int32_t vectors;     /* K */
	const int32_t *pick; /* [tokens] (K at most RAGGED_PICKS), or NULL: coefficients of all K vectors */
	const real *c;	     /* [tokens] with a pick, else [tokens, K]; NULL: 1 */
	bool up_to;	     /* a token takes all vectors up to its pick; not for dots */
};

/* y packed, in reals: 64-byte aligned room for [examples, d]. */
size_t ragged_packed_size(int64_t examples, int64_t d);
void ragged_pack(const real *y, int64_t examples, int64_t d, real *packed);
void ragged_unpack(const real *packed, int64_t examples, int64_t d, real *y);
void ragged_unpack_add(const real *packed, int64_t examples, int64_t d, real *y);

/* row[g], grad[g]: the row of group g, [K, d]; fresh[g]: what is there does not count. */
void ragged_sum(const struct ragged *r, const real *const *row, int64_t examples, real *packed);
void ragged_spread(const struct ragged *r, real *const *grad, const bool *fresh, int64_t examples, const real *packed);
/* s [tokens, K], or [tokens] with a pick: those of the tokens in groups are written.  padded: aligned room for a row. */
void ragged_dots(
	const struct ragged *r, const real *const *row, int64_t examples, const real *packed, real *padded, real *s);
size_t ragged_padded_size(int64_t d, int32_t vectors);

#endif
