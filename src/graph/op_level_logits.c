/* Logits of the levels of each id: h [examples, d] or [tokens, d], table [n, K d], bias [n, K], ids [tokens] -> [tokens, K]
 *   s_t^k = b_id^k + U_id^k . h          up_to = true:  s_t^k = sum_{j <= k} (b_id^j + U_id^j . h)
 *   with c_k = g_k (up_to: sum_{j >= k} g_j):  dh += sum_k c_k U_id^k,  dU_id^k += c_k h,  db_id^k += c_k
 * Only the ids that stand there are computed: a user's unrated items cost nothing.  An id of -1 gives zeros. */
#include "graph/levels.h"

enum { UP_TO = LEVELS_OWN };

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	const struct shape *h = &s->shape[0], *ids = &s->shape[3];
	TRY(op_need_real("level_logits", s, 0, "h", e));
	TRY(levels_need_table("level_logits", s, 1, "the table", e));
	TRY(levels_need_table("level_logits", s, 2, "the bias", e));
	TRY(op_need_int("level_logits", s, 3, "ids", e));
	if (levels_dim(&s->shape[2], s->attr) != 1 || s->shape[2].dim[0] != s->shape[1].dim[0])
		return err_set(e, ERR_SHAPE, "level_logits: the bias must be [%d, %d], got %s", s->shape[1].dim[0],
			(int)s->attr[LEVELS_ATTR], shape_text(&s->shape[2], text, sizeof text));
	if ((ids->axis != AXIS_TOKEN && ids->axis != AXIS_TOKEN2) || shape_width(ids) != 1)
		return err_set(e, ERR_SHAPE, "level_logits: ids must be a plain column on tokens, got %s",
			shape_text(ids, text, sizeof text));
	if (shape_width(h) != levels_dim(&s->shape[1], s->attr) || (h->axis != AXIS_EXAMPLE && h->axis != ids->axis))
		return err_set(e, ERR_SHAPE, "level_logits: h must be %d numbers per example or token, got %s",
			levels_dim(&s->shape[1], s->attr), shape_text(h, text, sizeof text));
	*out = shape_rows(ids->axis, 1, (int32_t)s->attr[LEVELS_ATTR], 0);
	return OK;
}

static size_t scratch(const struct op_io *io)
{
	return levels_visit_size(io, 1, 3);
}

struct sizes {
	int64_t levels, d;
	bool up_to, per_token;
};

static struct sizes sizes_of(const struct op_io *io)
{
	int64_t k = (int64_t)io->attr[LEVELS_ATTR];
	return (struct sizes){
		k, io->in[1].shape.dim[1] / k, io->attr[UP_TO] != 0, io->in[0].shape.axis != AXIS_EXAMPLE};
}

static void forward_token(const struct op_io *io, const struct sizes *z, int64_t t, const real *h)
{
	int32_t id = io->in[3].i[t];
	const real *bias = io->in[2].v + id * z->levels;
	real *s = io->out.v + t * z->levels;
	rows_dots(io->in[1].v + id * z->levels * z->d, z->levels, h, z->d, s);
	for (int64_t k = 0; k < z->levels; k++)
		s[k] += bias[k] + (z->up_to && k ? s[k - 1] : 0);
}

static void forward(struct op_io *io)
{
	const struct sizes z = sizes_of(io);
	const struct visit all = levels_visit(io, 1, 3, io->scratch);
	if (all.n < io->out.rows)
		memset(io->out.v, 0, (size_t)op_numbers(&io->out) * sizeof(real));
	for (int64_t k = 0; k < all.n; k++)
		forward_token(io, &z, all.token[k], io->in[0].v + (z.per_token ? all.token[k] : all.example[k]) * z.d);
}

static real *grad_row(struct operand *x, int32_t id, int64_t width)
{
	return x->sparse ? rowgrad_row(x->sparse, id) : x->g ? x->g + id * width : NULL;
}

/* c_k = g_k, or the sum of those from k on; false: all are 0. */
static bool slopes(const struct sizes *z, const real *g, real *c)
{
	bool any = false;
	for (int64_t k = z->levels - 1; k >= 0; k--) {
		c[k] = g[k] + (z->up_to && k + 1 < z->levels ? c[k + 1] : 0);
		any |= g[k] != 0;
	}
	return any;
}

static void backward_token(struct op_io *io, const struct sizes *z, int64_t t, int64_t at_h)
{
	int32_t id = io->in[3].i[t];
	int64_t width = z->levels * z->d;
	real c[LEVELS_MAX];
	if (!slopes(z, io->out.g + t * z->levels, c))
		return;
	const real *h = io->in[0].v + at_h * z->d, *u = io->in[1].v + id * width;
	real *dh = io->in[0].g ? io->in[0].g + at_h * z->d : NULL;
	real *du = grad_row(&io->in[1], id, width), *db = grad_row(&io->in[2], id, z->levels);
	if (dh)
		rows_combine(c, u, z->levels, dh, z->d);
	for (int64_t k = 0; du && k < z->levels; k++)
		rows_axpy(c[k], h, du + k * z->d, z->d);
	for (int64_t k = 0; db && k < z->levels; k++)
		db[k] += c[k];
}

static void backward(struct op_io *io)
{
	const struct sizes z = sizes_of(io);
	const struct visit all = levels_visit(io, 1, 3, io->scratch);
	for (int k = 0; k < 3; k++)
		op_grad_begin(&io->in[k]);
	for (int64_t k = 0; k < all.n; k++)
		backward_token(io, &z, all.token[k], z.per_token ? all.token[k] : all.example[k]);
}

static const struct arg_spec args[] = {LEVELS_ARGS, LEVELS_UP_TO, {0}};

static const struct op_case cases[] = {
	{.name = "examples",
		.examples = 4,
		.lengths = {4, 1, 0, 3},
		.n_in = 4,
		.in = {CASE_REAL(AXIS_EXAMPLE, 1, 5), CASE_REAL(AXIS_FIXED, 2, 6, 15), CASE_REAL(AXIS_FIXED, 2, 6, 3),
			CASE_ABSENT(6, AXIS_TOKEN, 0, 0)},
		.attr = {3, 1, 1, 0}},
	{.name = "tokens up_to",
		.examples = 4,
		.lengths = {4, 1, 0, 3},
		.n_in = 4,
		.in = {CASE_REAL(AXIS_TOKEN, 1, 3), CASE_REAL(AXIS_FIXED, 2, 6, 15), CASE_REAL(AXIS_FIXED, 2, 6, 5),
			CASE_ABSENT(6, AXIS_TOKEN, 0, 0)},
		.attr = {5, 1, 1, 1}},
	{.name = "targets",
		.examples = 3,
		.lengths = {2, 0, 3},
		.n_in = 4,
		.in = {CASE_REAL(AXIS_EXAMPLE, 1, 1), CASE_REAL(AXIS_FIXED, 2, 4, 2), CASE_REAL(AXIS_FIXED, 2, 4, 2),
			CASE_INT(4, AXIS_TOKEN2, 0, 0)},
		.attr = {2, 0, 1, 0}},
	{0},
};

const struct op_class op_level_logits = {
	.desc = {.name = "level_logits",
		.usage = "level_logits(h, table, bias, ids, { levels = 5, low = 1, step = 1, up_to = false })",
		.help = "For each id the logits of its rating's levels given h, of the example or of the token; up_to "
			"sums "
			"over all lower levels.",
		.args = args},
	.arity_min = 4,
	.arity_max = 4,
	.takes_sparse = 6,
	.need_in = 15,
	.shape = shape,
	.scratch = scratch,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
