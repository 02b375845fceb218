/* A convolution over the words of whole texts and its maximum over time, in one (the text CNN of Kim 2014):
 *   products P [words, width * out]: what each word of the vocabulary gives to each tap, P_w = [K_1 E_w .. K_width E_w]
 *   texts [rows] of a corpus: text r is the words word[start[r]] .. word[start[r + 1] - 1]
 *   y = b + max over t of sum_j P[word_{t + j - (width - 1) / 2}, tap j]        [rows, out]
 * Words beyond the ends of a text, and words of -1, give nothing.  A text of -1 or without words gives zeros.
 *
 * A vocabulary is much smaller than a batch of texts: with the products made once per step (a plain matrix product of the
 * word table with the kernels) a window costs `width` additions instead of width * dim products, and the gradient touches
 * one window per number of the output.  A text that stands in the slice again is copied.
 * aux: the place t of the maximum, -1: none. */
#include "graph/op_util.h"
#include "tensor/rows.h"

enum { PRODUCTS, TEXTS, WORD, START, BIAS };

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	int32_t width = (int32_t)s->attr[0];
	TRY(op_need_fixed("conv_text", s, PRODUCTS, "the products", 2, e));
	TRY(op_need_real("conv_text", s, PRODUCTS, "the products", e));
	TRY(op_need_int("conv_text", s, TEXTS, "the texts", e));
	TRY(op_need_int("conv_text", s, WORD, "the words", e));
	TRY(op_need_int("conv_text", s, START, "the starts", e));
	if (s->shape[TEXTS].axis == AXIS_FIXED || shape_width(&s->shape[TEXTS]) != 1)
		return err_set(e, ERR_SHAPE, "conv_text: texts must be one id per row, got %s",
			shape_text(&s->shape[TEXTS], text, sizeof text));
	for (int k = WORD; k <= START; k++)
		if (s->shape[k].axis != AXIS_FIXED)
			return err_set(e, ERR_SHAPE,
				"conv_text: words and starts are those of the whole corpus, got %s",
				shape_text(&s->shape[k], text, sizeof text));
	if (s->shape[PRODUCTS].dim[1] % width)
		return err_set(e, ERR_SHAPE, "conv_text: a row of the products must hold %d x out numbers, got %d",
			width, s->shape[PRODUCTS].dim[1]);
	*out = shape_rows(s->shape[TEXTS].axis, 1, s->shape[PRODUCTS].dim[1] / width, 0);
	if (s->n_in > BIAS) {
		TRY(op_need_fixed("conv_text", s, BIAS, "the bias", 1, e));
		if (s->shape[BIAS].dim[0] != out->dim[0])
			return err_set(e, ERR_SHAPE, "conv_text: out=%d but the bias has %d numbers", out->dim[0],
				s->shape[BIAS].dim[0]);
	}
	return OK;
}

struct view {
	int64_t out, width, words, texts, stride;
	const int32_t *word, *start;
	int64_t length; /* of the corpus */
};

static struct view view(const struct op_io *io)
{
	int64_t width = (int64_t)io->attr[0], stride = io->in[PRODUCTS].shape.dim[1];
	return (struct view){stride / width, width, io->in[PRODUCTS].shape.dim[0],
		shape_width(&io->in[START].shape) - 1, stride, io->in[WORD].i, io->in[START].i,
		shape_width(&io->in[WORD].shape)};
}

static size_t aux(const struct op_io *io)
{
	return (size_t)op_numbers(&io->out);
}

/* A window's numbers, and for each text the row that it was first met in. */
static size_t scratch(const struct op_io *io)
{
	struct view v = view(io);
	return (size_t)(v.out + v.texts + 1);
}

/* The words of text r; how many. */
static int32_t text_words(const struct view *v, int32_t r, const int32_t **words)
{
	if (r < 0 || r >= v->texts || v->start[r] < 0 || v->start[r] >= v->start[r + 1] || v->start[r + 1] > v->length)
		return 0;
	*words = v->word + v->start[r];
	return v->start[r + 1] - v->start[r];
}

/* The row of the products for tap j of the window at t, NULL: nothing. */
static const real *tap(
	const struct view *v, const real *products, const int32_t *words, int32_t n, int64_t t, int64_t j)
{
	int64_t i = t + j - (v->width - 1) / 2;
	if (i < 0 || i >= n || (uint32_t)words[i] >= (uint32_t)v->words)
		return NULL;
	return products + words[i] * v->stride + j * v->out;
}

/* The window at t, which is the sum of its taps. */
static void add_taps(
	const struct view *v, const real *products, const int32_t *words, int32_t n, int64_t t, real *window)
{
	memset(window, 0, (size_t)v->out * sizeof *window);
	for (int64_t j = 0; j < v->width; j++) {
		const real *row = tap(v, products, words, n, t, j);
		if (row)
			rows_add(row, window, v->out);
	}
}

/* The most common window, three words that are all there, in one pass. */
static void keep_three(const real *a, const real *b, const real *c, int32_t t, real *y, int32_t *best, int64_t out)
{
	for (int64_t o = 0; o < out; o++) {
		real x = a[o] + b[o] + c[o];
		bool larger = x > y[o] || x != x;
		y[o] = larger ? x : y[o];
		best[o] = larger ? t : best[o];
	}
}

static void encode(const struct view *v, const real *products, const int32_t *words, int32_t n, real *window, real *y,
	int32_t *best)
{
	add_taps(v, products, words, n, 0, y);
	memset(best, 0, (size_t)v->out * sizeof *best);
	for (int32_t t = 1; t < n; t++) {
		const real *row[3] = {NULL};
		for (int64_t j = 0; v->width == 3 && j < 3; j++)
			row[j] = tap(v, products, words, n, t, j);
		if (row[0] && row[1] && row[2]) {
			keep_three(row[0], row[1], row[2], t, y, best, v->out);
			continue;
		}
		add_taps(v, products, words, n, t, window);
		op_keep_larger(window, t, y, best, v->out);
	}
}

static void forward_row(const struct op_io *io, const struct view *v, int64_t r, int32_t *first)
{
	const int32_t *words = NULL;
	int32_t text = io->in[TEXTS].i[r], n = text_words(v, text, &words);
	int32_t *best = (int32_t *)io->aux + r * v->out;
	real *y = io->out.v + r * v->out;
	if (n == 0) {
		memset(y, 0, (size_t)v->out * sizeof *y);
		memset(best, -1, (size_t)v->out * sizeof *best);
	} else if (first[text] >= 0) {
		memcpy(y, io->out.v + first[text] * v->out, (size_t)v->out * sizeof *y);
		memcpy(best, (int32_t *)io->aux + first[text] * v->out, (size_t)v->out * sizeof *best);
	} else {
		first[text] = (int32_t)r;
		encode(v, io->in[PRODUCTS].v, words, n, io->scratch, y, best);
		if (io->n_in > BIAS)
			rows_add(io->in[BIAS].v, y, v->out);
	}
}

static void forward(struct op_io *io)
{
	struct view v = view(io);
	int32_t *first = (int32_t *)(io->scratch + v.out);
	memset(first, -1, (size_t)(v.texts + 1) * sizeof *first);
	for (int64_t r = 0; r < io->in[TEXTS].rows; r++)
		forward_row(io, &v, r, first);
}

static void backward_row(struct op_io *io, const struct view *v, int64_t r)
{
	const int32_t *words = NULL, *best = (const int32_t *)io->aux + r * v->out;
	int32_t n = text_words(v, io->in[TEXTS].i[r], &words);
	const real *g = io->out.g + r * v->out;
	real *dp = io->in[PRODUCTS].g;
	for (int64_t o = 0; dp && n > 0 && o < v->out; o++)
		for (int64_t j = 0; g[o] != 0 && j < v->width; j++) {
			const real *row = tap(v, dp, words, n, best[o], j);
			if (row)
				dp[row - dp + o] += g[o];
		}
	if (n > 0 && io->n_in > BIAS && io->in[BIAS].g)
		rows_add(g, io->in[BIAS].g, v->out);
}

static void backward(struct op_io *io)
{
	struct view v = view(io);
	op_grad_begin(&io->in[PRODUCTS]);
	if (io->n_in > BIAS)
		op_grad_begin(&io->in[BIAS]);
	for (int64_t r = 0; r < io->in[TEXTS].rows; r++)
		backward_row(io, &v, r);
}

static const struct arg_spec args[] = {
	{"width", ARG_INT, 3, 1, 64, 0, "words of a window", NULL, NULL},
	{0},
};

/* The starts of the cases are random: texts whose end lies before their beginning are empty. */
#define CASE_TEXTS(axis_, words_, out_, width_)                                                                        \
	CASE_REAL(AXIS_FIXED, 2, words_, (out_) * (width_)), CASE_ABSENT(5, axis_, 0, 0),                              \
		CASE_ABSENT(words_, AXIS_FIXED, 1, 20), CASE_INT(21, AXIS_FIXED, 1, 6), CASE_REAL(AXIS_FIXED, 1, out_)
static const struct op_case cases[] = {
	{.name = "reviews",
		.examples = 4,
		.lengths = {5, 1, 0, 6},
		.n_in = 5,
		.in = {CASE_TEXTS(AXIS_TOKEN, 9, 4, 3)},
		.attr = {3}},
	{.name = "documents", .examples = 6, .n_in = 4, .in = {CASE_TEXTS(AXIS_EXAMPLE, 5, 3, 2)}, .attr = {2}},
	{.name = "one_tap",
		.examples = 2,
		.lengths = {3, 4},
		.n_in = 5,
		.in = {CASE_TEXTS(AXIS_TOKEN2, 7, 5, 1)},
		.attr = {1}},
	{0},
};

const struct op_class op_conv_text = {
	.desc = {.name = "conv_text",
		.usage = "conv_text(products, texts, word, start [, bias], { width = 3 })",
		.help = "Convolution over the words of texts and its maximum over time (Kim 2014), from the products "
			"[words, "
			"width * out] of the vocabulary with the kernels: texts [rows] of the corpus word, start -> "
			"[rows, "
			"out].",
		.args = args},
	.arity_min = 4,
	.arity_max = 5,
	.need_in = 1u << TEXTS | 1u << WORD | 1u << START,
	.shape = shape,
	.aux = aux,
	.scratch = scratch,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
