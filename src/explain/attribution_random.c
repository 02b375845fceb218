/* The baseline of chance: uniform numbers from the question's seed, user and target. */
#include "base/rng.h"
#include "explain/explain.h"

static enum err_code run(const struct question *q, const struct args *a, struct effect *effect, struct err *e)
{
	struct rng r = rng_stream(q->seed, RNG_NOISE, (uint64_t)q->user, (uint64_t)q->target);
	for (int32_t i = 0; i < q->n; i++)
		effect[i] = (struct effect){rng_unit(&r), 0};
	return OK;
}

const struct attribution_class attribution_random = {
	.desc = {"random", "random {}", "A baseline of chance: random numbers.", (const struct arg_spec[]){{0}}},
	.run = run,
};
