/* Cross-entropy of a set of targets, fused with its product (next-basket models): sets are groups of ids, group b of
 * size[b] ids standing one after the other, and the row of group b predicts the group `ahead` places on in its example:
 *   h [groups, d], table [n, d], ids [items], size [groups], bias [n]?      z = h T^T + b,  m_j = times that j is a target
 *   softmax   f(z) = log sum_j exp(z_j) - sum_j m_j z_j / sum m,  f'_j = p_j - m_j / sum m,  p = softmax(z)
 *   bce       f(z) = sum_j (softplus(z_j) - m_j z_j),             f'_j = sigmoid(z_j) - m_j
 *   loss = mean of f over the rows that have a group to predict (of every example all but the last `ahead`)
 *   c = g f' / rows:  dh = c T,  dT = c^T h,  db = column sums of c
 * Rows whose target is empty or beyond their example are left out.  Blocks of rows meet the whole table; z is made again in
 * backward, so that memory does not grow with rows times items.  aux: log sum exp(z) by row (softmax). */
#include "graph/op_util.h"
#include "tensor/blas.h"

enum { H, TABLE, IDS, SIZE, BIAS };
enum { ARG_AHEAD, ARG_LOSS };
enum { SOFTMAX, BCE };
enum { ROWS = 64 };

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	TRY(op_need_real("multi_hot_ce", s, H, "h", e));
	TRY(op_need_fixed("multi_hot_ce", s, TABLE, "the table", 2, e));
	TRY(op_need_int("multi_hot_ce", s, IDS, "the ids", e));
	TRY(op_need_int("multi_hot_ce", s, SIZE, "the sizes", e));
	const struct shape *h = &s->shape[H], *ids = &s->shape[IDS], *size = &s->shape[SIZE];
	if (h->ndim != 1 || h->dim[0] != s->shape[TABLE].dim[1])
		return err_set(e, ERR_SHAPE, "multi_hot_ce: the rows of the table have %d numbers but h is %s",
			s->shape[TABLE].dim[1], shape_text(h, text, sizeof text));
	if (size->axis != h->axis || shape_width(size) != 1 || (h->axis != AXIS_TOKEN && h->axis != AXIS_TOKEN2))
		return err_set(e, ERR_SHAPE, "multi_hot_ce: h and the sizes must lie on the same tokens, got %s",
			shape_text(size, text, sizeof text));
	if (ids->axis == h->axis || ids->axis == AXIS_FIXED || shape_width(ids) != 1)
		return err_set(e, ERR_SHAPE, "multi_hot_ce: the ids must lie on an axis of their own, got %s",
			shape_text(ids, text, sizeof text));
	if (s->n_in > BIAS) {
		TRY(op_need_fixed("multi_hot_ce", s, BIAS, "the bias", 1, e));
		if (s->shape[BIAS].dim[0] != s->shape[TABLE].dim[0])
			return err_set(e, ERR_SHAPE, "multi_hot_ce: the table has %d rows but the bias %d numbers",
				s->shape[TABLE].dim[0], s->shape[BIAS].dim[0]);
	}
	op_shape_scalar(out);
	return OK;
}

struct view {
	int64_t rows, n, d;
	const real *h, *table, *bias;
	int32_t *first, *count; /* of the targets of each row among the ids */
	real *z, *dh;		/* [ROWS, n], [ROWS, d] */
};

static size_t ints(int64_t rows)
{
	return ((size_t)(2 * rows) + 15) & ~(size_t)15;
}

/* Where the targets of each row stand.  Sizes that promise more ids than there are end with the ids. */
static void find_targets(const struct op_io *io, struct view *v)
{
	const int32_t *at = io->offsets[io->in[H].shape.axis], *size = io->in[SIZE].i;
	int64_t ahead = (int64_t)io->attr[ARG_AHEAD], ids = io->in[IDS].rows;
	for (int64_t r = 0, from = 0; r < v->rows; r++) {
		int64_t take = size[r] < 0 ? 0 : size[r];
		v->first[r] = (int32_t)from;
		v->count[r] = (int32_t)(take < ids - from ? take : ids - from);
		from += v->count[r];
	}
	for (int32_t s = 0; s < io->examples; s++)
		for (int64_t r = at[s]; r < at[s + 1]; r++) {
			bool has = r + ahead < at[s + 1];
			v->first[r] = has ? v->first[r + ahead] : 0;
			v->count[r] = has ? v->count[r + ahead] : 0;
		}
}

static struct view view(const struct op_io *io)
{
	struct view v = {.rows = io->in[H].rows, .n = io->in[TABLE].shape.dim[0], .d = io->in[TABLE].shape.dim[1]};
	v.h = io->in[H].v;
	v.table = io->in[TABLE].v;
	v.bias = io->n_in > BIAS ? io->in[BIAS].v : NULL;
	v.first = (int32_t *)io->scratch;
	v.count = v.first + v.rows;
	v.z = io->scratch + ints(v.rows);
	v.dh = v.z + ROWS * v.n;
	find_targets(io, &v);
	return v;
}

static size_t aux(const struct op_io *io)
{
	return (size_t)io->in[H].rows;
}

static size_t scratch(const struct op_io *io)
{
	const struct shape *table = &io->in[TABLE].shape;
	return ints(io->in[H].rows) + ROWS * ((size_t)table->dim[0] + (size_t)table->dim[1]);
}

/* The rows of the whole batch that have a group to predict. */
static double factor(const struct op_io *io)
{
	double rows = (double)io->in[H].total_rows - io->attr[ARG_AHEAD] * io->total_examples;
	return rows > 0 ? 1 / rows : 0;
}

static void logits(const struct view *v, int64_t from, int64_t m)
{
	for (int64_t r = 0; v->bias && r < m; r++)
		memcpy(v->z + r * v->n, v->bias, (size_t)v->n * sizeof *v->z);
	blas_gemm(false, true, m, v->n, v->d, 1, v->h + from * v->d, v->d, v->table, v->d, v->bias ? 1 : 0, v->z, v->n);
}

/* Sum of z over the targets of a row. */
static double target_sum(const struct op_io *io, const struct view *v, int64_t row, const real *z)
{
	double sum = 0;
	for (int32_t i = 0; i < v->count[row]; i++)
		sum += (double)z[io->in[IDS].i[v->first[row] + i]];
	return sum;
}

static double row_loss(struct op_io *io, const struct view *v, int64_t row, real *z)
{
	double hit = target_sum(io, v, row, z);
	if (io->attr[ARG_LOSS] == BCE) {
		double all = 0;
#pragma omp simd reduction(+ : all)
		for (int64_t j = 0; j < v->n; j++)
			all += (double)vm_softplus(z[j]);
		return all - hit;
	}
	real top = rows_max(z, v->n), sum = rows_exp_sum(z, top, z, v->n);
	io->aux[row] = top + vm_log(sum);
	return (double)io->aux[row] - hit / v->count[row];
}

static void forward(struct op_io *io)
{
	struct view v = view(io);
	double sum = 0;
	for (int64_t from = 0; from < v.rows; from += ROWS) {
		int64_t m = v.rows - from < ROWS ? v.rows - from : ROWS;
		logits(&v, from, m);
		for (int64_t r = 0; r < m; r++)
			if (v.count[from + r] > 0)
				sum += row_loss(io, &v, from + r, v.z + r * v.n);
	}
	io->out.v[0] = (real)(sum * factor(io));
}

/* z becomes c = g f'(z). */
static void row_slope(const struct op_io *io, const struct view *v, int64_t row, real *z, real g)
{
	bool bce = io->attr[ARG_LOSS] == BCE;
	if (v->count[row] == 0) {
		memset(z, 0, (size_t)v->n * sizeof *z);
		return;
	}
	const real lse = bce ? 0 : io->aux[row], each = bce ? g : g / (real)v->count[row];
	if (bce)
		for (int64_t j = 0; j < v->n; j++)
			z[j] = g * vm_sigmoid(z[j]);
	else
		for (int64_t j = 0; j < v->n; j++)
			z[j] = g * vm_exp(z[j] - lse);
	for (int32_t i = 0; i < v->count[row]; i++)
		z[io->in[IDS].i[v->first[row] + i]] -= each;
}

static void block_back(struct op_io *io, const struct view *v, int64_t from, int64_t m, real g)
{
	struct operand *h = &io->in[H], *table = &io->in[TABLE];
	logits(v, from, m);
	for (int64_t r = 0; r < m; r++)
		row_slope(io, v, from + r, v->z + r * v->n, g);
	if (h->g)
		blas_gemm(false, false, m, v->d, v->n, 1, v->z, v->n, v->table, v->d, 1, h->g + from * v->d, v->d);
	if (table->g)
		blas_gemm(true, false, v->n, v->d, m, 1, v->z, v->n, v->h + from * v->d, v->d, 1, table->g, v->d);
	if (io->n_in > BIAS && io->in[BIAS].g)
		rows_column_sums(v->z, m, v->n, io->in[BIAS].g);
}

static void backward(struct op_io *io)
{
	struct view v = view(io);
	const real g = (real)(io->out.g[0] * factor(io));
	op_grad_begin(&io->in[H]);
	op_grad_begin(&io->in[TABLE]);
	if (io->n_in > BIAS)
		op_grad_begin(&io->in[BIAS]);
	for (int64_t from = 0; from < v.rows; from += ROWS)
		block_back(io, &v, from, v.rows - from < ROWS ? v.rows - from : ROWS, g);
}

static const struct arg_spec args[] = {
	{"ahead", ARG_INT, 1, 0, 1 << 20, 0, "which group a row predicts, counted from its own", NULL, NULL},
	{"loss", ARG_CHOICE, 0, 0, 0, 0, "over all items together, or each for itself", "softmax", "softmax|bce"},
	{0},
};

/* Groups of one: the sizes of a case are drawn, and must not cross examples. */
#define CASE_GROUPS(n_, d_)                                                                                            \
	CASE_RANGE(-2, 2, AXIS_TOKEN, 1, d_), CASE_REAL(AXIS_FIXED, 2, n_, d_), CASE_INT(n_, AXIS_TOKEN2, 0, 0),       \
	{                                                                                                              \
		.type = FIELD_INT, .shape = {AXIS_TOKEN, 0, {0}}, .lo = 1, .below = 2                                  \
	}
static const struct op_case cases[] = {
	{.name = "next",
		.examples = 4,
		.lengths = {4, 1, 2, 3},
		.n_in = 5,
		.in = {CASE_GROUPS(7, 5), CASE_REAL(AXIS_FIXED, 1, 7)},
		.attr = {1, SOFTMAX}},
	{.name = "own",
		.examples = 3,
		.lengths = {40, 0, 33},
		.n_in = 4,
		.in = {CASE_GROUPS(6, 3)},
		.attr = {0, SOFTMAX}},
	{.name = "bce",
		.examples = 3,
		.lengths = {3, 2, 2},
		.n_in = 5,
		.in = {CASE_GROUPS(7, 5), CASE_REAL(AXIS_FIXED, 1, 7)},
		.attr = {1, BCE}},
	{0},
};

const struct op_class op_multi_hot_ce = {
	.desc = {.name = "multi_hot_ce",
		.usage = "multi_hot_ce(h, table, ids, size [, bias], { ahead = 1, loss = 'softmax' })",
		.help = "Mean cross-entropy of sets of targets: ids stand in groups of the given sizes, and each "
			"group's row of h "
			"predicts the group that comes `ahead` places later in its example; logits h table^T + bias.",
		.args = args},
	.arity_min = 4,
	.arity_max = 5,
	.flags = OP_REDUCES,
	.need_in = 31,
	.shape = shape,
	.aux = aux,
	.scratch = scratch,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
