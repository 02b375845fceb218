/* Keeps the k largest numbers of each row and sets the others to zero (Makhzani and Frey 2014, k-sparse autoencoders); among
 * equals the first are kept.  The gradient passes where the number was kept.   scratch: a copy of one row */
#include "graph/op_util.h"
#include "tensor/rows.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	TRY(op_need_real("k_sparse", s, 0, "x", e));
	if (s->shape[0].ndim < 1)
		return err_set(e, ERR_SHAPE, "k_sparse: x has no last dimension: %s",
			shape_text(&s->shape[0], text, sizeof text));
	return op_shape_like_first("k_sparse", s, out, e);
}

static size_t scratch(const struct op_io *io)
{
	return (size_t)shape_last(&io->in[0].shape);
}

/* The k-th largest of x[n] (k in 1..n); x is put out of order (Hoare's selection). */
static real kth_largest(real *x, int64_t n, int64_t k)
{
	int64_t low = 0, high = n - 1;
	while (low < high) {
		real pivot = x[low + (high - low) / 2];
		int64_t i = low, j = high;
		while (i <= j) {
			while (x[i] > pivot)
				i++;
			while (x[j] < pivot)
				j--;
			if (i <= j) {
				real t = x[i];
				x[i++] = x[j];
				x[j--] = t;
			}
		}
		if (k - 1 <= j)
			high = j;
		else if (k - 1 >= i)
			low = i;
		else
			break;
	}
	return x[k - 1];
}

/* What is kept of a row: all above `bar`, and the first `ties` of those that equal it. */
struct cut {
	real bar;
	int64_t ties;
};

static struct cut cut_of(const struct op_io *io, const real *x, int64_t n)
{
	int64_t k = (int64_t)io->attr[0];
	struct cut c = {-(real)INFINITY, n};
	if (k >= n)
		return c;
	rows_copy(x, io->scratch, n);
	c.bar = kth_largest(io->scratch, n, k);
	c.ties = k;
	for (int64_t j = 0; j < n; j++)
		c.ties -= x[j] > c.bar;
	return c;
}

static bool kept(struct cut *c, real x)
{
	return x > c->bar || (x == c->bar && c->ties-- > 0);
}

static void forward(struct op_io *io)
{
	int64_t rows = op_vectors(&io->in[0]), n = shape_last(&io->in[0].shape);
	for (int64_t r = 0; r < rows; r++) {
		const real *x = io->in[0].v + r * n;
		real *y = io->out.v + r * n;
		struct cut c = cut_of(io, x, n);
		for (int64_t j = 0; j < n; j++)
			y[j] = kept(&c, x[j]) || x[j] != x[j] ? x[j] : 0;
	}
}

static void backward(struct op_io *io)
{
	int64_t rows = op_vectors(&io->in[0]), n = shape_last(&io->in[0].shape);
	op_grad_begin(&io->in[0]);
	for (int64_t r = 0; io->in[0].g && r < rows; r++) {
		const real *x = io->in[0].v + r * n, *g = io->out.g + r * n;
		struct cut c = cut_of(io, x, n);
		for (int64_t j = 0; j < n; j++)
			io->in[0].g[r * n + j] += kept(&c, x[j]) ? g[j] : 0;
	}
}

static const struct arg_spec args[] = {
	{"k", ARG_INT, 0, 1, 1 << 30, ARG_REQUIRED | ARG_LIVE, "numbers kept per row", NULL, NULL},
	{0},
};

static const struct op_case cases[] = {
	{.name = "examples", .examples = 4, .n_in = 1, .in = {CASE_REAL(AXIS_EXAMPLE, 1, 7)}, .attr = {3}},
	{.name = "one", .examples = 2, .n_in = 1, .in = {CASE_REAL(AXIS_EXAMPLE, 2, 3, 5)}, .attr = {1}},
	{.name = "all", .examples = 2, .n_in = 1, .in = {CASE_REAL(AXIS_EXAMPLE, 1, 3)}, .attr = {9}},
	{0},
};

const struct op_class op_k_sparse = {
	.desc = {.name = "k_sparse",
		.usage = "k_sparse(x, { k })",
		.help = "Keeps the k largest numbers of each row, the others become zero (Makhzani and Frey 2014).",
		.args = args},
	.arity_min = 1,
	.arity_max = 1,
	.need_in = 1,
	.shape = shape,
	.scratch = scratch,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
