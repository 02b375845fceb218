/* All three products are one kernel with different strides: ROWS by V vectors of C stay in registers while k runs,
 *   C[i][v] += sum_k A[i, k] B[k, v],   A a number that is broadcast, B a vector
 * A register tile of 8 x 3 vectors needs 11 loads for its 24 multiply-adds, so that these are what takes the time.  k runs in
 * two levels, because the rows of a block stand panel by panel.  Widths that are no multiple of a vector end with vectors of
 * half, a quarter and an eighth of its size.  (Register tiling after Goto and van de Geijn 2008, without their packing.) */
#include "tensor/panels.h"

#include <stdbool.h>
#include <stddef.h>

enum { ROWS = PANELS_ROWS, EIGHTH = PANEL >= 16 ? PANEL / 8 : 1 };

#define VECTOR(n_) __attribute__((vector_size((n_) * sizeof(real)), aligned(sizeof(real)), may_alias))
typedef real whole VECTOR(PANEL);
typedef real half VECTOR(PANEL / 2);
typedef real quarter VECTOR(PANEL / 4);
typedef real eighth VECTOR(EIGHTH);

struct walk {
	int64_t k, outer;   /* inner and outer steps of k */
	int64_t ai, ak, ao; /* strides of A: by i, by k, by outer step */
	int64_t bv, bk, bo;
	int64_t ci, cv; /* `start`: what C[i] begins with; NULL: C as it is */
};

typedef void (*kernel_fn)(const struct walk *w, const real *a, const real *b, real *c, const real *start);

#define KERNEL(name_, type_, I, V)                                                                                     \
	static void name_(const struct walk *w, const real *a, const real *b, real *c, const real *start)              \
	{                                                                                                              \
		type_ acc[I][V], zero = {0};                                                                           \
		for (int i = 0; i < (I); i++)                                                                          \
			for (int v = 0; v < (V); v++) {                                                                \
				acc[i][v] = zero;                                                                      \
				__builtin_prefetch(c + i * w->ci + v * w->cv, 1);                                      \
				__builtin_prefetch((const char *)(c + i * w->ci + v * w->cv) + sizeof(type_) - 1, 1);  \
			}                                                                                              \
		for (int64_t o = 0; o < w->outer; o++, a += w->ao, b += w->bo) {                                       \
			const real *x = a, *y = b;                                                                     \
			for (int64_t k = 0; k < w->k; k++, x += w->ak, y += w->bk) {                                   \
				type_ row[V];                                                                          \
				_Pragma("GCC unroll 4") for (int v = 0; v < (V); v++) row[v] =                         \
					*(const type_ *)(y + v * w->bv);                                               \
				_Pragma("GCC unroll 8") for (int i = 0; i < (I); i++)                                  \
					_Pragma("GCC unroll 4") for (int v = 0; v < (V); v++) acc[i][v] +=             \
					x[i * w->ai] * row[v];                                                         \
			}                                                                                              \
		}                                                                                                      \
		for (int i = 0; i < (I); i++)                                                                          \
			for (int v = 0; v < (V); v++) {                                                                \
				type_ *to = (type_ *)(c + i * w->ci + v * w->cv);                                      \
				*to = start ? acc[i][v] + start[i] : acc[i][v] + *to;                                  \
			}                                                                                              \
	}

KERNEL(rows_3, whole, ROWS, 3)
KERNEL(rows_2, whole, ROWS, 2)
KERNEL(rows_1, whole, ROWS, 1)
KERNEL(rows_half, half, ROWS, 1)
KERNEL(rows_quarter, quarter, ROWS, 1)
KERNEL(rows_eighth, eighth, ROWS, 1)
KERNEL(rows_number, real, ROWS, 1)
KERNEL(row_3, whole, 1, 3)
KERNEL(row_2, whole, 1, 2)
KERNEL(row_1, whole, 1, 1)
KERNEL(row_half, half, 1, 1)
KERNEL(row_quarter, quarter, 1, 1)
KERNEL(row_eighth, eighth, 1, 1)
KERNEL(row_number, real, 1, 1)

/* Pieces of the width, widest first. */
static const struct piece {
	int64_t width;
	kernel_fn rows, row;
} pieces[] = {
	{3 * PANEL, rows_3, row_3},
	{2 * PANEL, rows_2, row_2},
	{PANEL, rows_1, row_1},
	{PANEL / 2, rows_half, row_half},
	{PANEL / 4, rows_quarter, row_quarter},
	{EIGHTH, rows_eighth, row_eighth},
	{1, rows_number, row_number},
};

/* C [n, piece] of rows i that stand at a + i ai. */
static void down(const struct walk *w, const struct piece *p, int64_t n, const real *a, const real *b, real *c)
{
	int64_t i = 0;
	for (; i + ROWS <= n; i += ROWS)
		p->rows(w, a + i * w->ai, b, c + i * w->ci, NULL);
	for (; i < n; i++)
		p->row(w, a + i * w->ai, b, c + i * w->ci, NULL);
}

/* f(at, piece) for the pieces of a width d. */
#define EACH_PIECE(d_, at_, p_)                                                                                        \
	for (int64_t at_ = 0, step_ = 0; at_ < (d_); at_ += step_)                                                     \
		for (const struct piece *p_ = piece_for((d_)-at_, &step_); p_; p_ = NULL)

static const struct piece *piece_for(int64_t left, int64_t *width)
{
	const struct piece *p = pieces;
	while (p->width > left)
		p++;
	*width = p->width;
	return p;
}

void panels_pack(const real *x, int64_t m, int64_t d, real *packed)
{
	for (int64_t r = 0; r < panels_rows(m); r++) {
		real *to = packed + r / PANEL * PANEL * d + r % PANEL;
		for (int64_t j = 0; j < d; j++)
			to[j * PANEL] = r < m ? x[r * d + j] : 0;
	}
}

void panels_dots(const real *packed, int64_t m, int64_t d, const real *table, int64_t w, const real *bias, real *z)
{
	static const real zeros[ROWS];
	const struct walk s = {
		.k = d, .outer = 1, .ai = d, .ak = 1, .bv = d * PANEL, .bk = PANEL, .ci = PANEL, .cv = w * PANEL};
	int64_t count = panels_rows(m) / PANEL;
	for (int64_t j = 0; j < w;) {
		bool many = j + ROWS <= w;
		const real *start = bias ? bias + j : zeros;
		for (int64_t p = 0; p < count;) {
			const struct piece *piece = &pieces[count - p >= 3 ? 0 : count - p == 2 ? 1 : 2];
			(many ? piece->rows : piece->row)(
				&s, table + j * d, packed + p * PANEL * d, z + (p * w + j) * PANEL, start);
			p += piece->width / PANEL;
		}
		j += many ? ROWS : 1;
	}
}

/* Parts from..to-1 of `of` equal parts of [n] numbers, into the second-level cache. */
static void prefetch_share(const real *next, int64_t n, int64_t from, int64_t to, int64_t of)
{
	const int64_t line = 64 / (int64_t)sizeof(real);
	for (int64_t k = n * from / of / line * line; k < n * to / of; k += line)
		__builtin_prefetch(next + k, 0, 2);
}

/* Tiles follow one another: what stands behind this one is fetched on the way. */
void panels_combine(const real *z, int64_t m, int64_t w, const real *table, int64_t d, real *y)
{
	const struct walk s = {.k = w, .outer = 1, .ai = 1, .ak = PANEL, .bv = PANEL, .bk = d, .ci = d, .cv = PANEL};
	EACH_PIECE(d, at, piece)
	for (int64_t r = 0; r < m; r += PANEL) {
		prefetch_share(
			table + w * d, w * d, at * m + r * piece->width, at * m + (r + PANEL) * piece->width, d * m);
		down(&s, piece, m - r < PANEL ? m - r : PANEL, z + r * w, table + at, y + r * d + at);
	}
}

void panels_outer(const real *z, int64_t m, int64_t w, const real *x, int64_t d, real *g)
{
	struct walk s = {.k = PANEL,
		.outer = m / PANEL,
		.ai = PANEL,
		.ak = 1,
		.ao = w * PANEL,
		.bv = PANEL,
		.bk = d,
		.bo = PANEL * d,
		.ci = d,
		.cv = PANEL};
	int64_t whole_rows = m / PANEL * PANEL;
	if (whole_rows > 0)
		EACH_PIECE(d, at, piece)
	down(&s, piece, w, z, x + at, g + at);
	s.k = m - whole_rows;
	s.outer = 1;
	if (s.k > 0)
		EACH_PIECE(d, at, piece)
	down(&s, piece, w, z + whole_rows * w, x + whole_rows * d + at, g + at);
}

void panels_sums(const real *z, int64_t m, int64_t w, real *g)
{
	for (int64_t p = 0; p < panels_rows(m) / PANEL; p++, z += w * PANEL)
		for (int64_t j = 0; j < w; j++)
			for (int l = 0; l < PANEL; l++)
				g[j] += z[j * PANEL + l];
}

enum { ROWS_AT_ONCE = 256 }; /* of A and B, whose columns are walked through again for each tile of C */

void panels_product(int64_t m, int64_t n, int64_t k, const real *a, const real *b, real *c)
{
	const struct walk s = {.k = k, .outer = 1, .ai = k, .ak = 1, .bv = PANEL, .bk = n, .ci = n, .cv = PANEL};
	for (int64_t r = 0; r < m; r += ROWS_AT_ONCE)
		EACH_PIECE(n, at, piece)
	down(&s, piece, m - r < ROWS_AT_ONCE ? m - r : ROWS_AT_ONCE, a + r * k, b + at, c + r * n + at);
}

void panels_product_of_columns(int64_t m, int64_t n, int64_t k, const real *a, const real *b, real *c)
{
	for (int64_t r = 0; r < m; r += ROWS_AT_ONCE) {
		const struct walk s = {.k = m - r < ROWS_AT_ONCE ? m - r : ROWS_AT_ONCE,
			.outer = 1,
			.ai = 1,
			.ak = n,
			.bv = PANEL,
			.bk = k,
			.ci = k,
			.cv = PANEL};
		EACH_PIECE(k, at, piece)
		down(&s, piece, n, a + r * n, b + r * k + at, c + at);
	}
}

void panels_transpose(int64_t m, int64_t n, const real *from, real *to)
{
	for (int64_t j = 0; j < n; j++)
		for (int64_t i = 0; i < m; i++)
			to[j * m + i] = from[i * n + j];
}
