#include "tensor/ragged.h"

#include "tensor/ragged_layout.h"
#include "tensor/ragged_tile.h"
#include "tensor/rows.h"

#include <stdbool.h>
#include <string.h>

enum { CHUNK = 5, AHEAD = 8, ROWS_AHEAD = 2, NEAR = 512 << 10 };

typedef real vec __attribute__((vector_size(64), may_alias));
typedef real loose __attribute__((vector_size(64), may_alias, aligned(sizeof(real)))); /* at any address */

/* n: vectors of the block, a constant where the loops are inlined. */
#define EACH_VEC(j_, n_) _Pragma("GCC unroll 4") for (int j_ = 0; j_ < (n_); j_++)
#define KERNEL static inline __attribute__((always_inline)) void

/* ---- layout ---- */

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
	bool up_to, fresh;
};

static int32_t tokens_of(const struct ragged *r, int32_t g)
{
	return r->by.first[g + 1] - r->by.first[g];
}

static struct part part_of(const struct ragged *r, int32_t g, const struct block *b)
{
	const int32_t from = r->by.first[g];
	return (struct part){r->by.token + from, r->by.example + from, r->pick, r->c, r->d, b->last,
		r->by.first[g + 1] - from, r->vectors, r->up_to, false};
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

/* A token takes all vectors up to its pick: their running sums are made once per row. */
KERNEL sum_up_to(const struct part p, const real *row, real *y, const int n)
{
	vec t[RAGGED_PICKS][VECS];
	load(row, n, p.last, t[0]);
	for (int32_t i = 1; i < p.vectors; i++) {
		load(row + i * p.d, n, p.last, t[i]);
		EACH_VEC(j, n) t[i][j] += t[i - 1][j];
	}
	EACH_TOKEN(k)
	{
		vec *to = at_example(y, p.example[k]);
		const int32_t token = p.token[k], pick = p.pick[token];
		const real c = p.c ? p.c[token] : 1;
		EACH_VEC(j, n) to[j] += c * t[pick][j];
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

/* Rows of one vector are cut where y is large: a part stays in registers while it meets its examples, whose parts of one block stay
 * in cache.  Of rows of several vectors all blocks come one after the other.  Either way the parts ahead are asked for into the second level,
 * a few lines at a time between the work: a burst of a whole row stops everything until most of it is there. */
static int64_t blocks_at_once(const struct ragged *r, int64_t examples)
{
	const bool near = ragged_packed_size(examples, r->d) * sizeof(real) <= NEAR;
	return r->vectors == 1 && !near ? 1 : blocks_of(r->d);
}

/* The block of a later group's row, at once. */
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

/* A later group's row, cut into pieces that are asked for one by one beside the work on group g. */
struct ahead {
	const real *at, *end;
	int32_t lines; /* of a piece */
};

/* pieces: how many steps the work has. */
static struct ahead ahead_of(const struct ragged *r, const real *const *row, int32_t g, int64_t pieces)
{
	const int32_t next = g + (r->vectors > 1 ? ROWS_AHEAD : AHEAD);
	if (next >= r->by.n)
		return (struct ahead){NULL, NULL, 0};
	const int64_t lines = r->vectors * r->d / RAGGED_LANES + 1;
	return (struct ahead){row[next], row[next] + lines * RAGGED_LANES, (int32_t)((lines + pieces - 1) / pieces)};
}

KERNEL piece(struct ahead *a)
{
	if (a->at >= a->end)
		return;
	for (int32_t i = 0; i < a->lines; i++)
		__builtin_prefetch(a->at + i * RAGGED_LANES, 0, 2);
	a->at += a->lines * RAGGED_LANES;
}

void ragged_sum(const struct ragged *r, const real *const *row, int64_t examples, real *packed)
{
	const int64_t stride = examples * RAGGED_BLOCK, step = blocks_at_once(r, examples);
	const bool tiled = ragged_tile_sum(r, row, examples, packed);
	for (int64_t from = 0; from < blocks_of(r->d); from += step)
		for (int32_t g = 0; g < r->by.n; g++) {
			g += tiled ? ragged_tile_skip(r, g, examples) : 0;
			if (g == r->by.n)
				break;
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

/* A token counts for all vectors up to its pick: it is added to that one, and the sums run down from the last. */
KERNEL spread_up_to(const struct part p, const real *y, real *grad, const int n)
{
	vec s[RAGGED_PICKS][VECS];
	for (int32_t i = 0; i < p.vectors; i++)
		EACH_VEC(j, n) s[i][j] = (vec){0};
	EACH_TOKEN(k)
	{
		const vec *of = of_example(y, p.example[k]);
		const int32_t token = p.token[k], pick = p.pick[token];
		const real c = p.c ? p.c[token] : 1;
		EACH_VEC(j, n) s[pick][j] += c * of[j];
	}
	for (int32_t i = p.vectors - 1; i >= 0; i--) {
		vec v[VECS];
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
	vec s[CHUNK][VECS];
	for (int i = 0; i < CHUNK; i++)
		begin(&p, grad + i * p.d, n, s[i]);
	EACH_TOKEN(k)
	{
		const vec *of = of_example(y, p.example[k]);
		const int32_t token = p.token[k];
		const real c = p.c ? p.c[token] : 1, *in = steps + CHUNK - 1 - p.pick[token];
		EACH_VEC(j, n)
		{
			const vec v = c * of[j];
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

/* What of fresh rows will be added to: all where a token picks one vector, of which not every one will be met.  examples > 0: rows
 * of dense tiles are done. */
static void clear(const struct ragged *r, real *const *grad, const bool *fresh, int64_t examples)
{
	const struct block last = block_of(r->d, blocks_of(r->d) - 1);
	const bool whole = r->pick && !r->up_to;
	for (int32_t g = 0; (whole || adds(&last)) && g < r->by.n; g++) {
		g += examples ? ragged_tile_skip(r, g, examples) : 0;
		if (g == r->by.n || !fresh[g])
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
	const bool tiled = ragged_tile_spread(r, grad, fresh, examples, packed);
	clear(r, grad, fresh, tiled ? examples : 0);
	for (int64_t from = 0; from < blocks_of(r->d); from += step)
		for (int32_t g = 0; g < r->by.n; g++) {
			g += tiled ? ragged_tile_skip(r, g, examples) : 0;
			if (g == r->by.n)
				break;
			for (int64_t k = from; k < from + step; k++) {
				const struct block b = block_of(r->d, k);
				struct part p = part_of(r, g, &b);
				fetch(r, (const real *const *)grad, g, k);
				p.fresh = fresh[g] && (!r->pick || r->up_to) && !adds(&b);
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

KERNEL dots_picked(const struct part p, const real *row, const real *y, real *s, const int n)
{
	EACH_TOKEN(k)
	{
		vec t[VECS];
		load(row + p.pick[p.token[k]] * p.d, n, p.last, t);
		s[p.token[k]] += total(products(of_example(y, p.example[k]), t, n));
	}
}

static void dots_by_pick(const struct ragged *r, const real *const *row, int64_t examples, const real *y, real *s)
{
	for (int32_t k = 0; k < r->by.first[r->by.n]; k++)
		s[r->by.token[k]] = 0;
	for (int64_t at = 0; at < blocks_of(r->d); at++, y += examples * RAGGED_BLOCK) {
		const struct block b = block_of(r->d, at);
		for (int32_t g = 0; g < r->by.n; g++) {
			const struct part p = part_of(r, g, &b);
			fetch(r, row, g, at);
			BY_WIDTH(dots_picked, b.n, p, row[g] + b.from, y, s);
		}
	}
}

/* Four sums at once. */
static inline void totals(const vec *v, real *s)
{
#ifdef GUSTO_DOUBLE
	for (int i = 0; i < 4; i++)
		s[i] = total(v[i]);
#else
	typedef real half __attribute__((vector_size(32)));
	typedef real quarter __attribute__((vector_size(16)));
	typedef int32_t order __attribute__((vector_size(16)));
	quarter q[4];
	for (int i = 0; i < 4; i++) {
		const union {
			vec v;
			half h[2];
		} a = {v[i]};
		const union {
			half h;
			quarter q[2];
		} b = {a.h[0] + a.h[1]};
		q[i] = b.q[0] + b.q[1];
	}
	const order even = {0, 4, 1, 5}, odd = {2, 6, 3, 7}, low = {0, 1, 4, 5}, high = {2, 3, 6, 7};
	const quarter a = __builtin_shuffle(q[0], q[1], even) + __builtin_shuffle(q[0], q[1], odd);
	const quarter b = __builtin_shuffle(q[2], q[3], even) + __builtin_shuffle(q[2], q[3], odd);
	const quarter sum = __builtin_shuffle(a, b, low) + __builtin_shuffle(a, b, high);
	memcpy(s, &sum, sizeof sum);
#endif
}

enum { TOGETHER = 4 };

/* A row of one vector meets four examples at once, all columns of them: each sum is closed once. */
KERNEL add_products(
	const real *row, int64_t last, const real *const y[TOGETHER], int64_t at, vec sum[TOGETHER], const int n)
{
	vec t[VECS];
	load(row, n, last, t);
	EACH_VEC(j, n)
	for (int i = 0; i < TOGETHER; i++)
		sum[i] += t[j] * ((const vec *)(y[i] + at))[j];
}

KERNEL dots_together(const real *row, const struct block *last, const real *const y[TOGETHER], int64_t stride,
	struct ahead *next, real s[TOGETHER], const int n)
{
	vec sum[TOGETHER] = {0};
	int64_t at = 0;
	for (int64_t from = 0; from < last->from; from += RAGGED_BLOCK, at += stride) {
		piece(next);
		add_products(row + from, RAGGED_BLOCK - RAGGED_LANES, y, at, sum, VECS);
	}
	piece(next);
	add_products(row + last->from, last->last, y, at, sum, n);
	totals(sum, s);
}

static void dots_of_rows(const struct ragged *r, const real *const *row, int64_t examples, const real *packed, real *s)
{
	const int64_t stride = examples * RAGGED_BLOCK;
	const bool tiled = ragged_tile_dots(r, row, examples, packed, s);
	const struct block last = block_of(r->d, blocks_of(r->d) - 1);
	for (int32_t g = 0; g < r->by.n; g++) {
		g += tiled ? ragged_tile_skip(r, g, examples) : 0;
		if (g == r->by.n)
			break;
		const int32_t end = r->by.first[g + 1], steps = (tokens_of(r, g) + TOGETHER - 1) / TOGETHER;
		struct ahead next = ahead_of(r, row, g, steps * blocks_of(r->d));
		for (int32_t k = r->by.first[g]; k < end; k += TOGETHER) {
			const real *y[TOGETHER];
			real sum[TOGETHER];
			const int32_t rest = end - k < TOGETHER ? end - k : TOGETHER;
			for (int32_t i = 0; i < TOGETHER; i++)
				y[i] = packed + (int64_t)r->by.example[i < rest ? k + i : k] * RAGGED_BLOCK;
			BY_WIDTH(dots_together, last.n, row[g], &last, y, stride, &next, sum);
			for (int32_t i = 0; i < rest; i++)
				s[r->by.token[k + i]] = sum[i];
		}
	}
}

/* K vectors per token: all columns of a token at once, so that each sum is closed once.  t [K][vectors], packed like y. */
KERNEL add_chunk(const vec *t, int64_t vectors, const real *ya, const real *yb, vec a[CHUNK], vec b[CHUNK], const int n)
{
	EACH_VEC(j, n)
	{
		const vec va = ((const vec *)ya)[j], vb = ((const vec *)yb)[j];
		for (int i = 0; i < CHUNK; i++) {
			const vec v = t[i * vectors + j];
			a[i] += v * va;
			b[i] += v * vb;
		}
	}
}

/* Of two tokens (which may be the same); the last block has n vectors.  (One function for each n, so that sums stay in registers.) */
KERNEL dots_pair(const vec *t, int64_t vectors, const real *const y[2], int64_t stride, struct ahead *next,
	real *const s[2], const int n)
{
	vec a[CHUNK] = {0}, b[CHUNK] = {0};
	const real *ya = y[0], *yb = y[1];
	for (int64_t done = n; done < vectors; done += VECS, t += VECS, ya += stride, yb += stride) {
		piece(next);
		add_chunk(t, vectors, ya, yb, a, b, VECS);
	}
	add_chunk(t, vectors, ya, yb, a, b, n);
	totals(a, s[0]);
	totals(b, s[1]);
	s[0][CHUNK - 1] = total(a[CHUNK - 1]);
	s[1][CHUNK - 1] = total(b[CHUNK - 1]);
}

static void dots_chunk(
	const vec *t, int64_t vectors, const real *const y[2], int64_t stride, struct ahead *next, real *const s[2])
{
	BY_WIDTH(dots_pair, (vectors - 1) % VECS + 1, t, vectors, y, stride, next, s);
}

static inline real dots_vector(const vec *t, int64_t vectors, const real *y, int64_t stride)
{
	vec sum = {0};
	for (int64_t at = 0; at < vectors; at++)
		sum += *(const vec *)(y + at / VECS * stride + at % VECS * RAGGED_LANES) * t[at];
	return total(sum);
}

static void dots_of(const struct ragged *r, const vec *t, const real *const y[2], int64_t stride, struct ahead *next,
	real *const s[2])
{
	const int64_t vectors = vectors_of(r->d);
	int32_t i = 0;
	for (; i + CHUNK <= r->vectors; i += CHUNK)
		dots_chunk(t + i * vectors, vectors, y, stride, next, (real *const[]){s[0] + i, s[1] + i});
	for (; i < r->vectors; i++)
		for (int b = 0; b < 2; b++)
			s[b][i] = dots_vector(t + i * vectors, vectors, y[b], stride);
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
	const int64_t stride = examples * RAGGED_BLOCK;
	if (r->pick || r->vectors == 1) {
		(r->pick ? dots_by_pick : dots_of_rows)(r, row, examples, packed, s);
		return;
	}
	for (int32_t g = 0; g < r->by.n; g++) {
		const int32_t from = r->by.first[g], tokens = r->by.first[g + 1] - from;
		const int32_t *token = r->by.token + from, *example = r->by.example + from;
		align(r, row[g], (vec *)padded);
		struct ahead next = ahead_of(r, row, g, (tokens + 1) / 2 * (r->d / RAGGED_BLOCK + 1));
		for (int64_t a = 0; a < tokens; a += 2) {
			const int64_t b = a + 1 < tokens ? a + 1 : a;
			piece(&next);
			dots_of(r, (const vec *)padded,
				(const real *const[]){packed + (int64_t)example[a] * RAGGED_BLOCK,
					packed + (int64_t)example[b] * RAGGED_BLOCK},
				stride, &next,
				(real *const[]){
					s + (int64_t)token[a] * r->vectors, s + (int64_t)token[b] * r->vectors});
		}
	}
}
