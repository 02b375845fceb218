#include "tensor/ragged.h"

#include "tensor/rows.h"

#include <stdbool.h>
#include <string.h>

enum { VECS = RAGGED_BLOCK / RAGGED_LANES, CHUNK = 5, AHEAD = 8, ROWS_AHEAD = 2 };

typedef real vec __attribute__((vector_size(64), may_alias));
typedef real loose __attribute__((vector_size(64), may_alias, aligned(sizeof(real)))); /* at any address */

/* n: vectors of the block, a constant where the loops are inlined. */
#define EACH_VEC(j_, n_) _Pragma("GCC unroll 4") for (int j_ = 0; j_ < (n_); j_++)
#define KERNEL static inline __attribute__((always_inline)) void

/* ---- layout ----
 *
 * d columns are covered by vectors of RAGGED_LANES; the last one ends at d and overlaps the one before, so that rows are read and
 * written by whole vectors wherever they end.  What overlaps is 0 in a packed y, so that nothing counts twice; of a packed sum
 * both copies are the same. */

static int64_t vectors_of(int64_t d)
{
	return (d + RAGGED_LANES - 1) / RAGGED_LANES;
}

static int64_t blocks_of(int64_t d)
{
	return (vectors_of(d) + VECS - 1) / VECS;
}

/* A block of columns: `n` vectors from column `from`, the last of them at from + last. */
struct block {
	int n;
	int64_t from, last;
};

static struct block block_of(int64_t d, int64_t b)
{
	const int64_t from = b * RAGGED_BLOCK, rest = vectors_of(d) - b * VECS, n = rest < VECS ? rest : VECS;
	const bool end = n == rest;
	return (struct block){(int)n, from, end ? d - RAGGED_LANES - from : (n - 1) * RAGGED_LANES};
}

/* Columns of the last vector that the one before it has too. */
static int64_t overlap_of(const struct block *b)
{
	return (b->n - 1) * RAGGED_LANES - b->last;
}

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
			const int64_t whole = (b.n - 1) * RAGGED_LANES;
			memcpy(y + e * d + b.from, packed, (size_t)whole * sizeof *y);
			memcpy(y + e * d + b.from + b.last, packed + whole, RAGGED_LANES * sizeof *y);
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

/* ---- a block of columns of one row ---- */

KERNEL load(const real *at, int n, int64_t last, vec v[VECS])
{
	EACH_VEC(j, n - 1) v[j] = *(const loose *)(at + j * RAGGED_LANES);
	v[n - 1] = *(const loose *)(at + last);
}

/* In order, so that of what overlaps the last one counts: it was loaded before, and added 0 to. */
KERNEL store(const vec v[VECS], int n, int64_t last, real *at)
{
	*(loose *)(at + last) = v[n - 1];
	EACH_VEC(j, n - 1) * (loose *)(at + j * RAGGED_LANES) = v[j];
}

/* One group in one block.  (Passed by value: what the loops read must not seem to change with what they write.) */
struct part {
	const int32_t *token, *example, *pick;
	const real *c;
	int64_t d, last;
	int32_t n, vectors; /* tokens; of a row */
	bool fresh;
};

static struct part part_of(const struct ragged *r, int32_t g, const struct block *b)
{
	const int32_t from = r->by.first[g];
	return (struct part){r->by.token + from, r->by.example + from, r->pick, r->c, r->d, b->last,
		r->by.first[g + 1] - from, r->vectors, false};
}

static inline vec *at_example(real *y, int32_t example)
{
	return (vec *)(y + (int64_t)example * RAGGED_BLOCK);
}
static inline const vec *of_example(const real *y, int32_t example)
{
	return (const vec *)(y + (int64_t)example * RAGGED_BLOCK);
}

/* What a sum starts from. */
KERNEL begin(const struct part *p, const real *at, const int n, vec v[VECS])
{
	if (p->fresh)
		EACH_VEC(j, n) v[j] = (vec){0};
	else
		load(at, n, p->last, v);
}

#define EACH_TOKEN(k_) for (int32_t k_ = 0; k_ < p.n; k_++)

/* Calls f(p, row, y, n) for n vectors. */
#define BY_WIDTH(f_, n_, ...)                                                                                          \
	do {                                                                                                           \
		if ((n_) == 4)                                                                                         \
			f_(__VA_ARGS__, 4);                                                                            \
		else if ((n_) == 3)                                                                                    \
			f_(__VA_ARGS__, 3);                                                                            \
		else if ((n_) == 2)                                                                                    \
			f_(__VA_ARGS__, 2);                                                                            \
		else                                                                                                   \
			f_(__VA_ARGS__, 1);                                                                            \
	} while (0)

/* ---- sums ---- */

KERNEL sum_one(const struct part p, const real *row, real *y, const int n)
{
	vec t[VECS];
	load(row, n, p.last, t);
	EACH_TOKEN(k)
	{
		vec *to = at_example(y, p.example[k]);
		const real c = p.c ? p.c[p.token[k]] : 1;
		EACH_VEC(j, n) to[j] += c * t[j];
	}
}

KERNEL sum_picked(const struct part p, const real *row, real *y, const int n)
{
	EACH_TOKEN(k)
	{
		vec t[VECS], *to = at_example(y, p.example[k]);
		const int32_t token = p.token[k];
		const real c = p.c ? p.c[token] : 1;
		load(row + p.pick[token] * p.d, n, p.last, t);
		EACH_VEC(j, n) to[j] += c * t[j];
	}
}

/* The first CHUNK vectors of the row. */
KERNEL sum_chunk(const struct part p, const real *row, real *y, const int n)
{
	vec t[CHUNK][VECS];
	for (int i = 0; i < CHUNK; i++)
		load(row + i * p.d, n, p.last, t[i]);
	EACH_TOKEN(k)
	{
		vec *to = at_example(y, p.example[k]);
		const real *c = p.c + (int64_t)p.token[k] * p.vectors;
		EACH_VEC(j, n)
		to[j] += c[0] * t[0][j] + c[1] * t[1][j] + c[2] * t[2][j] + c[3] * t[3][j] + c[4] * t[4][j];
	}
}

KERNEL sum_vector(const struct part p, const real *row, real *y, const int n)
{
	vec t[VECS];
	load(row, n, p.last, t);
	EACH_TOKEN(k)
	{
		vec *to = at_example(y, p.example[k]);
		const real c = p.c[(int64_t)p.token[k] * p.vectors];
		EACH_VEC(j, n) to[j] += c * t[j];
	}
}

static void sum_group(struct part p, const real *row, real *y, int n)
{
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

/* Rows of one vector are cut: a part stays in registers while it meets its examples, whose parts of one block stay in cache.  Of
 * rows of several vectors all blocks come one after the other.  Either way the parts ahead are asked for into the second level,
 * a few lines at a time between the work: a burst of a whole row stops everything until most of it is there. */
static int64_t blocks_at_once(const struct ragged *r)
{
	return r->vectors == 1 ? 1 : blocks_of(r->d);
}

KERNEL fetch(const struct ragged *r, const real *const *row, int32_t g, int64_t block)
{
	const int32_t next = g + (r->vectors > 1 ? ROWS_AHEAD : AHEAD);
	if (next >= r->by.n)
		return;
	const real *at = row[next] + block * RAGGED_BLOCK;
	for (int32_t i = 0; i < r->vectors; i++, at += r->d) {
		EACH_VEC(j, VECS) __builtin_prefetch(at + j * RAGGED_LANES, 0, 2);
		__builtin_prefetch(at + RAGGED_BLOCK - 1, 0, 2); /* rows begin anywhere in a line */
	}
}

void ragged_sum(const struct ragged *r, const real *const *row, int64_t examples, real *packed)
{
	const int64_t stride = examples * RAGGED_BLOCK, step = blocks_at_once(r);
	for (int64_t from = 0; from < blocks_of(r->d); from += step)
		for (int32_t g = 0; g < r->by.n; g++) {
			for (int64_t k = from; k < from + step; k++) {
				fetch(r, row, g, k);
				const struct block b = block_of(r->d, k);
				sum_group(part_of(r, g, &b), row[g] + b.from, packed + k * stride, b.n);
			}
		}
}

/* ---- spreads ---- */

KERNEL spread_one(const struct part p, const real *y, real *grad, const int n)
{
	vec s[VECS];
	begin(&p, grad, n, s);
	EACH_TOKEN(k)
	{
		const vec *of = of_example(y, p.example[k]);
		const real c = p.c ? p.c[p.token[k]] : 1;
		EACH_VEC(j, n) s[j] += c * of[j];
	}
	store(s, n, p.last, grad);
}

KERNEL spread_picked(const struct part p, const real *y, real *grad, const int n)
{
	EACH_TOKEN(k)
	{
		const vec *of = of_example(y, p.example[k]);
		const int32_t token = p.token[k];
		const real c = p.c ? p.c[token] : 1;
		real *at = grad + p.pick[token] * p.d;
		vec s[VECS];
		load(at, n, p.last, s);
		EACH_VEC(j, n) s[j] += c * of[j];
		store(s, n, p.last, at);
	}
}

KERNEL spread_chunk(const struct part p, const real *y, real *grad, const int n)
{
	vec s[CHUNK][VECS];
	for (int i = 0; i < CHUNK; i++)
		begin(&p, grad + i * p.d, n, s[i]);
	EACH_TOKEN(k)
	{
		const vec *of = of_example(y, p.example[k]);
		const real *c = p.c + (int64_t)p.token[k] * p.vectors;
		EACH_VEC(j, n)
		{
			const vec v = of[j];
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
	vec s[VECS];
	begin(&p, grad, n, s);
	EACH_TOKEN(k)
	{
		const vec *of = of_example(y, p.example[k]);
		const real c = p.c[(int64_t)p.token[k] * p.vectors];
		EACH_VEC(j, n) s[j] += c * of[j];
	}
	store(s, n, p.last, grad);
}

static void spread_group(struct part p, const real *y, real *grad, int n)
{
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

/* What of fresh rows will be added to: all where vectors are picked, of which not every one will be met. */
static void clear(const struct ragged *r, real *const *grad, const bool *fresh)
{
	const struct block last = block_of(r->d, blocks_of(r->d) - 1);
	for (int32_t g = 0; g < r->by.n; g++) {
		if (fresh[g] && r->pick)
			memset(grad[g], 0, (size_t)(r->vectors * r->d) * sizeof(real));
		for (int32_t i = 0; fresh[g] && !r->pick && adds(&last) && i < r->vectors; i++)
			memset(grad[g] + (i + 1) * r->d - RAGGED_LANES, 0, RAGGED_LANES * sizeof(real));
	}
}

void ragged_spread(const struct ragged *r, real *const *grad, const bool *fresh, int64_t examples, const real *packed)
{
	const int64_t stride = examples * RAGGED_BLOCK, step = blocks_at_once(r);
	clear(r, grad, fresh);
	for (int64_t from = 0; from < blocks_of(r->d); from += step)
		for (int32_t g = 0; g < r->by.n; g++) {
			for (int64_t k = from; k < from + step; k++) {
				fetch(r, (const real *const *)grad, g, k);
				const struct block b = block_of(r->d, k);
				struct part p = part_of(r, g, &b);
				p.fresh = fresh[g] && !r->pick && !adds(&b);
				spread_group(p, packed + k * stride, grad[g] + b.from, b.n);
			}
		}
}

/* ---- dots ---- */

/* The sum of the lanes, by halves. */
static inline real total(vec v)
{
	typedef real half __attribute__((vector_size(32)));
	typedef real quarter __attribute__((vector_size(16)));
	const union {
		vec v;
		half h[2];
	} a = {v};
	const union {
		half h;
		quarter q[2];
	} b = {a.h[0] + a.h[1]};
	const quarter q = b.q[0] + b.q[1];
	real s = q[0] + q[1];
	for (int l = 2; l < RAGGED_LANES / 4; l++)
		s += q[l];
	return s;
}

static inline __attribute__((always_inline)) vec products(const vec *a, const vec *b, const int n)
{
	vec s = a[0] * b[0];
	for (int j = 1; j < n; j++)
		s += a[j] * b[j];
	return s;
}

/* One vector per token: by blocks, the block's part of the row in registers. */
KERNEL dots_one(const struct part p, const real *row, const real *y, real *s, const int n)
{
	vec t[VECS];
	load(row, n, p.last, t);
	EACH_TOKEN(k) s[p.token[k]] += total(products(of_example(y, p.example[k]), t, n));
}

KERNEL dots_picked(const struct part p, const real *row, const real *y, real *s, const int n)
{
	EACH_TOKEN(k)
	{
		vec t[VECS];
		load(row + p.pick[p.token[k]] * p.d, n, p.last, t);
		s[p.token[k]] += total(products(of_example(y, p.example[k]), t, n));
	}
}

static void dots_by_block(const struct ragged *r, const real *const *row, int64_t examples, const real *y, real *s)
{
	for (int32_t k = 0; k < r->by.first[r->by.n]; k++)
		s[r->by.token[k]] = 0;
	for (int64_t at = 0; at < blocks_of(r->d); at++, y += examples * RAGGED_BLOCK) {
		const struct block b = block_of(r->d, at);
		for (int32_t g = 0; g < r->by.n; g++) {
			const struct part p = part_of(r, g, &b);
			fetch(r, row, g, at);
			if (r->pick)
				BY_WIDTH(dots_picked, b.n, p, row[g] + b.from, y, s);
			else
				BY_WIDTH(dots_one, b.n, p, row[g] + b.from, y, s);
		}
	}
}

/* K vectors per token: all columns of a token at once, so that each sum is closed once.  t [K][vectors], packed like y. */
static inline void dots_chunk(const vec *t, int64_t vectors, const real *y, int64_t stride, real *s)
{
	vec sum[CHUNK] = {0};
	for (int64_t at = 0; at < vectors; at++) {
		const vec v = *(const vec *)(y + at / VECS * stride + at % VECS * RAGGED_LANES);
		for (int i = 0; i < CHUNK; i++)
			sum[i] += v * t[i * vectors + at];
	}
	for (int i = 0; i < CHUNK; i++)
		s[i] = total(sum[i]);
}

static inline real dots_vector(const vec *t, int64_t vectors, const real *y, int64_t stride)
{
	vec sum = {0};
	for (int64_t at = 0; at < vectors; at++)
		sum += *(const vec *)(y + at / VECS * stride + at % VECS * RAGGED_LANES) * t[at];
	return total(sum);
}

static void dots_of(const struct ragged *r, const vec *t, const real *y, int64_t stride, real *s)
{
	const int64_t vectors = vectors_of(r->d);
	int32_t i = 0;
	for (; i + CHUNK <= r->vectors; i += CHUNK)
		dots_chunk(t + i * vectors, vectors, y, stride, s + i);
	for (; i < r->vectors; i++)
		s[i] = dots_vector(t + i * vectors, vectors, y, stride);
}

/* The row as vectors; what overlaps meets zeros of y. */
static void align(const struct ragged *r, const real *row, vec *t)
{
	for (int32_t i = 0; i < r->vectors; i++, row += r->d) {
		for (int64_t at = 0; at + 1 < vectors_of(r->d); at++)
			*t++ = *(const loose *)(row + at * RAGGED_LANES);
		*t++ = *(const loose *)(row + r->d - RAGGED_LANES);
	}
}

size_t ragged_padded_size(int64_t d, int32_t vectors)
{
	return (size_t)(vectors * vectors_of(d) * RAGGED_LANES);
}

void ragged_dots(
	const struct ragged *r, const real *const *row, int64_t examples, const real *packed, real *padded, real *s)
{
	if (r->pick || r->vectors == 1) {
		dots_by_block(r, row, examples, packed, s);
		return;
	}
	for (int32_t g = 0; g < r->by.n; g++) {
		const int32_t *token = r->by.token + r->by.first[g], *example = r->by.example + r->by.first[g];
		const int32_t tokens = r->by.first[g + 1] - r->by.first[g];
		align(r, row[g], (vec *)padded);
		for (int64_t k = 0; k < tokens || k < blocks_of(r->d); k++) {
			if (k < blocks_of(r->d))
				fetch(r, row, g, k);
			if (k < tokens)
				dots_of(r, (const vec *)padded, packed + (int64_t)example[k] * RAGGED_BLOCK,
					examples * RAGGED_BLOCK, s + (int64_t)token[k] * r->vectors);
		}
	}
}
