/* Lazy rows: the time per row of nn/optim_rows.c (rows ahead prefetched) beside the plain loop. */
#include "base/mem.h"
#include "base/rng.h"
#include "nn/optim_rows.h"

#include <stdio.h>
#include <time.h>

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void call_per_row(const struct optim_class *c, const struct optim_step *s, real *w, real *const *state,
	int32_t width, const struct grad_row *rows, int64_t count)
{
	for (int64_t i = 0; i < count; i++) {
		int64_t at = (int64_t)rows[i].row * width;
		real *part[OPTIM_STATES_MAX] = {NULL};
		for (int k = 0; k < c->states; k++)
			part[k] = state[k] + at;
		c->update(s, w + at, rows[i].g, part, width);
	}
}

static void run(const char *name, int32_t table, int32_t width)
{
	enum { TOUCHED = 4096, ROUNDS = 200 };
	const struct desc *d = registry_find(&optim_registry, name);
	const struct optim_class *c = (const struct optim_class *)d;
	struct args args;
	size_t bytes = (size_t)table * (size_t)width * sizeof(real);
	real *w = mem_aligned(bytes), *state[3] = {mem_aligned(bytes), mem_aligned(bytes), mem_aligned(bytes)};
	real *g = mem_aligned(TOUCHED * (size_t)width * sizeof(real));
	struct grad_row *rows = mem_alloc(TOUCHED * sizeof *rows);
	double best[2] = {1e9, 1e9};
	args_default(d, &args);
	struct optim_step s = {.t = 1, .lr = 1e-3, .clip = 1, .args = &args};
	if (c->begin)
		c->begin(&s);
	for (int round = 0; round < ROUNDS; round++) {
		struct rng r = rng_stream(7, RNG_TEST, (uint64_t)round, 0);
		/* distinct: one row of each of TOUCHED strata */
		for (int i = 0; i < TOUCHED; i++)
			rows[i] = (struct grad_row){(int32_t)((int64_t)i * table / TOUCHED) +
							    (int32_t)rng_below(&r, (uint64_t)(table / TOUCHED)),
				g + (int64_t)i * width};
		for (int i = TOUCHED - 1; i > 0; i--) {
			int j = (int)rng_below(&r, (uint64_t)i + 1);
			int32_t t = rows[i].row;
			rows[i].row = rows[j].row, rows[j].row = t;
		}
		double t0 = now();
		(round % 2 ? optim_update_rows : call_per_row)(c, &s, w, state, width, rows, TOUCHED);
		double t = (now() - t0) / TOUCHED * 1e9;
		if (t < best[round % 2])
			best[round % 2] = t;
	}
	printf("%-8s table %8d x %2d   plain %6.1f ns/row   prefetched %6.1f ns/row\n", name, table, width, best[0],
		best[1]);
	for (int k = 0; k < 3; k++)
		mem_aligned_free(state[k]);
	mem_aligned_free(w);
	mem_aligned_free(g);
	mem_free(rows);
}

int main(void)
{
	static const char *const names[] = {"sgd", "adagrad", "adam"};
	for (int k = 0; k < 3; k++)
		for (int32_t width = 8; width <= 64; width *= 2) {
			run(names[k], 8192, width);
			run(names[k], 1 << 20, width);
		}
	return 0;
}
