/* What the tests of rl/ share: making environments, constant and random policies. */
#ifndef GUSTO_TEST_RL_H
#define GUSTO_TEST_RL_H

#include "base/mem.h"
#include "rl/env.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <math.h>

#include <cmocka.h>

#define must(call)                                                                                                     \
	do {                                                                                                           \
		struct err must_e_ = {0};                                                                              \
		struct err *e = &must_e_;                                                                              \
		if ((call) != OK)                                                                                      \
			fail_msg("%s: %s", #call, must_e_.text);                                                       \
	} while (0)

struct given {
	const char *name;
	double value;
};

/* given: ends with {0}; NULL: all defaults. */
static inline struct env_options env_options_of(
	const char *name, int32_t users, uint64_t seed, const struct given *given)
{
	struct env_options o = {.name = name, .users = users, .seed = seed, .threads = 1};
	const struct desc *d = registry_find(&env_registry, name);
	assert_non_null(d);
	args_default(d, &o.args);
	for (; given && given->name; given++)
		must(args_set_number(d, &o.args, given->name, given->value, e));
	return o;
}

static inline struct env *env_make(const char *name, int32_t users, uint64_t seed, const struct given *given)
{
	struct env_options o = env_options_of(name, users, seed, given);
	struct env *env = NULL;
	must(env_new(&o, &env, e));
	return env;
}

/* A random slate, or a random vector, for every user. */
struct actor {
	int32_t *slate;
	real *vector;
	struct rng r;
};
static inline struct actor actor_new(const struct env *env)
{
	return (struct actor){mem_calloc((size_t)env->spec.users * (size_t)(env->spec.slate + 1), sizeof(int32_t)),
		mem_calloc((size_t)env->spec.users * (size_t)(env->spec.vector + 1), sizeof(real)),
		rng_stream(9, RNG_TEST, 0, 0)};
}
static inline void actor_free(struct actor *a)
{
	mem_free(a->slate);
	mem_free(a->vector);
}
static inline void actor_random(struct actor *a, const struct env *env)
{
	const struct env_spec *s = &env->spec;
	for (int32_t u = 0; u < s->users; u++) {
		for (int32_t k = 0; k < s->slate; k++)
		again : {
			int32_t c = (int32_t)rng_below(&a->r, (uint64_t)s->candidates);
			for (int32_t j = 0; j < k; j++)
				if (a->slate[u * s->slate + j] == c)
					goto again;
			a->slate[u * s->slate + k] = c;
		}
			for (int32_t k = 0; k < s->vector; k++)
				a->vector[u * s->vector + k] = (real)(2 * rng_unit(&a->r) - 1);
	}
}
static inline void actor_step(const struct actor *a, struct env *env)
{
	must(env_step(env, env->spec.slate ? a->slate : NULL, env->spec.vector ? a->vector : NULL, e));
}

#endif
