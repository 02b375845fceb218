#include "graph/sampled.h"

#include "tensor/blas.h"

enum { H, TABLE, TARGET, NEGATIVE, LOGQ };
enum { AHEAD = 8 };

static bool has_logq(int n_in)
{
	return n_in > LOGQ;
}

enum err_code sampled_shape(const char *op, const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	TRY(op_need_real(op, s, H, "h", e));
	TRY(op_need_fixed(op, s, TABLE, "the table", 2, e));
	TRY(op_need_int(op, s, TARGET, "the targets", e));
	TRY(op_need_int(op, s, NEGATIVE, "the negatives", e));
	const struct shape *h = &s->shape[H], *t = &s->shape[TARGET], *n = &s->shape[NEGATIVE];
	if (h->ndim != 1 || h->dim[0] != s->shape[TABLE].dim[1])
		return err_set(e, ERR_SHAPE, "%s: the rows of the table have %d numbers but h is %s", op,
			s->shape[TABLE].dim[1], shape_text(h, text, sizeof text));
	if (t->axis != h->axis || shape_width(t) != 1)
		return err_set(e, ERR_SHAPE, "%s: targets must be one id per row of h, got %s", op,
			shape_text(t, text, sizeof text));
	if ((n->axis != h->axis && n->axis != AXIS_FIXED) || n->ndim > 1)
		return err_set(e, ERR_SHAPE, "%s: negatives must be k ids per row of h, or k ids for all, got %s", op,
			shape_text(n, text, sizeof text));
	if (has_logq(s->n_in)) {
		TRY(op_need_fixed(op, s, LOGQ, "logq", 1, e));
		if (s->shape[LOGQ].dim[0] != s->shape[TABLE].dim[0])
			return err_set(e, ERR_SHAPE, "%s: the table has %d rows but logq %d numbers", op,
				s->shape[TABLE].dim[0], s->shape[LOGQ].dim[0]);
	}
	op_shape_scalar(out);
	return OK;
}

struct view {
	int64_t rows, d, n; /* n = 1 + negatives of a row */
	const real *h, *table, *logq;
	const int32_t *target, *negative;
	bool shared;
	real *z;      /* aux */
	real *e, *de; /* [n - 1, d], shared only: the rows of the negatives, and their gradient */
	real *q;      /* [n - 1], shared only: logq of the negatives, and the sums of their derivatives */
	real *room;   /* [n] */
};

static struct view view(const struct op_io *io)
{
	struct view v = {.rows = io->in[H].rows,
		.d = io->in[TABLE].shape.dim[1],
		.n = 1 + shape_width(&io->in[NEGATIVE].shape),
		.h = io->in[H].v,
		.table = io->in[TABLE].v,
		.logq = has_logq(io->n_in) ? io->in[LOGQ].v : NULL,
		.target = io->in[TARGET].i,
		.negative = io->in[NEGATIVE].i,
		.shared = io->in[NEGATIVE].shape.axis == AXIS_FIXED,
		.z = io->aux,
		.room = io->scratch};
	v.e = v.room ? v.room + v.n : NULL;
	v.de = v.e ? v.e + (v.n - 1) * v.d : NULL;
	v.q = v.e ? v.de + (v.n - 1) * v.d : NULL;
	return v;
}

size_t sampled_aux(const struct op_io *io)
{
	struct view v = view(io);
	return (size_t)(v.rows * v.n);
}

size_t sampled_scratch(const struct op_io *io)
{
	struct view v = view(io);
	return (size_t)(v.n + (v.shared ? (2 * v.d + 1) * (v.n - 1) : 0));
}

/* Id j of row r, -1 where it takes no part. */
static inline int32_t candidate(const struct view *v, int64_t r, int64_t j)
{
	int32_t target = v->target[r];
	if (j == 0)
		return target;
	int32_t id = v->negative[(v->shared ? 0 : r * (v->n - 1)) + j - 1];
	return id == target ? -1 : id;
}

/* ---- logits ---- */

static real logit(const struct view *v, int64_t r, int32_t id)
{
	return rows_dot(v->h + r * v->d, v->table + id * v->d, v->d) - (v->logq ? v->logq[id] : 0);
}

static void logits_of_row(const struct view *v, int64_t r, real *z)
{
	for (int64_t j = 0; j < v->n; j++) {
		int32_t id = candidate(v, r, j), next = j + AHEAD < v->n ? candidate(v, r, j + AHEAD) : -1;
		if (next >= 0)
			rows_prefetch(v->table + next * v->d, v->d);
		z[j] = id < 0 ? -(real)INFINITY : logit(v, r, id);
	}
}

/* Column j >= 1 holds h . T[id_j]: the rest of z. */
static void finish_shared(const struct view *v, int64_t r, real *z)
{
	const int32_t target = v->target[r], *restrict id = v->negative;
	const real *restrict q = v->q;
	real *restrict to = z + 1;
	z[0] = logit(v, r, target);
	for (int64_t j = 0; j < v->n - 1; j++)
		to[j] = (id[j] < 0) | (id[j] == target) ? -(real)INFINITY : to[j] - q[j];
}

static void gather_shared(const struct view *v)
{
	CHECK(v->e, "no scratch for the shared negatives");
	for (int64_t j = 0; j + 1 < v->n; j++) {
		v->q[j] = v->logq && v->negative[j] >= 0 ? v->logq[v->negative[j]] : 0;
		if (v->negative[j] >= 0)
			rows_copy(v->table + v->negative[j] * v->d, v->e + j * v->d, v->d);
		else
			memset(v->e + j * v->d, 0, (size_t)v->d * sizeof *v->e);
	}
}

void sampled_forward(struct op_io *io, sampled_row f)
{
	struct view v = view(io);
	double sum = 0;
	if (v.shared) {
		gather_shared(&v);
		blas_gemm(false, true, v.rows, v.n - 1, v.d, 1, v.h, v.d, v.e, v.d, 0, v.z + 1, v.n);
	}
	for (int64_t r = 0; r < v.rows; r++) {
		real *z = v.z + r * v.n;
		if (v.target[r] < 0) {
			memset(z, 0, (size_t)v.n * sizeof *z);
			continue;
		}
		(v.shared ? finish_shared : logits_of_row)(&v, r, z);
		sum += f(z, v.room, v.n, io->attr);
	}
	io->out.v[0] = (real)(sum * op_mean_factor(&io->in[TARGET]));
}

/* ---- gradients ---- */

static void add_to_table(struct operand *table, int32_t id, real c, const real *x, int64_t d)
{
	if (table->sparse)
		rows_axpy(c, x, rowgrad_row(table->sparse, id), d);
	else if (table->g)
		rows_axpy(c, x, table->g + id * d, d);
}

static void backward_candidate(struct op_io *io, const struct view *v, int64_t r, int32_t id, real c)
{
	if (io->in[H].g)
		rows_axpy(c, v->table + id * v->d, io->in[H].g + r * v->d, v->d);
	add_to_table(&io->in[TABLE], id, c, v->h + r * v->d, v->d);
}

static void backward_row(struct op_io *io, const struct view *v, int64_t r, real g)
{
	struct operand *table = &io->in[TABLE];
	for (int64_t j = 0; j < v->n; j++) {
		int32_t id = candidate(v, r, j), next = j + AHEAD < v->n ? candidate(v, r, j + AHEAD) : -1;
		op_prefetch_slot(table, j + 2 * AHEAD < v->n ? candidate(v, r, j + 2 * AHEAD) : -1);
		op_prefetch_grad(table, next, v->d);
		if (next >= 0)
			rows_prefetch(v->table + next * v->d, v->d);
		if (id >= 0)
			backward_candidate(io, v, r, id, g * v->z[r * v->n + j]);
	}
}

/* Derivatives of candidates that take no part are 0. */
static void backward_shared(struct op_io *io, const struct view *v, real g)
{
	struct operand *h = &io->in[H], *table = &io->in[TABLE];
	int64_t k = v->n - 1;
	gather_shared(v);
	if (h->g)
		blas_gemm(false, false, v->rows, v->d, k, g, v->z + 1, v->n, v->e, v->d, 1, h->g, v->d);
	if (op_wants(table)) {
		blas_gemm(true, false, k, v->d, v->rows, g, v->z + 1, v->n, v->h, v->d, 0, v->de, v->d);
		for (int64_t j = 0; j < k; j++)
			if (v->negative[j] >= 0)
				add_to_table(table, v->negative[j], 1, v->de + j * v->d, v->d);
	}
	for (int64_t r = 0; r < v->rows; r++)
		if (v->target[r] >= 0)
			backward_candidate(io, v, r, v->target[r], g * v->z[r * v->n]);
}

/* Derivatives of candidates that take no part are 0. */
static void backward_logq_shared(struct op_io *io, const struct view *v, real g)
{
	real *to = io->in[LOGQ].g;
	memset(v->q, 0, (size_t)(v->n - 1) * sizeof *v->q);
	for (int64_t r = 0; r < v->rows; r++) {
		rows_add(v->z + r * v->n + 1, v->q, v->n - 1);
		if (v->target[r] >= 0)
			to[v->target[r]] -= g * v->z[r * v->n];
	}
	for (int64_t j = 0; j < v->n - 1; j++)
		if (v->negative[j] >= 0)
			to[v->negative[j]] -= g * v->q[j];
}

static void backward_logq(struct op_io *io, const struct view *v, real g)
{
	op_grad_begin(&io->in[LOGQ]);
	if (v->shared && io->in[LOGQ].g) {
		backward_logq_shared(io, v, g);
		return;
	}
	for (int64_t r = 0; r < v->rows && io->in[LOGQ].g; r++)
		for (int64_t j = 0; v->target[r] >= 0 && j < v->n; j++) {
			int32_t id = candidate(v, r, j);
			if (id >= 0)
				io->in[LOGQ].g[id] -= g * v->z[r * v->n + j];
		}
}

void sampled_backward(struct op_io *io)
{
	struct view v = view(io);
	const real g = (real)(io->out.g[0] * op_mean_factor(&io->in[TARGET]));
	op_grad_begin(&io->in[H]);
	op_grad_begin(&io->in[TABLE]);
	if (has_logq(io->n_in))
		backward_logq(io, &v, g);
	if (v.shared)
		backward_shared(io, &v, g);
	else
		for (int64_t r = 0; r < v.rows; r++)
			if (v.target[r] >= 0)
				backward_row(io, &v, r, g);
}

/* ---- for losses over the negatives alone ---- */

bool sampled_activate(real *z, real *s, int64_t n, real alpha)
{
	if (alpha > 0)
		for (int64_t j = 0; j < n; j++)
			z[j] = z[j] >= 0 || z[j] == -(real)INFINITY ? z[j] : alpha * (vm_exp(z[j]) - 1);
	if (n < 2 || rows_max(z + 1, n - 1) == -(real)INFINITY) {
		memset(z, 0, (size_t)n * sizeof *z);
		return false;
	}
	rows_softmax(z + 1, s + 1, n - 1);
	return true;
}
