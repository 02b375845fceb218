/* Rows of a recommender's tables are short (1 to 128 numbers) and scattered: a lazy step takes as long as fetching its rows
 * from memory, so the rows ahead are prefetched.  Rows of a few numbers are gathered, with their gradients, into a block that is updated
 * by one call as if it were a dense parameter and scattered: no call per row, no vectors that are half empty.  Longer rows are updated
 * where they lie (tests/bench/bench_optim.c). */
#include "nn/optim_rows.h"

#include "tensor/rows.h"

enum { NUMBERS = 512, NARROW = 24, AHEAD = 12, NEAR = 128, PAD = 48, LINE = 64 / sizeof(real) };

struct table {
	real *part[1 + OPTIM_STATES_MAX]; /* the weights and the states, [*, width] */
	int parts;
	int32_t width;
	const struct grad_row *rows;
	int64_t count;
};

/* For writing, but for the gradient.  Of a long row the hardware fetches what follows. */
static ROWS_INLINE void prefetch(const struct table *t, int64_t i)
{
	int32_t near = t->width < NEAR ? t->width : NEAR;
	if (i >= t->count)
		return;
	for (int32_t j = 0; j < near; j += LINE)
		__builtin_prefetch(t->rows[i].g + j);
	for (int k = 0; k < t->parts; k++)
		for (int32_t j = 0; j < near; j += LINE)
			__builtin_prefetch(t->part[k] + (int64_t)t->rows[i].row * t->width + j, 1);
}

static ROWS_INLINE void gather(int64_t d, const real *table, const struct grad_row *rows, int64_t n, real *to)
{
	for (int64_t i = 0; i < n; i++)
		rows_copy(table + rows[i].row * d, to + i * d, d);
}

static ROWS_INLINE void gather_gradients(int64_t d, const struct grad_row *rows, int64_t n, real *to)
{
	for (int64_t i = 0; i < n; i++)
		rows_copy(rows[i].g, to + i * d, d);
}

static ROWS_INLINE void scatter(int64_t d, real *table, const struct grad_row *rows, int64_t n, const real *from)
{
	for (int64_t i = 0; i < n; i++)
		rows_copy(from + i * d, table + rows[i].row * d, d);
}

static void update_block(
	const struct optim_class *c, const struct optim_step *s, const struct table *t, int64_t from, int64_t n)
{
	_Alignas(64) real block[1 + OPTIM_STATES_MAX][NUMBERS + PAD], g[NUMBERS + PAD];
	ROWS_WIDTHS(t->width, gather_gradients, t->rows + from, n, g);
	for (int k = 0; k < t->parts; k++)
		ROWS_WIDTHS(t->width, gather, t->part[k], t->rows + from, n, block[k]);
	c->update(s, block[0], g, (real *const[OPTIM_STATES_MAX]){block[1], block[2], block[3]}, n * t->width);
	for (int k = 0; k < t->parts; k++)
		ROWS_WIDTHS(t->width, scatter, t->part[k], t->rows + from, n, block[k]);
}

static void update_narrow(const struct optim_class *c, const struct optim_step *s, const struct table *t)
{
	int64_t most = NUMBERS / t->width;
	for (int64_t i = 0; i < t->count; i += most) {
		int64_t n = t->count - i < most ? t->count - i : most;
		for (int64_t k = 0; k < n; k++)
			prefetch(t, i + most + k);
		update_block(c, s, t, i, n);
	}
}

static void update_wide(const struct optim_class *c, const struct optim_step *s, const struct table *t)
{
	for (int64_t i = 0; i < t->count; i++) {
		real *part[OPTIM_STATES_MAX] = {NULL};
		int64_t at = (int64_t)t->rows[i].row * t->width;
		prefetch(t, i + AHEAD);
		for (int k = 1; k < t->parts; k++)
			part[k - 1] = t->part[k] + at;
		c->update(s, t->part[0] + at, t->rows[i].g, part, t->width);
	}
}

void optim_update_rows(const struct optim_class *c, const struct optim_step *s, real *w, real *const *state,
	int32_t width, const struct grad_row *rows, int64_t count)
{
	struct table t = {.part = {w}, .parts = 1 + c->states, .width = width, .rows = rows, .count = count};
	for (int k = 0; k < c->states; k++)
		t.part[1 + k] = state[k];
	(width < NARROW ? update_narrow : update_wide)(c, s, &t);
}
