/* A draw from the softmax of each row of logits: s [rows, K] -> [rows], the value low + step k of the level k that was drawn.
 * Passes no gradient.  Drawn by inversion with one uniform number per row, which is a function of the step's key and of the
 * row's place in the whole batch. */
#include "base/rng.h"
#include "graph/levels.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	TRY(op_need_real("categorical", s, 0, "the logits", e));
	if (s->shape[0].ndim != 1 || s->shape[0].dim[0] != (int32_t)s->attr[LEVELS_ATTR])
		return err_set(e, ERR_SHAPE, "categorical: the logits must be %d per row, got %s",
			(int)s->attr[LEVELS_ATTR], shape_text(&s->shape[0], text, sizeof text));
	*out = shape_rows(s->shape[0].axis, 0, 0, 0);
	return OK;
}

/* s becomes the running sums of exp(s - max). */
static void block_sums(lanes *s, int32_t n)
{
	lanes top, sum = {0};
	memcpy(top, s[0], sizeof top);
	for (int32_t j = 1; j < n; j++)
		for (int b = 0; b < LANES; b++)
			top[b] = s[j][b] > top[b] ? s[j][b] : top[b];
	for (int32_t j = 0; j < n; j++)
#pragma omp simd
		for (int b = 0; b < LANES; b++)
			s[j][b] = sum[b] += vm_exp(s[j][b] - top[b]);
}

/* The level is how many of the sums lie at or below u times the whole. */
static void block_draw(const struct op_io *io, int32_t n, int64_t r, lanes *s, real *restrict level)
{
	lanes u;
	for (int b = 0; b < LANES; b++) {
		uint64_t bits = rng_at(io->key, (uint64_t)(io->out.first_row + r + b)) >> 40; /* 24: exact in a float */
		u[b] = (real)bits * (real)0x1p-24 * s[n - 1][b];
		level[b] = 0;
	}
	for (int32_t j = 0; j < n - 1; j++)
		for (int b = 0; b < LANES; b++)
			level[b] += s[j][b] <= u[b] ? 1 : 0;
}

static void forward(struct op_io *io)
{
	int32_t n = (int32_t)io->attr[LEVELS_ATTR];
	real low = (real)io->attr[LEVELS_LOW], step = (real)io->attr[LEVELS_STEP];
	for (int64_t r = 0; r < io->out.rows; r += LANES) {
		lanes s[LEVELS_MAX], level;
		int64_t count = io->out.rows - r < LANES ? io->out.rows - r : LANES;
		levels_load(io->in[0].v, io->out.rows, r, n, s);
		block_sums(s, n);
		block_draw(io, n, r, s, level);
		for (int64_t b = 0; b < count; b++)
			io->out.v[r + b] = low + step * level[b];
	}
}

static const struct arg_spec args[] = {LEVELS_ARGS, {0}};

const struct op_class op_categorical = {
	.desc = {.name = "categorical",
		.usage = "categorical(logits, { levels = 5, low = 1, step = 1 })",
		.help = "Draws a level from the softmax of each row and gives its value, low + step * level; no "
			"gradient "
			"flows through it.",
		.args = args},
	.arity_min = 1,
	.arity_max = 1,
	.flags = OP_RANDOM | OP_NOGRAD,
	.shape = shape,
	.forward = forward,
};
