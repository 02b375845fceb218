/* Private to ragged*.c: how y is packed, a block of columns of one row, and rows that are asked for ahead.
 *
 * d columns are covered by vectors of RAGGED_LANES; the last one ends at d and overlaps the one before, so that rows are read and
 * written by whole vectors wherever they end.  What overlaps is 0 in a packed y, so that nothing counts twice; of a packed sum
 * it is not read. */
#ifndef GUSTO_TENSOR_RAGGED_BLOCK_H
#define GUSTO_TENSOR_RAGGED_BLOCK_H

#include "tensor/ragged.h"

enum { VECS = RAGGED_BLOCK / RAGGED_LANES, CHUNK = 5, AHEAD = 8, ROWS_AHEAD = 2 };

typedef real wide __attribute__((vector_size(64), may_alias));
typedef real loose __attribute__((vector_size(64), may_alias, aligned(sizeof(real)))); /* at any address */

/* n: vectors of the block, a constant where the loops are inlined. */
#define EACH_VEC(j_, n_) _Pragma("GCC unroll 4") for (int j_ = 0; j_ < (n_); j_++)
#define KERNEL static inline __attribute__((always_inline)) void
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

/* ---- a block of columns of one row ---- */

KERNEL load(const real *at, int n, int64_t last, wide v[VECS])
{
	EACH_VEC(j, n - 1) v[j] = *(const loose *)(at + j * RAGGED_LANES);
	v[n - 1] = *(const loose *)(at + last);
}

/* In order, so that of what overlaps the last one counts: it was loaded before, and added 0 to. */
KERNEL store(const wide v[VECS], int n, int64_t last, real *at)
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

static inline int32_t tokens_of(const struct ragged *r, int32_t g)
{
	return r->by.first[g + 1] - r->by.first[g];
}

static inline struct part part_of(const struct ragged *r, int32_t g, const struct block *b)
{
	const int32_t from = r->by.first[g];
	return (struct part){r->by.token + from, r->by.example + from, r->pick, r->c, r->d, b->last,
		r->by.first[g + 1] - from, r->vectors, r->up_to, false};
}

static inline wide *at_example(real *y, int32_t example)
{
	return (wide *)(y + (int64_t)example * RAGGED_BLOCK);
}
static inline const wide *of_example(const real *y, int32_t example)
{
	return (const wide *)(y + (int64_t)example * RAGGED_BLOCK);
}

/* What a sum starts from. */
KERNEL begin(const struct part *p, const real *at, const int n, wide v[VECS])
{
	if (p->fresh)
		EACH_VEC(j, n) v[j] = (wide){0};
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

/* ---- rows ahead ---- */

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
static inline struct ahead ahead_of(const struct ragged *r, const real *const *row, int32_t g, int64_t pieces)
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

#endif
