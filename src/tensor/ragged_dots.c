/* The dots of ragged.h.  A row meets several tokens at once, and all columns of a token come one after the other, so that each sum
 * is closed once and its latency is hidden behind the others. */
#include "tensor/ragged_block.h"

#include <string.h>

/* The sum of the lanes, by halves. */
static inline real total(wide v)
{
	typedef real half __attribute__((vector_size(32)));
	typedef real quarter __attribute__((vector_size(16)));
	const union {
		wide v;
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

static inline __attribute__((always_inline)) wide products(const wide *a, const wide *b, const int n)
{
	wide s = a[0] * b[0];
	for (int j = 1; j < n; j++)
		s += a[j] * b[j];
	return s;
}

KERNEL dots_picked(const struct part p, const real *row, const real *y, real *s, const int n)
{
	EACH_TOKEN(k)
	{
		wide t[VECS];
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
static inline void totals(const wide *v, real *s)
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
			wide v;
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
	const real *row, int64_t last, const real *const y[TOGETHER], int64_t at, wide sum[TOGETHER], const int n)
{
	wide t[VECS];
	load(row, n, last, t);
	EACH_VEC(j, n)
	for (int i = 0; i < TOGETHER; i++)
		sum[i] += t[j] * ((const wide *)(y[i] + at))[j];
}

KERNEL dots_together(const real *row, const struct block *last, const real *const y[TOGETHER], int64_t stride,
	struct ahead *next, real s[TOGETHER], const int n)
{
	wide sum[TOGETHER] = {0};
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
	const struct block last = block_of(r->d, blocks_of(r->d) - 1);
	for (int32_t g = 0; g < r->by.n; g++) {
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
KERNEL add_chunk(
	const wide *t, int64_t vectors, const real *ya, const real *yb, wide a[CHUNK], wide b[CHUNK], const int n)
{
	EACH_VEC(j, n)
	{
		const wide va = ((const wide *)ya)[j], vb = ((const wide *)yb)[j];
		for (int i = 0; i < CHUNK; i++) {
			const wide v = t[i * vectors + j];
			a[i] += v * va;
			b[i] += v * vb;
		}
	}
}

/* Of two tokens (which may be the same); the last block has n vectors.  (One function for each n, so that sums stay in registers.) */
KERNEL dots_pair(const wide *t, int64_t vectors, const real *const y[2], int64_t stride, struct ahead *next,
	real *const s[2], const int n)
{
	wide a[CHUNK] = {0}, b[CHUNK] = {0};
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
	const wide *t, int64_t vectors, const real *const y[2], int64_t stride, struct ahead *next, real *const s[2])
{
	BY_WIDTH(dots_pair, (vectors - 1) % VECS + 1, t, vectors, y, stride, next, s);
}

static inline real dots_vector(const wide *t, int64_t vectors, const real *y, int64_t stride)
{
	wide sum = {0};
	for (int64_t at = 0; at < vectors; at++)
		sum += *(const wide *)(y + at / VECS * stride + at % VECS * RAGGED_LANES) * t[at];
	return total(sum);
}

static void dots_of(const struct ragged *r, const wide *t, const real *const y[2], int64_t stride, struct ahead *next,
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
static void align(const struct ragged *r, const real *row, wide *t)
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
		align(r, row[g], (wide *)padded);
		struct ahead next = ahead_of(r, row, g, (tokens + 1) / 2 * (r->d / RAGGED_BLOCK + 1));
		for (int64_t a = 0; a < tokens; a += 2) {
			const int64_t b = a + 1 < tokens ? a + 1 : a;
			piece(&next);
			dots_of(r, (const wide *)padded,
				(const real *const[]){packed + (int64_t)example[a] * RAGGED_BLOCK,
					packed + (int64_t)example[b] * RAGGED_BLOCK},
				stride, &next,
				(real *const[]){
					s + (int64_t)token[a] * r->vectors, s + (int64_t)token[b] * r->vectors});
		}
	}
}
