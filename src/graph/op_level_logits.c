/* Logits of the levels of each id: h [examples, d] or [tokens, d], table [n, K d], bias [n, K], ids [tokens] -> [tokens, K]
 *   s_t^k = b_id^k + U_id^k . h          up_to = true:  s_t^k = sum_{j <= k} (b_id^j + U_id^j . h)
 *   with c_k = g_k (up_to: sum_{j >= k} g_j):  dh += sum_k c_k U_id^k,  dU_id^k += c_k h,  db_id^k += c_k
 * Only the ids that stand there are computed: a user's unrated items cost nothing.  An id of -1 gives zeros. */
#include "graph/levels.h"

enum { UP_TO = LEVELS_OWN, AHEAD = 4 };

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

struct sizes {
	const int32_t *at, *id;
	int64_t levels, d, tokens;
	bool up_to, per_token;
};

static struct sizes sizes_of(const struct op_io *io)
{
	int64_t k = (int64_t)io->attr[LEVELS_ATTR];
	const int32_t *at = io->offsets[io->in[3].shape.axis];
	return (struct sizes){at, io->in[3].i, k, io->in[1].shape.dim[1] / k, at[io->examples], io->attr[UP_TO] != 0,
		io->in[0].shape.axis != AXIS_EXAMPLE};
}

static void forward_token(const struct op_io *io, const struct sizes *z, int64_t t, const real *h)
{
	real *s = io->out.v + t * z->levels;
	if (z->id[t] < 0) {
		memset(s, 0, (size_t)z->levels * sizeof *s);
		return;
	}
	const real *row = io->in[1].v + z->id[t] * z->levels * z->d, *bias = io->in[2].v + z->id[t] * z->levels;
	for (int64_t k = 0; k < z->levels; k++) {
		s[k] = bias[k] + rows_dot(row + k * z->d, h, z->d);
		if (z->up_to && k)
			s[k] += s[k - 1];
	}
}

static void forward(struct op_io *io)
{
	const struct sizes z = sizes_of(io);
	for (int32_t e = 0; e < io->examples; e++)
		for (int64_t t = z.at[e]; t < z.at[e + 1]; t++) {
			if (t + AHEAD < z.tokens && z.id[t + AHEAD] >= 0)
				rows_prefetch(io->in[1].v + z.id[t + AHEAD] * z.levels * z.d, z.levels * z.d);
			forward_token(io, &z, t, io->in[0].v + (z.per_token ? t : e) * z.d);
		}
}

/* dh += c u and du += c h in one pass; either gradient may be NULL. */
static inline void both(real c, const real *h, const real *u, real *restrict dh, real *restrict du, int64_t d)
{
	if (dh && du) {
#pragma omp simd
		for (int64_t i = 0; i < d; i++) {
			dh[i] += c * u[i];
			du[i] += c * h[i];
		}
	} else if (dh) {
		rows_axpy(c, u, dh, d);
	} else if (du) {
		rows_axpy(c, h, du, d);
	}
}

static real *grad_row(struct operand *x, int32_t id, int64_t width)
{
	return x->sparse ? rowgrad_row(x->sparse, id) : x->g ? x->g + id * width : NULL;
}

static void backward_token(struct op_io *io, const struct sizes *z, int64_t t, int64_t at_h)
{
	int64_t width = z->levels * z->d;
	const real *g = io->out.g + t * z->levels, *h = io->in[0].v + at_h * z->d;
	const real *row = io->in[1].v + z->id[t] * width;
	real *dh = io->in[0].g ? io->in[0].g + at_h * z->d : NULL;
	real *du = grad_row(&io->in[1], z->id[t], width), *db = grad_row(&io->in[2], z->id[t], z->levels);
	real above = 0;
	for (int64_t k = z->levels - 1; k >= 0; k--) {
		real c = g[k] + (z->up_to ? above : 0);
		above = c;
		both(c, h, row + k * z->d, dh, du ? du + k * z->d : NULL, z->d);
		if (db)
			db[k] += c;
	}
}

static bool all_zero(const real *g, int64_t n)
{
	bool zero = true;
	for (int64_t k = 0; k < n; k++)
		zero &= g[k] == 0;
	return zero;
}

static void backward(struct op_io *io)
{
	const struct sizes z = sizes_of(io);
	for (int k = 0; k < 3; k++)
		op_grad_begin(&io->in[k]);
	for (int32_t e = 0; e < io->examples; e++)
		for (int64_t t = z.at[e]; t < z.at[e + 1]; t++) {
			op_prefetch_slot(&io->in[1], t + 2 * AHEAD < z.tokens ? z.id[t + 2 * AHEAD] : -1);
			if (z.id[t] >= 0 && !all_zero(io->out.g + t * z.levels, z.levels))
				backward_token(io, &z, t, z.per_token ? t : e);
		}
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
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
