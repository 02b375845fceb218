/* Products of a block of rows with the rows of a table, tile by tile, for losses over a catalogue (graph/op_softmax_ce.c).
 *
 * The numbers of a block and a tile stand in panels: PANEL rows of the block side by side, z[p][j][l] = row p * PANEL + l against
 * row j of the tile.  So maxima, exponentials and sums over the tile are whole vectors, the table is read where it stands, and
 * nothing but the block itself is ever packed: a general product packs both of its sides each time, which takes an eighth of the
 * time of products as thin as these.  m rows take up panels_rows(m); what stands in the lanes behind them is of no meaning. */
#ifndef GUSTO_TENSOR_PANELS_H
#define GUSTO_TENSOR_PANELS_H

#include "base/real.h"

#include <stdint.h>

/* Numbers of a vector register, and the rows of the inner kernel. */
#ifdef __AVX512F__
enum { PANEL = 64 / sizeof(real), PANELS_ROWS = 8 };
#else
enum { PANEL = 32 / sizeof(real), PANELS_ROWS = 4 };
#endif

static inline int64_t panels_rows(int64_t m)
{
	return (m + PANEL - 1) / PANEL * PANEL;
}

/* x [m, d] -> packed [panels][d][PANEL], zeros behind the last row. */
void panels_pack(const real *x, int64_t m, int64_t d, real *packed);
/* z[p][j][l] = bias[j] + x_row . table_j for the w rows of table [w, d]; bias may be NULL. */
void panels_dots(const real *packed, int64_t m, int64_t d, const real *table, int64_t w, const real *bias, real *z);
/* y [m, d] += z table:  y_r += sum_j z_rj table_j */
void panels_combine(const real *z, int64_t m, int64_t w, const real *table, int64_t d, real *y);
/* g [w, d] += z^T x:  g_j += sum_r z_rj x_r,  x [m, d] */
void panels_outer(const real *z, int64_t m, int64_t w, const real *x, int64_t d, real *g);
/* g[j] += sum_r z_rj, over whole panels */
void panels_sums(const real *z, int64_t m, int64_t w, real *g);

/* ---- plain matrices, row-major, for products too thin for the packing of a general one: one side in the first-level cache ---- */

/* C[m, n] += A[m, k] B[k, n] */
void panels_product(int64_t m, int64_t n, int64_t k, const real *a, const real *b, real *c);
/* C[n, k] += A[m, n]^T B[m, k] */
void panels_product_of_columns(int64_t m, int64_t n, int64_t k, const real *a, const real *b, real *c);
/* to[n, m] = from[m, n]^T */
void panels_transpose(int64_t m, int64_t n, const real *from, real *to);

#endif
