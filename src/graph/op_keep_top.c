/* The k greatest numbers of the last dimension stay, the others become `fill`; the first of equals counts as greater.
 * dx = g where kept, else 0 */
#include "graph/op_util.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	TRY(op_shape_like_first("keep_top", s, out, e));
	return out->ndim ? OK : err_set(e, ERR_SHAPE, "keep_top: x has no last dimension");
}

static size_t aux(const struct op_io *io)
{
	return (size_t)op_numbers(&io->in[0]);
}

/* How many numbers come before number j. */
static int64_t before(const real *x, int64_t d, int64_t j)
{
	int64_t n = 0;
	for (int64_t i = 0; i < d; i++)
		n += x[i] > x[j] || (x[i] == x[j] && i < j);
	return n;
}

static void forward(struct op_io *io)
{
	int64_t n = op_vectors(&io->in[0]), d = shape_last(&io->in[0].shape), k = (int64_t)io->attr[0];
	for (int64_t i = 0; i < n; i++)
		for (int64_t j = 0; j < d; j++) {
			const real *x = io->in[0].v + i * d;
			bool keep = before(x, d, j) < k;
			io->aux[i * d + j] = keep;
			io->out.v[i * d + j] = keep ? x[j] : (real)io->attr[1];
		}
}

static void backward(struct op_io *io)
{
	GRAD_EACH(io->in[0], op_numbers(&io->in[0]), i, io->aux[i] * io->out.g[i]);
}

static const struct arg_spec args[] = {
	{"k", ARG_INT, 1, 1, 1 << 20, ARG_REQUIRED, "how many stay", NULL, NULL},
	{"fill", ARG_REAL, 0, -1e30, 1e30, 0, "what the others become", NULL, NULL},
	{0},
};

static const struct op_case cases[] = {
	{.name = "two", .examples = 4, .n_in = 1, .in = {CASE_REAL(AXIS_EXAMPLE, 1, 5)}, .attr = {2, -3}},
	{.name = "all", .examples = 2, .n_in = 1, .in = {CASE_REAL(AXIS_EXAMPLE, 2, 2, 3)}, .attr = {5, 0}},
	{0},
};

const struct op_class op_keep_top = {
	.desc = {.name = "keep_top",
		.usage = "keep_top(x, { k, fill = 0 })",
		.help = "The k greatest numbers of the last dimension; the others become `fill`.",
		.args = args},
	.arity_min = 1,
	.arity_max = 1,
	.shape = shape,
	.aux = aux,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
