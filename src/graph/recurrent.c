#include "graph/recurrent.h"

#include "tensor/blas.h"

struct recurrent_inputs recurrent_inputs_of(const struct op_io *io)
{
	struct recurrent_inputs in = {-1, {-1, -1}};
	int states = 0;
	for (int k = 2; k < io->n_in; k++)
		if (io->in[k].shape.axis == AXIS_FIXED)
			in.bias = k;
		else
			in.state[states++] = k;
	return in;
}

/* ---- shapes ---- */

static enum err_code check_behind(const char *op, int k, int rows, int32_t h, const struct op_sig *s, struct err *e)
{
	char text[80];
	const struct shape *x = &s->shape[k];
	bool bias = x->axis == AXIS_FIXED && k == 2;
	TRY(op_need_real(op, s, k, bias ? "the bias" : "the initial state", e));
	if (bias && (x->ndim != 1 || x->dim[0] != rows))
		return err_set(e, ERR_SHAPE, "%s: the bias must be [%d] like the rows of the weight, got %s", op, rows,
			shape_text(x, text, sizeof text));
	if (!bias && (x->axis != AXIS_EXAMPLE || x->ndim != 1 || x->dim[0] != h))
		return err_set(e, ERR_SHAPE, "%s: an initial state must be [examples, %d], got %s", op, h,
			shape_text(x, text, sizeof text));
	return OK;
}

enum err_code recurrent_shape(
	const char *op, int gates, int states, const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	TRY(op_need_real(op, s, 0, "x", e));
	TRY(op_need_fixed(op, s, 1, "the weight", 2, e));
	const struct shape *x = &s->shape[0], *w = &s->shape[1];
	int32_t h = w->dim[1];
	if (w->dim[0] != gates * h)
		return err_set(e, ERR_SHAPE, "%s: the weight must be [%d h, h], got %s", op, gates,
			shape_text(w, text, sizeof text));
	bool packed = (x->axis == AXIS_TOKEN || x->axis == AXIS_TOKEN2) && x->ndim == 1;
	bool windows = x->axis == AXIS_EXAMPLE && x->ndim == 2;
	if ((!packed && !windows) || shape_last(x) != gates * h)
		return err_set(e, ERR_SHAPE, "%s: x must be [tokens, %d] or [examples, T, %d] (%d gates of %d), got %s",
			op, gates * h, gates * h, gates, h, shape_text(x, text, sizeof text));
	int given = 0;
	for (int k = 2; k < s->n_in; k++) {
		TRY(check_behind(op, k, gates * h, h, s, e));
		given += s->shape[k].axis == AXIS_EXAMPLE;
	}
	if (given > states)
		return err_set(e, ERR_SHAPE, "%s: takes %d initial state%s, got %d", op, states, states == 1 ? "" : "s",
			given);
	*out = *x;
	out->dim[out->ndim - 1] = h;
	return OK;
}

/* ---- the walk ---- */

static bool windows(const struct op_io *io)
{
	return io->out.shape.axis == AXIS_EXAMPLE;
}

static int32_t longest(const struct op_io *io)
{
	if (windows(io))
		return io->examples ? io->out.shape.dim[0] : 0;
	const int32_t *at = io->offsets[io->out.shape.axis];
	int32_t most = 0;
	for (int32_t s = 0; s < io->examples; s++)
		most = at[s + 1] - at[s] > most ? at[s + 1] - at[s] : most;
	return most;
}

size_t recurrent_walk_size(const struct op_io *io)
{
	size_t at = windows(io) ? (size_t)io->examples + 1 : 0;
	return ((size_t)io->examples + 2 * ((size_t)longest(io) + 1) + at + 15) & ~(size_t)15;
}

/* alive[t] by counting; the k-th longest sequence by counting sort. */
real *recurrent_walk(const struct op_io *io, real *scratch, struct recurrent *r)
{
	int32_t *ints = (int32_t *)scratch;
	*r = (struct recurrent){.at = io->offsets[io->out.shape.axis], .n = io->examples, .longest = longest(io)};
	r->order = ints;
	r->alive = r->order + r->n;
	r->begin = r->alive + r->longest + 1;
	if (windows(io)) {
		int32_t *at = r->begin + r->longest + 1;
		for (int32_t s = 0; s <= r->n; s++)
			at[s] = s * r->longest;
		r->at = at;
	}
	memset(r->alive, 0, ((size_t)r->longest + 1) * sizeof *r->alive);
	for (int32_t s = 0; s < r->n; s++)
		if (r->at[s + 1] > r->at[s])
			r->alive[r->at[s + 1] - r->at[s] - 1]++;
	for (int32_t t = r->longest; t-- > 0;)
		r->alive[t] += r->alive[t + 1];
	memcpy(r->begin, r->alive, ((size_t)r->longest + 1) * sizeof *r->begin); /* the next place for each length */
	for (int32_t s = 0; s < r->n; s++)
		r->order[r->begin[r->at[s + 1] - r->at[s]]++] = s;
	for (int32_t t = 0, at = 0; t <= r->longest; t++) {
		r->begin[t] = at;
		at += r->alive[t];
	}
	return scratch + recurrent_walk_size(io);
}

void recurrent_start(const struct op_io *io, const struct recurrent *r, int input, real *rows)
{
	int64_t h = recurrent_width(io);
	for (int32_t k = 0; k < r->alive[0]; k++)
		if (input < 0)
			memset(rows + k * h, 0, (size_t)h * sizeof *rows);
		else
			memcpy(rows + k * h, io->in[input].v + r->order[k] * h, (size_t)h * sizeof *rows);
}

void recurrent_project(const struct op_io *io, int bias, int64_t m, const real *state, bool zero, real *g)
{
	int64_t width = io->in[1].shape.dim[0], h = io->in[1].shape.dim[1];
	for (int64_t k = 0; k < m && (bias >= 0 || zero); k++)
		if (bias >= 0)
			memcpy(g + k * width, io->in[bias].v, (size_t)width * sizeof *g);
		else
			memset(g + k * width, 0, (size_t)width * sizeof *g);
	if (!zero)
		blas_gemm(false, true, m, width, h, 1, state, h, io->in[1].v, h, bias >= 0, g, width);
}

/* ---- gradients ---- */

void recurrent_weight_grads(struct op_io *io, const struct recurrent *r, const real *dg, real *before)
{
	struct recurrent_inputs in = recurrent_inputs_of(io);
	struct operand *w = &io->in[1];
	int64_t width = w->shape.dim[0], h = w->shape.dim[1], tokens = r->at[r->n];
	if (in.bias >= 0 && io->in[in.bias].g) {
		op_grad_begin(&io->in[in.bias]);
		rows_column_sums(dg, tokens, width, io->in[in.bias].g);
	}
	if (!w->g)
		return;
	int32_t first = in.state[0] < 0 && r->longest > 0; /* zeros before time 0 */
	int64_t from = r->begin[first];
	if (!first)
		recurrent_start(io, r, in.state[0], before);
	for (int32_t t = 1; t < r->longest; t++)
		for (int32_t k = 0; k < r->alive[t]; k++)
			memcpy(before + (r->begin[t] + k) * h, io->out.v + (recurrent_token(r, k, t) - 1) * h,
				(size_t)h * sizeof *before);
	blas_gemm(true, false, width, h, tokens - from, 1, dg + from * width, width, before + from * h, h, w->add, w->g,
		h);
}

void recurrent_start_grad(struct op_io *io, const struct recurrent *r, int input, const real *rows)
{
	int64_t h = recurrent_width(io);
	if (input < 0 || !io->in[input].g)
		return;
	op_grad_begin(&io->in[input]);
	for (int32_t k = 0; k < r->alive[0]; k++)
		rows_add(rows + k * h, io->in[input].g + r->order[k] * h, h);
}
