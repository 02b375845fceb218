#include "tensor/ragged.h"

#include "tensor/ragged_block.h"
#include "tensor/rows.h"

#include <string.h>

enum { NEAR = 512 << 10 };

/* ---- packing ---- */

size_t ragged_packed_size(int64_t examples, int64_t d)
{
	return (size_t)(examples * blocks_of(d) * RAGGED_BLOCK);
}

static void pack_row(const struct block *b, const real *y, real *packed)
{
	const int64_t whole = (b->n - 1) * RAGGED_LANES, twice = overlap_of(b);
	memcpy(packed, y, (size_t)whole * sizeof *y);
	memset(packed + whole, 0, (size_t)twice * sizeof *y);
	memcpy(packed + whole + twice, y + whole, (size_t)(RAGGED_LANES - twice) * sizeof *y);
	memset(packed + whole + RAGGED_LANES, 0, (size_t)(RAGGED_BLOCK - RAGGED_LANES - whole) * sizeof *y);
}

void ragged_pack(const real *y, int64_t examples, int64_t d, real *packed)
{
	for (int64_t k = 0; k < blocks_of(d); k++) {
		const struct block b = block_of(d, k);
		for (int64_t e = 0; e < examples; e++, packed += RAGGED_BLOCK)
			pack_row(&b, y + e * d + b.from, packed);
	}
}

void ragged_unpack(const real *packed, int64_t examples, int64_t d, real *y)
{
	for (int64_t k = 0; k < blocks_of(d); k++) {
		const struct block b = block_of(d, k);
		for (int64_t e = 0; e < examples; e++, packed += RAGGED_BLOCK) {
			const int64_t whole = (b.n - 1) * RAGGED_LANES, twice = overlap_of(&b);
			memcpy(y + e * d + b.from, packed, (size_t)whole * sizeof *y);
			memcpy(y + e * d + b.from + whole, packed + whole + twice,
				(size_t)(RAGGED_LANES - twice) * sizeof *y);
		}
	}
}

void ragged_unpack_add(const real *packed, int64_t examples, int64_t d, real *y)
{
	for (int64_t k = 0; k < blocks_of(d); k++) {
		const struct block b = block_of(d, k);
		for (int64_t e = 0; e < examples; e++, packed += RAGGED_BLOCK) {
			const int64_t whole = (b.n - 1) * RAGGED_LANES, twice = overlap_of(&b);
			rows_add(packed, y + e * d + b.from, whole);
			rows_add(packed + whole + twice, y + e * d + b.from + whole, RAGGED_LANES - twice);
		}
	}
}
/* ---- sums ---- */

KERNEL sum_one(const struct part p, const real *row, real *y, const int n)
{
	wide t[VECS];
	load(row, n, p.last, t);
	EACH_TOKEN(k)
	{
		wide *to = at_example(y, p.example[k]);
		const real c = p.c ? p.c[p.token[k]] : 1;
		EACH_VEC(j, n) to[j] += c * t[j];
	}
}

KERNEL sum_picked(const struct part p, const real *row, real *y, const int n)
{
	EACH_TOKEN(k)
	{
		wide t[VECS], *to = at_example(y, p.example[k]);
		const int32_t token = p.token[k];
		const real c = p.c ? p.c[token] : 1;
		load(row + p.pick[token] * p.d, n, p.last, t);
		EACH_VEC(j, n) to[j] += c * t[j];
	}
}

/* A token takes all vectors up to its pick: their running sums are made once per row. */
KERNEL sum_up_to(const struct part p, const real *row, real *y, const int n)
{
	wide t[RAGGED_PICKS][VECS];
	load(row, n, p.last, t[0]);
	for (int32_t i = 1; i < p.vectors; i++) {
		load(row + i * p.d, n, p.last, t[i]);
		EACH_VEC(j, n) t[i][j] += t[i - 1][j];
	}
	EACH_TOKEN(k)
	{
		wide *to = at_example(y, p.example[k]);
		const int32_t token = p.token[k], pick = p.pick[token];
		const real c = p.c ? p.c[token] : 1;
		EACH_VEC(j, n) to[j] += c * t[pick][j];
	}
}

/* The first CHUNK vectors of the row. */
KERNEL sum_chunk(const struct part p, const real *row, real *y, const int n)
{
	wide t[CHUNK][VECS];
	for (int i = 0; i < CHUNK; i++)
		load(row + i * p.d, n, p.last, t[i]);
	EACH_TOKEN(k)
	{
		wide *to = at_example(y, p.example[k]);
		const real *c = p.c + (int64_t)p.token[k] * p.vectors;
		EACH_VEC(j, n)
		to[j] += c[0] * t[0][j] + c[1] * t[1][j] + c[2] * t[2][j] + c[3] * t[3][j] + c[4] * t[4][j];
	}
}

KERNEL sum_vector(const struct part p, const real *row, real *y, const int n)
{
	wide t[VECS];
	load(row, n, p.last, t);
	EACH_TOKEN(k)
	{
		wide *to = at_example(y, p.example[k]);
		const real c = p.c[(int64_t)p.token[k] * p.vectors];
		EACH_VEC(j, n) to[j] += c * t[j];
	}
}

static void sum_group(struct part p, const real *row, real *y, int n)
{
	if (p.up_to) {
		BY_WIDTH(sum_up_to, n, p, row, y);
		return;
	}
	if (p.pick) {
		BY_WIDTH(sum_picked, n, p, row, y);
		return;
	}
	if (p.vectors == 1) {
		BY_WIDTH(sum_one, n, p, row, y);
		return;
	}
	int32_t i = 0;
	for (; i + CHUNK <= p.vectors; i += CHUNK, p.c += CHUNK)
		BY_WIDTH(sum_chunk, n, p, row + i * p.d, y);
	for (; i < p.vectors; i++, p.c++)
		BY_WIDTH(sum_vector, n, p, row + i * p.d, y);
}
/* Rows of one vector are cut where y is large: a part stays in registers while it meets its examples, whose parts of one block
 * stay in cache.  Elsewhere all blocks of a row come one after the other.  Either way the parts ahead are asked for into the second
 * level between the work: a burst of a whole row stops everything until most of it is there. */
static int64_t blocks_at_once(const struct ragged *r, int64_t examples)
{
	const bool near = ragged_packed_size(examples, r->d) * sizeof(real) <= NEAR;
	return r->vectors == 1 && !near ? 1 : blocks_of(r->d);
}
void ragged_sum(const struct ragged *r, const real *const *row, int64_t examples, real *packed)
{
	const int64_t stride = examples * RAGGED_BLOCK, step = blocks_at_once(r, examples);
	for (int64_t from = 0; from < blocks_of(r->d); from += step)
		for (int32_t g = 0; g < r->by.n; g++) {
			for (int64_t k = from; k < from + step; k++) {
				const struct block b = block_of(r->d, k);
				fetch(r, row, g, k);
				sum_group(part_of(r, g, &b), row[g] + b.from, packed + k * stride, b.n);
			}
		}
}

/* ---- spreads ---- */

KERNEL spread_one(const struct part p, const real *y, real *grad, const int n)
{
	wide s[VECS];
	begin(&p, grad, n, s);
	EACH_TOKEN(k)
	{
		const wide *of = of_example(y, p.example[k]);
		const real c = p.c ? p.c[p.token[k]] : 1;
		EACH_VEC(j, n) s[j] += c * of[j];
	}
	store(s, n, p.last, grad);
}

KERNEL spread_picked(const struct part p, const real *y, real *grad, const int n)
{
	EACH_TOKEN(k)
	{
		const wide *of = of_example(y, p.example[k]);
		const int32_t token = p.token[k];
		const real c = p.c ? p.c[token] : 1;
		real *at = grad + p.pick[token] * p.d;
		wide s[VECS];
		load(at, n, p.last, s);
		EACH_VEC(j, n) s[j] += c * of[j];
		store(s, n, p.last, at);
	}
}

/* A token counts for all vectors up to its pick: it is added to that one, and the sums run down from the last. */
KERNEL spread_up_to(const struct part p, const real *y, real *grad, const int n)
{
	wide s[RAGGED_PICKS][VECS];
	for (int32_t i = 0; i < p.vectors; i++)
		EACH_VEC(j, n) s[i][j] = (wide){0};
	EACH_TOKEN(k)
	{
		const wide *of = of_example(y, p.example[k]);
		const int32_t token = p.token[k], pick = p.pick[token];
		const real c = p.c ? p.c[token] : 1;
		EACH_VEC(j, n) s[pick][j] += c * of[j];
	}
	for (int32_t i = p.vectors - 1; i >= 0; i--) {
		wide v[VECS];
		begin(&p, grad + i * p.d, n, v);
		if (i + 1 < p.vectors)
			EACH_VEC(j, n) s[i][j] += s[i + 1][j];
		EACH_VEC(j, n) v[j] += s[i][j];
		store(v, n, p.last, grad + i * p.d);
	}
}

/* The same of CHUNK vectors, which stay in registers: each token is added to all, times 1 or 0. */
KERNEL spread_chunk_up_to(const struct part p, const real *y, real *grad, const int n)
{
	static const real steps[2 * CHUNK - 1] = {1, 1, 1, 1, 1};
	wide s[CHUNK][VECS];
	for (int i = 0; i < CHUNK; i++)
		begin(&p, grad + i * p.d, n, s[i]);
	EACH_TOKEN(k)
	{
		const wide *of = of_example(y, p.example[k]);
		const int32_t token = p.token[k];
		const real c = p.c ? p.c[token] : 1, *in = steps + CHUNK - 1 - p.pick[token];
		EACH_VEC(j, n)
		{
			const wide v = c * of[j];
			s[0][j] += v;
			s[1][j] += in[1] * v;
			s[2][j] += in[2] * v;
			s[3][j] += in[3] * v;
			s[4][j] += in[4] * v;
		}
	}
	for (int i = 0; i < CHUNK; i++)
		store(s[i], n, p.last, grad + i * p.d);
}

KERNEL spread_chunk(const struct part p, const real *y, real *grad, const int n)
{
	wide s[CHUNK][VECS];
	for (int i = 0; i < CHUNK; i++)
		begin(&p, grad + i * p.d, n, s[i]);
	EACH_TOKEN(k)
	{
		const wide *of = of_example(y, p.example[k]);
		const real *c = p.c + (int64_t)p.token[k] * p.vectors;
		EACH_VEC(j, n)
		{
			const wide v = of[j];
			s[0][j] += c[0] * v;
			s[1][j] += c[1] * v;
			s[2][j] += c[2] * v;
			s[3][j] += c[3] * v;
			s[4][j] += c[4] * v;
		}
	}
	for (int i = 0; i < CHUNK; i++)
		store(s[i], n, p.last, grad + i * p.d);
}

KERNEL spread_vector(const struct part p, const real *y, real *grad, const int n)
{
	wide s[VECS];
	begin(&p, grad, n, s);
	EACH_TOKEN(k)
	{
		const wide *of = of_example(y, p.example[k]);
		const real c = p.c[(int64_t)p.token[k] * p.vectors];
		EACH_VEC(j, n) s[j] += c * of[j];
	}
	store(s, n, p.last, grad);
}

static void spread_group(struct part p, const real *y, real *grad, int n)
{
	if (p.up_to) {
		if (p.vectors == CHUNK)
			BY_WIDTH(spread_chunk_up_to, n, p, y, grad);
		else
			BY_WIDTH(spread_up_to, n, p, y, grad);
		return;
	}
	if (p.pick) {
		BY_WIDTH(spread_picked, n, p, y, grad);
		return;
	}
	if (p.vectors == 1) {
		BY_WIDTH(spread_one, n, p, y, grad);
		return;
	}
	int32_t i = 0;
	for (; i + CHUNK <= p.vectors; i += CHUNK, p.c += CHUNK)
		BY_WIDTH(spread_chunk, n, p, y, grad + i * p.d);
	for (; i < p.vectors; i++, p.c++)
		BY_WIDTH(spread_vector, n, p, y, grad + i * p.d);
}

/* A last block of one vector begins in columns of the block before: it adds. */
static bool adds(const struct block *b)
{
	return b->n == 1 && b->from > 0;
}

/* What of fresh rows will be added to: all where a token picks one vector, of which not every one will be met. */
static void clear(const struct ragged *r, real *const *grad, const bool *fresh)
{
	const struct block last = block_of(r->d, blocks_of(r->d) - 1);
	const bool whole = r->pick && !r->up_to;
	for (int32_t g = 0; (whole || adds(&last)) && g < r->by.n; g++) {
		if (!fresh[g])
			continue;
		if (whole)
			memset(grad[g], 0, (size_t)(r->vectors * r->d) * sizeof(real));
		for (int32_t i = 0; !whole && i < r->vectors; i++)
			memset(grad[g] + (i + 1) * r->d - RAGGED_LANES, 0, RAGGED_LANES * sizeof(real));
	}
}

void ragged_spread(const struct ragged *r, real *const *grad, const bool *fresh, int64_t examples, const real *packed)
{
	const int64_t stride = examples * RAGGED_BLOCK, step = blocks_at_once(r, examples);
	clear(r, grad, fresh);
	for (int64_t from = 0; from < blocks_of(r->d); from += step)
		for (int32_t g = 0; g < r->by.n; g++) {
			for (int64_t k = from; k < from + step; k++) {
				const struct block b = block_of(r->d, k);
				struct part p = part_of(r, g, &b);
				fetch(r, (const real *const *)grad, g, k);
				p.fresh = fresh[g] && (!r->pick || r->up_to) && !adds(&b);
				spread_group(p, packed + k * stride, grad[g] + b.from, b.n);
			}
		}
}
