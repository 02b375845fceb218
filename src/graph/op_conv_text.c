/* A convolution over the words of whole texts and its maximum over time, in one (the text CNN of Kim 2014):
 *   vectors E [words, dim], kernel K [width * out, dim], tap after tap
 *   texts [rows] of a corpus: text r is the words word[start[r]] .. word[start[r + 1] - 1]
 *   y = b + max over t of sum_j K_j E[word_{t + j - (width - 1) / 2}]        [rows, out]
 *   at the maximum t of number o:  dK_jo += g E[word],  dE[word] += g K_jo,  db += g
 * Words beyond the ends of a text, and words of -1, give nothing.  A text of -1 or without words gives zeros.
 *
 * Texts repeat their words: a slice of 64 documents of 200 words holds some 3,500 different ones.  So each word is multiplied
 * with all taps once, P_w = [K_1 E_w .. K_width E_w], a plain matrix product over the words of the slice, and a window costs
 * `width` additions of rows of P instead of width * dim products.  The gradient touches one window per number of the
 * output: a hundredth of what the convolution touched.  A text that stands in the slice again is copied.
 * aux: the place t of the maximum, -1: none. */
#include "graph/op_util.h"
#include "tensor/blas.h"
#include "tensor/rows.h"

enum { VECTORS, KERNEL, TEXTS, WORD, START, BIAS };
enum { GATHER = 256 /* words at a time */, AHEAD = 4 };

static enum err_code shape(const struct op_sig *s, struct shape *out, struct err *e)
{
	char text[80];
	int32_t width = (int32_t)s->attr[0];
	TRY(op_need_fixed("conv_text", s, VECTORS, "the word vectors", 2, e));
	TRY(op_need_fixed("conv_text", s, KERNEL, "the kernel", 2, e));
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
	const struct shape *kernel = &s->shape[KERNEL];
	if (kernel->dim[0] % width || kernel->dim[1] != s->shape[VECTORS].dim[1])
		return err_set(e, ERR_SHAPE, "conv_text: the kernel must be [%d x out, %d], got %s", width,
			s->shape[VECTORS].dim[1], shape_text(kernel, text, sizeof text));
	*out = shape_rows(s->shape[TEXTS].axis, 1, kernel->dim[0] / width, 0);
	if (s->n_in > BIAS) {
		TRY(op_need_fixed("conv_text", s, BIAS, "the bias", 1, e));
		if (s->shape[BIAS].dim[0] != out->dim[0])
			return err_set(e, ERR_SHAPE, "conv_text: out=%d but the bias has %d numbers", out->dim[0],
				s->shape[BIAS].dim[0]);
	}
	return OK;
}

struct view {
	int64_t out, width, dim, words, texts, stride; /* stride = width * out */
	const real *vectors, *kernel;
	const int32_t *word, *start, *text;
	int64_t length, rows; /* of the corpus, of the texts asked for */
	/* scratch */
	real *window, *gathered, *product; /* [out], [GATHER, dim], [met, stride] */
	int32_t *first, *slot, *met;	   /* [texts] row a text was first met in; [words] place in met, -1; [n_met] */
	int32_t n_met;
};

static int64_t round_up(int64_t n)
{
	return (n + 15) & ~(int64_t)15;
}

static struct view view(const struct op_io *io)
{
	int64_t width = (int64_t)io->attr[0], stride = io->in[KERNEL].shape.dim[0];
	return (struct view){.out = stride / width,
		.width = width,
		.dim = io->in[KERNEL].shape.dim[1],
		.words = io->in[VECTORS].shape.dim[0],
		.texts = shape_width(&io->in[START].shape) - 1,
		.stride = stride,
		.vectors = io->in[VECTORS].v,
		.kernel = io->in[KERNEL].v,
		.word = io->in[WORD].i,
		.start = io->in[START].i,
		.text = io->in[TEXTS].i,
		.length = shape_width(&io->in[WORD].shape),
		.rows = io->in[TEXTS].rows};
}

static size_t aux(const struct op_io *io)
{
	return (size_t)op_numbers(&io->out);
}

/* The words of text r; how many. */
static int32_t text_words(const struct view *v, int32_t r, const int32_t **words)
{
	if (r < 0 || r >= v->texts || v->start[r] < 0 || v->start[r] >= v->start[r + 1] || v->start[r + 1] > v->length)
		return 0;
	*words = v->word + v->start[r];
	return v->start[r + 1] - v->start[r];
}

/* Different words of the slice, at most. */
static int64_t met_bound(const struct view *v)
{
	const int32_t *words;
	int64_t n = 0;
	for (int64_t r = 0; r < v->rows && n < v->words; r++)
		n += text_words(v, v->text[r], &words);
	return n < v->words ? n : v->words;
}

static size_t scratch(const struct op_io *io)
{
	struct view v = view(io);
	int64_t met = met_bound(&v);
	return (size_t)(round_up(v.out) + round_up(GATHER * v.dim) + round_up(met * v.stride) + round_up(v.texts + 1) +
			round_up(v.words) + met);
}

static void use_scratch(struct view *v, real *room)
{
	v->window = room;
	v->gathered = v->window + round_up(v->out);
	v->product = v->gathered + round_up(GATHER * v->dim);
	v->first = (int32_t *)(v->product + round_up(met_bound(v) * v->stride));
	v->slot = v->first + round_up(v->texts + 1);
	v->met = v->slot + round_up(v->words);
	memset(v->first, -1, (size_t)(v->texts + 1) * sizeof *v->first);
	memset(v->slot, -1, (size_t)v->words * sizeof *v->slot);
}

static void meet(struct view *v, const int32_t *words, int32_t n)
{
	for (int32_t i = 0; i < n; i++)
		if ((uint32_t)words[i] < (uint32_t)v->words && v->slot[words[i]] < 0) {
			v->slot[words[i]] = v->n_met;
			v->met[v->n_met++] = words[i];
		}
}

/* product[k] = K E[met[k]] */
static void multiply(const struct view *v)
{
	for (int64_t k = 0; k < v->n_met; k += GATHER) {
		int64_t m = v->n_met - k < GATHER ? v->n_met - k : GATHER;
		for (int64_t i = 0; i < m; i++) {
			if (k + i + AHEAD < v->n_met)
				rows_prefetch(v->vectors + v->met[k + i + AHEAD] * v->dim, v->dim);
			rows_copy(v->vectors + v->met[k + i] * v->dim, v->gathered + i * v->dim, v->dim);
		}
		blas_gemm(false, true, m, v->stride, v->dim, 1, v->gathered, v->dim, v->kernel, v->dim, 0,
			v->product + k * v->stride, v->stride);
	}
}

/* The word under tap j of the window at t, -1: none. */
static int32_t word_at(const struct view *v, const int32_t *words, int32_t n, int64_t t, int64_t j)
{
	int64_t i = t + j - (v->width - 1) / 2;
	return i < 0 || i >= n || (uint32_t)words[i] >= (uint32_t)v->words ? -1 : words[i];
}

/* What tap j of the window at t gives, NULL: nothing. */
static const real *tap(const struct view *v, const int32_t *words, int32_t n, int64_t t, int64_t j)
{
	int32_t w = word_at(v, words, n, t, j);
	return w < 0 ? NULL : v->product + v->slot[w] * v->stride + j * v->out;
}

/* The window at t, which is the sum of its taps. */
static void add_taps(const struct view *v, const int32_t *words, int32_t n, int64_t t, real *window)
{
	memset(window, 0, (size_t)v->out * sizeof *window);
	for (int64_t j = 0; j < v->width; j++) {
		const real *row = tap(v, words, n, t, j);
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

static void encode(const struct view *v, const int32_t *words, int32_t n, real *y, int32_t *best)
{
	add_taps(v, words, n, 0, y);
	memset(best, 0, (size_t)v->out * sizeof *best);
	for (int32_t t = 1; t < n; t++) {
		const real *row[3] = {NULL};
		for (int64_t j = 0; v->width == 3 && j < 3; j++)
			row[j] = tap(v, words, n, t, j);
		if (row[0] && row[1] && row[2]) {
			keep_three(row[0], row[1], row[2], t, y, best, v->out);
			continue;
		}
		add_taps(v, words, n, t, v->window);
		op_keep_larger(v->window, t, y, best, v->out);
	}
}

static void forward_row(const struct op_io *io, const struct view *v, int64_t r)
{
	const int32_t *words = NULL;
	int32_t text = v->text[r], n = text_words(v, text, &words);
	int32_t *best = (int32_t *)io->aux + r * v->out;
	real *y = io->out.v + r * v->out;
	if (n == 0) {
		memset(y, 0, (size_t)v->out * sizeof *y);
		memset(best, -1, (size_t)v->out * sizeof *best);
	} else if (v->first[text] < r) {
		memcpy(y, io->out.v + v->first[text] * v->out, (size_t)v->out * sizeof *y);
		memcpy(best, (int32_t *)io->aux + v->first[text] * v->out, (size_t)v->out * sizeof *best);
	} else {
		encode(v, words, n, y, best);
		if (io->n_in > BIAS)
			rows_add(io->in[BIAS].v, y, v->out);
	}
}

static void forward(struct op_io *io)
{
	struct view v = view(io);
	const int32_t *words = NULL;
	use_scratch(&v, io->scratch);
	for (int64_t r = 0; r < v.rows; r++) {
		int32_t n = text_words(&v, v.text[r], &words);
		if (n == 0 || v.first[v.text[r]] >= 0)
			continue;
		v.first[v.text[r]] = (int32_t)r;
		meet(&v, words, n);
	}
	multiply(&v);
	for (int64_t r = 0; r < v.rows; r++)
		forward_row(io, &v, r);
}

static real *vector_grad(struct operand *vectors, int32_t w, int64_t dim)
{
	return vectors->sparse ? rowgrad_row(vectors->sparse, w) : vectors->g + w * dim;
}

/* Number o of row r came from the window at t. */
static void backward_window(
	struct op_io *io, const struct view *v, const int32_t *words, int32_t n, int64_t t, int64_t o, real g)
{
	struct operand *vectors = &io->in[VECTORS];
	real *dk = io->in[KERNEL].g;
	for (int64_t j = 0; j < v->width; j++) {
		int32_t w = word_at(v, words, n, t, j);
		int64_t at = (j * v->out + o) * v->dim;
		if (w < 0)
			continue;
		if (dk)
			rows_axpy(g, v->vectors + w * v->dim, dk + at, v->dim);
		if (op_wants(vectors))
			rows_axpy(g, v->kernel + at, vector_grad(vectors, w, v->dim), v->dim);
	}
}

static void backward_row(struct op_io *io, const struct view *v, int64_t r)
{
	const int32_t *words = NULL, *best = (const int32_t *)io->aux + r * v->out;
	int32_t n = text_words(v, v->text[r], &words);
	const real *g = io->out.g + r * v->out;
	for (int64_t o = 0; n > 0 && o < v->out; o++)
		if (g[o] != 0)
			backward_window(io, v, words, n, best[o], o, g[o]);
	if (n > 0 && io->n_in > BIAS && io->in[BIAS].g)
		rows_add(g, io->in[BIAS].g, v->out);
}

static void backward(struct op_io *io)
{
	struct view v = view(io);
	op_grad_begin(&io->in[VECTORS]);
	op_grad_begin(&io->in[KERNEL]);
	if (io->n_in > BIAS)
		op_grad_begin(&io->in[BIAS]);
	for (int64_t r = 0; r < v.rows; r++)
		backward_row(io, &v, r);
}

static const struct arg_spec args[] = {
	{"width", ARG_INT, 3, 1, 64, 0, "words of a window", NULL, NULL},
	{0},
};

/* The starts of the cases are random: texts whose end lies before their beginning are empty. */
#define CASE_TEXTS(axis_, words_, dim_, out_, width_)                                                                  \
	CASE_REAL(AXIS_FIXED, 2, words_, dim_), CASE_REAL(AXIS_FIXED, 2, (out_) * (width_), dim_),                     \
		CASE_ABSENT(5, axis_, 0, 0), CASE_ABSENT(words_, AXIS_FIXED, 1, 20), CASE_INT(21, AXIS_FIXED, 1, 6),   \
		CASE_REAL(AXIS_FIXED, 1, out_)
static const struct op_case cases[] = {
	{.name = "reviews",
		.examples = 4,
		.lengths = {5, 1, 0, 6},
		.n_in = 6,
		.in = {CASE_TEXTS(AXIS_TOKEN, 9, 5, 4, 3)},
		.attr = {3}},
	{.name = "documents", .examples = 6, .n_in = 5, .in = {CASE_TEXTS(AXIS_EXAMPLE, 5, 4, 3, 2)}, .attr = {2}},
	{.name = "one_tap",
		.examples = 2,
		.lengths = {3, 4},
		.n_in = 6,
		.in = {CASE_TEXTS(AXIS_TOKEN2, 7, 3, 5, 1)},
		.attr = {1}},
	{0},
};

const struct op_class op_conv_text = {
	.desc = {.name = "conv_text",
		.usage = "conv_text(vectors, kernel, texts, word, start [, bias], { width = 3 })",
		.help = "Convolution over the words of texts and its maximum over time (Kim 2014): word vectors "
			"[words, dim], "
			"kernel [width * out, dim], texts [rows] of the corpus word, start -> [rows, out].",
		.args = args},
	.arity_min = 5,
	.arity_max = 6,
	.need_in = 1u << VECTORS | 1u << KERNEL | 1u << TEXTS | 1u << WORD | 1u << START,
	.takes_sparse = 1u << VECTORS,
	.no_table = 1u << KERNEL | 1u << BIAS,
	.shape = shape,
	.aux = aux,
	.scratch = scratch,
	.forward = forward,
	.backward = backward,
	.cases = cases,
};
