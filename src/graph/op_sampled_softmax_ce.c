/* Softmax cross-entropy over the target and k sampled negatives, corrected for how often they are sampled
 * (Bengio and Senecal 2008):
 *   h [rows, d], table [n, d], target [rows], negative [rows, k], logq [n]?      z_j = h . T[id_j] - logq[id_j]
 *   loss = mean_r(log sum_j exp(z_rj) - z_r0),  j = 0 the target
 *   c_j = g (p_j - [j = 0]) / rows:  dh = sum c_j T[id_j],  dT[id_j] += c_j h,  dlogq[id_j] -= c_j
 * Negatives equal to the target, and those of -1, take no part; a target of -1 leaves its row out.
 * aux: p [rows, 1 + k]. */
#include "graph/op_util.h"
#include "tensor/rows.h"

enum { AHEAD = 8 };

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	TRY(op_need_real("sampled_softmax_ce", s, 0, "h", e));
	TRY(op_need_fixed("sampled_softmax_ce", s, 1, "the table", 2, e));
	TRY(op_need_int("sampled_softmax_ce", s, 2, "the targets", e));
	TRY(op_need_int("sampled_softmax_ce", s, 3, "the negatives", e));
	const struct shape *h = &s->shape[0], *t = &s->shape[2], *n = &s->shape[3];
	if (h->ndim != 1 || h->dim[0] != s->shape[1].dim[1])
		return err_set(e, ERR_SHAPE, "sampled_softmax_ce: the rows of the table have %d numbers but h is %s",
			s->shape[1].dim[1], shape_text(h, text, sizeof text));
	if (t->axis != h->axis || shape_width(t) != 1)
		return err_set(e, ERR_SHAPE, "sampled_softmax_ce: targets must be one id per row of h, got %s",
			shape_text(t, text, sizeof text));
	if (n->axis != h->axis || n->ndim > 1)
		return err_set(e, ERR_SHAPE, "sampled_softmax_ce: negatives must be k ids per row of h, got %s",
			shape_text(n, text, sizeof text));
	if (s->n_in == 5) {
		TRY(op_need_fixed("sampled_softmax_ce", s, 4, "logq", 1, e));
		if (s->shape[4].dim[0] != s->shape[1].dim[0])
			return err_set(e, ERR_SHAPE, "sampled_softmax_ce: the table has %d rows but logq %d numbers",
				s->shape[1].dim[0], s->shape[4].dim[0]);
	}
	op_shape_scalar(out);
	return OK;
}

static int64_t candidates(const struct op_io *io)
{
	return 1 + shape_width(&io->in[3].shape);
}

static size_t aux(const struct op_io *io)
{
	return (size_t)(io->in[0].rows * candidates(io));
}

/* Id j of row r, -1 where it takes no part. */
static int32_t candidate(const struct op_io *io, int64_t r, int64_t j)
{
	int32_t target = io->in[2].i[r];
	if (j == 0)
		return target;
	int32_t id = io->in[3].i[r * (candidates(io) - 1) + j - 1];
	return id == target ? -1 : id;
}

/* p of one row; returns its loss. */
static double forward_row(struct op_io *io, int64_t r, real *p)
{
	int64_t n = candidates(io), d = io->in[1].shape.dim[1];
	const real *h = io->in[0].v + r * d, *table = io->in[1].v, *logq = io->n_in == 5 ? io->in[4].v : NULL;
	for (int64_t j = 0; j < n; j++) {
		int32_t id = candidate(io, r, j), next = j + AHEAD < n ? candidate(io, r, j + AHEAD) : -1;
		if (next >= 0)
			rows_prefetch(table + next * d, d);
		p[j] = id < 0 ? -(real)INFINITY : rows_dot(h, table + id * d, d) - (logq ? logq[id] : 0);
	}
	real first = p[0], top = rows_max(p, n), sum = rows_exp_sum(p, top, p, n);
	rows_scale(1 / sum, p, n);
	return (double)(top + vm_log(sum)) - (double)first;
}

static void forward(struct op_io *io)
{
	int64_t n = candidates(io);
	double sum = 0;
	for (int64_t r = 0; r < io->in[0].rows; r++)
		if (io->in[2].i[r] >= 0)
			sum += forward_row(io, r, io->aux + r * n);
	io->out.v[0] = (real)(sum * op_mean_factor(&io->in[2]));
}

static void backward_row(struct op_io *io, int64_t r, real g)
{
	int64_t n = candidates(io), d = io->in[1].shape.dim[1];
	const real *p = io->aux + r * n, *h = io->in[0].v + r * d;
	struct operand *table = &io->in[1];
	real *dh = io->in[0].g ? io->in[0].g + r * d : NULL, *dlogq = io->n_in == 5 ? io->in[4].g : NULL;
	for (int64_t j = 0; j < n; j++) {
		int32_t id = candidate(io, r, j), next = j + AHEAD < n ? candidate(io, r, j + AHEAD) : -1;
		op_prefetch_slot(table, j + 2 * AHEAD < n ? candidate(io, r, j + 2 * AHEAD) : -1);
		op_prefetch_grad(table, next, d);
		if (next >= 0)
			rows_prefetch(table->v + next * d, d);
		if (id < 0)
			continue;
		real c = g * (p[j] - (j == 0 ? 1 : 0));
		if (dh)
			rows_axpy(c, table->v + id * d, dh, d);
		if (table->sparse)
			rows_axpy(c, h, rowgrad_row(table->sparse, id), d);
		else if (table->g)
			rows_axpy(c, h, table->g + id * d, d);
		if (dlogq)
			dlogq[id] -= c;
	}
}

static void backward(struct op_io *io)
{
	const real g = (real)(io->out.g[0] * op_mean_factor(&io->in[2]));
	op_grad_begin(&io->in[0]);
	op_grad_begin(&io->in[1]);
	if (io->n_in == 5)
		op_grad_begin(&io->in[4]);
	for (int64_t r = 0; r < io->in[0].rows; r++)
		if (io->in[2].i[r] >= 0)
			backward_row(io, r, g);
}

static const struct op_case cases[] = {
	{.name = "tokens",
		.examples = 3,
		.lengths = {4, 0, 3},
		.n_in = 4,
		.in = {CASE_RANGE(-2, 2, AXIS_TOKEN, 1, 5), CASE_RANGE(-2, 2, AXIS_FIXED, 2, 9, 5),
			CASE_ABSENT(9, AXIS_TOKEN, 0, 0), CASE_ABSENT(9, AXIS_TOKEN, 1, 6)}},
	{.name = "logq",
		.examples = 4,
		.n_in = 5,
		.in = {CASE_RANGE(-2, 2, AXIS_EXAMPLE, 1, 3), CASE_RANGE(-2, 2, AXIS_FIXED, 2, 7, 3),
			CASE_INT(7, AXIS_EXAMPLE, 0, 0), CASE_INT(7, AXIS_EXAMPLE, 1, 4),
			CASE_RANGE(-4, -1, AXIS_FIXED, 1, 7)}},
	{0},
};

const struct op_class op_sampled_softmax_ce = {
	.desc = {.name = "sampled_softmax_ce",
		.usage = "sampled_softmax_ce(h, table, targets, negatives [, logq])",
		.help = "Mean cross-entropy of the softmax over the target and the sampled negatives, with logits "
			"reduced by logq "
			"(the logarithm of each id's sampling probability); negatives that hit the target are left "
			"out."},
	.arity_min = 4,
	.arity_max = 5,
	.flags = OP_REDUCES,
	.need_in = 15,
	.takes_sparse = 2,
	.shape = shape,
	.aux = aux,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
