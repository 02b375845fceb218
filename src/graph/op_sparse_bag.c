/* What the rows of a sparse matrix add up to, by example: start [rows + 1], column [n], value [n], ids, weights? -> [examples, width]
 *   y_e[column_p] += w_t value_p    for each id_t of e and the places p of its row, start[id_t] <= p < start[id_t + 1]
 *   dvalue_p += w_t g_e[column_p],  dw_t = sum_p value_p g_e[column_p]
 * The matrix stands in three constants (numbers up to 2^24 are exact); places and columns outside of it count as absent, as
 * an id of -1 does.  A column that nobody votes for gets 0 or, silent = "never", minus infinity: it is not recommended. */
#include "graph/op_util.h"

#include <math.h>

enum { WIDTH, SILENT, LAST };

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	static const char *const what[] = {"the starts", "the columns", "the values"};
	for (int k = 0; k < 3; k++) {
		TRY(op_need_fixed("sparse_bag", s, k, what[k], 1, e));
		TRY(op_need_real("sparse_bag", s, k, what[k], e));
	}
	if (s->shape[1].dim[0] != s->shape[2].dim[0])
		return err_set(e, ERR_SHAPE, "sparse_bag: there are %d columns but %d values", s->shape[1].dim[0],
			s->shape[2].dim[0]);
	TRY(op_need_int("sparse_bag", s, 3, "ids", e));
	if (s->shape[3].axis == AXIS_FIXED || shape_width(&s->shape[3]) != 1)
		return err_set(e, ERR_SHAPE, "sparse_bag: ids must be a plain column of the batch, got %s",
			shape_text(&s->shape[3], text, sizeof text));
	if (s->n_in == 5) {
		TRY(op_need_real("sparse_bag", s, 4, "the weights", e));
		TRY(op_need_same("sparse_bag", s, 3, "ids", 4, "the weights", e));
	}
	*out = shape_rows(AXIS_EXAMPLE, 1, (int32_t)s->attr[WIDTH], 0);
	return OK;
}

/* The ids of example s that count are from..to. */
static void tokens(const struct op_io *io, int32_t s, int64_t *from, int64_t *to)
{
	enum axis a = io->in[3].shape.axis;
	*from = a == AXIS_EXAMPLE ? s : io->offsets[a][s];
	*to = a == AXIS_EXAMPLE ? s + 1 : io->offsets[a][s + 1];
	int64_t last = (int64_t)io->attr[LAST];
	if (last > 0 && *to - *from > last)
		*from = *to - last;
}

/* The places of the row of `id`; none where they lie outside of the matrix. */
static int64_t places(const struct op_io *io, int32_t id, int64_t *from)
{
	const real *start = io->in[0].v;
	double n = io->in[1].shape.dim[0];
	*from = 0;
	if (id < 0 || id + 1 >= io->in[0].shape.dim[0] || !(start[id] >= 0 && (double)start[id + 1] <= n))
		return 0;
	*from = (int64_t)start[id];
	return (int64_t)start[id + 1];
}

static bool column_at(const struct op_io *io, int64_t p, int64_t width, int64_t *column)
{
	real c = io->in[1].v[p];
	bool inside = c >= 0 && (double)c < (double)width;
	*column = inside ? (int64_t)c : 0;
	return inside;
}

static void vote(const struct op_io *io, int32_t id, real weight, int64_t width, real *y)
{
	int64_t p, column, to = places(io, id, &p);
	for (; p < to; p++)
		if (column_at(io, p, width, &column))
			y[column] = isinf(y[column]) ? weight * io->in[2].v[p] : y[column] + weight * io->in[2].v[p];
}

static void forward(struct op_io *io)
{
	int64_t width = shape_width(&io->out.shape), from, to;
	const real *weight = io->n_in == 5 ? io->in[4].v : NULL;
	real silent = io->attr[SILENT] == 0 ? 0 : -(real)INFINITY;
	for (int32_t s = 0; s < io->examples; s++) {
		real *y = io->out.v + s * width;
		for (int64_t i = 0; i < width; i++)
			y[i] = silent;
		tokens(io, s, &from, &to);
		for (int64_t t = from; t < to; t++)
			vote(io, io->in[3].i[t], weight ? weight[t] : 1, width, y);
	}
}

/* One id's share of the gradients. */
static real vote_backward(struct op_io *io, int32_t id, real weight, int64_t width, const real *g)
{
	int64_t p, column, to = places(io, id, &p);
	real sum = 0;
	for (; p < to; p++) {
		if (!column_at(io, p, width, &column))
			continue;
		if (io->in[2].g)
			io->in[2].g[p] += weight * g[column];
		sum += io->in[2].v[p] * g[column];
	}
	return sum;
}

static void backward(struct op_io *io)
{
	int64_t width = shape_width(&io->out.shape), from, to;
	bool weighted = io->n_in == 5;
	for (int k = 0; k < io->n_in; k++)
		if (k != 3)
			op_grad_begin(&io->in[k]);
	for (int32_t s = 0; s < io->examples; s++) {
		tokens(io, s, &from, &to);
		for (int64_t t = from; t < to; t++) {
			real w = weighted ? io->in[4].v[t] : 1;
			real dw = vote_backward(io, io->in[3].i[t], w, width, io->out.g + s * width);
			if (weighted && io->in[4].g)
				io->in[4].g[t] += dw;
		}
	}
}

static const struct arg_spec args[] = {
	{"width", ARG_INT, 0, 1, 2147483647, ARG_REQUIRED, "columns of the matrix"},
	{"silent", ARG_CHOICE, 0, 0, 0, 0, "the score of what nobody votes for; never: minus infinity", "zero",
		"zero|never"},
	{"last", ARG_INT, 0, 0, 2147483647, 0, "only so many ids at the end of each example count; 0: all", NULL, NULL},
	{0},
};

#define MATRIX                                                                                                         \
	CASE_FIXED_RANGE(0, 12, AXIS_FIXED, 1, 7), CASE_FIXED_RANGE(-1, 5, AXIS_FIXED, 1, 12),                         \
		CASE_REAL(AXIS_FIXED, 1, 12)
static const struct op_case cases[] = {
	{.name = "sum",
		.examples = 4,
		.lengths = {4, 1, 0, 3},
		.n_in = 4,
		.in = {MATRIX, CASE_ABSENT(6, AXIS_TOKEN, 0, 0)},
		.attr = {5}},
	{.name = "weighted",
		.examples = 3,
		.lengths = {4, 1, 6},
		.n_in = 5,
		.in = {MATRIX, CASE_ABSENT(6, AXIS_TOKEN2, 0, 0), CASE_REAL(AXIS_TOKEN2, 0, 0)},
		.attr = {5, 0, 2}},
	{.name = "one id", .examples = 5, .n_in = 4, .in = {MATRIX, CASE_INT(6, AXIS_EXAMPLE, 0, 0)}, .attr = {4}},
	{0},
};

const struct op_class op_sparse_bag = {
	.desc = {.name = "sparse_bag",
		.usage = "sparse_bag(start, column, value, ids [, weights], { width, silent = 'zero', last = 0 })",
		.help = "The sum of the rows of a sparse matrix of each example's ids, optionally weighted: votes of "
			"neighbours.",
		.args = args},
	.arity_min = 4,
	.arity_max = 5,
	.need_in = 31,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
