/* x where `by` is greatest over the last dimension: [.., C], [.., C] -> [..].  at_max(x, x) is the maximum; at_max(target, online) is
 * what double Q-learning asks for.  With a third input, ids [.., C], places whose id is -1 do not count (all of them: 0).
 * The first of equals is taken.   dx[argmax] += g,  no gradient to `by` */
#include "graph/op_util.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	TRY(op_need_real("at_max", s, 0, "x", e));
	TRY(op_need_real("at_max", s, 1, "by", e));
	TRY(op_need_same("at_max", s, 0, "x", 1, "by", e));
	if (s->n_in > 2) {
		TRY(op_need_int("at_max", s, 2, "ids", e));
		TRY(op_need_same("at_max", s, 0, "x", 2, "ids", e));
	}
	if (!s->shape[0].ndim)
		return err_set(e, ERR_SHAPE, "at_max: x has no last dimension");
	*out = s->shape[0];
	out->ndim--;
	return OK;
}

static int64_t place(const struct op_io *io, int64_t i, int64_t d)
{
	const real *by = io->in[1].v + i * d;
	const int32_t *id = io->n_in > 2 ? io->in[2].i + i * d : NULL;
	int64_t best = -1;
	for (int64_t j = 0; j < d; j++)
		if ((!id || id[j] >= 0) && (best < 0 || by[j] > by[best]))
			best = j;
	return best;
}

static void forward(struct op_io *io)
{
	int64_t n = op_vectors(&io->in[0]), d = shape_last(&io->in[0].shape);
	for (int64_t i = 0; i < n; i++) {
		int64_t j = place(io, i, d);
		io->out.v[i] = j < 0 ? 0 : io->in[0].v[i * d + j];
	}
}

static void backward(struct op_io *io)
{
	int64_t n = op_vectors(&io->in[0]), d = shape_last(&io->in[0].shape);
	op_grad_begin(&io->in[1]);
	if (!io->in[0].g)
		return;
	op_grad_begin(&io->in[0]);
	for (int64_t i = 0; i < n; i++) {
		int64_t j = place(io, i, d);
		if (j >= 0)
			io->in[0].g[i * d + j] += io->out.g[i];
	}
}

#define BY(...)                                                                                                        \
	{                                                                                                              \
		.type = FIELD_REAL, .shape = {__VA_ARGS__}, .lo = -1, .hi = 1, .no_grad = true                         \
	}
static const struct op_case cases[] = {
	{.name = "by_another",
		.examples = 4,
		.n_in = 2,
		.in = {CASE_REAL(AXIS_EXAMPLE, 1, 5), BY(AXIS_EXAMPLE, 1, {5})}},
	{.name = "some_absent",
		.examples = 3,
		.n_in = 3,
		.in = {CASE_REAL(AXIS_EXAMPLE, 2, 2, 4), BY(AXIS_EXAMPLE, 2, {2, 4}),
			CASE_ABSENT(3, AXIS_EXAMPLE, 2, 2, 4)}},
	{.name = "one", .examples = 2, .n_in = 2, .in = {CASE_REAL(AXIS_EXAMPLE, 1, 1), BY(AXIS_EXAMPLE, 1, {1})}},
	{0},
};

const struct op_class op_at_max = {
	.desc = {.name = "at_max",
		.usage = "at_max(x, by) or at_max(x, by, ids)",
		.help = "x where `by` is greatest over the last dimension; no gradient flows into `by`. Places whose "
			"id is -1 do "
			"not count."},
	.arity_min = 2,
	.arity_max = 3,
	.need_in = 6,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
