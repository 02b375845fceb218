#include "data/sampler.h"

static enum err_code init(struct sampler *s, struct err *e)
{
	int32_t n = s->split->data->n_items;
	for (int32_t i = 0; i < n; i++)
		s->log_q[i] = -logf((float)n);
	return OK;
}

static int32_t draw(const struct sampler *s, int32_t user, struct rng *r)
{
	return (int32_t)rng_below(r, (uint64_t)s->split->data->n_items);
}

extern const struct sampler_class sampler_uniform;
const struct sampler_class sampler_uniform = {
	.desc = {.name = "uniform",
		.usage = "sampler = \"uniform\"",
		.help = "Every item with the same probability, also those that the user has in training."},
	.init = init,
	.draw = draw,
};
