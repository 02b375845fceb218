/* Binary NADE over item sets: c [H], W [D, H], V [D, H], b [D], items [tokens] -> [examples], -log p(v) of the set v_e.
 *   s_i = b_i + V_i . h_i,   loss = sum_i (softplus(s_i) - v_i s_i)
 *   delta_i = sigmoid(s_i) - v_i:  db_i += delta_i,  dV_i += delta_i h_i,  dh_i = delta_i V_i
 *   backwards through the order the gradient of a is summed; where v_i = 1 it is that of W_i too
 * Exact, in O(D H) an example; see graph/nade.h.  Items given twice count once, -1 not at all.
 * aux: h [items + examples, H], one row per different h. */
#include "graph/nade.h"

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	TRY(nade_need("nade", s, e));
	TRY(op_need_int("nade", s, NADE_OWN, "the items", e));
	const struct shape *items = &s->shape[NADE_OWN];
	if ((items->axis != AXIS_TOKEN && items->axis != AXIS_TOKEN2) || shape_width(items) != 1)
		return err_set(e, ERR_SHAPE, "nade: the items must be a plain column on tokens, got %s",
			shape_text(items, text, sizeof text));
	*out = shape_rows(AXIS_EXAMPLE, 0, 0, 0);
	return OK;
}

static size_t aux(const struct op_io *io)
{
	return (size_t)(io->in[NADE_OWN].rows + io->examples) * (size_t)io->in[NADE_C].shape.dim[0];
}

/* a (or its gradient) [H] and dh [H], then order [D] and membership [D] as int32. */
static size_t scratch(const struct op_io *io)
{
	return 2 * (size_t)io->in[NADE_C].shape.dim[0] + 2 * (size_t)io->in[NADE_W].shape.dim[0];
}

struct walk {
	int64_t items, hidden;
	const real *c, *w, *v, *b;
	real *a, *dh;
	int32_t *order, *member;
};

static struct walk walk_of(const struct op_io *io)
{
	int64_t d = io->in[NADE_W].shape.dim[0], h = io->in[NADE_C].shape.dim[0];
	int32_t *ints = (int32_t *)(void *)(io->scratch + 2 * h);
	return (struct walk){d, h, io->in[NADE_C].v, io->in[NADE_W].v, io->in[NADE_V].v, io->in[NADE_B].v, io->scratch,
		io->scratch + h, ints, ints + d};
}

/* Order and membership of one example; returns how many different items it has. */
static int64_t begin(const struct op_io *io, const struct walk *k, int32_t e)
{
	const int32_t *at = io->offsets[io->in[NADE_OWN].shape.axis], *id = io->in[NADE_OWN].i;
	struct rng r = op_stream(io, e);
	int64_t n = 0;
	nade_order(io, &r, k->order);
	memset(k->member, 0, (size_t)k->items * sizeof *k->member);
	for (int64_t t = at[e]; t < at[e + 1]; t++)
		if (id[t] >= 0 && !k->member[id[t]]) {
			k->member[id[t]] = 1;
			n++;
		}
	return n;
}

static double forward_example(const struct op_io *io, const struct walk *k, int32_t e, real *h)
{
	double loss = 0;
	begin(io, k, e);
	rows_copy(k->c, k->a, k->hidden);
	nade_hidden(k->a, h, k->hidden);
	for (int64_t p = 0; p < k->items; p++) {
		int32_t i = k->order[p];
		real s = k->b[i] + rows_dot(k->v + i * k->hidden, h, k->hidden);
		loss += (double)(k->member[i] ? vm_softplus(-s) : vm_softplus(s));
		if (!k->member[i])
			continue;
		rows_add(k->w + i * k->hidden, k->a, k->hidden);
		h += k->hidden;
		nade_hidden(k->a, h, k->hidden);
	}
	return loss;
}

/* Where example e's rows of h begin. */
static real *hidden_of(const struct op_io *io, int32_t e)
{
	return io->aux + (io->offsets[io->in[NADE_OWN].shape.axis][e] + e) * (int64_t)io->in[NADE_C].shape.dim[0];
}

static void forward(struct op_io *io)
{
	const struct walk k = walk_of(io);
	for (int32_t e = 0; e < io->examples; e++)
		io->out.v[e] = (real)forward_example(io, &k, e, hidden_of(io, e));
}

/* a's gradient takes what came through h, and dh starts anew. */
static void through_sigmoid(const real *h, real *restrict dh, real *restrict da, int64_t n)
{
	for (int64_t i = 0; i < n; i++) {
		da[i] += dh[i] * h[i] * (1 - h[i]);
		dh[i] = 0;
	}
}

static void backward_item(struct op_io *io, const struct walk *k, int32_t i, const real *h, real g)
{
	real s = k->b[i] + rows_dot(k->v + i * k->hidden, h, k->hidden);
	real delta = g * (vm_sigmoid(s) - (k->member[i] ? 1 : 0));
	rows_axpy(delta, k->v + i * k->hidden, k->dh, k->hidden);
	if (io->in[NADE_V].g)
		rows_axpy(delta, h, io->in[NADE_V].g + i * k->hidden, k->hidden);
	if (io->in[NADE_B].g)
		io->in[NADE_B].g[i] += delta;
}

static void backward_example(struct op_io *io, const struct walk *k, int32_t e)
{
	struct operand *w = &io->in[NADE_W];
	const real *h = hidden_of(io, e) + begin(io, k, e) * k->hidden;
	memset(k->a, 0, 2 * (size_t)k->hidden * sizeof *k->a);
	for (int64_t p = k->items - 1; p >= 0; p--) {
		int32_t i = k->order[p];
		if (k->member[i]) {
			through_sigmoid(h, k->dh, k->a, k->hidden);
			if (op_wants(w))
				rows_add(k->a, w->sparse ? rowgrad_row(w->sparse, i) : w->g + i * k->hidden, k->hidden);
			h -= k->hidden;
		}
		backward_item(io, k, i, h, io->out.g[e]);
	}
	through_sigmoid(h, k->dh, k->a, k->hidden);
	if (io->in[NADE_C].g)
		rows_add(k->a, io->in[NADE_C].g, k->hidden);
}

static void backward(struct op_io *io)
{
	const struct walk k = walk_of(io);
	for (int i = 0; i < NADE_OWN; i++)
		op_grad_begin(&io->in[i]);
	for (int32_t e = 0; e < io->examples; e++)
		backward_example(io, &k, e);
}

static const struct arg_spec args[] = {NADE_ORDER_ARG, {0}};

#define NADE_CASE(name_, order_, items_)                                                                               \
	{                                                                                                              \
		.name = name_, .examples = 4, .lengths = {4, 1, 0, 3}, .n_in = 5,                                      \
		.in = {CASE_REAL(AXIS_FIXED, 1, 5), CASE_REAL(AXIS_FIXED, 2, 7, 5), CASE_REAL(AXIS_FIXED, 2, 7, 5),    \
			CASE_REAL(AXIS_FIXED, 1, 7), items_},                                                          \
		.attr = {                                                                                              \
			order_                                                                                         \
		}                                                                                                      \
	}

static const struct op_case cases[] = {
	NADE_CASE("given", 0, CASE_ABSENT(7, AXIS_TOKEN, 0, 0)),
	NADE_CASE("random", 1, CASE_INT(7, AXIS_TOKEN2, 0, 0)),
	{0},
};

const struct op_class op_nade = {
	.desc = {.name = "nade",
		.usage = "nade(c, W, V, b, items, { order = 'given' })",
		.help = "-log p of each example's set of items under the neural autoregressive distribution estimator "
			"(Larochelle and Murray 2011), exactly; items by id or in a random order.",
		.args = args},
	.arity_min = 5,
	.arity_max = 5,
	.flags = OP_RANDOM,
	.no_table = 1 << NADE_C,
	.takes_sparse = 1 << NADE_W,
	.need_in = 31,
	.shape = shape,
	.aux = aux,
	.scratch = scratch,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
