/* Binary cross-entropy of the target and k sampled negatives, fused with their products: the rows of the table are read where
 * they lie and nothing of [rows, k, d] is ever written.
 *   h [rows, d], table [n, d], target [rows], negative [rows, k]      p_r = h . T[target] + b,  n_rk = h . T[negative] + b
 *   loss = mean_r(beta softplus(-p_r) + w sum_k softplus(n_rk)),  w = 1 or 1 / k
 *   beta = 1: SASRec's loss (Kang and McAuley 2018).  beta < 1 raises the positive's probability to that power, which undoes the
 *   overconfidence that sampling causes: gBCE (Petrov and Macdonald 2023, eq. 12).
 *   b, the offset, is a constant that ranks do not see.  Where negatives outnumber the target, scores about 0 say "likely" of every
 *   item, and training begins by pushing h and the whole table apart, which blurs the items; an offset starts it at the share of
 *   the targets instead, as the bias of a detector's last layer is set (Lin et al. 2017, 4.1).
 *   c_0 = -g beta sigmoid(-p) / rows, c_k = g w sigmoid(n_k) / rows:  dh = sum c T[id],  dT[id] += c h
 * Negatives equal to the target, and those of -1, take no part; a target of -1 leaves its row out.
 * aux: d loss / d score [rows, 1 + k], without g / rows. */
#include "graph/work.h"
#include "graph/op_util.h"
#include "tensor/rows.h"

enum { H, TABLE, TARGET, NEGATIVE, AHEAD = 8 };
enum { BETA, OVER, OFFSET };

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	TRY(op_need_real("sampled_bce", s, H, "h", e));
	TRY(op_need_fixed("sampled_bce", s, TABLE, "the table", 2, e));
	TRY(op_need_int("sampled_bce", s, TARGET, "the targets", e));
	TRY(op_need_int("sampled_bce", s, NEGATIVE, "the negatives", e));
	const struct shape *h = &s->shape[H], *t = &s->shape[TARGET], *n = &s->shape[NEGATIVE];
	if (h->ndim != 1 || h->dim[0] != s->shape[TABLE].dim[1])
		return err_set(e, ERR_SHAPE, "sampled_bce: the rows of the table have %d numbers but h is %s",
			s->shape[TABLE].dim[1], shape_text(h, text, sizeof text));
	if (t->axis != h->axis || shape_width(t) != 1)
		return err_set(e, ERR_SHAPE, "sampled_bce: targets must be one id per row of h, got %s",
			shape_text(t, text, sizeof text));
	if (n->axis != h->axis || n->ndim > 1)
		return err_set(e, ERR_SHAPE, "sampled_bce: negatives must be k ids per row of h, got %s",
			shape_text(n, text, sizeof text));
	op_shape_scalar(out);
	return OK;
}

static int64_t candidates(const struct op_io *io)
{
	return 1 + shape_width(&io->in[NEGATIVE].shape);
}

static size_t aux(const struct op_io *io)
{
	return (size_t)(io->in[H].rows * candidates(io));
}

/* Id j of row r (0: the target), -1 where it takes no part. */
static int32_t candidate(const struct op_io *io, int64_t r, int64_t j)
{
	int32_t target = io->in[TARGET].i[r];
	if (j == 0)
		return target;
	int32_t id = io->in[NEGATIVE].i[r * (candidates(io) - 1) + j - 1];
	return id == target ? -1 : id;
}

/* The loss of one row; slope[j] becomes its derivative by score j. */
static double forward_row(struct op_io *io, int64_t r, real *slope)
{
	int64_t n = candidates(io), d = io->in[TABLE].shape.dim[1];
	const real *h = io->in[H].v + r * d, *table = io->in[TABLE].v;
	real beta = (real)io->attr[BETA], offset = (real)io->attr[OFFSET],
	     w = io->attr[OVER] == 0 ? 1 / (real)(n - 1) : 1;
	for (int64_t j = 0; j < n; j++) {
		int32_t id = candidate(io, r, j), next = j + AHEAD < n ? candidate(io, r, j + AHEAD) : -1;
		if (next >= 0)
			rows_prefetch(table + next * d, d);
		/* a score of -inf adds nothing */
		slope[j] = id < 0 ? -(real)INFINITY : rows_dot(h, table + id * d, d) + offset;
	}
	double loss = (double)(beta * vm_softplus(-slope[0]));
	real sum = 0;
	slope[0] = -beta * vm_sigmoid(-slope[0]);
#pragma omp simd reduction(+ : sum)
	for (int64_t j = 1; j < n; j++) {
		sum += slope[j] == -(real)INFINITY ? 0 : vm_softplus(slope[j]);
		slope[j] = slope[j] == -(real)INFINITY ? 0 : w * vm_sigmoid(slope[j]);
	}
	return loss + (double)(w * sum);
}

static void forward(struct op_io *io)
{
	int64_t n = candidates(io);
	double sum = 0;
	for (int64_t r = 0; r < io->in[H].rows; r++)
		if (io->in[TARGET].i[r] >= 0)
			sum += forward_row(io, r, io->aux + r * n);
	io->out.v[0] = (real)(sum * op_mean_factor(&io->in[TARGET]));
}

static void backward_row(struct op_io *io, int64_t r, real g)
{
	int64_t n = candidates(io), d = io->in[TABLE].shape.dim[1];
	const real *slope = io->aux + r * n, *h = io->in[H].v + r * d;
	struct operand *table = &io->in[TABLE];
	real *dh = io->in[H].g ? io->in[H].g + r * d : NULL;
	for (int64_t j = 0; j < n; j++) {
		int32_t id = candidate(io, r, j), next = j + AHEAD < n ? candidate(io, r, j + AHEAD) : -1;
		op_prefetch_slot(table, j + 2 * AHEAD < n ? candidate(io, r, j + 2 * AHEAD) : -1);
		op_prefetch_grad(table, next, d);
		if (next >= 0)
			rows_prefetch(table->v + next * d, d);
		if (id < 0)
			continue;
		real c = g * slope[j];
		if (dh)
			rows_axpy(c, table->v + id * d, dh, d);
		if (table->sparse)
			rows_axpy(c, h, rowgrad_row(table->sparse, id), d);
		else if (table->g)
			rows_axpy(c, h, table->g + id * d, d);
	}
}

static void backward(struct op_io *io)
{
	const real g = (real)(io->out.g[0] * op_mean_factor(&io->in[TARGET]));
	op_grad_begin(&io->in[H]);
	op_grad_begin(&io->in[TABLE]);
	for (int64_t r = 0; r < io->in[H].rows; r++)
		if (io->in[TARGET].i[r] >= 0)
			backward_row(io, r, g);
}

static const struct arg_spec args[] = {
	{"beta", ARG_REAL, 1, 0, 1, ARG_LIVE, "power of the positive's probability; 1: plain cross-entropy"},
	{"over", ARG_CHOICE, 0, 0, 0, 0, "how the k negatives of a row count", "mean", "mean|sum"},
	{"offset", ARG_REAL, 0, -100, 100, ARG_LIVE, "added to every score"},
	{0},
};

static struct op_work work(const struct op_io *io, bool backward)
{
	return work_lookup(io, backward, TABLE, H, op_numbers(&io->in[TARGET]) + op_numbers(&io->in[NEGATIVE]));
}

static const struct op_case cases[] = {
	{.name = "tokens",
		.examples = 3,
		.lengths = {4, 0, 3},
		.n_in = 4,
		.in = {CASE_RANGE(-2, 2, AXIS_TOKEN, 1, 5), CASE_RANGE(-2, 2, AXIS_FIXED, 2, 9, 5),
			CASE_ABSENT(9, AXIS_TOKEN, 0, 0), CASE_ABSENT(9, AXIS_TOKEN, 1, 6)},
		.attr = {1, 0, 0}},
	{.name = "generalised",
		.examples = 4,
		.n_in = 4,
		.in = {CASE_RANGE(-2, 2, AXIS_EXAMPLE, 1, 3), CASE_RANGE(-2, 2, AXIS_FIXED, 2, 7, 3),
			CASE_INT(7, AXIS_EXAMPLE, 0, 0), CASE_INT(7, AXIS_EXAMPLE, 1, 17)},
		.attr = {0.2, 1, -1.5}},
	{0},
};

const struct op_class op_sampled_bce = {
	.desc = {.name = "sampled_bce",
		.usage = "sampled_bce(h, table, targets, negatives, { beta = 1, over = 'mean', offset = 0 })",
		.help = "Mean binary cross-entropy of the target against sampled negatives, fused with the products h "
			". "
			"table[id]; beta < 1 is gBCE (Petrov and Macdonald 2023). Negatives that hit the target are "
			"left "
			"out.",
		.args = args},
	.arity_min = 4,
	.arity_max = 4,
	.flags = OP_REDUCES,
	.need_in = 15,
	.takes_sparse = 1 << TABLE,
	.shape = shape,
	.aux = aux,
	.work = work,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
