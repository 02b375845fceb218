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

static inline real log_add(real a, real b)
{
	real hi = a > b ? a : b, lo = a > b ? b : a;
	return hi + vm_log1p_unit(vm_exp(lo - hi));
}

/* L_0..L_{n-1} of s, or with step -1 the same from the other end. */
static inline void log_sums(const real *s, int32_t n, real *left, real *right)
{
	left[0] = s[0];
	right[n - 1] = s[n - 1];
	for (int32_t j = 1; j < n; j++) {
		left[j] = log_add(left[j - 1], s[j]);
		right[n - 1 - j] = log_add(right[n - j], s[n - 1 - j]);
	}
}

static real cost_of(const real *s, int32_t n, int32_t k, real a)
{
	real left[LEVELS_MAX], right[LEVELS_MAX], ordinal = 0;
	log_sums(s, n, left, right);
	for (int32_t j = 0; j <= k; j++)
		ordinal += left[j] - s[j];
	for (int32_t j = k; j < n; j++)
		ordinal += right[j] - s[j];
	return (1 - a) * (left[n - 1] - s[k]) + a * ordinal;
}

static void forward(struct op_io *io)
{
	const struct levels l = levels_of(io);
	for (int64_t t = 0; t < io->out.rows; t++)
		io->out.v[t] =
			cost_of(io->in[0].v + t * l.n, l.n, level_at(&l, io->in[1].v[t]), (real)io->attr[ORDINAL]);
}

static void slope_of(const real *s, int32_t n, int32_t k, real a, real *ds)
{
	real left[LEVELS_MAX], right[LEVELS_MAX];
	log_sums(s, n, left, right);
	for (int32_t i = 0; i < n; i++) {
		real down = 0, up = 0;
		for (int32_t j = i; j <= k; j++)
			down += vm_exp(s[i] - left[j]);
		for (int32_t j = k; j <= i; j++)
			up += vm_exp(s[i] - right[j]);
		ds[i] = (1 - a) * (vm_exp(s[i] - left[n - 1]) - (i == k)) + a * (down - (i <= k) + up - (i >= k));
	}
}

static void backward(struct op_io *io)
{
	const struct levels l = levels_of(io);
	struct operand *s = &io->in[0];
	real ds[LEVELS_MAX];
	op_grad_begin(s);
	for (int64_t t = 0; s->g && t < io->out.rows; t++) {
		real g = io->out.g[t];
		if (g == 0)
			continue;
		slope_of(s->v + t * l.n, l.n, level_at(&l, io->in[1].v[t]), (real)io->attr[ORDINAL], ds);
		rows_axpy(g, ds, s->g + t * l.n, l.n);
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
