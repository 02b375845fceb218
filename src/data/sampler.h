/* Negative samplers: one C file plus one row in samplers.def each. */
#ifndef GUSTO_DATA_SAMPLER_H
#define GUSTO_DATA_SAMPLER_H

#include "base/desc.h"
#include "base/rng.h"
#include "data/split.h"

struct sampler;
struct sampler_class {
	struct desc desc; /* first member: see base/desc.h; args e.g. alpha */
	/* Makes `state` and fills `log_q`, which is allocated. */
	enum err_code (*init)(struct sampler *s, struct err *e);
	/* Draws one item for `user` with numbers of `r` only: the same stream gives the same item.  Any thread. */
	int32_t (*draw)(const struct sampler *s, int32_t user, struct rng *r);
	/* As draw with {key[i], 0} for each user[i], faster; or NULL. */
	void (*draw_each)(const struct sampler *s, const int32_t *user, const uint64_t *key, int32_t *item, int32_t n);
	void (*fini)(struct sampler *s); /* of a state that may be NULL */
	bool excludes;			 /* never draws a training item of `user` */
};
struct sampler {
	const struct sampler_class *class;
	const struct split *split; /* not owned: it outlives the sampler */
	struct args args;
	void *state;
	/* [n_items] log of the probability of a draw; where it depends on the user, that of a random training row's
	 * user.  Items that are never drawn have SAMPLER_NEVER, so that a correction by log_q stays finite. */
	float *log_q;
};
#define SAMPLER_NEVER (-27.631021f) /* log(1e-12) */

extern const struct registry sampler_registry;

/* alpha is handed to samplers that have such an argument.  The split must have items. */
enum err_code sampler_new(const struct split *s, const char *name, double alpha, struct sampler **out, struct err *e);
void sampler_free(struct sampler *s); /* NULL is legal */
static inline int32_t sampler_draw(const struct sampler *s, int32_t user, struct rng *r)
{
	return s->class->draw(s, user, r);
}

/* item[i] = what sampler_draw gives user[i] from the beginning of the stream key[i]. */
void sampler_draw_each(const struct sampler *s, const int32_t *user, const uint64_t *key, int32_t *item, int32_t n);

#endif
