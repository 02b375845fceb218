/* Times forward and backward of ops on the shapes of SASRec (d = 50) and NeuMF: processor time of one thread, best round:
 *   bench_ops [substring]
 * ns per number of the larger of output and first input, and GFLOP/s where the op is made of products. */
#include "base/rng.h"
#include "graph/op_util.h"
#include "tensor/blas.h"

#include <stdio.h>
#include <time.h>

struct shape_row {
	enum field_type type;
	struct shape shape;
	int32_t below;
};

struct work {
	const char *op, *label;
	int32_t examples, length; /* tokens per example; 0: lengths 1..14 as in a sparse data set */
	double flop;		  /* forward, per row of the first input (-1: attention) */
	int n_in;
	struct shape_row in[OP_IN_MAX];
	double attr[4];
};

#define TOK(d)                                                                                                         \
	{                                                                                                              \
		FIELD_REAL, {AXIS_TOKEN, 1, {d}}, 0                                                                    \
	}
#define EX(d)                                                                                                          \
	{                                                                                                              \
		FIELD_REAL, {AXIS_EXAMPLE, 1, {d}}, 0                                                                  \
	}
#define COL                                                                                                            \
	{                                                                                                              \
		FIELD_REAL, {AXIS_EXAMPLE, 0, {0}}, 0                                                                  \
	}
#define MAT(n, d)                                                                                                      \
	{                                                                                                              \
		FIELD_REAL, {AXIS_FIXED, 2, {n, d}}, 0                                                                 \
	}
#define VEC(n)                                                                                                         \
	{                                                                                                              \
		FIELD_REAL, {AXIS_FIXED, 1, {n}}, 0                                                                    \
	}
#define ID(n)                                                                                                          \
	{                                                                                                              \
		FIELD_INT, {AXIS_TOKEN, 0, {0}}, n                                                                     \
	}
#define IDS(n, k)                                                                                                      \
	{                                                                                                              \
		FIELD_INT, {AXIS_TOKEN, 1, {k}}, n                                                                     \
	}
#define EID(n)                                                                                                         \
	{                                                                                                              \
		FIELD_INT, {AXIS_EXAMPLE, 0, {0}}, n                                                                   \
	}

static const struct work works[] = {
	{"embedding", "3417 x 50", 8, 109, 0, 2, {MAT(3417, 50), ID(3417)}, {0}},
	{"embedding", "200000 x 64", 512, 0, 0, 2, {MAT(200000, 64), EID(200000)}, {0}},
	{"add", "d=50", 8, 109, 0, 2, {TOK(50), TOK(50)}, {0}},
	{"mul", "d=50", 8, 109, 0, 2, {TOK(50), TOK(50)}, {0}},
	{"add", "row, d=50", 8, 109, 0, 2, {TOK(50), VEC(50)}, {0}},
	{"relu", "d=50", 8, 109, 0, 1, {TOK(50)}, {0}},
	{"tanh", "d=50", 8, 109, 0, 1, {TOK(50)}, {0}},
	{"sigmoid", "d=50", 8, 109, 0, 1, {TOK(50)}, {0}},
	{"gelu", "d=50", 8, 109, 0, 1, {TOK(50)}, {0}},
	{"dropout", "d=50", 8, 109, 0, 1, {TOK(50)}, {0.2}},
	{"layer_norm", "d=50", 8, 109, 0, 3, {TOK(50), VEC(50), VEC(50)}, {1e-8}},
	{"layer_norm", "d=64", 8, 109, 0, 3, {TOK(64), VEC(64), VEC(64)}, {1e-8}},
	{"dot", "d=50", 8, 109, 0, 2, {TOK(50), TOK(50)}, {0}},
	{"linear", "50 -> 50, 872 rows", 8, 109, 2 * 50 * 50, 3, {TOK(50), MAT(50, 50), VEC(50)}, {0}},
	{"linear", "64 -> 64, 872 rows", 8, 109, 2 * 64 * 64, 3, {TOK(64), MAT(64, 64), VEC(64)}, {0}},
	{"linear", "32 -> 16, 512 rows", 512, 1, 2 * 32 * 16, 3, {EX(32), MAT(16, 32), VEC(16)}, {0}},
	{"linear", "16 -> 8, 512 rows", 512, 1, 2 * 16 * 8, 3, {EX(16), MAT(8, 16), VEC(8)}, {0}},
	{"linear", "64 -> 32, 512 rows", 512, 1, 2 * 64 * 32, 3, {EX(64), MAT(32, 64), VEC(32)}, {0}},
	{"linear", "16 -> 1, 512 rows", 512, 1, 2 * 16, 3, {EX(16), MAT(1, 16), VEC(1)}, {0}},
	{"concat", "8 + 8, 512 rows", 512, 1, 0, 2, {EX(8), EX(8)}, {0}},
	{"attention", "beauty, lengths 1..14", 64, 0, -1, 3, {TOK(50), TOK(50), TOK(50)}, {1, 1, 0.5}},
	{"attention", "length 24", 16, 24, -1, 3, {TOK(50), TOK(50), TOK(50)}, {1, 1, 0.2}},
	{"attention", "length 40", 16, 40, -1, 3, {TOK(50), TOK(50), TOK(50)}, {1, 1, 0.2}},
	{"attention", "length 109", 8, 109, -1, 3, {TOK(50), TOK(50), TOK(50)}, {1, 1, 0.2}},
	{"attention", "length 200", 4, 200, -1, 3, {TOK(50), TOK(50), TOK(50)}, {1, 1, 0.2}},
	{"attention", "length 200, no dropout", 4, 200, -1, 3, {TOK(50), TOK(50), TOK(50)}, {1, 1, 0}},
	{"bce_logits", "512 rows", 512, 1, 0, 2, {COL, COL}, {0}},
	{"softmax_ce", "3416 items, 436 rows", 4, 109, 2.0 * 3416 * 50, 3, {TOK(50), MAT(3416, 50), ID(3416)}, {0}},
	{"softmax_ce", "3416 items, 1744 rows", 16, 109, 2.0 * 3416 * 50, 3, {TOK(50), MAT(3416, 50), ID(3416)}, {0}},
	{"softmax_ce", "57289 items, 496 rows", 64, 0, 2.0 * 57289 * 50, 3, {TOK(50), MAT(57289, 50), ID(57289)}, {0}},
	{"sampled_softmax_ce", "128 of 57289", 64, 0, 2 * 129 * 50, 4,
		{TOK(50), MAT(57289, 50), ID(57289), IDS(57289, 128)}, {0}},
};

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *numbers(int64_t n, bool ids, int32_t below, struct rng *r)
{
	void *p = mem_aligned((size_t)(n + 1) * sizeof(real));
	CHECK(p, "out of memory");
	for (int64_t i = 0; i < n; i++)
		if (ids)
			((int32_t *)p)[i] = (int32_t)rng_below(r, (uint64_t)below);
		else
			((real *)p)[i] = (real)(2 * rng_unit(r) - 1);
	return p;
}

static void bind(const struct work *w, struct operand *x, const struct shape_row *s, int64_t tokens, struct rng *r)
{
	*x = (struct operand){.type = s->type, .shape = s->shape};
	x->rows = s->shape.axis == AXIS_FIXED ? 1 : s->shape.axis == AXIS_EXAMPLE ? w->examples : tokens;
	x->total_rows = x->rows;
	int64_t n = op_numbers(x);
	if (s->type == FIELD_INT) {
		x->i = numbers(n, true, s->below, r);
		return;
	}
	x->v = numbers(n, false, 0, r);
	x->g = numbers(n, false, 0, r);
	x->add = s->shape.axis == AXIS_FIXED;
}

static double best(struct op_io *io, void (*f)(struct op_io *), double *spent)
{
	double least = 1e9;
	*spent = 0;
	for (int round = 0; round < 2000 && *spent < 0.15; round++) {
		for (int k = 0; k < io->n_in; k++)
			if (io->in[k].sparse)
				rowgrad_clear(io->in[k].sparse);
		double t = now();
		f(io);
		t = now() - t;
		*spent += t;
		least = t < least ? t : least;
	}
	return least;
}

static void run(const struct work *w)
{
	struct rng r = rng_stream(1, RNG_TEST, 0, 0);
	struct op_io io = {.class = op_find(w->op),
		.attr = w->attr,
		.n_in = w->n_in,
		.examples = w->examples,
		.total_examples = w->examples,
		.key = 7,
		.train = true};
	int32_t *offsets = mem_calloc((size_t)w->examples + 1, sizeof *offsets);
	double pairs = 0, spent;
	for (int32_t e = 0; e < w->examples; e++) {
		int32_t n = w->length ? w->length : 1 + e % 14;
		offsets[e + 1] = offsets[e] + n;
		pairs += (double)n * (n + 1) / 2;
	}
	io.offsets[AXIS_TOKEN] = offsets;
	for (int k = 0; k < w->n_in; k++)
		bind(w, &io.in[k], &w->in[k], offsets[w->examples], &r);
	struct op_sig sig = {.n_in = w->n_in, .attr = w->attr};
	for (int k = 0; k < w->n_in; k++) {
		sig.type[k] = w->in[k].type;
		sig.shape[k] = w->in[k].shape;
	}
	struct shape_row out = {FIELD_REAL, {AXIS_FIXED, 0, {0}}, 0};
	struct err e;
	CHECK(io.class->shape(&sig, &out.shape, &e) == OK, "%s", e.text);
	bind(w, &io.out, &out, offsets[w->examples], &r);
	struct rowgrad sparse = {0};
	const struct shape *table;
	int lazy = strcmp(w->op, "embedding") == 0 ? 0 : strcmp(w->op, "sampled_softmax_ce") == 0 ? 1 : -1;
	if (lazy >= 0) { /* row gradients, forgotten each round */
		table = &w->in[lazy].shape;
		CHECK(rowgrad_init(&sparse, table->dim[0], table->dim[1], table->dim[0], 1), "no memory");
		io.in[lazy].sparse = &sparse;
		mem_aligned_free(io.in[lazy].g);
		io.in[lazy].g = NULL;
	}
	io.aux = mem_aligned(((io.class->aux ? io.class->aux(&io) : 0) + 1) * sizeof(real));
	io.scratch = mem_aligned(((io.class->scratch ? io.class->scratch(&io) : 0) + 1) * sizeof(real));
	double forward = best(&io, io.class->forward, &spent), backward = best(&io, io.class->backward, &spent);
	double n = (double)op_numbers(&io.out),
	       first = (double)(w->in[0].shape.axis == AXIS_FIXED ? 0 : op_numbers(&io.in[0]));
	n = n > first ? n : first;
	double flop = w->flop < 0 ? pairs * 4 * w->in[0].shape.dim[0] : w->flop * (double)op_vectors(&io.in[0]);
	printf("%-20s %-24s %9.1f us %6.3f ns", w->op, w->label, 1e6 * forward, 1e9 * forward / n);
	printf(flop > 0 ? " %6.1f GF/s" : "            ", 1e-9 * flop / forward);
	printf(" | back %9.1f us %6.3f ns", 1e6 * backward, 1e9 * backward / n);
	printf(flop > 0 ? " %6.1f GF/s\n" : "\n", 1e-9 * 2 * flop / backward);
	for (int k = 0; k < w->n_in; k++) {
		mem_aligned_free((void *)io.in[k].i);
		mem_aligned_free(io.in[k].v);
		mem_aligned_free(io.in[k].g);
	}
	mem_aligned_free(io.out.v);
	mem_aligned_free(io.out.g);
	mem_aligned_free(io.aux);
	mem_aligned_free(io.scratch);
	rowgrad_fini(&sparse);
	mem_free(offsets);
}

int main(int argc, char **argv)
{
	blas_set_threads(1);
	for (size_t i = 0; i < sizeof works / sizeof works[0]; i++)
		if (argc < 2 || strstr(works[i].op, argv[1]) || strstr(works[i].label, argv[1]))
			run(&works[i]);
	return 0;
}
