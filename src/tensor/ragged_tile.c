/* A tile is the matrix C [examples, TILE] of the coefficients of its tokens, 0 where there is none; of dots, of which only those
 * with a token are read:
 *   sum     y += C T        spread  G = C^T y (+ G)        dots  S = y T^T
 * with T, G [TILE, d] rows of a table.  y is packed, so that each product goes block by block (tensor/ragged_layout.h). */
#include "tensor/ragged_tile.h"

#include "tensor/blas.h"
#include "tensor/ragged_layout.h"

#include <string.h>

/* Tokens by kernels run at about a quarter of the speed of BLAS (tests/bench/NOTES.md). */
enum { TILE = 128, DENSE_PERCENT = 28 };

size_t ragged_tile_size(int64_t examples)
{
	return (size_t)examples * TILE;
}

static bool is_dense(const struct ragged *r, int32_t g, int64_t examples)
{
	return g + TILE <= r->by.n && r->by.id[g + TILE - 1] - r->by.id[g] == TILE - 1 &&
	       (int64_t)(r->by.first[g + TILE] - r->by.first[g]) * 100 > examples * TILE * DENSE_PERCENT;
}

static bool tiles(const struct ragged *r)
{
	return r->tile && r->vectors == 1 && !r->pick;
}

int32_t ragged_tile_skip(const struct ragged *r, int32_t g, int64_t examples)
{
	int32_t from = g;
	while (is_dense(r, g, examples))
		g += TILE;
	return g - from;
}

/* The first dense tile from g on, or -1. */
static int32_t next_tile(const struct ragged *r, int32_t g, int64_t examples)
{
	for (; g + TILE <= r->by.n; g++)
		if (is_dense(r, g, examples))
			return g;
	return -1;
}

#define EACH_TILE(g_) for (int32_t g_ = next_tile(r, 0, examples); g_ >= 0; g_ = next_tile(r, g_ + TILE, examples))

/* Columns that stand together in y and in rows: those of a block, without what overlaps. */
struct columns {
	int64_t n, in_y, in_row;
};

/* Piece 0 and 1 of block k; n may be 0. */
static struct columns columns_of(const struct ragged *r, int64_t examples, int64_t k, int piece)
{
	const struct block b = block_of(r->d, k);
	const int64_t twice = overlap_of(&b), whole = (b.n - (twice > 0)) * RAGGED_LANES;
	const int64_t y = k * examples * RAGGED_BLOCK;
	return piece == 0 ? (struct columns){whole, y, b.from}
			  : (struct columns){twice > 0 ? RAGGED_LANES - twice : 0, y + whole + twice, b.from + whole};
}

#define EACH_COLUMNS(c_)                                                                                               \
	for (int64_t k_ = 0; k_ < 2 * blocks_of(r->d); k_++)                                                           \
		for (struct columns c_ = columns_of(r, examples, k_ / 2, (int)(k_ % 2)); c_.n > 0; c_.n = 0)

static void fill(const struct ragged *r, int32_t g, int64_t examples)
{
	memset(r->tile, 0, ragged_tile_size(examples) * sizeof(real));
	for (int32_t i = 0; i < TILE; i++)
		for (int32_t k = r->by.first[g + i]; k < r->by.first[g + i + 1]; k++)
			r->tile[r->by.example[k] * (int64_t)TILE + i] += r->c ? r->c[r->by.token[k]] : 1;
}

bool ragged_tile_sum(const struct ragged *r, const real *const *row, int64_t examples, real *packed)
{
	if (!tiles(r) || next_tile(r, 0, examples) < 0)
		return false;
	EACH_TILE(g)
	{
		fill(r, g, examples);
		EACH_COLUMNS(c)
		blas_gemm(false, false, examples, c.n, TILE, 1, r->tile, TILE, row[g] + c.in_row, r->d, 1,
			packed + c.in_y, RAGGED_BLOCK);
	}
	return true;
}

static bool in_order(const struct ragged *r, int32_t g, real *const *grad, const bool *fresh)
{
	for (int32_t i = 1; i < TILE; i++)
		if (grad[g + i] != grad[g] + i * r->d || fresh[g + i] != fresh[g])
			return false;
	return true;
}

bool ragged_tile_spread(
	const struct ragged *r, real *const *grad, const bool *fresh, int64_t examples, const real *packed)
{
	if (!tiles(r) || next_tile(r, 0, examples) < 0)
		return false;
	EACH_TILE(g)
	if (!in_order(r, g, grad, fresh))
		return false;
	EACH_TILE(g)
	{
		fill(r, g, examples);
		EACH_COLUMNS(c)
		blas_gemm(true, false, TILE, c.n, examples, 1, r->tile, TILE, packed + c.in_y, RAGGED_BLOCK,
			fresh[g] ? 0 : 1, grad[g] + c.in_row, r->d);
	}
	return true;
}

bool ragged_tile_dots(const struct ragged *r, const real *const *row, int64_t examples, const real *packed, real *s)
{
	if (!tiles(r) || next_tile(r, 0, examples) < 0)
		return false;
	EACH_TILE(g)
	{
		EACH_COLUMNS(c)
		blas_gemm(false, true, examples, TILE, c.n, 1, packed + c.in_y, RAGGED_BLOCK, row[g] + c.in_row, r->d,
			k_ > 0 ? 1 : 0, r->tile, TILE);
		for (int32_t i = 0; i < TILE; i++)
			for (int32_t k = r->by.first[g + i]; k < r->by.first[g + i + 1]; k++)
				s[r->by.token[k]] = r->tile[r->by.example[k] * (int64_t)TILE + i];
	}
	return true;
}
