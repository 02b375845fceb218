/* conv_text against the convolution written down: every window of every text, the maximum and its gradients. */
#include "base/rng.h"
#include "op_run.h"

enum { WORDS = 40, DIM = 7, OUT = 5, TEXTS = 12, ROWS = 15, LENGTH = 200, MOST = 4 };

struct world {
	int width;
	real e[WORDS * DIM], k[MOST * OUT * DIM], b[OUT];
	int32_t start[TEXTS + 1], word[LENGTH], text[ROWS];
};

static void make(struct world *w, int width)
{
	struct rng r = rng_stream(7, RNG_TEST, (uint64_t)width, 0);
	w->width = width;
	for (int i = 0; i < WORDS * DIM; i++)
		w->e[i] = (real)rng_normal(&r);
	for (int i = 0; i < MOST * OUT * DIM; i++)
		w->k[i] = (real)rng_normal(&r);
	for (int i = 0; i < OUT; i++)
		w->b[i] = (real)rng_normal(&r);
	for (int t = 0; t < TEXTS; t++) /* text 3 is empty, text 4 has one word */
		w->start[t + 1] = w->start[t] + (t == 3 ? 0 : t == 4 ? 1 : 2 * t + 3);
	for (int i = 0; i < LENGTH; i++)
		w->word[i] = (int32_t)rng_below(&r, WORDS + 2) - 1; /* -1 and WORDS: unknown */
	for (int i = 0; i < ROWS; i++)
		w->text[i] = (int32_t)rng_below(&r, TEXTS + 1) - 1;
	w->text[5] = w->text[2]; /* one stands twice */
}

static const real *vector(const struct world *w, int text, int i)
{
	int n = w->start[text + 1] - w->start[text];
	if (i < 0 || i >= n)
		return NULL;
	int32_t id = w->word[w->start[text] + i];
	return id < 0 || id >= WORDS ? NULL : w->e + id * DIM;
}

static double window(const struct world *w, int text, int t, int o)
{
	double y = 0;
	for (int j = 0; j < w->width; j++) {
		const real *x = vector(w, text, t + j - (w->width - 1) / 2);
		for (int d = 0; x && d < DIM; d++)
			y += (double)(w->k[(j * OUT + o) * DIM + d] * x[d]);
	}
	return y;
}

static int best(const struct world *w, int text, int o)
{
	int at = -1;
	for (int t = 0; text >= 0 && t < w->start[text + 1] - w->start[text]; t++)
		if (at < 0 || window(w, text, t, o) > window(w, text, at, o))
			at = t;
	return at;
}

static void run(struct op_run *r, const struct world *w, const real *g)
{
	op_run_init(r, "conv_text", ROWS, NULL);
	r->attr[0] = w->width;
	op_run_real(r, shape_fixed(2, WORDS, DIM, 0), w->e);
	op_run_real(r, shape_fixed(2, w->width * OUT, DIM, 0), w->k);
	op_run_int(r, shape_rows(AXIS_EXAMPLE, 0, 0, 0), w->text);
	op_run_int(r, shape_fixed(1, LENGTH, 0, 0), w->word);
	op_run_int(r, shape_fixed(1, TEXTS + 1, 0, 0), w->start);
	op_run_real(r, shape_fixed(1, OUT, 0, 0), w->b);
	op_run_forward(r);
	op_run_backward(r, g);
}

static void add_expected(const struct world *w, int text, int t, int o, double g, double *de, double *dk)
{
	for (int j = 0; j < w->width; j++) {
		const real *x = vector(w, text, t + j - (w->width - 1) / 2);
		for (int d = 0; x && d < DIM; d++) {
			dk[(j * OUT + o) * DIM + d] += g * (double)x[d];
			de[x - w->e + d] += g * (double)w->k[(j * OUT + o) * DIM + d];
		}
	}
}

static void as_written_down(int width)
{
	static struct world w;
	struct op_run r;
	real g[ROWS * OUT];
	double de[WORDS * DIM] = {0}, dk[MOST * OUT * DIM] = {0}, db[OUT] = {0};
	make(&w, width);
	for (int i = 0; i < ROWS * OUT; i++)
		g[i] = (real)(i % 7 - 3) / 2;
	run(&r, &w, g);
	for (int i = 0; i < ROWS; i++)
		for (int o = 0; o < OUT; o++) {
			int t = best(&w, w.text[i], o);
			assert_close((double)r.io.out.v[i * OUT + o],
				t < 0 ? 0 : window(&w, w.text[i], t, o) + (double)w.b[o], 1e-5);
			if (t < 0)
				continue;
			db[o] += (double)g[i * OUT + o];
			add_expected(&w, w.text[i], t, o, (double)g[i * OUT + o], de, dk);
		}
	for (int i = 0; i < WORDS * DIM; i++)
		assert_close((double)r.io.in[0].g[i], de[i], 1e-4);
	for (int i = 0; i < width * OUT * DIM; i++)
		assert_close((double)r.io.in[1].g[i], dk[i], 1e-4);
	for (int o = 0; o < OUT; o++)
		assert_close((double)r.io.in[5].g[o], db[o], 1e-4);
	op_run_fini(&r);
}

static void widths(void **state)
{
	for (int width = 1; width <= MOST; width++)
		as_written_down(width);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(widths)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
