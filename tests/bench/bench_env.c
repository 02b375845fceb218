/* Steps per second of the environments with a random agent: bench_env [seconds] [threads].
 * "a core" is per second of processor time: what a busy machine does not change. */
#include "base/mem.h"
#include "rl/env.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The first places in turn, from a random one on: the candidates are drawn at random anyway. */
static void act(const struct env_spec *s, struct rng *r, int32_t *slate, real *vector)
{
	for (int32_t u = 0; u < s->users; u++) {
		int32_t first = s->slate ? (int32_t)rng_below(r, (uint64_t)s->candidates) : 0;
		for (int32_t k = 0; k < s->slate; k++)
			slate[u * s->slate + k] = (first + k) % s->candidates;
		for (int32_t k = 0; k < s->vector; k++)
			vector[u * s->vector + k] = (real)(2 * rng_unit(r) - 1);
	}
}

static void bench(const char *name, double seconds, int threads)
{
	struct env_options o = {.name = name, .users = 4096, .seed = 1, .threads = threads};
	struct env *env;
	struct err e;
	args_default(registry_find(&env_registry, name), &o.args);
	if (env_new(&o, &env, &e) != OK) {
		printf("%-24s %s\n", name, e.text);
		return;
	}
	const struct env_spec *s = &env->spec;
	int32_t *slate = mem_calloc((size_t)s->users * (size_t)(s->slate + 1), sizeof *slate);
	real *vector = mem_calloc((size_t)s->users * (size_t)(s->vector + 1), sizeof *vector);
	struct rng r = rng_stream(1, RNG_TEST, 0, 0);
	double begun = now(CLOCK_MONOTONIC), used = now(CLOCK_PROCESS_CPUTIME_ID), reward = 0;
	int64_t steps = 0;
	for (; now(CLOCK_MONOTONIC) - begun < seconds; steps += s->users) {
		act(s, &r, slate, vector);
		if (env_step(env, s->slate ? slate : NULL, s->vector ? vector : NULL, &e) != OK)
			printf("%s\n", e.text);
		for (int32_t u = 0; u < s->users; u++)
			reward += env->outcome[u].reward;
	}
	used = now(CLOCK_PROCESS_CPUTIME_ID) - used;
	printf("%-24s %10.0f steps/s, %10.0f a core  reward %.3f a step  %d threads\n", name,
		(double)steps / (now(CLOCK_MONOTONIC) - begun), (double)steps / used, reward / (double)steps, threads);
	mem_free(slate);
	mem_free(vector);
	env_free(env);
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? atof(argv[1]) : 1;
	int threads = argc > 2 ? atoi(argv[2]) : 2;
	for (size_t i = 0; i < env_registry.n; i++)
		if (!((const struct env_class *)env_registry.rows[i])->takes_data)
			bench(env_registry.rows[i]->name, seconds, threads);
	return 0;
}
