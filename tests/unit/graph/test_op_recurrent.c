/* Recurrent ops walk all sequences of a slice together: each must come out as if it stood alone. */
#include "unit/graph/op_run.h"

#include "base/rng.h"
#include "graph/program.h"

enum { H = 7, EXAMPLES = 23, LONGEST = 12 };

struct problem {
	const char *op;
	int gates, states;
	int32_t offsets[EXAMPLES + 1];
	real *x, *w, *b, *state[2], *r;
};

static real *random_reals(int64_t n, uint64_t key)
{
	real *x = op_run_block(n);
	for (int64_t i = 0; i < n; i++) {
		struct rng r = {rng_at(key, (uint64_t)i), 0};
		x[i] = (real)(2 * rng_unit(&r) - 1);
	}
	return x;
}

static struct problem problem(const char *op, int gates, int states, uint64_t seed)
{
	struct problem p = {.op = op, .gates = gates, .states = states};
	struct rng r = rng_stream(seed, RNG_TEST, 0, 0);
	for (int32_t s = 0; s < EXAMPLES; s++)
		p.offsets[s + 1] = p.offsets[s] + (int32_t)rng_below(&r, LONGEST + 1);
	int64_t tokens = p.offsets[EXAMPLES];
	p.x = random_reals(tokens * gates * H, seed + 1);
	p.w = random_reals(gates * H * H, seed + 2);
	p.b = random_reals(gates * H, seed + 3);
	for (int k = 0; k < states; k++)
		p.state[k] = random_reals(EXAMPLES * H, seed + 4 + (uint64_t)k);
	p.r = random_reals(tokens * H, seed + 9);
	return p;
}

static void problem_fini(struct problem *p)
{
	real *all[] = {p->x, p->w, p->b, p->state[0], p->state[1], p->r};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		mem_free(all[i]);
}

/* Forward and backward of examples first..first+n-1. */
static void run_part(struct op_run *run, const struct problem *p, int32_t first, int32_t n, int32_t *offsets)
{
	for (int32_t s = 0; s <= n; s++)
		offsets[s] = p->offsets[first + s] - p->offsets[first];
	op_run_init(run, p->op, n, offsets);
	op_run_real(run, shape_rows(AXIS_TOKEN, 1, p->gates * H, 0), p->x + p->offsets[first] * p->gates * H);
	op_run_real(run, shape_fixed(2, p->gates * H, H, 0), p->w);
	op_run_real(run, shape_fixed(1, p->gates * H, 0, 0), p->b);
	for (int k = 0; k < p->states; k++)
		op_run_real(run, shape_rows(AXIS_EXAMPLE, 1, H, 0), p->state[k] + first * H);
	op_run_forward(run);
	op_run_backward(run, p->r + p->offsets[first] * H);
}

static void assert_rows_close(const real *got, const real *want, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		assert_close(got[i], want[i], 1e-5);
}

static void check(const char *op, int gates, int states, uint64_t seed)
{
	struct problem p = problem(op, gates, states, seed);
	struct op_run all, one;
	int32_t offsets[EXAMPLES + 1], alone[2];
	real sum[4 * H * H + 4 * H] = {0};
	run_part(&all, &p, 0, EXAMPLES, offsets);
	for (int32_t s = 0; s < EXAMPLES; s++) {
		int64_t at = p.offsets[s], n = p.offsets[s + 1] - at;
		run_part(&one, &p, s, 1, alone);
		assert_rows_close(all.io.out.v + at * H, one.io.out.v, n * H);
		assert_rows_close(all.io.in[0].g + at * gates * H, one.io.in[0].g, n * gates * H);
		for (int k = 0; k < states; k++)
			assert_rows_close(all.io.in[3 + k].g + s * H, one.io.in[3 + k].g, H);
		for (int64_t i = 0; i < gates * H * H; i++)
			sum[i] += one.io.in[1].g[i];
		for (int64_t i = 0; i < gates * H; i++)
			sum[4 * H * H + i] += one.io.in[2].g[i];
		op_run_fini(&one);
	}
	assert_rows_close(all.io.in[1].g, sum, gates * H * H);
	assert_rows_close(all.io.in[2].g, sum + 4 * H * H, gates * H);
	op_run_fini(&all);
	problem_fini(&p);
}

static void packed_sequences_come_out_as_if_alone(void **state)
{
	for (uint64_t seed = 0; seed < 5; seed++) {
		check("gru", 3, 0, 100 * seed);
		check("gru", 3, 1, 100 * seed + 20);
		check("lstm", 4, 0, 100 * seed + 40);
		check("lstm", 4, 2, 100 * seed + 60);
	}
}

static void keep_least(void *ctx, int worker, int32_t first, int32_t examples, const struct operand *out)
{
	int32_t *least = ctx;
#pragma omp critical
	*least = examples < *least ? examples : *least;
}

/* The fewest examples of a slice of a program of this width, with a recurrent op or without. */
static int32_t least_examples(const struct batch *b, struct param *w, bool recurrent)
{
	struct trace *t = NULL;
	struct program *p = NULL;
	struct engine *g = NULL;
	struct err e = {0};
	int32_t least = b->examples;
	assert_int_equal(trace_new(b, &t, &e), OK);
	int x = trace_input(t, "x", &e), y = trace_apply(t, "neg", &x, 1, NULL, &e);
	if (recurrent)
		y = trace_apply(t, "gru", (const int[]){y, trace_param(t, w, &e)}, 2, NULL, &e);
	if (y < 0 || trace_finish(t, PROGRAM_INFER, &y, 1, &p, &e) != OK)
		fail_msg("%s", e.text);
	trace_free(t);
	assert_int_equal(engine_new(&(struct engine_options){.threads = 2}, &g, &e), OK);
	const int64_t rows[AXIS_N] = {1, b->examples, b->offsets[AXIS_TOKEN][b->examples]};
	assert_int_equal(program_reserve(g, p, rows, &e), OK);
	assert_int_equal(program_infer(g, p, b, keep_least, &least, &e), OK);
	program_free(p);
	engine_free(g);
	return least;
}

/* However wide the program is, a recurrent step gets many examples to walk at once. */
static void slices_hold_many_examples(void **state)
{
	enum { WIDE = 128, MANY = 256, TOKENS = 32 };
	static int32_t offsets[MANY + 1];
	struct batch b = {.examples = MANY, .nfields = 1};
	struct param *w = NULL;
	struct shape shape = shape_fixed(2, 3 * WIDE, WIDE, 0);
	for (int32_t i = 0; i <= MANY; i++)
		offsets[i] = i * TOKENS;
	b.spec[0] = (struct field_spec){.name = "x", .type = FIELD_REAL, .axis = AXIS_TOKEN, .width = 3 * WIDE};
	real *x = op_run_block((int64_t)MANY * TOKENS * 3 * WIDE);
	b.offsets[AXIS_TOKEN] = offsets;
	b.column[0] = x;
	assert_int_equal(param_new("w", &shape, &w, NULL), OK);
	assert_in_range(least_examples(&b, w, false), 1, 31);
	assert_in_range(least_examples(&b, w, true), 32, MANY / 2);
	param_unref(w);
	mem_free(x);
}

static void wrong_shapes_are_named(void **state)
{
	const double attr[OP_ATTR_MAX] = {0};
	struct op_sig s = {.n_in = 3,
		.type = {FIELD_REAL, FIELD_REAL, FIELD_REAL},
		.shape = {{AXIS_TOKEN, 1, {8}}, {AXIS_FIXED, 2, {9, 3}}, {AXIS_FIXED, 1, {9}}},
		.attr = attr};
	struct shape out;
	struct err e = {0};
	assert_int_equal(op_find("gru")->shape(&s, &out, &e), ERR_SHAPE);
	assert_non_null(strstr(e.text, "x must be [tokens, 9] or [examples, T, 9] (3 gates of 3), got [tokens, 8]"));
	assert_int_equal(op_find("lstm")->shape(&s, &out, &e), ERR_SHAPE);
	assert_non_null(strstr(e.text, "the weight must be [4 h, h], got [9, 3]"));
	s.shape[0].dim[0] = 9;
	s.shape[2].dim[0] = 3;
	assert_int_equal(op_find("gru")->shape(&s, &out, &e), ERR_SHAPE);
	assert_non_null(strstr(e.text, "the bias must be [9]"));
	s.shape[2] = (struct shape){AXIS_EXAMPLE, 1, {4}};
	assert_int_equal(op_find("gru")->shape(&s, &out, &e), ERR_SHAPE);
	assert_non_null(strstr(e.text, "an initial state must be [examples, 3], got [examples, 4]"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packed_sequences_come_out_as_if_alone),
		cmocka_unit_test(slices_hold_many_examples),
		cmocka_unit_test(wrong_shapes_are_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
