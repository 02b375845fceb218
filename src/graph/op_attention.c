/* Scaled dot-product attention over packed sequences (Vaswani et al. 2017), each sequence for itself:
 *   S = Q K^T / sqrt(d / heads),  W = softmax(S) over the visible keys,  O = drop(W) V      per head
 *   dV = drop(W)^T G,  dW = drop(G V^T),  dS = W (dW - rowsum(W dW)) / sqrt(d / heads),  dQ = dS K,  dK = dS^T Q
 * q, k, v, out: [tokens, d], head h in columns h d/heads ...  aux: W of every sequence and head as a full square [L, L],
 * masked entries 0, before dropout.  The dropout mask is recomputed: its element is ((token * heads + head) << 20) + key.
 *
 * Long sequences go through the blocked product in strips of query rows, which see only the keys up to their end where
 * the mask is causal; short ones (most of a sparse data set) have kernels of their own (attention_short.c), because a
 * product call costs more than they. */
#include "graph/work.h"
#include "graph/attention.h"
#include "graph/op_util.h"
#include "tensor/blas.h"
#include "tensor/rows.h"

enum { STRIP = 32 };

enum { ARG_HEADS, ARG_CAUSAL, ARG_DROPOUT };

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	static const char *const what[] = {"q", "k", "v"};
	char text[80];
	for (int k = 0; k < 3; k++) {
		TRY(op_need_real("attention", s, k, what[k], e));
		const struct shape *x = &s->shape[k];
		if ((x->axis != AXIS_TOKEN && x->axis != AXIS_TOKEN2) || x->ndim != 1)
			return err_set(e, ERR_SHAPE, "attention: %s must be [tokens, dim], got %s", what[k],
				shape_text(x, text, sizeof text));
	}
	TRY(op_need_same("attention", s, 0, "q", 1, "k", e));
	TRY(op_need_same("attention", s, 0, "q", 2, "v", e));
	int heads = (int)s->attr[ARG_HEADS], dim = s->shape[0].dim[0];
	if (dim % heads)
		return err_set(e, ERR_SHAPE, "attention: heads=%d does not divide dim=%d", heads, dim);
	*out = s->shape[0];
	return OK;
}

static const int32_t *sequence_offsets(const struct op_io *io)
{
	return io->offsets[io->in[0].shape.axis];
}

static size_t aux(const struct op_io *io)
{
	const int32_t *at = sequence_offsets(io);
	size_t n = 0;
	for (int32_t s = 0; s < io->examples; s++)
		n += (size_t)(at[s + 1] - at[s]) * (size_t)(at[s + 1] - at[s]);
	return n * (size_t)io->attr[ARG_HEADS];
}

static size_t scratch(const struct op_io *io)
{
	const int32_t *at = sequence_offsets(io);
	int32_t longest = 0;
	for (int32_t s = 0; s < io->examples; s++)
		longest = at[s + 1] - at[s] > longest ? at[s + 1] - at[s] : longest;
	return 2 * (size_t)STRIP * (size_t)longest;
}

/* Softmax of the visible part of row i in place, zeros behind. */
static void finish_row(const struct attention_head *h, int64_t i)
{
	int64_t n = attention_visible(h, i);
	real *w = h->w + i * h->len;
	rows_softmax(w, w, n);
	memset(w + n, 0, (size_t)(h->len - n) * sizeof *w);
}

/* dw in: d loss / d (dropped weights) of row i, n numbers; out: d loss / d (scores before scaling by q k). */
static void backward_row(const struct attention_head *h, int64_t i, int64_t n, real *dw)
{
	const real *w = h->w + i * h->len;
	if (h->drop)
		mask_apply(&h->mask, attention_mask_row(h, i), n, dw, dw, false);
	real dot = rows_dot(w, dw, n);
#pragma omp simd
	for (int64_t j = 0; j < n; j++)
		dw[j] = w[j] * (dw[j] - dot) * h->scale;
}

/* The dropped weights of rows i..i+m-1 over `keys` keys; *ld is their stride. */
static const real *strip_weights(const struct attention_head *h, int64_t i, int64_t m, int64_t keys, int64_t *ld)
{
	*ld = h->len;
	if (!h->drop)
		return h->w + i * h->len;
	*ld = keys;
	for (int64_t r = 0; r < m; r++) {
		int64_t n = attention_visible(h, i + r);
		real *to = h->scratch + r * keys;
		mask_apply(&h->mask, attention_mask_row(h, i + r), n, h->w + (i + r) * h->len, to, false);
		memset(to + n, 0, (size_t)(keys - n) * sizeof *to);
	}
	return h->scratch;
}

static void forward_long(const struct attention_head *h)
{
	int64_t s = h->stride, ld;
	for (int64_t i = 0; i < h->len; i += STRIP) {
		int64_t m = h->len - i < STRIP ? h->len - i : STRIP, keys = h->causal ? i + m : h->len;
		blas_gemm(false, true, m, keys, h->d, h->scale, h->q + i * s, s, h->k, s, 0, h->w + i * h->len, h->len);
		for (int64_t r = 0; r < m; r++)
			finish_row(h, i + r);
		const real *w = strip_weights(h, i, m, keys, &ld);
		blas_gemm(false, false, m, h->d, keys, 1, w, ld, h->v, s, 0, h->out + i * s, s);
	}
}

static void backward_long(const struct attention_head *h)
{
	int64_t s = h->stride, ld;
	for (int64_t i = 0; i < h->len; i += STRIP) {
		int64_t m = h->len - i < STRIP ? h->len - i : STRIP, keys = h->causal ? i + m : h->len;
		if (h->dv) {
			const real *w = strip_weights(h, i, m, keys, &ld);
			blas_gemm(true, false, keys, h->d, m, 1, w, ld, h->g + i * s, s, 1, h->dv, s);
		}
		if (!h->dq && !h->dk)
			continue;
		real *ds = h->scratch + m * keys;
		blas_gemm(false, true, m, keys, h->d, 1, h->g + i * s, s, h->v, s, 0, ds, keys);
		for (int64_t r = 0; r < m; r++) {
			int64_t n = attention_visible(h, i + r);
			backward_row(h, i + r, n, ds + r * keys);
			memset(ds + r * keys + n, 0, (size_t)(keys - n) * sizeof *ds);
		}
		if (h->dq)
			blas_gemm(false, false, m, h->d, keys, 1, ds, keys, h->k, s, 1, h->dq + i * s, s);
		if (h->dk)
			blas_gemm(true, false, keys, h->d, m, 1, ds, keys, h->q + i * s, s, 1, h->dk, s);
	}
}

static real *shifted(real *p, int64_t by)
{
	return p ? p + by : NULL;
}

static void each_head(struct op_io *io, void (*on_short)(const struct attention_head *),
	void (*on_long)(const struct attention_head *))
{
	const int32_t *at = sequence_offsets(io);
	int heads = (int)io->attr[ARG_HEADS];
	struct attention_head h = {
		.stride = io->out.shape.dim[0], .causal = io->attr[ARG_CAUSAL] != 0, .scratch = io->scratch};
	h.d = h.stride / heads;
	h.scale = (real)(1 / sqrt((double)h.d));
	h.drop = io->train && io->attr[ARG_DROPOUT] > 0;
	h.mask = mask_new(io->key, io->attr[ARG_DROPOUT]);
	h.query_step = (uint64_t)heads;
	h.w = io->aux;
	for (int32_t s = 0; s < io->examples; s++) {
		h.len = at[s + 1] - at[s];
		for (int k = 0; k < heads; k++, h.w += h.len * h.len) {
			int64_t from = at[s] * h.stride + k * h.d;
			h.q = io->in[0].v + from;
			h.k = io->in[1].v + from;
			h.v = io->in[2].v + from;
			h.out = io->out.v + from;
			h.g = shifted(io->out.g, from);
			h.dq = shifted(io->in[0].g, from);
			h.dk = shifted(io->in[1].g, from);
			h.dv = shifted(io->in[2].g, from);
			h.first_query = (uint64_t)(io->in[0].first_row + at[s]) * (uint64_t)heads + (uint64_t)k;
			(h.len <= ATTENTION_SHORT && h.d <= ATTENTION_WIDTH ? on_short : on_long)(&h);
		}
	}
}

static void forward(struct op_io *io)
{
	each_head(io, attention_short_forward, forward_long);
}

static void backward(struct op_io *io)
{
	for (int k = 0; k < 3; k++)
		op_grad_begin(&io->in[k]);
	each_head(io, attention_short_backward, backward_long);
}

static const struct arg_spec args[] = {
	{"heads", ARG_INT, 1, 1, 1024, 0, "parts of the width that attend separately", NULL, NULL},
	{"causal", ARG_BOOL, 1, 0, 1, 0, "a token sees itself and earlier ones only", NULL, NULL},
	{"dropout", ARG_REAL, 0, 0, 0.99, ARG_LIVE, "share of weights dropped in training", NULL, NULL},
	{0},
};

#define CASE_QKV(d_) CASE_REAL(AXIS_TOKEN, 1, d_), CASE_REAL(AXIS_TOKEN, 1, d_), CASE_REAL(AXIS_TOKEN, 1, d_)
static struct op_work work(const struct op_io *io, bool backward)
{
	const int32_t *at = sequence_offsets(io);
	double pairs = 0, numbers = 4. * (double)op_numbers(&io->out) + (double)aux(io);
	for (int32_t s = 0; s < io->examples; s++) {
		double n = at[s + 1] - at[s];
		pairs += io->attr[ARG_CAUSAL] != 0 ? n * (n + 1) / 2 : n * n;
	}
	/* two products per head forward, four backward */
	double times = backward ? 2 : 1, flops = 4 * pairs * shape_last(&io->out.shape);
	return (struct op_work){times * flops, times * numbers * sizeof(real)};
}

static const struct op_case cases[] = {
	{.name = "causal", .examples = 4, .lengths = {4, 1, 0, 6}, .n_in = 3, .in = {CASE_QKV(6)}, .attr = {1, 1, 0}},
	{.name = "two_heads", .examples = 3, .lengths = {5, 1, 3}, .n_in = 3, .in = {CASE_QKV(6)}, .attr = {2, 0, 0}},
	{.name = "dropout", .examples = 3, .lengths = {5, 2, 3}, .n_in = 3, .in = {CASE_QKV(4)}, .attr = {2, 1, 0.3}},
	{.name = "short_wide",
		.examples = 3,
		.lengths = {32, 17, 9},
		.n_in = 3,
		.in = {CASE_QKV(26)},
		.attr = {1, 1, 0.2}},
	{.name = "short_full", .examples = 2, .lengths = {20, 8}, .n_in = 3, .in = {CASE_QKV(20)}, .attr = {2, 0, 0.2}},
	{.name = "very_wide", .examples = 2, .lengths = {3, 5}, .n_in = 3, .in = {CASE_QKV(67)}, .attr = {1, 1, 0}},
	{.name = "long", .examples = 2, .lengths = {70, 33}, .n_in = 3, .in = {CASE_QKV(6)}, .attr = {2, 1, 0.2}},
	{.name = "long_full", .examples = 2, .lengths = {66, 40}, .n_in = 3, .in = {CASE_QKV(4)}, .attr = {1, 0, 0}},
	{0},
};

const struct op_class op_attention = {
	.desc = {.name = "attention",
		.usage = "attention(q, k, v, { heads = 1, causal = true, dropout = 0 })",
		.help = "Scaled dot-product attention within each sequence: softmax(q k^T / sqrt(dim / heads)) v "
			"(Vaswani et al. 2017).",
		.args = args},
	.arity_min = 3,
	.arity_max = 3,
	.flags = OP_RANDOM,
	.need_in = 7,
	.shape = shape,
	.aux = aux,
	.scratch = scratch,
	.work = work,
	.forward = forward,
	.backward = backward,
	.probe = "attention",
	.cases = cases,
};
