/* Long short-term memory over packed sequences (Hochreiter and Schmidhuber 1997, with forget gates: Gers et al. 2000); gates
 * in the order of PyTorch.  The input's part of the gates comes in: x = input W_ih^T + b_ih, one product over all tokens.
 *   (i, f, g, o) = x + U h' + b:  i, f, o = sigmoid, g = tanh
 *   c = f c' + i g,  h = o tanh(c)                         h', c' the state before: of the token before, or the initial one
 * x [tokens, 4h], U [4h, h], b [4h]?, initial h and c [examples, h]?, out: h [tokens, h].
 *   dc = g_h o (1 - tanh(c)^2) + dc_after,  do = g_h tanh(c) o (1 - o),  di = dc g i (1 - i),  df = dc c' f (1 - f),
 *   dg = dc i (1 - g^2),  dc' = dc f,  dx = (di, df, dg, do),  dU += dx^T h',  dh' = dx U
 * aux: i, f, g, o, c of every token [tokens, 5h]. */
#include "graph/work.h"
#include "graph/recurrent.h"
#include "tensor/blas.h"

enum { GATES = 4, KEPT = 5 };

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	return recurrent_shape("lstm", GATES, 2, s, out, e);
}

static size_t aux(const struct op_io *io)
{
	return (size_t)(recurrent_tokens(io) * KEPT * recurrent_width(io));
}

/* Forward: both states and the gates of one step.  Backward: the gradients of both states, a row of zeros, the gradients
 * of all gates, the states before them. */
static size_t scratch(const struct op_io *io)
{
	size_t h = (size_t)recurrent_width(io), step = (size_t)io->examples * (GATES + 2) * h;
	size_t back = (2 * (size_t)io->examples + 1) * h + (size_t)recurrent_tokens(io) * (GATES + 1) * h;
	return recurrent_walk_size(io) + (step > back ? step : back);
}

/* x, a [4h]; state and c in: before, out: after. */
static void cell(const real *x, const real *a, real *state, real *c, real *kept, real *out, int64_t h)
{
	real *restrict i = kept, *restrict f = kept + h, *restrict g = kept + 2 * h, *restrict o = kept + 3 * h;
	real *restrict kept_c = kept + 4 * h;
#pragma omp simd
	for (int64_t j = 0; j < h; j++) {
		real ij = vm_sigmoid(x[j] + a[j]), fj = vm_sigmoid(x[h + j] + a[h + j]);
		real gj = vm_tanh(x[2 * h + j] + a[2 * h + j]), oj = vm_sigmoid(x[3 * h + j] + a[3 * h + j]);
		real cj = fj * c[j] + ij * gj;
		i[j] = ij;
		f[j] = fj;
		g[j] = gj;
		o[j] = oj;
		c[j] = kept_c[j] = cj;
		state[j] = out[j] = oj * vm_tanh(cj);
	}
}

static void forward(struct op_io *io)
{
	struct recurrent_inputs in = recurrent_inputs_of(io);
	struct recurrent w;
	int64_t h = recurrent_width(io);
	real *state = recurrent_walk(io, io->scratch, &w), *c = state + w.n * h, *a = c + w.n * h;
	recurrent_start(io, &w, in.state[0], state);
	recurrent_start(io, &w, in.state[1], c);
	for (int32_t t = 0; t < w.longest; t++) {
		recurrent_project(io, in.bias, w.alive[t], state, t == 0 && in.state[0] < 0, a);
		for (int32_t k = 0; k < w.alive[t]; k++) {
			int64_t token = recurrent_token(&w, k, t);
			cell(io->in[0].v + token * GATES * h, a + k * GATES * h, state + k * h, c + k * h,
				io->aux + token * KEPT * h, io->out.v + token * h, h);
		}
	}
}

/* dh in: from what comes after; dc in: likewise, out: of the state before. */
static void cell_back(
	const real *kept, const real *c_before, const real *gout, const real *dh, real *dc, real *da, int64_t h)
{
	const real *i = kept, *f = kept + h, *g = kept + 2 * h, *o = kept + 3 * h, *c = kept + 4 * h;
	real *restrict di = da, *restrict df = da + h, *restrict dg = da + 2 * h, *restrict dout = da + 3 * h;
#pragma omp simd
	for (int64_t j = 0; j < h; j++) {
		real gh = gout[j] + dh[j], tc = vm_tanh(c[j]), d = dc[j] + gh * o[j] * (1 - tc * tc);
		di[j] = d * g[j] * i[j] * (1 - i[j]);
		df[j] = d * c_before[j] * f[j] * (1 - f[j]);
		dg[j] = d * i[j] * (1 - g[j] * g[j]);
		dout[j] = gh * tc * o[j] * (1 - o[j]);
		dc[j] = d * f[j];
	}
}

/* One step of all sequences alive at t: da of each, then dh'. */
static void step_back(
	struct op_io *io, const struct recurrent *w, const struct recurrent_inputs *in, int32_t t, real *dh, real *da)
{
	int64_t h = recurrent_width(io), width = GATES * h;
	real *dc = dh + w->n * h, *zeros = dc + w->n * h;
	for (int32_t k = 0; k < w->alive[t]; k++) {
		int64_t token = recurrent_token(w, k, t);
		const real *first = in->state[1] < 0 ? zeros : io->in[in->state[1]].v + w->order[k] * h;
		const real *before = t ? io->aux + (token - 1) * KEPT * h + 4 * h : first;
		cell_back(io->aux + token * KEPT * h, before, io->out.g + token * h, dh + k * h, dc + k * h,
			da + k * width, h);
		if (io->in[0].g)
			rows_add(da + k * width, io->in[0].g + token * width, width);
	}
	if (t > 0 || in->state[0] >= 0)
		blas_gemm(false, false, w->alive[t], h, width, 1, da, width, io->in[1].v, h, 0, dh, h);
}

static void backward(struct op_io *io)
{
	struct recurrent_inputs in = recurrent_inputs_of(io);
	struct recurrent w;
	int64_t h = recurrent_width(io), tokens = recurrent_tokens(io);
	real *dh = recurrent_walk(io, io->scratch, &w), *da = dh + (2 * w.n + 1) * h;
	op_grad_begin(&io->in[0]);
	memset(dh, 0, (size_t)((2 * w.n + 1) * h) * sizeof *dh);
	for (int32_t t = w.longest; t-- > 0;)
		step_back(io, &w, &in, t, dh, da + w.begin[t] * GATES * h);
	recurrent_weight_grads(io, &w, da, da + tokens * GATES * h);
	recurrent_start_grad(io, &w, in.state[0], dh);
	recurrent_start_grad(io, &w, in.state[1], dh + w.n * h);
}

#define CASE_X(axis_, h_) CASE_RANGE(-2, 2, axis_, 1, 4 * h_)
#define CASE_U(h_) CASE_REAL(AXIS_FIXED, 2, 4 * h_, h_)
static struct op_work work(const struct op_io *io, bool backward)
{
	return work_product(io, backward, 2. * (double)op_numbers(&io->in[0]) * (double)recurrent_width(io));
}

static const struct op_case cases[] = {
	{.name = "plain", .examples = 4, .lengths = {3, 1, 0, 5}, .n_in = 2, .in = {CASE_X(AXIS_TOKEN, 3), CASE_U(3)}},
	{.name = "bias",
		.examples = 5,
		.lengths = {1, 4, 4, 0, 2},
		.n_in = 3,
		.in = {CASE_X(AXIS_TOKEN2, 5), CASE_U(5), CASE_REAL(AXIS_FIXED, 1, 20)}},
	{.name = "state",
		.examples = 4,
		.lengths = {2, 0, 1, 3},
		.n_in = 3,
		.in = {CASE_X(AXIS_TOKEN, 4), CASE_U(4), CASE_REAL(AXIS_EXAMPLE, 1, 4)}},
	{.name = "bias_states",
		.examples = 3,
		.lengths = {1, 1, 2},
		.n_in = 5,
		.in = {CASE_X(AXIS_TOKEN, 17), CASE_U(17), CASE_REAL(AXIS_FIXED, 1, 68), CASE_REAL(AXIS_EXAMPLE, 1, 17),
			CASE_REAL(AXIS_EXAMPLE, 1, 17)}},
	{.name = "empty", .examples = 2, .lengths = {0, 0}, .n_in = 2, .in = {CASE_X(AXIS_TOKEN, 3), CASE_U(3)}},
	{.name = "windows",
		.examples = 3,
		.n_in = 4,
		.in = {CASE_RANGE(-2, 2, AXIS_EXAMPLE, 2, 4, 12), CASE_U(3), CASE_REAL(AXIS_FIXED, 1, 12),
			CASE_REAL(AXIS_EXAMPLE, 1, 3)}},
	{0},
};

const struct op_class op_lstm = {
	.desc = {.name = "lstm",
		.usage = "lstm(x, weight [, bias] [, h, c])",
		.help = "Long short-term memory over the tokens of each example (Hochreiter and Schmidhuber 1997): x "
			"[tokens, 4 h] is the "
			"input's part of the input, forget, cell and output gates, weight [4 h, h] the state's, h and "
			"c [examples, h] "
			"where each starts (zeros)."},
	.arity_min = 2,
	.arity_max = 5,
	.flags = OP_STEPWISE,
	.need_in = 2 | 4 | 8 | 16,
	.need_out = true,
	.shape = shape,
	.aux = aux,
	.scratch = scratch,
	.work = work,
	.forward = forward,
	.backward = backward,
	.probe = "gates input,forget,candidate,output,cell",
	.cases = cases,
};
