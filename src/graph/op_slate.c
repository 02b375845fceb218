/* The best slate of K under a conditional choice model (SlateQ; Ie et al., IJCAI 2019).
 *
 * A person chooses item i of slate A with probability v_i / (v_0 + sum_A v) and nothing with v_0 / (...).  Its worth is
 *
 *     W(A) = sum_{i in A} v_i q_i / (v_0 + sum_{i in A} v_i)
 *
 *   top      the K items with the largest v q
 *   greedy   item by item, the one after which W is largest
 *   exact    the maximum of W: W(A) >= x iff sum_A v (q - x) >= v_0 x, so x is raised to W of the K items with the largest
 *            v (q - x) until it stays (Dinkelbach 1967), a few rounds
 * v [rows, C] >= 0, q [rows, C] -> worth [rows], or places [rows, C]: K for the first item of the slate, K-1 for the second,
 * ..., 0 for those outside.  No gradient. */
#include "graph/op_util.h"

enum { SIZE, METHOD, NONE, AS, TOP = 0, GREEDY, EXACT, ROUNDS = 50 };

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	TRY(op_need_real("slate", s, 0, "v", e));
	TRY(op_need_real("slate", s, 1, "q", e));
	TRY(op_need_same("slate", s, 0, "v", 1, "q", e));
	if (s->shape[0].ndim != 1)
		return err_set(e, ERR_SHAPE, "slate: v must be [rows, C], got %s",
			shape_text(&s->shape[0], text, sizeof text));
	if (s->attr[SIZE] > s->shape[0].dim[0])
		return err_set(e, ERR_SHAPE, "slate: a slate of %g cannot be chosen from %d candidates", s->attr[SIZE],
			s->shape[0].dim[0]);
	*out = s->shape[0];
	out->ndim = s->attr[AS] == 0 ? 0 : 1;
	return OK;
}

struct slate {
	const real *v, *q;
	int64_t c, k;
	double none;
	real *place; /* [C] */
};

static double worth(const struct slate *s)
{
	double gain = 0, mass = s->none;
	for (int64_t i = 0; i < s->c; i++)
		if (s->place[i] > 0) {
			gain += (double)(s->v[i] * s->q[i]);
			mass += (double)s->v[i];
		}
	return mass > 0 ? gain / mass : 0;
}

/* The K items with the largest v (q - x). */
static void take(const struct slate *s, double x)
{
	memset(s->place, 0, (size_t)s->c * sizeof *s->place);
	for (int64_t k = s->k; k > 0; k--) {
		int64_t best = -1;
		double most = 0;
		for (int64_t i = 0; i < s->c; i++) {
			double y = (double)s->v[i] * ((double)s->q[i] - x);
			if (s->place[i] == 0 && (best < 0 || y > most)) {
				best = i;
				most = y;
			}
		}
		s->place[best] = (real)k;
	}
}

static void take_greedily(const struct slate *s)
{
	double gain = 0, mass = s->none;
	memset(s->place, 0, (size_t)s->c * sizeof *s->place);
	for (int64_t k = s->k; k > 0; k--) {
		int64_t best = -1;
		double most = 0;
		for (int64_t i = 0; i < s->c; i++) {
			double m = mass + (double)s->v[i], y = m > 0 ? (gain + (double)(s->v[i] * s->q[i])) / m : 0;
			if (s->place[i] == 0 && (best < 0 || y > most)) {
				best = i;
				most = y;
			}
		}
		s->place[best] = (real)k;
		gain += (double)(s->v[best] * s->q[best]);
		mass += (double)s->v[best];
	}
}

static void take_exactly(const struct slate *s)
{
	take(s, 0);
	double x = worth(s);
	for (int r = 0; r < ROUNDS; r++) {
		take(s, x);
		double y = worth(s);
		if (!(y > x))
			return;
		x = y;
	}
}

static void forward(struct op_io *io)
{
	int64_t c = io->in[0].shape.dim[0];
	bool places = io->attr[AS] != 0;
	for (int64_t r = 0; r < io->in[0].rows; r++) {
		struct slate s = {io->in[0].v + r * c, io->in[1].v + r * c, c, (int64_t)io->attr[SIZE], io->attr[NONE],
			places ? io->out.v + r * c : io->scratch};
		if (io->attr[METHOD] == TOP)
			take(&s, 0);
		else if (io->attr[METHOD] == GREEDY)
			take_greedily(&s);
		else
			take_exactly(&s);
		if (!places)
			io->out.v[r] = (real)worth(&s);
	}
}

static size_t scratch(const struct op_io *io)
{
	return (size_t)io->in[0].shape.dim[0];
}

static const struct arg_spec args[] = {
	[SIZE] = {"size", ARG_INT, 1, 1, 1000, ARG_REQUIRED, "items of a slate", NULL, NULL},
	[METHOD] = {"method", ARG_CHOICE, 0, 0, 0, 0, "how the slate is found", "top", "top|greedy|exact"},
	[NONE] = {"none", ARG_REAL, 0, 0, 1e30, 0, "v_0: the mass of choosing nothing", NULL, NULL},
	[AS] = {"as", ARG_CHOICE, 0, 0, 0, 0, "what comes out", "worth", "worth|places"},
	{0},
};

const struct op_class op_slate = {
	.desc = {.name = "slate",
		.usage = "slate(v, q, { size, method = \"exact\", none = 2, as = \"places\" })",
		.help = "The slate with the largest sum of v q over v_0 + sum of v (SlateQ), or its worth.",
		.args = args},
	.arity_min = 2,
	.arity_max = 2,
	.flags = OP_NOGRAD,
	.shape = shape,
	.scratch = scratch,
	.forward = forward,
};
