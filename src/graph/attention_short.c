/* Attention over a sequence of at most 64 tokens and a head of at most 256 bytes.
 *
 * Rows are copied to a fixed width with zeros behind, so that every inner loop is a fixed number of whole vectors: scores
 * are dot products, mixtures of rows are sums held in registers.  The softmax runs across queries: st[key][query], so
 * that maximum and sum need no reduction within a vector.  Against loops over unpadded rows: three times as fast at the
 * eight tokens of a sparse data set (tests/bench/bench_ops.c, "beauty"). */
#include "graph/attention.h"

#include "tensor/rows.h"

#include <string.h>

enum { SHORT = ATTENTION_SHORT, PER_64 = 64 / VEC_BYTES, MOST = 4 * PER_64 };

#define ALWAYS VEC_INLINE

/* nv vectors per row throughout; the callers make it a constant. */
ALWAYS void pad(const struct attention_head *h, const real *from, real *to, int nv)
{
	const vec zero = {0};
	for (int64_t i = 0; i < h->len; i++, from += h->stride, to += nv * VEC) {
		for (int v = nv - PER_64; v < nv; v++)
			memcpy(to + v * VEC, &zero, sizeof zero);
		for (int64_t c = 0; c < h->d; c++)
			to[c] = from[c];
	}
}

ALWAYS real dot(const real *a, const real *b, int nv)
{
	vec s = vec_load(a) * vec_load(b);
#pragma GCC unroll 8
	for (int v = 1; v < nv; v++)
		s += vec_load(a + v * VEC) * vec_load(b + v * VEC);
	return vec_sum(s);
}

/* out[0..d) (+)= sum over j in from..to-1 of c[j * step] rows[j] */
ALWAYS void mix(
	const real *c, int64_t step, int64_t from, int64_t to, const real *rows, real *out, int64_t d, bool add, int nv)
{
	vec acc[MOST] = {{0}};
	real sum[ATTENTION_WIDTH];
	for (int64_t j = from; j < to; j++) {
		const real *row = rows + j * nv * VEC;
#pragma GCC unroll 8
		for (int v = 0; v < nv; v++)
			acc[v] += c[j * step] * vec_load(row + v * VEC);
	}
#pragma GCC unroll 8
	for (int v = 0; v < nv; v++)
		memcpy(sum + v * VEC, &acc[v], sizeof acc[v]);
	if (add)
		rows_add(sum, out, d);
	else
		for (int64_t k = 0; k < d; k++)
			out[k] = sum[k];
}

/* st[key][query] = scores in, weights out; `across` lanes of queries. */
ALWAYS void softmax_across(real *restrict st, int64_t len, int64_t across)
{
	real top[SHORT], sum[SHORT];
	for (int64_t i = 0; i < across; i++) {
		top[i] = st[i];
		sum[i] = 0;
	}
	for (int64_t j = 1; j < len; j++)
		for (int64_t i = 0; i < across; i++)
			top[i] = st[j * SHORT + i] > top[i] ? st[j * SHORT + i] : top[i];
	for (int64_t j = 0; j < len; j++)
		for (int64_t i = 0; i < across; i++) {
			real e = vm_exp(st[j * SHORT + i] - top[i]);
			st[j * SHORT + i] = e;
			sum[i] += e;
		}
	for (int64_t i = 0; i < across; i++)
		sum[i] = 1 / sum[i];
	for (int64_t j = 0; j < len; j++)
		for (int64_t i = 0; i < across; i++)
			st[j * SHORT + i] *= sum[i];
}

/* Row i of the dropped weights into wd[SHORT]. */
ALWAYS void drop_row(const struct attention_head *h, int64_t i, const real *w, real *wd)
{
	real factor[SHORT + 4];
	int64_t n = attention_visible(h, i);
	mask_factors(&h->mask, attention_mask_row(h, i), n, factor);
	for (int64_t j = 0; j < n; j++)
		wd[j] = w[j] * factor[j];
}

ALWAYS void forward_width(const struct attention_head *h, int nv)
{
	real q[SHORT * ATTENTION_WIDTH], k[SHORT * ATTENTION_WIDTH], v[SHORT * ATTENTION_WIDTH], st[SHORT * SHORT],
		wd[SHORT];
	int64_t len = h->len, row = nv * VEC, across = (len + VEC - 1) / VEC * VEC;
	pad(h, h->q, q, nv);
	pad(h, h->k, k, nv);
	pad(h, h->v, v, nv);
	for (int64_t j = 0; j < len; j++) {
		int64_t first = h->causal ? j : 0;
		for (int64_t i = 0; i < across; i++)
			st[j * SHORT + i] = i < first ? -(real)INFINITY : 0;
		for (int64_t i = first; i < len; i++)
			st[j * SHORT + i] = dot(q + i * row, k + j * row, nv) * h->scale;
	}
	softmax_across(st, len, across);
	for (int64_t i = 0; i < len; i++) {
		real *w = h->w + i * len;
		int64_t n = attention_visible(h, i);
		for (int64_t j = 0; j < n; j++)
			w[j] = st[j * SHORT + i];
		for (int64_t j = n; j < len; j++)
			w[j] = 0;
		if (h->drop)
			drop_row(h, i, w, wd);
		mix(h->drop ? wd : w, 1, 0, n, v, h->out + i * h->stride, h->d, false, nv);
	}
}

/* ds[i][j] = d loss / d (q_i . k_j); wd[i][j] = dropped weights. */
ALWAYS void backward_scores(const struct attention_head *h, const real *g, const real *v, real *ds, real *wd, int nv)
{
	int64_t row = nv * VEC;
	for (int64_t i = 0; i < h->len; i++) {
		const real *w = h->w + i * h->len;
		real dw[SHORT], factor[SHORT + 4], sum = 0;
		int64_t n = attention_visible(h, i);
		for (int64_t j = 0; j < n; j++)
			dw[j] = dot(g + i * row, v + j * row, nv);
		if (h->drop) {
			mask_factors(&h->mask, attention_mask_row(h, i), n, factor);
			for (int64_t j = 0; j < n; j++) {
				dw[j] *= factor[j];
				wd[i * SHORT + j] = w[j] * factor[j];
			}
		} else {
			for (int64_t j = 0; j < n; j++)
				wd[i * SHORT + j] = w[j];
		}
#pragma omp simd reduction(+ : sum)
		for (int64_t j = 0; j < n; j++)
			sum += w[j] * dw[j];
		for (int64_t j = 0; j < n; j++)
			ds[i * SHORT + j] = w[j] * (dw[j] - sum) * h->scale;
	}
}

ALWAYS void backward_width(const struct attention_head *h, int nv)
{
	real a[SHORT * ATTENTION_WIDTH], b[SHORT * ATTENTION_WIDTH], ds[SHORT * SHORT], wd[SHORT * SHORT];
	int64_t len = h->len, s = h->stride, d = h->d;
	pad(h, h->g, a, nv);
	pad(h, h->v, b, nv);
	backward_scores(h, a, b, ds, wd, nv);
	for (int64_t j = 0; h->dv && j < len; j++)
		mix(wd + j, SHORT, h->causal ? j : 0, len, a, h->dv + j * s, d, true, nv);
	if (h->dq)
		pad(h, h->k, a, nv);
	for (int64_t i = 0; h->dq && i < len; i++)
		mix(ds + i * SHORT, 1, 0, attention_visible(h, i), a, h->dq + i * s, d, true, nv);
	if (h->dk)
		pad(h, h->q, b, nv);
	for (int64_t j = 0; h->dk && j < len; j++)
		mix(ds + j, SHORT, h->causal ? j : 0, len, b, h->dk + j * s, d, true, nv);
}

void attention_short_forward(const struct attention_head *h)
{
	switch ((h->d * (int64_t)sizeof(real) + 63) / 64) {
	case 1:
		forward_width(h, 1 * PER_64);
		break;
	case 2:
		forward_width(h, 2 * PER_64);
		break;
	case 3:
		forward_width(h, 3 * PER_64);
		break;
	default:
		forward_width(h, 4 * PER_64);
	}
}

void attention_short_backward(const struct attention_head *h)
{
	switch ((h->d * (int64_t)sizeof(real) + 63) / 64) {
	case 1:
		backward_width(h, 1 * PER_64);
		break;
	case 2:
		backward_width(h, 2 * PER_64);
		break;
	case 3:
		backward_width(h, 3 * PER_64);
		break;
	default:
		backward_width(h, 4 * PER_64);
	}
}
