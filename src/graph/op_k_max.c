/* k-max pooling (Kalchbrenner et al. 2014): of each number of the tokens the k largest, in the order of the tokens:
 * [tokens, d] -> [examples, k, d]; zeros behind where an example has fewer.  Of equal ones the earlier count first.
 * aux: the token of each number, -1: none. */
#include "graph/op_util.h"

enum { K_MOST = 64 };

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	TRY(op_need_real("k_max", s, 0, "x", e));
	const struct shape *x = &s->shape[0];
	if (x->axis <= AXIS_EXAMPLE || x->ndim > 1)
		return err_set(e, ERR_SHAPE, "k_max: x must be numbers or vectors on tokens, got %s",
			shape_text(x, text, sizeof text));
	*out = shape_rows(AXIS_EXAMPLE, 2, (int32_t)s->attr[0], shape_last(x));
	return OK;
}

static size_t aux(const struct op_io *io)
{
	return (size_t)op_numbers(&io->out);
}

/* A NaN is above everything, so that it is not lost. */
static bool above(real a, real b)
{
	return a > b || (a != a && b == b);
}

/* The places of the k largest among x[0], x[d], .. (n of them), ascending; returns how many there are. */
static int choose(const real *x, int64_t d, int32_t n, int k, int32_t *place)
{
	int have = 0;
	for (int32_t t = 0; t < n; t++) {
		int least = 0;
		for (int i = 1; i < have; i++)
			if (!above(x[place[i] * d], x[place[least] * d]))
				least = i;
		if (have == k && !above(x[t * d], x[place[least] * d]))
			continue;
		if (have == k)
			memmove(place + least, place + least + 1, (size_t)(--have - least) * sizeof *place);
		place[have++] = t;
	}
	return have;
}

static void forward(struct op_io *io)
{
	const int32_t *at = io->offsets[io->in[0].shape.axis];
	int64_t d = io->out.shape.dim[1];
	int k = (int)io->attr[0];
	int32_t place[K_MOST], *aux_row = (int32_t *)io->aux;
	real *y = io->out.v;
	for (int32_t s = 0; s < io->examples; s++, y += k * d, aux_row += k * d)
		for (int64_t j = 0; j < d; j++) {
			const real *x = io->in[0].v + at[s] * d + j;
			int n = choose(x, d, at[s + 1] - at[s], k, place);
			for (int i = 0; i < k; i++) {
				aux_row[i * d + j] = i < n ? place[i] : -1;
				y[i * d + j] = i < n ? x[place[i] * d] : 0;
			}
		}
}

static void backward(struct op_io *io)
{
	const int32_t *at = io->offsets[io->in[0].shape.axis], *place = (const int32_t *)io->aux;
	int64_t d = io->out.shape.dim[1], numbers = shape_width(&io->out.shape);
	if (!io->in[0].g)
		return;
	op_grad_begin(&io->in[0]);
	for (int32_t s = 0; s < io->examples; s++, place += numbers)
		for (int64_t i = 0; i < numbers; i++)
			if (place[i] >= 0)
				io->in[0].g[(at[s] + place[i]) * d + i % d] += io->out.g[s * numbers + i];
}

static const struct arg_spec args[] = {
	{"k", ARG_INT, 1, 1, K_MOST, ARG_REQUIRED, "how many of the largest are kept", NULL, NULL},
	{0},
};

static const struct op_case cases[] = {
	{.name = "three",
		.examples = 4,
		.lengths = {6, 1, 0, 3},
		.n_in = 1,
		.in = {CASE_REAL(AXIS_TOKEN, 1, 5)},
		.attr = {3}},
	{.name = "column",
		.examples = 2,
		.lengths = {4, 1},
		.n_in = 1,
		.in = {CASE_REAL(AXIS_TOKEN2, 0, 0)},
		.attr = {2}},
	{.name = "one",
		.examples = 3,
		.lengths = {4, 0, 1},
		.n_in = 1,
		.in = {CASE_REAL(AXIS_TOKEN, 1, 3)},
		.attr = {1}},
	{0},
};

const struct op_class op_k_max = {
	.desc = {.name = "k_max",
		.usage = "k_max(x, { k })",
		.help = "[tokens, d] -> [examples, k, d]: the k largest of each number in the order of the tokens, "
			"zeros where "
			"there are fewer (Kalchbrenner et al. 2014).",
		.args = args},
	.arity_min = 1,
	.arity_max = 1,
	.shape = shape,
	.aux = aux,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
