/* Rows of a recommender's tables are short (8 to 64 numbers) and scattered: a lazy step takes as long as fetching
 * its rows from memory, so the rows ahead are prefetched; the call per row is cheap beside that. 
 * (tests/bench/bench_optim.c) */
#include "nn/optim_rows.h"

enum { AHEAD = 12, LINE = 64 / sizeof(real) };

static void prefetch_row(const real *row, int32_t width)
{
	for (int32_t j = 0; j < width; j += LINE)
		__builtin_prefetch(row + j, 1);
}

void optim_update_rows(const struct optim_class *c, const struct optim_step *s, real *w, real *const *state,
	int32_t width, const int32_t *rows, int64_t count, const real *g)
{
	int32_t near = width < 128 ? width : 128; /* the hardware prefetches what follows */
	real *part[OPTIM_STATES_MAX] = {NULL};
	for (int64_t i = 0; i < count; i++) {
		int64_t at = (int64_t)rows[i] * width;
		if (i + AHEAD < count) {
			int64_t next = (int64_t)rows[i + AHEAD] * width;
			prefetch_row(w + next, near);
			for (int k = 0; k < c->states; k++)
				prefetch_row(state[k] + next, near);
		}
		for (int k = 0; k < c->states; k++)
			part[k] = state[k] + at;
		c->update(s, w + at, g + i * width, part, width);
	}
}
