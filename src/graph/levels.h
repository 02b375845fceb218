/* What the ops over ratings share.  A rating stands on one of K levels, low, low + step, ..., and a table holds a vector of d
 * numbers for every (id, level):
 *   table [n, K d],  U_id^k = table[id][k d .. (k + 1) d),  k = level of the rating = round((rating - low) / step)
 * A rating beyond the levels counts as the nearest one; models refuse such data when they are built (data:check_levels). */
#ifndef GUSTO_GRAPH_LEVELS_H
#define GUSTO_GRAPH_LEVELS_H

#include "graph/op_util.h"

enum { LEVELS_MAX = 64 };
enum { LEVELS_ATTR, LEVELS_LOW, LEVELS_STEP, LEVELS_OWN }; /* LEVELS_OWN: the first attribute of the op's own */

/* The first rows of args. */
#define LEVELS_ARGS                                                                                                    \
	{"levels", ARG_INT, 5, 1, LEVELS_MAX, 0, "how many values a rating can have", NULL, NULL},                     \
		{"low", ARG_REAL, 1, -1e9, 1e9, 0, "the lowest rating", NULL, NULL},                                   \
	{                                                                                                              \
		"step", ARG_REAL, 1, 1e-9, 1e9, 0, "from one rating to the next", NULL, NULL                           \
	}
#define LEVELS_UP_TO                                                                                                   \
	{                                                                                                              \
		"up_to", ARG_BOOL, 0, 0, 1, 0, "sum the vectors of all levels up to the rating's own", NULL, NULL      \
	}

struct levels {
	int32_t n;
	real low, per_step;
};

static inline struct levels levels_of(const struct op_io *io)
{
	return (struct levels){
		(int32_t)io->attr[LEVELS_ATTR], (real)io->attr[LEVELS_LOW], (real)(1 / io->attr[LEVELS_STEP])};
}

static inline int32_t level_at(const struct levels *l, real rating)
{
	real x = (rating - l->low) * l->per_step + (real)0.5;
	real top = (real)l->n - 1;
	x = x > 0 ? x : 0; /* a NaN is level 0 */
	return (int32_t)(x < top ? x : top);
}

/* The numbers d of a vector where the table is [n, K d]; 0: not a multiple of K. */
static inline int32_t levels_dim(const struct shape *table, const double *attr)
{
	int32_t k = (int32_t)attr[LEVELS_ATTR], width = table->ndim == 2 ? table->dim[1] : 0;
	return width % k == 0 ? width / k : 0;
}

/* Blocks of ratings, level by level, so that exp and log run over the lanes of a block. */
enum { LANES = 16 };
typedef real lanes[LANES];

/* Rows t..t + LANES - 1 of v [rows, n], level by level; lanes behind the last row repeat it. */
static inline void levels_load(const real *v, int64_t rows, int64_t t, int32_t n, lanes *s)
{
	const int64_t left = rows - t;
	for (int32_t j = 0; j < n; j++)
		if (left >= LANES)
#pragma omp simd
			for (int b = 0; b < LANES; b++)
				s[j][b] = v[(t + b) * n + j];
		else
			for (int b = 0; b < LANES; b++)
				s[j][b] = v[(t + (b < left ? b : left - 1)) * n + j];
}

/* Input k is a table [n, K d]. */
enum err_code levels_need_table(const char *op, const struct op_sig *s, int k, const char *what, struct err *e);
/* Inputs `ids` and `ratings` are plain columns on the same token axis. */
enum err_code levels_need_ratings(const char *op, const struct op_sig *s, int ids, int ratings, struct err *e);

#endif
