/* Logits of the levels of each id: h [examples, d] or [tokens, d], table [n, K d], bias [n, K], ids [tokens] -> [tokens, K]
 *   s_t^k = b_id^k + U_id^k . h          up_to = true:  s_t^k = sum_{j <= k} (b_id^j + U_id^j . h)
 *   with c_k = g_k (up_to: sum_{j >= k} g_j):  dh += sum_k c_k U_id^k,  dU_id^k += c_k h,  db_id^k += c_k
 * Only the ids that stand there are computed: a user's unrated items cost nothing.  An id of -1 gives zeros, and so does a token
 * of weight 0 (weights [tokens]?: which of them matter). */
#include "graph/gathered.h"
#include "graph/levels.h"

enum { H, TABLE, BIAS, IDS, WEIGHTS };
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
	if (s->n_in == 5) {
		TRY(op_need_real("level_logits", s, WEIGHTS, "the weights", e));
		TRY(op_need_same("level_logits", s, IDS, "ids", WEIGHTS, "the weights", e));
	}
	*out = shape_rows(ids->axis, 1, (int32_t)s->attr[LEVELS_ATTR], 0);
	return OK;
}

struct sizes {
	int64_t levels, d;
	bool up_to, per_token;
};

static struct sizes sizes_of(const struct op_io *io)
{
	int64_t k = (int64_t)io->attr[LEVELS_ATTR];
	return (struct sizes){
		k, io->in[TABLE].shape.dim[1] / k, io->attr[UP_TO] != 0, io->in[H].shape.axis != AXIS_EXAMPLE};
}

static bool by_id(const struct op_io *io, const struct sizes *z)
{
	return !z->per_token && op_gathers(io, z->d);
}

static size_t scratch(const struct op_io *io)
{
	const struct sizes z = sizes_of(io);
	return by_id(io, &z) ? op_gathering_size(io, z.d) : 0;
}

static bool matters(const struct op_io *io, int64_t t)
{
	return io->in[IDS].i[t] >= 0 && (io->n_in < 5 || io->in[WEIGHTS].v[t] != 0);
}

/* Dots with the vectors -> logits. */
static void finish(const struct op_io *io, const struct sizes *z, int64_t t)
{
	const real *bias = io->in[BIAS].v + io->in[IDS].i[t] * z->levels;
	real *s = io->out.v + t * z->levels;
	if (!z->up_to) {
		rows_add(bias, s, z->levels);
		return;
	}
	real sum = 0;
	for (int64_t k = 0; k < z->levels; k++)
		s[k] = sum += s[k] + bias[k];
}

static void dots_by_id(struct op_io *io, const struct sizes *z)
{
	struct gathering g = op_gathering(io, z->d);
	if (io->n_in == 5)
		op_gathering_keep(&g, io, io->in[WEIGHTS].v);
	ragged_pack(io->in[H].v, io->examples, z->d, g.y);
	ragged_dots(&g.r, g.row, io->examples, g.y, g.padded, io->out.v);
}

static void dots_in_order(struct op_io *io, const struct sizes *z)
{
	const int32_t *at = io->offsets[io->in[IDS].shape.axis], *id = io->in[IDS].i;
	for (int32_t e = 0; e < io->examples; e++)
		for (int64_t t = at[e]; t < at[e + 1]; t++)
			if (matters(io, t))
				rows_dots(io->in[TABLE].v + id[t] * z->levels * z->d, z->levels,
					io->in[H].v + (z->per_token ? t : e) * z->d, z->d, io->out.v + t * z->levels);
}

static void forward(struct op_io *io)
{
	const struct sizes z = sizes_of(io);
	if (by_id(io, &z) && z.levels > 1)
		dots_by_id(io, &z);
	else
		dots_in_order(io, &z);
	for (int64_t t = 0; t < io->out.rows; t++)
		if (matters(io, t))
			finish(io, &z, t);
		else
			memset(io->out.v + t * z.levels, 0, (size_t)z.levels * sizeof(real));
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

static void add_bias(struct op_io *io, const struct sizes *z, int32_t id, const real *c)
{
	real *db = grad_row(&io->in[BIAS], id, z->levels);
	for (int64_t k = 0; db && k < z->levels; k++)
		db[k] += c[k];
}

static void backward_by_id(struct op_io *io, const struct sizes *z)
{
	struct gathering g = op_gathering(io, z->d);
	for (int64_t t = 0; t < io->out.rows; t++) {
		real *c = g.c + t * z->levels;
		g.keep[t] = matters(io, t) && slopes(z, io->out.g + t * z->levels, c);
		if (g.keep[t] != 0)
			add_bias(io, z, io->in[IDS].i[t], c);
	}
	op_gathering_keep(&g, io, g.keep);
	g.r.c = g.c;
	if (io->in[H].g) {
		memset(g.dy, 0, ragged_packed_size(io->examples, z->d) * sizeof(real));
		ragged_sum(&g.r, g.row, io->examples, g.dy);
		ragged_unpack_add(g.dy, io->examples, z->d, io->in[H].g);
	}
	if (op_gathering_grads(&g, &io->in[TABLE])) {
		ragged_pack(io->in[H].v, io->examples, z->d, g.y);
		ragged_spread(&g.r, g.grad, g.fresh, io->examples, g.y);
	}
}

static void backward_token(struct op_io *io, const struct sizes *z, int64_t t, int64_t at_h)
{
	int32_t id = io->in[IDS].i[t];
	int64_t width = z->levels * z->d;
	real c[LEVELS_MAX];
	if (!matters(io, t) || !slopes(z, io->out.g + t * z->levels, c))
		return;
	const real *h = io->in[H].v + at_h * z->d, *u = io->in[TABLE].v + id * width;
	real *dh = io->in[H].g ? io->in[H].g + at_h * z->d : NULL, *du = grad_row(&io->in[TABLE], id, width);
	if (dh)
		rows_combine(c, u, z->levels, dh, z->d);
	for (int64_t k = 0; du && k < z->levels; k++)
		rows_axpy(c[k], h, du + k * z->d, z->d);
	add_bias(io, z, id, c);
}

static void backward(struct op_io *io)
{
	const struct sizes z = sizes_of(io);
	const int32_t *at = io->offsets[io->in[IDS].shape.axis];
	for (int k = H; k < IDS; k++)
		op_grad_begin(&io->in[k]);
	if (by_id(io, &z)) {
		backward_by_id(io, &z);
		return;
	}
	for (int32_t e = 0; e < io->examples; e++)
		for (int64_t t = at[e]; t < at[e + 1]; t++)
			backward_token(io, &z, t, z.per_token ? t : e);
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
	{.name = "by id",
		.examples = 4,
		.lengths = {4, 1, 0, 3},
		.n_in = 4,
		.in = {CASE_REAL(AXIS_EXAMPLE, 1, 20), CASE_REAL(AXIS_FIXED, 2, 700, 120),
			CASE_REAL(AXIS_FIXED, 2, 700, 6), CASE_ABSENT(6, AXIS_TOKEN, 0, 0)},
		.attr = {6, 1, 1, 0}},
	{.name = "by id, up_to, weights",
		.examples = 4,
		.lengths = {4, 1, 0, 3},
		.n_in = 5,
		.in = {CASE_REAL(AXIS_EXAMPLE, 1, 90), CASE_REAL(AXIS_FIXED, 2, 200, 450),
			CASE_REAL(AXIS_FIXED, 2, 200, 5), CASE_ABSENT(6, AXIS_TOKEN, 0, 0),
			CASE_FIXED_RANGE(0.5, 1, AXIS_TOKEN, 0, 0)},
		.attr = {5, 1, 1, 1}},
	{0},
};

const struct op_class op_level_logits = {
	.desc = {.name = "level_logits",
		.usage = "level_logits(h, table, bias, ids [, weights], { levels = 5, low = 1, step = 1, up_to = false "
			 "})",
		.help = "For each id the logits of its rating's levels given h, of the example or of the token; up_to "
			"sums over all lower levels. Tokens of weight 0 are left out: their logits are 0.",
		.args = args},
	.arity_min = 4,
	.arity_max = 5,
	.takes_sparse = 6,
	.need_in = 31,
	.shape = shape,
	.gathers = {true, IDS, TABLE},
	.scratch = scratch,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
