/* Bayesian personalised ranking (Rendle et al. 2009) of h against rows of a table, read where they lie; the gradients of an example's
 * rows are written while these are in the first cache.
 *   h [rows, d], table [n, d], positive [rows], negative [rows] or [rows, k], bias [n, 1] or [n]?
 *   s_j = h . (T[n_j] - T[p]) + b(n_j) - b(p),   loss = mean softplus(s),   c_j = g sigmoid(s_j) / (rows k)
 *   dh = sum_j c_j (T[n_j] - T[p]),  dT[n_j] += c_j h,  dT[p] -= (sum_j c_j) h,  db(n_j) += c_j,  db(p) -= sum_j c_j
 * The same as bpr(dot_rows(h, T, positive, b), dot_rows(h, T, negative, b)); an id of -1 is a row of zeros.
 * aux: sigmoid(s) [rows, k]. */
#include "graph/work.h"
#include "graph/op_util.h"

enum { H, TABLE, POSITIVE, NEGATIVE, BIAS, AHEAD = 8 };

static enum err_code shape_of_bias(const struct op_sig *s, struct err *e)
{
	char text[80];
	const struct shape *b = &s->shape[BIAS];
	TRY(op_need_real("bpr_rows", s, BIAS, "the bias", e));
	if (b->axis != AXIS_FIXED || b->ndim < 1 || b->dim[0] != s->shape[TABLE].dim[0] || shape_width(b) != b->dim[0])
		return err_set(e, ERR_SHAPE, "bpr_rows: the bias must hold a number for each of the %d rows, got %s",
			s->shape[TABLE].dim[0], shape_text(b, text, sizeof text));
	return OK;
}

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	TRY(op_need_real("bpr_rows", s, H, "h", e));
	TRY(op_need_fixed("bpr_rows", s, TABLE, "the table", 2, e));
	TRY(op_need_int("bpr_rows", s, POSITIVE, "the positives", e));
	TRY(op_need_int("bpr_rows", s, NEGATIVE, "the negatives", e));
	const struct shape *h = &s->shape[H];
	if (h->ndim != 1 || h->dim[0] != s->shape[TABLE].dim[1])
		return err_set(e, ERR_SHAPE, "bpr_rows: the rows of the table have %d numbers but h is %s",
			s->shape[TABLE].dim[1], shape_text(h, text, sizeof text));
	for (int k = POSITIVE; k <= NEGATIVE; k++)
		if (s->shape[k].axis != h->axis || s->shape[k].ndim > (k == NEGATIVE))
			return err_set(e, ERR_SHAPE, "bpr_rows: %s, got %s",
				k == POSITIVE ? "positives must be one id per row of h"
					      : "negatives must be one or k ids per row of h",
				shape_text(&s->shape[k], text, sizeof text));
	if (s->n_in > BIAS)
		TRY(shape_of_bias(s, e));
	op_shape_scalar(out);
	return OK;
}

static int64_t negatives(const struct op_io *io)
{
	return shape_width(&io->in[NEGATIVE].shape);
}

static size_t aux(const struct op_io *io)
{
	return (size_t)op_numbers(&io->in[NEGATIVE]);
}

/* The rows of the table that example r reads, and where their gradients are. */
static ROWS_INLINE void prefetch(const struct op_io *io, int64_t r, int64_t d, int64_t k, bool grad)
{
	const struct operand *table = &io->in[TABLE];
	for (int64_t j = -1; r < io->in[H].rows && j < k; j++) {
		int32_t id = j < 0 ? io->in[POSITIVE].i[r] : io->in[NEGATIVE].i[r * k + j];
		if (id >= 0)
			rows_prefetch(table->v + id * d, d);
		if (grad)
			op_prefetch_grad(table, id, d);
	}
}

static ROWS_INLINE real score(const struct op_io *io, const real *h, int32_t id, int64_t d)
{
	if (id < 0)
		return 0;
	return rows_dot(h, io->in[TABLE].v + id * d, d) + (io->n_in > BIAS ? io->in[BIAS].v[id] : 0);
}

static ROWS_INLINE void forward_width(int64_t d, struct op_io *io)
{
	int64_t k = negatives(io);
	const real *h = io->in[H].v;
	real *s = io->aux;
	for (int64_t r = 0; r < io->in[H].rows; r++, h += d) {
		prefetch(io, r + AHEAD, d, k, false);
		real up = score(io, h, io->in[POSITIVE].i[r], d);
		for (int64_t j = r * k; j < (r + 1) * k; j++)
			s[j] = score(io, h, io->in[NEGATIVE].i[j], d) - up;
	}
}

static void forward(struct op_io *io)
{
	double sum = 0;
	ROWS_WIDTHS(io->in[TABLE].shape.dim[1], forward_width, io);
#pragma omp simd reduction(+ : sum)
	for (int64_t i = 0; i < op_numbers(&io->in[NEGATIVE]); i++) {
		sum += (double)vm_softplus(io->aux[i]);
		io->aux[i] = vm_sigmoid(io->aux[i]);
	}
	io->out.v[0] = (real)(sum * op_mean_factor(&io->in[NEGATIVE]));
}

/* One term of an example: dT[id] += c h, dh += c T[id]. */
static ROWS_INLINE void backward_term(struct op_io *io, int64_t r, int32_t id, real c, bool add, int64_t d)
{
	struct operand *h = &io->in[H], *table = &io->in[TABLE];
	if (id >= 0)
		op_row_axpy(table, id, c, h->v + r * d, d);
	if (!h->g)
		return;
	real *g = h->g + r * d;
	const real *row = table->v + (id >= 0 ? id : 0) * d;
	c = id >= 0 ? c : 0;
#pragma omp simd
	for (int64_t j = 0; j < d; j++)
		g[j] = (add ? g[j] : 0) + c * row[j];
}

static ROWS_INLINE void backward_width(int64_t d, struct op_io *io, real g)
{
	int64_t k = negatives(io);
	for (int64_t r = 0; r < io->in[H].rows; r++) {
		const real *c = io->aux + r * k;
		prefetch(io, r + AHEAD, d, k, true);
		backward_term(io, r, io->in[POSITIVE].i[r], -g * rows_sum(c, k), io->in[H].add, d);
		for (int64_t j = 0; j < k; j++)
			backward_term(io, r, io->in[NEGATIVE].i[r * k + j], g * c[j], true, d);
	}
}

static void backward_bias(struct op_io *io, struct operand *bias, real g)
{
	int64_t k = negatives(io);
	for (int64_t r = 0; r < io->in[H].rows; r++) {
		const real *c = io->aux + r * k;
		const int32_t *n = io->in[NEGATIVE].i + r * k, p = io->in[POSITIVE].i[r];
		for (int64_t j = 0; j < k; j++)
			if (n[j] >= 0)
				*op_row_number(bias, n[j]) += g * c[j];
		if (p >= 0)
			*op_row_number(bias, p) -= g * rows_sum(c, k);
	}
}

static void backward(struct op_io *io)
{
	const real g = (real)(io->out.g[0] * op_mean_factor(&io->in[NEGATIVE]));
	op_grad_begin(&io->in[TABLE]);
	if (io->n_in > BIAS)
		op_grad_begin(&io->in[BIAS]);
	ROWS_WIDTHS(io->in[TABLE].shape.dim[1], backward_width, io, g);
	if (io->n_in > BIAS && op_wants(&io->in[BIAS]))
		backward_bias(io, &io->in[BIAS], g);
}

#define CASE_RANKED(n_, axis_, d_, ...)                                                                                \
	CASE_REAL(axis_, 1, d_), CASE_REAL(AXIS_FIXED, 2, n_, d_), CASE_ABSENT(n_, axis_, 0, 0),                       \
		CASE_ABSENT(n_, axis_, __VA_ARGS__)
static struct op_work work(const struct op_io *io, bool backward)
{
	return work_lookup(io, backward, TABLE, H, op_numbers(&io->in[POSITIVE]) + op_numbers(&io->in[NEGATIVE]));
}

static const struct op_case cases[] = {
	{.name = "one",
		.examples = 6,
		.n_in = 5,
		.in = {CASE_RANKED(5, AXIS_EXAMPLE, 8, 0, 0), CASE_REAL(AXIS_FIXED, 2, 5, 1)}},
	{.name = "several",
		.examples = 4,
		.n_in = 5,
		.in = {CASE_RANKED(3, AXIS_EXAMPLE, 3, 1, 3), CASE_REAL(AXIS_FIXED, 1, 3)}},
	{.name = "no_bias",
		.examples = 3,
		.lengths = {4, 0, 1},
		.n_in = 4,
		.in = {CASE_RANKED(6, AXIS_TOKEN, 17, 0, 0)}},
	{0},
};

const struct op_class op_bpr_rows = {
	.desc = {.name = "bpr_rows",
		.usage = "bpr_rows(h, table, positive, negative [, bias])",
		.help = "bpr of h . T[positive] + bias over h . T[negative] + bias, for one or k negatives per row, "
			"without "
			"gathering the rows (Rendle et al. 2009)."},
	.arity_min = 4,
	.arity_max = 5,
	.flags = OP_REDUCES,
	.takes_sparse = 1u << TABLE | 1u << BIAS,
	.need_in = 1u << H | 1u << TABLE | 1u << POSITIVE | 1u << NEGATIVE,
	.shape = shape,
	.aux = aux,
	.work = work,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
