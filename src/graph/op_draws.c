/* n draws with replacement from each row of weights, as shares: w [rows, C] >= 0 -> [rows, C], the share of the draws that
 * fell on each place; place c is drawn with probability w_c / sum w.  Its expectation is that probability, so that a sum over
 * places weighted with the shares is the Monte-Carlo estimate of an expectation (REINFORCE: Williams 1992).  A row of zeros
 * gives zeros.  Draw k of a row is a function of the step's key and of (row in the whole batch, k).  No gradient. */
#include "base/rng.h"
#include "graph/op_util.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	TRY(op_need_real("draws", s, 0, "the weights", e));
	if (s->shape[0].ndim != 1)
		return err_set(e, ERR_SHAPE, "draws: weights must be [rows, places], got %s",
			shape_text(&s->shape[0], text, sizeof text));
	*out = s->shape[0];
	return OK;
}

static size_t scratch(const struct op_io *io)
{
	return (size_t)shape_width(&io->out.shape);
}

/* The first place whose running sum is above x; until[] rises to the total. */
static int64_t find(const real *until, int64_t n, real x)
{
	int64_t low = 0, high = n - 1;
	while (low < high) {
		int64_t middle = (low + high) / 2;
		if (until[middle] > x)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static void forward(struct op_io *io)
{
	int64_t c = shape_width(&io->out.shape);
	int n = (int)io->attr[0];
	real *until = io->scratch;
	memset(io->out.v, 0, (size_t)(io->out.rows * c) * sizeof *io->out.v);
	for (int64_t r = 0; r < io->out.rows; r++) {
		const real *w = io->in[0].v + r * c;
		real sum = 0;
		for (int64_t j = 0; j < c; j++)
			until[j] = sum += w[j];
		if (!(sum > 0)) { /* also a NaN, which must not be lost */
			io->out.v[r * c] = sum;
			continue;
		}
		uint64_t key = rng_at(io->key, (uint64_t)(io->out.first_row + r));
		for (int k = 0; k < n; k++) {
			real u = (real)(rng_at(key, (uint64_t)k) >> 40) * (real)0x1p-24;
			io->out.v[r * c + find(until, c, u * sum)] += 1 / (real)n;
		}
	}
}

static const struct arg_spec args[] = {
	{"n", ARG_INT, 64, 1, 1 << 20, 0, "draws of a row"},
	{0},
};

const struct op_class op_draws = {
	.desc = {.name = "draws",
		.usage = "draws(weights, { n = 64 })",
		.help = "The share of n draws that falls on each place, drawn in proportion to the weights of a row; "
			"no gradient "
			"flows through it.",
		.args = args},
	.arity_min = 1,
	.arity_max = 1,
	.flags = OP_RANDOM | OP_NOGRAD,
	.shape = shape,
	.scratch = scratch,
	.forward = forward,
};
