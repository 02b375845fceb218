/* The mean, sum or maximum over the tokens of each example, [tokens, d] -> [examples, d], or over groups of them that stand
 * one after the other, as many tokens as size [groups] says, [tokens, d] -> [groups, d]; zeros where there are none.
 * The gradient of a maximum goes to the first token that attains it (aux of a maximum: which token of the group that is). */
#include "graph/op_util.h"
#include "tensor/rows.h"

enum { MEAN, SUM, MAX };

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	TRY(op_need_real("pool", s, 0, "x", e));
	if (s->shape[0].axis != AXIS_TOKEN && s->shape[0].axis != AXIS_TOKEN2)
		return err_set(e, ERR_SHAPE, "pool: x must lie on tokens, got %s",
			shape_text(&s->shape[0], text, sizeof text));
	*out = s->shape[0];
	out->axis = AXIS_EXAMPLE;
	if (s->n_in == 1)
		return OK;
	TRY(op_need_int("pool", s, 1, "the sizes", e));
	if (shape_width(&s->shape[1]) != 1 || s->shape[1].axis == AXIS_FIXED || s->shape[1].axis == s->shape[0].axis)
		return err_set(e, ERR_SHAPE, "pool: sizes must be one number per group, on another axis than x, got %s",
			shape_text(&s->shape[1], text, sizeof text));
	out->axis = s->shape[1].axis;
	return OK;
}

static size_t aux(const struct op_io *io)
{
	return io->attr[0] == MAX ? (size_t)op_numbers(&io->out) : 0;
}

/* The tokens from..to-1 of a group: of an example, or as many as its size says (and there are). */
static int64_t group_end(const struct op_io *io, int64_t group, int64_t from)
{
	int64_t rows = io->in[0].rows, size;
	if (io->n_in == 1)
		return io->offsets[io->in[0].shape.axis][group + 1];
	size = io->in[1].i[group] < 0 ? 0 : io->in[1].i[group];
	return size < rows - from ? from + size : rows;
}

static void forward_max(const struct op_io *io, int64_t group, int64_t from, int64_t to, real *y, int64_t d)
{
	int32_t *best = (int32_t *)io->aux + group * d;
	memset(best, 0, (size_t)d * sizeof *best);
	if (to > from)
		memcpy(y, io->in[0].v + from * d, (size_t)d * sizeof *y);
	for (int64_t t = from + 1; t < to; t++)
		op_keep_larger(io->in[0].v + t * d, (int32_t)(t - from), y, best, d);
}

static void forward_group(struct op_io *io, int64_t group, int64_t from, int64_t to, real *y, int64_t d)
{
	int kind = (int)io->attr[0];
	memset(y, 0, (size_t)d * sizeof *y);
	if (kind == MAX) {
		forward_max(io, group, from, to, y, d);
		return;
	}
	if (d == 1)
		*y = rows_sum(io->in[0].v + from, to - from);
	else
		rows_column_sums(io->in[0].v + from * d, to - from, d, y);
	if (kind == MEAN && to > from)
		rows_scale(1 / (real)(to - from), y, d);
}

static void forward(struct op_io *io)
{
	int64_t d = shape_width(&io->out.shape);
	for (int64_t g = 0, from = 0, to; g < io->out.rows; g++, from = to) {
		to = group_end(io, g, from);
		forward_group(io, g, from, to, io->out.v + g * d, d);
	}
}

static void backward_max(struct op_io *io, int64_t from, int64_t to, int64_t g, int64_t d)
{
	const int32_t *best = (const int32_t *)io->aux + g * d;
	for (int64_t j = 0; to > from && j < d; j++)
		io->in[0].g[(from + best[j]) * d + j] += io->out.g[g * d + j];
}

static void backward_sum(struct op_io *io, int64_t from, int64_t to, int64_t g, int64_t d)
{
	const real share = io->attr[0] == MEAN ? 1 / (real)(to - from) : 1, *slope = io->out.g + g * d;
	real *x = io->in[0].g;
	if (d == 1) {
		for (int64_t t = from; t < to; t++)
			x[t] += share * slope[0];
		return;
	}
	for (int64_t t = from; t < to; t++)
		rows_axpy(share, slope, x + t * d, d);
}

static void backward(struct op_io *io)
{
	int64_t d = shape_width(&io->out.shape);
	if (!io->in[0].g)
		return;
	op_grad_begin(&io->in[0]);
	for (int64_t g = 0, from = 0, to; g < io->out.rows; g++, from = to) {
		to = group_end(io, g, from);
		if (io->attr[0] == MAX)
			backward_max(io, from, to, g, d);
		else
			backward_sum(io, from, to, g, d);
	}
}

static const struct arg_spec args[] = {
	{"over", ARG_CHOICE, 0, 0, 0, 0, "how tokens become one vector", "mean", "mean|sum|max"},
	{0},
};

static const struct op_case cases[] = {
	{.name = "mean",
		.examples = 4,
		.lengths = {4, 1, 0, 3},
		.n_in = 1,
		.in = {CASE_REAL(AXIS_TOKEN, 1, 5)},
		.attr = {MEAN}},
	{.name = "sum",
		.examples = 4,
		.lengths = {4, 1, 0, 3},
		.n_in = 1,
		.in = {CASE_REAL(AXIS_TOKEN, 0, 0)},
		.attr = {SUM}},
	{.name = "max",
		.examples = 4,
		.lengths = {4, 1, 0, 3},
		.n_in = 1,
		.in = {CASE_REAL(AXIS_TOKEN2, 1, 5)},
		.attr = {MAX}},
	{.name = "groups", /* of one: the sizes of a case are drawn, and must not cross examples */
		.examples = 3,
		.lengths = {4, 0, 3},
		.n_in = 2,
		.in = {CASE_REAL(AXIS_TOKEN2, 1, 5),
			{.type = FIELD_INT, .shape = {AXIS_TOKEN, 0, {0}}, .lo = 1, .below = 2}},
		.attr = {MEAN}},
	{0},
};

const struct op_class op_pool = {
	.desc = {.name = "pool",
		.usage = "pool(x [, size], { over = 'mean' })",
		.help = "The mean, sum or maximum over the tokens of each example, or over groups of size[g] tokens "
			"that "
			"stand one after the other (zeros where there are none).",
		.args = args},
	.arity_min = 1,
	.arity_max = 2,
	.need_in = 2,
	.shape = shape,
	.aux = aux,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
