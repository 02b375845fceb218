/* The mean, sum or maximum over the tokens of each example: [tokens, d] -> [examples, d]; zeros where there are none.
 * The gradient of a maximum goes to the first token that attains it. */
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
	return OK;
}

/* A NaN wins. */
static void keep_larger(const real *x, real *y, int64_t d)
{
	for (int64_t j = 0; j < d; j++)
		y[j] = x[j] > y[j] || x[j] != x[j] ? x[j] : y[j];
}

static void forward(struct op_io *io)
{
	const int32_t *at = io->offsets[io->in[0].shape.axis];
	int64_t d = shape_width(&io->out.shape);
	int kind = (int)io->attr[0];
	for (int32_t s = 0; s < io->examples; s++) {
		real *y = io->out.v + s * d;
		memset(y, 0, (size_t)d * sizeof *y);
		for (int64_t t = at[s]; t < at[s + 1]; t++)
			if (kind != MAX || t == at[s])
				rows_add(io->in[0].v + t * d, y, d);
			else
				keep_larger(io->in[0].v + t * d, y, d);
		if (kind == MEAN && at[s + 1] > at[s])
			rows_scale(1 / (real)(at[s + 1] - at[s]), y, d);
	}
}

static void backward_max(struct op_io *io, const int32_t *at, int64_t d)
{
	for (int32_t s = 0; s < io->examples; s++)
		for (int64_t j = 0; j < d; j++) {
			int64_t t = at[s];
			while (t < at[s + 1] && io->in[0].v[t * d + j] != io->out.v[s * d + j])
				t++;
			if (t < at[s + 1])
				io->in[0].g[t * d + j] += io->out.g[s * d + j];
		}
}

static void backward(struct op_io *io)
{
	const int32_t *at = io->offsets[io->in[0].shape.axis];
	int64_t d = shape_width(&io->out.shape);
	if (!io->in[0].g)
		return;
	op_grad_begin(&io->in[0]);
	if (io->attr[0] == MAX) {
		backward_max(io, at, d);
		return;
	}
	for (int32_t s = 0; s < io->examples; s++)
		for (int64_t t = at[s]; t < at[s + 1]; t++)
			rows_axpy(io->attr[0] == MEAN ? 1 / (real)(at[s + 1] - at[s]) : 1, io->out.g + s * d,
				io->in[0].g + t * d, d);
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
	{0},
};

const struct op_class op_pool = {
	.desc = {.name = "pool",
		.usage = "pool(x, { over = 'mean' })",
		.help = "The mean, sum or maximum over the tokens of each example (zeros where there are none).",
		.args = args},
	.arity_min = 1,
	.arity_max = 1,
	.need_in = 1,
	.need_out = true,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
