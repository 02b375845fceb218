/* The baseline that any method should beat on long-range causes: the later, the more important. */
#include "explain/explain.h"

static enum err_code run(const struct question *q, const struct args *a, struct effect *effect, struct err *e)
{
	for (int32_t i = 0; i < q->n; i++)
		effect[i] = (struct effect){(double)(i + 1) / q->n, 0};
	return OK;
}

const struct attribution_class attribution_recency = {
	.desc = {"recency", "recency {}", "A baseline that does not ask the model: later items matter more.",
		(const struct arg_spec[]){{0}}},
	.run = run,
};
