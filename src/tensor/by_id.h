/* Tokens gathered by id: the transpose of a ragged matrix whose rows are examples and whose columns are ids.  Where many examples
 * of a slice share an id, a table's row is fetched once and then serves all of them. */
#ifndef GUSTO_TENSOR_BY_ID_H
#define GUSTO_TENSOR_BY_ID_H

#include "base/real.h"

#include <stddef.h>
#include <stdint.h>

/* Group g are the tokens token[first[g]..first[g + 1]), all of id[g], in rising order; example[] beside token[] says whose they
 * are.  Ids rise strictly; tokens of id -1 are in no group. */
struct by_id {
	int32_t n;
	const int32_t *id, *first, *token, *example;
};

/* How many int32_t by_id_make needs for so many tokens of ids below n. */
size_t by_id_size(int64_t tokens, int32_t n);
/* id[offsets[0]..offsets[examples]), offsets[0] = 0; all lives in `room`. */
struct by_id by_id_make(const int32_t *id, const int32_t *offsets, int32_t examples, int32_t n, int32_t *room);

/* The tokens of b for which keep[token] is not 0, in room for as many again (by_id_size). */
struct by_id by_id_keep(const struct by_id *b, const real *keep, int32_t *room);

#endif
