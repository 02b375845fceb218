/* Additive attention within each sequence (Bahdanau et al. 2015), as in NARM (Li et al. 2017), whose weights are not
 * normalised:
 *   S_ij = u . sigmoid(q_i + k_j) over the visible keys j,  W = S or softmax(S) by row,  O_i = sum_j W_ij v_j
 * q, k [tokens, a], v [tokens, d], u [a], out [tokens, d].  With s = sigmoid(q_i + k_j):
 *   dW_ij = g_i . v_j,  dS = dW or W (dW - rowsum(W dW)),  du += dS_ij s,  dq_i, dk_j += dS_ij u s (1 - s),  dv_j += W_ij g_i
 * aux: W of every sequence as a full square [L, L], masked entries 0. */
#include "graph/op_util.h"

enum { ARG_CAUSAL, ARG_SOFTMAX };
enum { Q, K, V, U };

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	static const char *const what[] = {"q", "k", "v"};
	char text[80];
	for (int k = Q; k <= V; k++) {
		TRY(op_need_real("additive_attention", s, k, what[k], e));
		const struct shape *x = &s->shape[k];
		if ((x->axis != AXIS_TOKEN && x->axis != AXIS_TOKEN2) || x->ndim != 1 || x->axis != s->shape[Q].axis)
			return err_set(e, ERR_SHAPE, "additive_attention: %s must be [tokens, dim], got %s", what[k],
				shape_text(x, text, sizeof text));
	}
	TRY(op_need_same("additive_attention", s, Q, "q", K, "k", e));
	TRY(op_need_fixed("additive_attention", s, U, "u", 1, e));
	if (s->shape[U].dim[0] != s->shape[Q].dim[0])
		return err_set(e, ERR_SHAPE, "additive_attention: u has %d numbers but q is %s", s->shape[U].dim[0],
			shape_text(&s->shape[Q], text, sizeof text));
	*out = s->shape[V];
	return OK;
}

static const int32_t *sequence_offsets(const struct op_io *io)
{
	return io->offsets[io->in[Q].shape.axis];
}

static size_t aux(const struct op_io *io)
{
	const int32_t *at = sequence_offsets(io);
	size_t n = 0;
	for (int32_t s = 0; s < io->examples; s++)
		n += (size_t)(at[s + 1] - at[s]) * (size_t)(at[s + 1] - at[s]);
	return n;
}

/* Room for a gradient that nobody wants, and a row of dS. */
static size_t scratch(const struct op_io *io)
{
	const int32_t *at = sequence_offsets(io);
	int32_t longest = 0;
	for (int32_t s = 0; s < io->examples; s++)
		longest = at[s + 1] - at[s] > longest ? at[s + 1] - at[s] : longest;
	return (size_t)longest + (size_t)io->in[Q].shape.dim[0];
}

static real score(const real *q, const real *k, const real *u, int64_t a)
{
	real s = 0;
#pragma omp simd reduction(+ : s)
	for (int64_t j = 0; j < a; j++)
		s += u[j] * vm_sigmoid(q[j] + k[j]);
	return s;
}

/* Query i of a sequence of `len` tokens from token `first`; w: its row of weights. */
static void forward_row(struct op_io *io, int64_t first, int64_t len, int64_t i, real *w)
{
	int64_t a = io->in[Q].shape.dim[0], d = io->in[V].shape.dim[0], n = io->attr[ARG_CAUSAL] != 0 ? i + 1 : len;
	real *out = io->out.v + (first + i) * d;
	for (int64_t j = 0; j < n; j++)
		w[j] = score(io->in[Q].v + (first + i) * a, io->in[K].v + (first + j) * a, io->in[U].v, a);
	memset(w + n, 0, (size_t)(len - n) * sizeof *w);
	if (io->attr[ARG_SOFTMAX] != 0)
		rows_softmax(w, w, n);
	memset(out, 0, (size_t)d * sizeof *out);
	for (int64_t j = 0; j < n; j++)
		rows_axpy(w[j], io->in[V].v + (first + j) * d, out, d);
}

/* Calls row(io, first, len, i, w) for every query. */
static void each_row(struct op_io *io, void (*row)(struct op_io *, int64_t, int64_t, int64_t, real *))
{
	const int32_t *at = sequence_offsets(io);
	real *w = io->aux;
	for (int32_t s = 0; s < io->examples; s++)
		for (int64_t i = 0, len = at[s + 1] - at[s]; i < len; i++, w += len)
			row(io, at[s], len, i, w);
}

static void forward(struct op_io *io)
{
	each_row(io, forward_row);
}

static void score_back(real ds, const real *q, const real *k, const real *u, real *dq, real *dk, real *du, int64_t a)
{
#pragma omp simd
	for (int64_t j = 0; j < a; j++) {
		real s = vm_sigmoid(q[j] + k[j]), d = ds * u[j] * s * (1 - s);
		dq[j] += d;
		dk[j] += d;
		du[j] += ds * s;
	}
}

static real *row_of(const struct operand *x, int64_t row, int64_t width, real *unwanted)
{
	return x->g ? x->g + row * width : unwanted;
}

static void backward_row(struct op_io *io, int64_t first, int64_t len, int64_t i, real *w)
{
	int64_t a = io->in[Q].shape.dim[0], d = io->in[V].shape.dim[0], n = io->attr[ARG_CAUSAL] != 0 ? i + 1 : len;
	const real *g = io->out.g + (first + i) * d;
	real *unwanted = io->scratch, *ds = unwanted + a;
	for (int64_t j = 0; j < n; j++) {
		ds[j] = rows_dot(g, io->in[V].v + (first + j) * d, d);
		if (io->in[V].g)
			rows_axpy(w[j], g, io->in[V].g + (first + j) * d, d);
	}
	bool softmax = io->attr[ARG_SOFTMAX] != 0;
	real dot = softmax ? rows_dot(w, ds, n) : 0;
	for (int64_t j = 0; j < n; j++)
		score_back(softmax ? w[j] * (ds[j] - dot) : ds[j], io->in[Q].v + (first + i) * a,
			io->in[K].v + (first + j) * a, io->in[U].v, row_of(&io->in[Q], first + i, a, unwanted),
			row_of(&io->in[K], first + j, a, unwanted), row_of(&io->in[U], 0, a, unwanted), a);
}

static void backward(struct op_io *io)
{
	for (int k = Q; k <= U; k++)
		op_grad_begin(&io->in[k]);
	memset(io->scratch, 0, (size_t)io->in[Q].shape.dim[0] * sizeof *io->scratch);
	each_row(io, backward_row);
}

static const struct arg_spec args[] = {
	{"causal", ARG_BOOL, 1, 0, 1, 0, "a token sees itself and earlier ones only", NULL, NULL},
	{"softmax", ARG_BOOL, 0, 0, 1, 0, "weights of a query sum to 1 (NARM's do not)", NULL, NULL},
	{0},
};

#define CASE_QKVU(axis_, a_, d_)                                                                                       \
	CASE_REAL(axis_, 1, a_), CASE_REAL(axis_, 1, a_), CASE_REAL(axis_, 1, d_), CASE_REAL(AXIS_FIXED, 1, a_)
static const struct op_case cases[] = {
	{.name = "causal",
		.examples = 4,
		.lengths = {4, 1, 0, 6},
		.n_in = 4,
		.in = {CASE_QKVU(AXIS_TOKEN, 5, 3)},
		.attr = {1, 0}},
	{.name = "full",
		.examples = 3,
		.lengths = {5, 1, 3},
		.n_in = 4,
		.in = {CASE_QKVU(AXIS_TOKEN2, 3, 4)},
		.attr = {0, 0}},
	{.name = "softmax",
		.examples = 3,
		.lengths = {5, 1, 18},
		.n_in = 4,
		.in = {CASE_QKVU(AXIS_TOKEN, 17, 1)},
		.attr = {1, 1}},
	{0},
};

const struct op_class op_additive_attention = {
	.desc = {.name = "additive_attention",
		.usage = "additive_attention(q, k, v, u, { causal = true, softmax = false })",
		.help = "Additive attention within each sequence (Bahdanau et al. 2015): token i gets the sum of v_j "
			"with "
			"weights "
			"u . sigmoid(q_i + k_j), normalised or not (NARM, Li et al. 2017: not).",
		.args = args},
	.arity_min = 4,
	.arity_max = 4,
	.need_in = 15,
	.shape = shape,
	.aux = aux,
	.scratch = scratch,
	.forward = forward,
	.backward = backward,
	.probe = "attention",
	.cases = cases,
};
