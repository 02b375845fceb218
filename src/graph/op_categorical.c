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

static int32_t draw(const real *s, int32_t n, real u)
{
	real p[LEVELS_MAX];
	real left = u * rows_exp_sum(s, rows_max(s, n), p, n);
	int32_t k = 0;
	while (k < n - 1 && left >= p[k])
		left -= p[k++];
	return k;
}

static void forward(struct op_io *io)
{
	int32_t n = (int32_t)io->attr[LEVELS_ATTR];
	real low = (real)io->attr[LEVELS_LOW], step = (real)io->attr[LEVELS_STEP];
	for (int64_t r = 0; r < io->out.rows; r++) {
		uint64_t bits = rng_at(io->key, (uint64_t)(io->out.first_row + r)) >> 40;
		io->out.v[r] = low + step * (real)draw(io->in[0].v + r * n, n, (real)bits * (real)0x1p-24);
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
