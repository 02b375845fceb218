/* Kernels over one row of numbers, inline so that they vectorise in the loop that calls them.  Sums run in a fixed
 * number of lanes: the result depends on the row alone.  None of them hides a NaN. */
#ifndef GUSTO_TENSOR_ROWS_H
#define GUSTO_TENSOR_ROWS_H

#include "tensor/vec.h"
#include "tensor/vmath.h"

/* f(d, ...) with the usual widths as constants: inlined into each case, its loops over a row become straight code. */
#define ROWS_INLINE inline __attribute__((always_inline))
#define ROWS_WIDTHS(d_, f_, ...)                                                                                       \
	do {                                                                                                           \
		switch (d_) {                                                                                          \
		case 8:                                                                                                \
			f_(8, __VA_ARGS__);                                                                            \
			break;                                                                                         \
		case 16:                                                                                               \
			f_(16, __VA_ARGS__);                                                                           \
			break;                                                                                         \
		case 32:                                                                                               \
			f_(32, __VA_ARGS__);                                                                           \
			break;                                                                                         \
		case 50:                                                                                               \
			f_(50, __VA_ARGS__);                                                                           \
			break;                                                                                         \
		case 64:                                                                                               \
			f_(64, __VA_ARGS__);                                                                           \
			break;                                                                                         \
		case 100:                                                                                              \
			f_(100, __VA_ARGS__);                                                                          \
			break;                                                                                         \
		case 128:                                                                                              \
			f_(128, __VA_ARGS__);                                                                          \
			break;                                                                                         \
		default:                                                                                               \
			f_(d_, __VA_ARGS__);                                                                           \
		}                                                                                                      \
	} while (0)

/* The compiler adds up the lanes of a vector one after the other, which takes longer than a short row: sums and products are
 * written with lanes.  Two vectors at a time, then one, half of one, and what is left. */
static ROWS_INLINE real rows_dot(const real *x, const real *y, int64_t n)
{
	enum { HALF = sizeof(vec_half) / sizeof(real) };
	vec s = {0}, t = {0};
	int64_t i = 0;
	for (; i + 2 * VEC <= n; i += 2 * VEC) {
		s += vec_load(x + i) * vec_load(y + i);
		t += vec_load(x + i + VEC) * vec_load(y + i + VEC);
	}
	if (i + VEC <= n) {
		s += vec_load(x + i) * vec_load(y + i);
		i += VEC;
	}
	vec_half h = vec_fold(s + t);
	if (i + HALF <= n) {
		h += vec_half_load(x + i) * vec_half_load(y + i);
		i += HALF;
	}
	real rest = 0;
	for (; i < n; i++)
		rest += x[i] * y[i];
	return vec_half_sum(h) + rest;
}

static ROWS_INLINE real rows_sum(const real *x, int64_t n)
{
	enum { HALF = sizeof(vec_half) / sizeof(real) };
	vec s = {0}, t = {0};
	int64_t i = 0;
	for (; i + 2 * VEC <= n; i += 2 * VEC) {
		s += vec_load(x + i);
		t += vec_load(x + i + VEC);
	}
	if (i + VEC <= n) {
		s += vec_load(x + i);
		i += VEC;
	}
	vec_half h = vec_fold(s + t);
	if (i + HALF <= n) {
		h += vec_half_load(x + i);
		i += HALF;
	}
	real rest = 0;
	for (; i < n; i++)
		rest += x[i];
	return vec_half_sum(h) + rest;
}

/* y += a x */
static inline void rows_axpy(real a, const real *x, real *y, int64_t n)
{
#pragma omp simd
	for (int64_t i = 0; i < n; i++)
		y[i] += a * x[i];
}

/* out[j] = x . row j of rows[k, n]; x is read once for five rows (a rating has five levels, or ten). */
static inline void rows_dots(const real *rows, int64_t k, const real *x, int64_t n, real *out)
{
	int64_t j = 0;
	for (; j + 5 <= k; j += 5) {
		const real *a = rows + j * n, *b = a + n, *c = b + n, *d = c + n, *e = d + n;
		real sa = 0, sb = 0, sc = 0, sd = 0, se = 0;
#pragma omp simd reduction(+ : sa, sb, sc, sd, se)
		for (int64_t i = 0; i < n; i++) {
			sa += a[i] * x[i];
			sb += b[i] * x[i];
			sc += c[i] * x[i];
			sd += d[i] * x[i];
			se += e[i] * x[i];
		}
		out[j] = sa, out[j + 1] = sb, out[j + 2] = sc, out[j + 3] = sd, out[j + 4] = se;
	}
	for (; j < k; j++)
		out[j] = rows_dot(rows + j * n, x, n);
}

/* y += sum_j c_j rows[j]; y is read and written once for five rows. */
static inline void rows_combine(const real *c, const real *rows, int64_t k, real *y, int64_t n)
{
	int64_t j = 0;
	for (; j + 5 <= k; j += 5) {
		const real *r0 = rows + j * n, *r1 = r0 + n, *r2 = r1 + n, *r3 = r2 + n, *r4 = r3 + n;
		const real c0 = c[j], c1 = c[j + 1], c2 = c[j + 2], c3 = c[j + 3], c4 = c[j + 4];
#pragma omp simd
		for (int64_t i = 0; i < n; i++)
			y[i] += c0 * r0[i] + c1 * r1[i] + c2 * r2[i] + c3 * r3[i] + c4 * r4[i];
	}
	for (; j < k; j++)
		rows_axpy(c[j], rows + j * n, y, n);
}

static inline void rows_add(const real *x, real *y, int64_t n)
{
#pragma omp simd
	for (int64_t i = 0; i < n; i++)
		y[i] += x[i];
}

/* The largest number (n >= 1); a NaN may be passed over: whoever uses the maximum meets it again. */
static inline real rows_max(const real *x, int64_t n)
{
	enum { LANES = 16 };
	real m = x[0], lane[LANES];
	int64_t i = 0;
	if (n >= LANES) {
		for (int l = 0; l < LANES; l++)
			lane[l] = x[l];
		for (i = LANES; i + LANES <= n; i += LANES)
			for (int l = 0; l < LANES; l++)
				lane[l] = x[i + l] > lane[l] ? x[i + l] : lane[l];
		for (int l = 0; l < LANES; l++)
			m = lane[l] > m ? lane[l] : m;
	}
	for (; i < n; i++)
		m = x[i] > m ? x[i] : m;
	return m;
}

/* y = exp(x - shift); returns the sum.  x may be y. */
static inline real rows_exp_sum(const real *x, real shift, real *y, int64_t n)
{
#pragma omp simd
	for (int64_t i = 0; i < n; i++)
		y[i] = vm_exp(x[i] - shift);
	return rows_sum(y, n);
}

static inline void rows_scale(real a, real *x, int64_t n)
{
#pragma omp simd
	for (int64_t i = 0; i < n; i++)
		x[i] *= a;
}

/* y = softmax(x).  x may be y. */
static inline void rows_softmax(const real *x, real *y, int64_t n)
{
	real s = rows_exp_sum(x, rows_max(x, n), y, n);
	rows_scale(1 / s, y, n);
}

/* sum[j] += column sums of x[rows, n]. */
static inline void rows_column_sums(const real *x, int64_t rows, int64_t n, real *sum)
{
	for (int64_t i = 0; i < rows; i++)
		rows_add(x + i * n, sum, n);
}

/* Short rows are copied in place: a call of memcpy costs more than they. */
static inline void rows_copy(const real *x, real *y, int64_t n)
{
	if (n > 64) {
		memcpy(y, x, (size_t)n * sizeof *y);
		return;
	}
#pragma omp simd
	for (int64_t i = 0; i < n; i++)
		y[i] = x[i];
}

/* Asks for every cache line of a row.  Always inlined: gcc takes a function that only prefetches for one without effect and drops
 * its calls. */
static ROWS_INLINE void rows_prefetch(const real *row, int64_t n)
{
	for (int64_t i = 0; i < n; i += 64 / (int64_t)sizeof(real))
		__builtin_prefetch(row + i);
}

#endif
