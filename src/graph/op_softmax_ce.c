/* Softmax cross-entropy over a whole catalogue, fused with its product:
 *   h [rows, d], table [n, d], target ids [rows], bias [n]?   logits z = h T^T + b
 *   loss = mean_r(log sum_j exp(z_rj) - z_r,target)
 *   p = softmax(z),  c = g / rows:  dh = c (p T - T[target]),  dT = c (p^T h), dT[target] -= c h,  db = c sum p, ...
 * A target of -1 leaves its row out (it still counts in the mean's denominator).
 *
 * Where h lies on examples and the targets on tokens, a row has many targets, of weight w_t each (1 by default): the
 * multinomial log-likelihood of a user's items (Liang et al. 2018, eq. 2)
 *   loss = mean_r(m_r log sum_j exp(z_rj) - sum_t w_t z_r,target(t)),  m_r = sum_t w_t the row's mass, which scales c p
 *
 * A block of rows meets the table in tiles of COLS rows, so that the logits of a tile stay in the L2 cache: product,
 * maximum, exponentials E = exp(z - max of row and tile), all in panels (tensor/panels.h).  E is kept without normalising:
 * p = f E with one factor per row and tile.  Keeping E takes a fifth off forward and backward together (d = 50, 436 rows x
 * 3,416: 6.5 against 7.9 ms of one thread); beyond KEEP_NUMBERS per slice p is computed again.
 * aux: per row log sum exp(z); f; E of the first rows. */
#include "graph/work.h"
#include "graph/op_util.h"
#include "tensor/panels.h"
#include "tensor/rows.h"

enum { KEEP_NUMBERS = 1 << 24, ROWS = 256, COLS = 128 };

/* A bias is a vector as long as the table, weights are numbers beside the targets. */
static enum err_code check_extra(const struct op_sig *s, int k, struct err *e)
{
	char text[80];
	const struct shape *x = &s->shape[k], *t = &s->shape[2];
	bool bias = x->axis == AXIS_FIXED;
	TRY(op_need_real("softmax_ce", s, k, "bias and weights", e));
	if (k == 4 && (bias || s->shape[3].axis != AXIS_FIXED))
		return err_set(e, ERR_SHAPE, "softmax_ce: after the targets come the bias, then the weights");
	if (bias && (x->ndim != 1 || x->dim[0] != s->shape[1].dim[0]))
		return err_set(e, ERR_SHAPE, "softmax_ce: the table has %d rows but the bias is %s", s->shape[1].dim[0],
			shape_text(x, text, sizeof text));
	if (!bias && (x->axis != t->axis || shape_width(x) != 1))
		return err_set(e, ERR_SHAPE, "softmax_ce: weights must be one number per target, got %s",
			shape_text(x, text, sizeof text));
	return OK;
}

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	TRY(op_need_real("softmax_ce", s, 0, "h", e));
	TRY(op_need_fixed("softmax_ce", s, 1, "the table", 2, e));
	TRY(op_need_int("softmax_ce", s, 2, "the targets", e));
	const struct shape *h = &s->shape[0], *t = &s->shape[2];
	if (h->ndim != 1 || h->dim[0] != s->shape[1].dim[1])
		return err_set(e, ERR_SHAPE, "softmax_ce: the rows of the table have %d numbers but h is %s",
			s->shape[1].dim[1], shape_text(h, text, sizeof text));
	bool many = h->axis == AXIS_EXAMPLE && t->axis > AXIS_EXAMPLE;
	if ((t->axis != h->axis && !many) || shape_width(t) != 1)
		return err_set(e, ERR_SHAPE,
			"softmax_ce: targets must be one id per row of h, or ids on tokens where h is one row per "
			"example, "
			"got %s",
			shape_text(t, text, sizeof text));
	for (int k = 3; k < s->n_in; k++)
		TRY(check_extra(s, k, e));
	op_shape_scalar(out);
	return OK;
}

struct view {
	int64_t rows, padded, n, d, tiles, kept; /* padded, kept: whole panels */
	const real *h, *table, *bias;
	const int32_t *target;
	const int32_t *at;	    /* row r's targets are at[r]..at[r + 1]; NULL: target r */
	const real *weight;	    /* NULL: 1 */
	real *lse, *factor, *e;	    /* aux; factor and e block by block: [tiles][block rows], [tiles][tile in panels] */
	real *packed, *tile, *mass; /* scratch: the block's rows of h, a tile that is not kept, [ROWS] */
};

static struct view view(const struct op_io *io)
{
	struct view v = {.rows = io->in[0].rows, .n = io->in[1].shape.dim[0], .d = io->in[1].shape.dim[1]};
	int64_t room = KEEP_NUMBERS / v.n / ROWS * ROWS;
	v.tiles = (v.n + COLS - 1) / COLS;
	v.padded = panels_rows(v.rows);
	v.kept = v.padded < room ? v.padded : room;
	v.h = io->in[0].v;
	v.table = io->in[1].v;
	v.target = io->in[2].i;
	v.at = io->in[2].shape.axis == io->in[0].shape.axis ? NULL : io->offsets[io->in[2].shape.axis];
	for (int k = 3; k < io->n_in; k++)
		*(io->in[k].shape.axis == AXIS_FIXED ? &v.bias : &v.weight) = io->in[k].v;
	v.lse = io->aux;
	if (io->aux) {
		v.factor = v.lse + v.padded;
		v.e = v.factor + v.padded * v.tiles;
	}
	v.packed = io->scratch;
	if (io->scratch) {
		v.tile = v.packed + ROWS * v.d;
		v.mass = v.tile + ROWS * COLS;
	}
	return v;
}

/* The gradient of the bias, if there is one and it is wanted. */
static real *bias_grad(const struct op_io *io)
{
	return io->n_in > 3 && io->in[3].shape.axis == AXIS_FIXED ? io->in[3].g : NULL;
}

/* The mean is over the rows of h. */
static double row_factor(const struct op_io *io)
{
	return io->in[0].total_rows > 0 ? 1 / (double)io->in[0].total_rows : 0;
}

/* Row r's targets stand at from..to. */
static void targets_of(const struct view *v, int64_t r, int64_t *from, int64_t *to)
{
	*from = v->at ? v->at[r] : r;
	*to = v->at ? v->at[r + 1] : r + 1;
}

static real weight_of(const struct view *v, int64_t t)
{
	return v->target[t] < 0 ? 0 : v->weight ? v->weight[t] : 1;
}

static real mass_of(const struct view *v, int64_t r)
{
	int64_t from, to;
	real mass = 0;
	targets_of(v, r, &from, &to);
	for (int64_t t = from; t < to; t++)
		mass += weight_of(v, t);
	return mass;
}

/* sum_t w_t z_r,target(t) */
static double targets_logit(const struct view *v, int64_t r)
{
	int64_t from, to;
	double sum = 0;
	targets_of(v, r, &from, &to);
	for (int64_t t = from; t < to; t++) {
		int32_t id = v->target[t];
		if (id < 0)
			continue;
		real z = rows_dot(v->h + r * v->d, v->table + id * v->d, v->d) + (v->bias ? v->bias[id] : 0);
		sum += (double)(weight_of(v, t) * z);
	}
	return sum;
}

static size_t aux(const struct op_io *io)
{
	struct view v = view(io);
	return (size_t)(v.padded + v.padded * v.tiles + v.kept * v.n);
}

static size_t scratch(const struct op_io *io)
{
	return (size_t)ROWS * (COLS + (size_t)io->in[1].shape.dim[1] + 1);
}

/* m rows (padded: with those that fill the last panel) from row `first` against w rows of the table from row `col`. */
struct tile {
	int64_t first, m, padded, col, w;
};

static struct tile tile_at(const struct view *v, int64_t first, int64_t t)
{
	int64_t end = first < v->kept && v->kept < v->rows ? v->kept : v->rows;
	struct tile a = {.first = first, .m = end - first, .col = t * COLS, .w = v->n - t * COLS};
	a.m = a.m < ROWS ? a.m : ROWS;
	a.padded = panels_rows(a.m);
	a.w = a.w < COLS ? a.w : COLS;
	return a;
}

static real *tile_numbers(const struct view *v, const struct tile *a)
{
	return a->first < v->kept ? v->e + a->first * v->n + a->padded * a->col : v->tile;
}

static real *tile_factors(const struct view *v, const struct tile *a)
{
	return v->factor + a->first * v->tiles + a->padded * (a->col / COLS);
}

static void logits(const struct view *v, const struct tile *a, real *z)
{
	panels_dots(v->packed, a->m, v->d, v->table + a->col * v->d, a->w, v->bias ? v->bias + a->col : NULL, z);
}

/* The lanes of a panel. */
typedef real lanes[PANEL];

/* E = exp(z - shift) over a panel of w rows; sum += E. */
static void exponentials(real *restrict z, int64_t w, const real *restrict shift, real *restrict sum)
{
	lanes s = {0}, by;
	memcpy(by, shift, sizeof by);
	for (int64_t j = 0; j < w; j++, z += PANEL)
		for (int l = 0; l < PANEL; l++) {
			z[l] = vm_exp(z[l] - by[l]);
			s[l] += z[l];
		}
	memcpy(sum, s, sizeof s);
}

/* Running maximum and sum of exp(z - maximum) of the rows of a block. */
struct running {
	real top[ROWS], total[ROWS];
};

static void forward_panel(real *z, int64_t w, real *top_of_tile, real *run_top, real *run_total)
{
	lanes top, sum;
	memcpy(top, z, sizeof top);
	for (int64_t j = 1; j < w; j++)
		for (int l = 0; l < PANEL; l++)
			top[l] = z[j * PANEL + l] > top[l] ? z[j * PANEL + l] : top[l];
	exponentials(z, w, top, sum);
	for (int l = 0; l < PANEL; l++) {
		real higher = top[l] > run_top[l] ? top[l] : run_top[l];
		run_total[l] = run_total[l] * vm_exp(run_top[l] - higher) + sum[l] * vm_exp(top[l] - higher);
		run_top[l] = higher;
		top_of_tile[l] = top[l];
	}
}

static void forward_tile(const struct view *v, const struct tile *a, struct running *run)
{
	real *z = tile_numbers(v, a), *factor = tile_factors(v, a);
	logits(v, a, z);
	for (int64_t r = 0; r < a->padded; r += PANEL)
		forward_panel(z + r * a->w, a->w, factor + r, run->top + r, run->total + r);
}

/* The summed loss of a block; factors become exp(top of tile - lse). */
static double forward_block(const struct view *v, int64_t first)
{
	struct running run;
	struct tile a = tile_at(v, first, 0);
	double sum = 0;
	for (int64_t r = 0; r < a.padded; r++) {
		run.top[r] = -(real)INFINITY;
		run.total[r] = 0;
	}
	panels_pack(v->h + first * v->d, a.m, v->d, v->packed);
	for (int64_t t = 0; t < v->tiles; t++) {
		a = tile_at(v, first, t);
		forward_tile(v, &a, &run);
	}
	for (int64_t r = 0; r < a.padded; r++)
		v->lse[first + r] = run.top[r] + vm_log(run.total[r]);
	for (int64_t r = 0; r < a.m; r++) {
		real mass = mass_of(v, first + r);
		if (mass != 0)
			sum += (double)mass * (double)v->lse[first + r] - targets_logit(v, first + r);
	}
	for (int64_t t = 0; t < v->tiles; t++) {
		a = tile_at(v, first, t);
		real *factor = tile_factors(v, &a);
		for (int64_t r = 0; r < a.padded; r++)
			factor[r] = vm_exp(factor[r] - v->lse[first + r]);
	}
	return sum;
}

static void forward(struct op_io *io)
{
	struct view v = view(io);
	double sum = 0;
	for (int64_t i = 0; i < v.rows; i += tile_at(&v, i, 0).m)
		sum += forward_block(&v, i);
	io->out.v[0] = (real)(sum * row_factor(io));
}

/* z of a panel becomes the derivative by the logits: E times c mass f, or exp(z - lse) times c mass. */
static void derivative(real *restrict z, int64_t w, const real *restrict scale)
{
	lanes s;
	memcpy(s, scale, sizeof s);
	for (int64_t j = 0; j < w; j++, z += PANEL)
		for (int l = 0; l < PANEL; l++)
			z[l] *= s[l];
}

static void derivatives(const struct view *v, const struct tile *a, real *z)
{
	const real *factor = tile_factors(v, a);
	bool kept = a->first < v->kept;
	lanes scale, sum;
	if (!kept)
		logits(v, a, z);
	for (int64_t r = 0; r < a->padded; r += PANEL) {
		if (!kept)
			exponentials(z + r * a->w, a->w, v->lse + a->first + r, sum);
		for (int l = 0; l < PANEL; l++)
			scale[l] = kept ? v->mass[r + l] * factor[r + l] : v->mass[r + l];
		derivative(z + r * a->w, a->w, scale);
	}
}

/* The part of the gradients that comes from p; c is d loss / d (loss of a row). */
static void backward_block(struct op_io *io, const struct view *v, int64_t first, real c)
{
	struct operand *h = &io->in[0], *table = &io->in[1];
	real *bias = bias_grad(io);
	struct tile a = tile_at(v, first, 0);
	for (int64_t r = 0; r < a.padded; r++)
		v->mass[r] = r < a.m ? c * mass_of(v, first + r) : 0;
	if (first >= v->kept)
		panels_pack(v->h + first * v->d, a.m, v->d, v->packed);
	for (int64_t t = 0; t < v->tiles; t++) {
		a = tile_at(v, first, t);
		real *z = tile_numbers(v, &a);
		derivatives(v, &a, z);
		if (h->g)
			panels_combine(z, a.m, a.w, v->table + a.col * v->d, v->d, h->g + first * v->d);
		if (table->g)
			panels_outer(z, a.m, a.w, v->h + first * v->d, v->d, table->g + a.col * v->d);
		if (bias)
			panels_sums(z, a.m, a.w, bias + a.col);
	}
}

/* The part that comes from the targets of row r. */
static void backward_targets(struct op_io *io, const struct view *v, int64_t r, real c)
{
	struct operand *h = &io->in[0], *table = &io->in[1];
	real *bias = bias_grad(io);
	int64_t d = v->d, from, to;
	targets_of(v, r, &from, &to);
	for (int64_t t = from; t < to; t++) {
		int32_t id = v->target[t];
		real w = -c * weight_of(v, t);
		if (id < 0)
			continue;
		if (h->g)
			rows_axpy(w, v->table + id * d, h->g + r * d, d);
		if (table->g)
			rows_axpy(w, v->h + r * d, table->g + id * d, d);
		if (bias)
			bias[id] += w;
	}
}

static void backward(struct op_io *io)
{
	struct view v = view(io);
	const real c = (real)(io->out.g[0] * row_factor(io));
	for (int k = 0; k < io->n_in; k++)
		if (k != 2)
			op_grad_begin(&io->in[k]);
	for (int64_t i = 0; i < v.rows; i += tile_at(&v, i, 0).m)
		backward_block(io, &v, i, c);
	for (int64_t r = 0; r < v.rows; r++)
		backward_targets(io, &v, r, c);
}

static struct op_work work(const struct op_io *io, bool backward)
{
	return work_product(io, backward, 2. * (double)op_numbers(&io->in[0]) * io->in[1].shape.dim[0]);
}

static const struct op_case cases[] = {
	{.name = "tokens",
		.examples = 3,
		.lengths = {4, 0, 3},
		.n_in = 3,
		.in = {CASE_RANGE(-2, 2, AXIS_TOKEN, 1, 5), CASE_RANGE(-2, 2, AXIS_FIXED, 2, 19, 5),
			CASE_INT(19, AXIS_TOKEN, 0, 0)}},
	{.name = "bias",
		.examples = 4,
		.n_in = 4,
		.in = {CASE_RANGE(-2, 2, AXIS_EXAMPLE, 1, 3), CASE_RANGE(-2, 2, AXIS_FIXED, 2, 7, 3),
			CASE_ABSENT(7, AXIS_EXAMPLE, 0, 0), CASE_REAL(AXIS_FIXED, 1, 7)}},
	{.name = "many",
		.examples = 4,
		.lengths = {4, 1, 0, 3},
		.n_in = 4,
		.in = {CASE_RANGE(-2, 2, AXIS_EXAMPLE, 1, 3), CASE_RANGE(-2, 2, AXIS_FIXED, 2, 7, 3),
			CASE_ABSENT(7, AXIS_TOKEN, 0, 0), CASE_REAL(AXIS_FIXED, 1, 7)}},
	{.name = "weighted",
		.examples = 3,
		.lengths = {2, 5, 1},
		.n_in = 5,
		.in = {CASE_RANGE(-2, 2, AXIS_EXAMPLE, 1, 3), CASE_RANGE(-2, 2, AXIS_FIXED, 2, 7, 3),
			CASE_INT(7, AXIS_TOKEN2, 0, 0), CASE_REAL(AXIS_FIXED, 1, 7),
			CASE_FIXED_RANGE(.1, 2, AXIS_TOKEN2, 0, 0)}},
	{0},
};

const struct op_class op_softmax_ce = {
	.desc = {.name = "softmax_ce",
		.usage = "softmax_ce(h, table, targets [, bias] [, weights])",
		.help = "Mean over the rows of h of the cross-entropy of the softmax over all rows of the table: "
			"logits h "
			"table^T + bias, fused. Targets are one id per row of h, or the tokens of each example (then "
			"summed, with "
			"optional weights, which get no gradient: the multinomial log-likelihood of Mult-VAE). A "
			"target of -1 is "
			"left out."},
	.arity_min = 3,
	.arity_max = 5,
	.flags = OP_REDUCES,
	.need_in = 31,
	.shape = shape,
	.aux = aux,
	.scratch = scratch,
	.work = work,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
