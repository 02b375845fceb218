/* q(i) = c(i)^alpha / sum_j c(j)^alpha with c the counts of the training rows, from an alias table. */
#include "base/mem.h"
#include "data/alias.h"
#include "data/sampler.h"

static double weigh(const struct split *s, double alpha, double *weight)
{
	int32_t n = s->data->n_items;
	double sum = 0;
	for (int64_t i = 0; i < s->count[PART_TRAIN]; i++)
		weight[s->train_item[i]]++;
	for (int32_t i = 0; i < n; i++)
		sum += weight[i] = pow(weight[i], alpha);
	for (int32_t i = 0; i < n && sum == 0; i++)
		weight[i] = 1;
	return sum > 0 ? sum : n;
}

static enum err_code init(struct sampler *s, struct err *e)
{
	int32_t n = s->split->data->n_items;
	struct alias *a = s->state = mem_calloc(1, sizeof *a);
	double *weight = mem_calloc((size_t)n, sizeof *weight);
	enum err_code code;
	if (!a || !weight) {
		code = err_set(e, ERR_NOMEM, "no memory for the popularity of %d items", n);
	} else {
		double sum = weigh(s->split, s->args.num[0], weight);
		for (int32_t i = 0; i < n; i++)
			s->log_q[i] = weight[i] > 0 ? (float)log(weight[i] / sum) : SAMPLER_NEVER;
		code = alias_init(a, weight, n, e);
	}
	mem_free(weight);
	return code;
}

static int32_t draw(const struct sampler *s, int32_t user, struct rng *r)
{
	return alias_draw(s->state, r);
}

static void fini(struct sampler *s)
{
	if (s->state)
		alias_fini(s->state);
	mem_free(s->state);
}

static const struct arg_spec args[] = {
	{.name = "alpha",
		.type = ARG_REAL,
		.def = .75,
		.min = 0,
		.max = 4,
		.help = "exponent of the count: 0 is uniform, 1 the popularity itself"},
	{0},
};

extern const struct sampler_class sampler_popularity;
const struct sampler_class sampler_popularity = {
	.desc = {.name = "popularity",
		.usage = "sampler = \"popularity\", alpha = 0.75",
		.help = "Items by (training count)^alpha (Mikolov et al. 2013), also those that the user has in "
			"training.",
		.args = args},
	.init = init,
	.draw = draw,
	.fini = fini,
};
