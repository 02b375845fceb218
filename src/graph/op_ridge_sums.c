/* What op ridge needs of new observations: x [rows, K, d] (or [rows, d]), r [rows, K], groups [rows, K] -> [G, d (d + 1)]:
 * for each group the sum of x x^T, then of r x.  An absent group (-1) is left out; without groups all belong to
 * the first.  No gradient. */
#include "graph/op_util.h"
#include "tensor/rows.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char tx[80], tr[80], tg[80];
	TRY(op_need_real("ridge_sums", s, 0, "x", e));
	TRY(op_need_real("ridge_sums", s, 1, "r", e));
	if (s->n_in > 2)
		TRY(op_need_int("ridge_sums", s, 2, "groups", e));
	const struct shape *x = &s->shape[0], *r = &s->shape[1], *g = &s->shape[s->n_in > 2 ? 2 : 1];
	if (x->ndim < 1 || x->ndim != g->ndim + 1 || !shape_same(r, g) || x->axis != g->axis ||
		(g->ndim && g->dim[0] != x->dim[0]))
		return err_set(e, ERR_SHAPE,
			"ridge_sums: x is %s, r %s, groups %s; give [rows, K, d], [rows, K] and [rows, K]",
			shape_text(x, tx, sizeof tx), shape_text(r, tr, sizeof tr), shape_text(g, tg, sizeof tg));
	int32_t d = shape_last(x);
	*out = shape_fixed(2, (int32_t)s->attr[0], d * (d + 1), 0);
	return OK;
}

static void forward(struct op_io *io)
{
	int64_t d = shape_last(&io->in[0].shape), n = op_numbers(&io->in[1]);
	memset(io->out.v, 0, (size_t)shape_width(&io->out.shape) * sizeof *io->out.v);
	for (int64_t i = 0; i < n; i++) {
		int32_t g = io->n_in > 2 ? io->in[2].i[i] : 0;
		const real *x = io->in[0].v + i * d;
		if (g < 0 || g >= io->out.shape.dim[0])
			continue;
		real *to = io->out.v + (int64_t)g * d * (d + 1);
		for (int64_t j = 0; j < d; j++)
			rows_axpy(x[j], x, to + j * d, d);
		rows_axpy(io->in[1].v[i], x, to + d * d, d);
	}
}

static const struct arg_spec args[] = {
	{"groups", ARG_INT, 1, 1, 1 << 24, ARG_REQUIRED, "regressions", NULL, NULL},
	{0},
};

const struct op_class op_ridge_sums = {
	.desc = {.name = "ridge_sums",
		.usage = "ridge_sums(x, r, groups, { groups = G })",
		.help = "Sums of x x^T and r x by group: what op ridge reads, of new observations.",
		.args = args},
	.arity_min = 2,
	.arity_max = 3,
	.flags = OP_NOGRAD | OP_REDUCES,
	.shape = shape,
	.forward = forward,
};
