/* Gated recurrent units over packed sequences (Cho et al. 2014), the hidden product before the reset gate as in PyTorch and
 * cuDNN.  The input's part of the gates comes in: x = input W_ih^T + b_ih, one product over all tokens.
 *   r = sigmoid(x_r + U_r h' + b_r),  z = sigmoid(x_z + U_z h' + b_z),  m = U_n h' + b_n,  n = tanh(x_n + r m)
 *   h = (1 - z) n + z h'                                   h' the state before: of the token before, or the initial one
 * x [tokens, 3h] (r, z, n), U [3h, h], b [3h]?, initial state [examples, h]?, out [tokens, h].
 *   dn = g (1 - z) (1 - n^2),  dz = g (h' - n) z (1 - z),  dr = dn m r (1 - r),  dm = r dn
 *   dx = (dr, dz, dn),  dU += (dr, dz, dm)^T h',  dh' = g z + (dr, dz, dm) U,  g = d loss / d h, of the output and of what
 * comes after
 * aux: r, z, n, m of every token [tokens, 4h]. */
#include "graph/work.h"
#include "graph/recurrent.h"
#include "tensor/blas.h"

enum { GATES = 3, KEPT = 4 };

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	return recurrent_shape("gru", GATES, 1, s, out, e);
}

static size_t aux(const struct op_io *io)
{
	return (size_t)(recurrent_tokens(io) * KEPT * recurrent_width(io));
}

/* Forward: state and gates of one step.  Backward: the gradient of the state, a row of zeros and one of no use, the
 * gradients of all gates, the states before them. */
static size_t scratch(const struct op_io *io)
{
	size_t h = (size_t)recurrent_width(io), step = (size_t)io->examples * (GATES + 1) * h;
	size_t back = ((size_t)io->examples + 1 + GATES) * h + (size_t)recurrent_tokens(io) * (GATES + 1) * h;
	return recurrent_walk_size(io) + (step > back ? step : back);
}

/* x, g [3h] -> state, kept [4h]; state in: h', out: h. */
static void cell(const real *x, const real *g, real *state, real *kept, real *out, int64_t h)
{
	real *restrict r = kept, *restrict z = kept + h, *restrict n = kept + 2 * h, *restrict m = kept + 3 * h;
#pragma omp simd
	for (int64_t j = 0; j < h; j++) {
		real rj = vm_sigmoid(x[j] + g[j]), zj = vm_sigmoid(x[h + j] + g[h + j]), mj = g[2 * h + j];
		real nj = vm_tanh(x[2 * h + j] + rj * mj), hj = nj + zj * (state[j] - nj);
		r[j] = rj;
		z[j] = zj;
		n[j] = nj;
		m[j] = mj;
		state[j] = out[j] = hj;
	}
}

static void forward(struct op_io *io)
{
	struct recurrent_inputs in = recurrent_inputs_of(io);
	struct recurrent w;
	int64_t h = recurrent_width(io);
	real *state = recurrent_walk(io, io->scratch, &w), *g = state + w.n * h;
	recurrent_start(io, &w, in.state[0], state);
	for (int32_t t = 0; t < w.longest; t++) {
		recurrent_project(io, in.bias, w.alive[t], state, t == 0 && in.state[0] < 0, g);
		for (int32_t k = 0; k < w.alive[t]; k++) {
			int64_t token = recurrent_token(&w, k, t);
			cell(io->in[0].v + token * GATES * h, g + k * GATES * h, state + k * h,
				io->aux + token * KEPT * h, io->out.v + token * h, h);
		}
	}
}

/* dstate in: from what comes after; out: g z, the part of dh' that passes by the gates.  dg = (dr, dz, dm). */
static void cell_back(
	const real *kept, const real *before, const real *gout, real *dstate, real *dg, real *dx, int64_t h)
{
	const real *r = kept, *z = kept + h, *n = kept + 2 * h, *m = kept + 3 * h;
	real *restrict dr = dg, *restrict dz = dg + h, *restrict dm = dg + 2 * h;
#pragma omp simd
	for (int64_t j = 0; j < h; j++) {
		real g = gout[j] + dstate[j], dn = g * (1 - z[j]) * (1 - n[j] * n[j]);
		dr[j] = dn * m[j] * r[j] * (1 - r[j]);
		dz[j] = g * (before[j] - n[j]) * z[j] * (1 - z[j]);
		dm[j] = dn * r[j];
		dstate[j] = g * z[j];
		dx[j] += dr[j];
		dx[h + j] += dz[j];
		dx[2 * h + j] += dn;
	}
}

/* One step of all sequences alive at t: dg of each, then the rest of dh'. */
static void step_back(struct op_io *io, const struct recurrent *w, int initial, int32_t t, real *dstate, real *dg)
{
	int64_t h = recurrent_width(io), width = GATES * h;
	const real *zeros = dstate + w->n * h;
	real *unwanted = dstate + (w->n + 1) * h;
	for (int32_t k = 0; k < w->alive[t]; k++) {
		int64_t token = recurrent_token(w, k, t);
		const real *first = initial < 0 ? zeros : io->in[initial].v + w->order[k] * h;
		cell_back(io->aux + token * KEPT * h, t ? io->out.v + (token - 1) * h : first, io->out.g + token * h,
			dstate + k * h, dg + k * width, io->in[0].g ? io->in[0].g + token * width : unwanted, h);
	}
	if (t > 0 || initial >= 0)
		blas_gemm(false, false, w->alive[t], h, width, 1, dg, width, io->in[1].v, h, 1, dstate, h);
}

static void backward(struct op_io *io)
{
	struct recurrent_inputs in = recurrent_inputs_of(io);
	struct recurrent w;
	int64_t h = recurrent_width(io), tokens = recurrent_tokens(io);
	real *dstate = recurrent_walk(io, io->scratch, &w), *dg = dstate + (w.n + 1 + GATES) * h;
	op_grad_begin(&io->in[0]);
	memset(dstate, 0, (size_t)((w.n + 1 + GATES) * h) * sizeof *dstate);
	for (int32_t t = w.longest; t-- > 0;)
		step_back(io, &w, in.state[0], t, dstate, dg + w.begin[t] * GATES * h);
	recurrent_weight_grads(io, &w, dg, dg + tokens * GATES * h);
	recurrent_start_grad(io, &w, in.state[0], dstate);
}

#define CASE_X(axis_, h_) CASE_RANGE(-2, 2, axis_, 1, 3 * h_)
#define CASE_U(h_) CASE_REAL(AXIS_FIXED, 2, 3 * h_, h_)
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
		.in = {CASE_X(AXIS_TOKEN2, 5), CASE_U(5), CASE_REAL(AXIS_FIXED, 1, 15)}},
	{.name = "state",
		.examples = 4,
		.lengths = {2, 0, 1, 3},
		.n_in = 3,
		.in = {CASE_X(AXIS_TOKEN, 4), CASE_U(4), CASE_REAL(AXIS_EXAMPLE, 1, 4)}},
	{.name = "bias_state",
		.examples = 3,
		.lengths = {1, 1, 1},
		.n_in = 4,
		.in = {CASE_X(AXIS_TOKEN, 17), CASE_U(17), CASE_REAL(AXIS_FIXED, 1, 51),
			CASE_REAL(AXIS_EXAMPLE, 1, 17)}},
	{.name = "empty", .examples = 2, .lengths = {0, 0}, .n_in = 2, .in = {CASE_X(AXIS_TOKEN, 3), CASE_U(3)}},
	{.name = "windows",
		.examples = 3,
		.n_in = 4,
		.in = {CASE_RANGE(-2, 2, AXIS_EXAMPLE, 2, 4, 9), CASE_U(3), CASE_REAL(AXIS_FIXED, 1, 9),
			CASE_REAL(AXIS_EXAMPLE, 1, 3)}},
	{0},
};

const struct op_class op_gru = {
	.desc = {.name = "gru",
		.usage = "gru(x, weight [, bias] [, state])",
		.help = "Gated recurrent units over the tokens of each example (Cho et al. 2014): x [tokens, 3 h] is "
			"the "
			"input's part of the reset, update and candidate gates, weight [3 h, h] the state's, state "
			"[examples, h] where each "
			"starts (zeros)."},
	.arity_min = 2,
	.arity_max = 4,
	.flags = OP_STEPWISE,
	.need_in = 2 | 4 | 8,
	.need_out = true,
	.shape = shape,
	.aux = aux,
	.scratch = scratch,
	.work = work,
	.forward = forward,
	.backward = backward,
	.probe = "gates reset,update,candidate,hidden",
	.cases = cases,
};
