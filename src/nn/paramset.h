/* The parameters of a model, by name and in order of creation.  While a model is built, layers ask the set for their
 * parameters; a set made from an older one (paramset_carry) keeps the values whose name and shape agree. */
#ifndef GUSTO_NN_PARAMSET_H
#define GUSTO_NN_PARAMSET_H

#include "base/team.h"
#include "graph/param.h"

struct paramset;
struct paramset *paramset_new(uint64_t seed); /* seed of the initialisers */
void paramset_free(struct paramset *s);
size_t paramset_count(const struct paramset *s);
struct param *paramset_get(const struct paramset *s, size_t i);
struct param *paramset_find(const struct paramset *s, const char *name); /* NULL: none */
int64_t paramset_numbers(const struct paramset *s, bool trainable_only);

/* How a parameter starts.  Draws are keyed by (seed, RNG_INIT, hash of the name): independent of creation order. */
struct init {
	const char *
		kind; /* "normal" "uniform" "xavier_uniform" "xavier_normal" "he_normal" "lecun" "zeros" "ones" "constant" */
	double scale; /* std, bound or constant; 0 = the kind's own rule */
	double mean;
	double truncate; /* normal: redraw beyond this many std (0 = never) */
};
/* Makes "scope/name" (scope: see paramset_push); ERR_ARG if the name exists.  Borrowed: the set owns the reference. */
enum err_code paramset_make(struct paramset *s, const char *name, const struct shape *shape, const struct init *init,
	bool trainable, bool lazy, struct param **out, struct err *e);
void paramset_push(struct paramset *s, const char *scope);
void paramset_pop(struct paramset *s);

/* From now on a parameter that is asked for is that of `from` where name, shape, trainable and lazy agree: shared, not copied,
 * with the value it has.  `from` must outlive the making. */
void paramset_adopt(struct paramset *s, const struct paramset *from);
/* The very same parameters, in the same order. */
bool paramset_same(const struct paramset *a, const struct paramset *b);

/* Values (not optimizer state) from `old` for every parameter of the same name and shape.  Returns how many were
 * carried; fresh[i] (paramset_count of new, may be NULL) says which were not. */
size_t paramset_carry(struct paramset *fresh_set, const struct paramset *old, bool *fresh);

/* Target networks.  The parameters below "to/" follow those of the same name below "from/":
 *   to = (1 - tau) to + tau from       (tau = 1: a copy)
 * The team (NULL: the caller alone) shares large ones.  Returns how many pairs there are, -1 where a parameter below "to/" has no fellow of its shape. */
int paramset_follow(struct paramset *s, const char *to, const char *from, double tau, struct team *team);

/* sha256 over (name, shape, bytes) of all parameters in name order. */
void paramset_sha256(const struct paramset *s, char hex[65]);

#endif
