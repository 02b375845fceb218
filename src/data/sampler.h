/* Negative samplers: one C file plus one row in samplers.def each. */
#ifndef GUSTO_DATA_SAMPLER_H
#define GUSTO_DATA_SAMPLER_H

#include "base/desc.h"
#include "base/rng.h"
#include "data/split.h"

struct sampler;
struct sampler_class {
	struct desc desc; /* first member: see base/desc.h; args e.g. alpha */
	enum err_code (*init)(struct sampler *s, struct err *e);
	/* Draws one item for `user` (already excluded items are never returned where `exclude` is set). */
	int32_t (*draw)(const struct sampler *s, int32_t user, struct rng *r);
	void (*fini)(struct sampler *s);
};
struct sampler {
	const struct sampler_class *class;
	const struct split *split;
	struct args args;
	void *state;
	float *log_q; /* [n_items] log probability of a draw */
};
extern const struct registry sampler_registry;

enum err_code sampler_new(const struct split *s, const char *name, double alpha, struct sampler **out, struct err *e);
void sampler_free(struct sampler *s);
static inline int32_t sampler_draw(const struct sampler *s, int32_t user, struct rng *r)
{
	return s->class->draw(s, user, r);
}

/* True if `user` has `item` among its training items (binary search over a sorted copy, or a bitmap). */
bool split_seen(const struct split *s, int32_t user, int32_t item);

#endif
