/* What each rating costs under logits of its levels: s [tokens, K], ratings [tokens] -> [tokens]
 *   nll      -log p(k) = log sum_j exp(s_j) - s_k                                     (k: level of the rating)
 *   ordinal  sum_{j <= k} (L_j - s_j) + sum_{j >= k} (R_j - s_j),   L_j = log sum_{i <= j} exp(s_i), R_j = log sum_{i >= j} exp(s_i)
 *            the ranking k > k-1 > ... > 1 and k > k+1 > ... > K under two chains of partial softmaxes
 *            (Zheng et al. 2016, eq. 14)
 *   cost = (1 - a) nll + a ordinal,  a = `ordinal`
 *   ds_i = (1 - a) (p_i - [i = k]) + a (sum_{i <= j <= k} exp(s_i - L_j) - [i <= k] + sum_{k <= j <= i} exp(s_i - R_j) - [i >= k]) */
#include "graph/levels.h"

enum { ORDINAL = LEVELS_OWN };

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	TRY(op_need_real("level_cost", s, 0, "the logits", e));
	TRY(op_need_real("level_cost", s, 1, "the ratings", e));
	if (s->shape[0].ndim != 1 || s->shape[0].dim[0] != (int32_t)s->attr[LEVELS_ATTR])
		return err_set(e, ERR_SHAPE, "level_cost: the logits must be %d per rating, got %s",
			(int)s->attr[LEVELS_ATTR], shape_text(&s->shape[0], text, sizeof text));
	if (s->shape[1].axis != s->shape[0].axis || s->shape[1].ndim != 0)
		return err_set(e, ERR_SHAPE, "level_cost: there must be one rating per row of logits, got %s",
			shape_text(&s->shape[1], text, sizeof text));
	*out = s->shape[1];
	return OK;
}

struct block {
	lanes s[LEVELS_MAX], level;
	lanes left[LEVELS_MAX], right[LEVELS_MAX]; /* L and R of the head of the file */
};

#define EACH_LANE(b_) for (int b_ = 0; b_ < LANES; b_++)

/* The ratings from t on; the lanes behind the last repeat it. */
static void block_load(const struct op_io *io, const struct levels *l, int64_t t, struct block *k)
{
	EACH_LANE(b)
	{
		int64_t at = t + b < io->out.rows ? t + b : io->out.rows - 1;
		k->level[b] = (real)level_at(l, io->in[1].v[at]);
	}
	levels_load(io->in[0].v, io->out.rows, t, l->n, k->s);
}

static inline void log_add(const real *restrict a, const real *restrict x, real *restrict y)
{
#pragma omp simd
	EACH_LANE(b)
	{
		real hi = a[b] > x[b] ? a[b] : x[b], lo = a[b] > x[b] ? x[b] : a[b];
		y[b] = hi + vm_log1p_unit(vm_exp(lo - hi));
	}
}

static void block_log_sums(struct block *k, int32_t n)
{
	memcpy(k->left[0], k->s[0], sizeof(lanes));
	memcpy(k->right[n - 1], k->s[n - 1], sizeof(lanes));
	for (int32_t j = 1; j < n; j++) {
		log_add(k->left[j - 1], k->s[j], k->left[j]);
		log_add(k->right[n - j], k->s[n - 1 - j], k->right[n - 1 - j]);
	}
}

static void block_cost(const struct block *k, int32_t n, real a, real *restrict cost)
{
	EACH_LANE(b) cost[b] = (1 - a) * k->left[n - 1][b];
	for (int32_t j = 0; j < n; j++)
		EACH_LANE(b)
		{
			real at = (real)j, level = k->level[b];
			cost[b] -= at == level ? (1 - a) * k->s[j][b] : 0;
			if (a == 0)
				continue;
			cost[b] += at <= level ? a * (k->left[j][b] - k->s[j][b]) : 0;
			cost[b] += at >= level ? a * (k->right[j][b] - k->s[j][b]) : 0;
		}
}

/* Of each lane the largest s_j, exp(s_j - that), and their sum: all that nll needs. */
static void block_exp(const struct block *k, int32_t n, lanes *p, real *restrict top, real *restrict sum)
{
	memcpy(top, k->s[0], sizeof(lanes));
	memset(sum, 0, sizeof(lanes));
	for (int32_t j = 1; j < n; j++)
		EACH_LANE(b) top[b] = k->s[j][b] > top[b] ? k->s[j][b] : top[b];
	for (int32_t j = 0; j < n; j++)
#pragma omp simd
		EACH_LANE(b) sum[b] += p[j][b] = vm_exp(k->s[j][b] - top[b]);
}

/* (A function of its own: where the level counts in the loop around, gcc 12 vectorises the choice wrongly.) */
static __attribute__((noinline)) void subtract_chosen(
	const real *restrict s, const real *restrict level, real at, real *restrict cost)
{
#pragma omp simd
	EACH_LANE(b) cost[b] -= at == level[b] ? s[b] : 0;
}

static void block_nll(const struct block *k, int32_t n, real *restrict cost)
{
	lanes p[LEVELS_MAX], top, sum;
	block_exp(k, n, p, top, sum);
#pragma omp simd
	EACH_LANE(b) cost[b] = top[b] + vm_log(sum[b]);
	for (int32_t j = 0; j < n; j++)
		subtract_chosen(k->s[j], k->level, (real)j, cost);
}

static void forward(struct op_io *io)
{
	const struct levels l = levels_of(io);
	const real a = (real)io->attr[ORDINAL];
	for (int64_t t = 0; t < io->out.rows; t += LANES) {
		struct block k;
		lanes cost;
		int64_t count = io->out.rows - t < LANES ? io->out.rows - t : LANES;
		block_load(io, &l, t, &k);
		if (a == 0) {
			block_nll(&k, l.n, cost);
		} else {
			block_log_sums(&k, l.n);
			block_cost(&k, l.n, a, cost);
		}
		memcpy(io->out.v + t, cost, (size_t)count * sizeof(real));
	}
}

/* ds_i of the block. */
static void block_slope(const struct block *k, int32_t n, int32_t i, real a, real *restrict ds)
{
	const real at = (real)i;
	EACH_LANE(b)
	{
		real level = k->level[b];
		ds[b] = (1 - a) * (vm_exp(k->s[i][b] - k->left[n - 1][b]) - (at == level ? 1 : 0));
		ds[b] -= (at <= level ? a : 0) + (at >= level ? a : 0);
	}
	for (int32_t j = 0; j < n; j++)
		EACH_LANE(b)
		{
			real level = k->level[b], e = (real)j;
			real down = vm_exp(k->s[i][b] - k->left[j][b]), up = vm_exp(k->s[i][b] - k->right[j][b]);
			ds[b] += j >= i && e <= level ? a * down : 0;
			ds[b] += j <= i && e >= level ? a * up : 0;
		}
}

/* p_i - [i = k] */
static void nll_slopes(const struct block *k, int32_t n, lanes *ds)
{
	lanes top, sum, ones;
	block_exp(k, n, ds, top, sum);
	EACH_LANE(b) sum[b] = 1 / sum[b];
	EACH_LANE(b) ones[b] = 1;
	for (int32_t j = 0; j < n; j++)
		EACH_LANE(b) ds[j][b] *= sum[b];
	for (int32_t j = 0; j < n; j++)
		subtract_chosen(ones, k->level, (real)j, ds[j]);
}

static void slopes(struct block *k, int32_t n, real a, lanes *ds)
{
	if (a == 0) {
		nll_slopes(k, n, ds);
		return;
	}
	block_log_sums(k, n);
	for (int32_t i = 0; i < n; i++)
		block_slope(k, n, i, a, ds[i]);
}

static void backward(struct op_io *io)
{
	const struct levels l = levels_of(io);
	const real a = (real)io->attr[ORDINAL];
	struct operand *s = &io->in[0];
	op_grad_begin(s);
	for (int64_t t = 0; s->g && t < io->out.rows; t += LANES) {
		struct block k;
		lanes ds[LEVELS_MAX];
		int64_t count = io->out.rows - t < LANES ? io->out.rows - t : LANES;
		block_load(io, &l, t, &k);
		slopes(&k, l.n, a, ds);
		for (int64_t b = 0; b < count; b++)
			for (int32_t i = 0; i < l.n; i++)
				s->g[(t + b) * l.n + i] += io->out.g[t + b] * ds[i][b];
	}
}

static const struct arg_spec args[] = {
	LEVELS_ARGS,
	{"ordinal", ARG_REAL, 0, 0, 1, ARG_LIVE, "share of the ordinal cost, the rest is -log p", NULL, NULL},
	{0},
};

#define LEVEL_CASE(name_, a_)                                                                                          \
	{                                                                                                              \
		.name = name_, .examples = 4, .lengths = {4, 1, 0, 3}, .n_in = 2,                                      \
		.in = {CASE_RANGE(-3, 3, AXIS_TOKEN, 1, 5), CASE_FIXED_RANGE(0.5, 5.5, AXIS_TOKEN, 0, 0)}, .attr = {   \
			5,                                                                                             \
			1,                                                                                             \
			1,                                                                                             \
			a_                                                                                             \
		}                                                                                                      \
	}

static const struct op_case cases[] = {
	LEVEL_CASE("nll", 0),
	LEVEL_CASE("ordinal", 1),
	LEVEL_CASE("mixed", 0.3),
	{0},
};

const struct op_class op_level_cost = {
	.desc = {.name = "level_cost",
		.usage = "level_cost(logits, ratings, { levels = 5, low = 1, step = 1, ordinal = 0 })",
		.help = "The cost of each rating: -log p of its level, mixed with the ordinal cost (two chains of "
			"partial "
			"softmaxes) by `ordinal`.",
		.args = args},
	.arity_min = 2,
	.arity_max = 2,
	.need_in = 3,
	.shape = shape,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
