/* Small programs over a batch of the test's own: parameters with drawn values, ops by name with attributes by name. */
#ifndef GUSTO_TESTS_TRACED_H
#define GUSTO_TESTS_TRACED_H

#include "base/rng.h"
#include "graph/program.h"
#include "graph/reduce.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

/* Uniform in [-range, range]. */
static inline struct param *traced_param(const char *name, int ndim, int d0, int d1, double range, bool lazy)
{
	struct shape s = shape_fixed(ndim, d0, d1, 0);
	struct param *p;
	assert_int_equal(param_new(name, &s, &p, NULL), OK);
	struct rng r = rng_stream(3, RNG_TEST, rng_hash_name(name), 0);
	for (int64_t i = 0; i < p->n; i++)
		p->value[i] = (real)(range * (2 * rng_unit(&r) - 1));
	p->lazy = lazy;
	p->trainable = true;
	return p;
}

struct named {
	const char *name; /* NULL ends the list */
	double value;
};

static inline int traced_op(struct trace *t, const char *op, const struct named *attr, int n, const int *in)
{
	const struct op_class *c = op_find(op);
	struct args a;
	struct err e = {OK, ""};
	assert_non_null(c);
	args_default(&c->desc, &a);
	for (; attr && attr->name; attr++) {
		int k = arg_index(&c->desc, attr->name);
		assert_true(k >= 0);
		a.num[k] = attr->value;
	}
	int out = trace_op(t, c, in, n, a.num, &e);
	if (out < 0)
		fail_msg("%s: %s", op, e.text);
	return out;
}

#define TRACED(t_, op_, attr_, ...)                                                                                    \
	traced_op(t_, op_, attr_, (int)(sizeof((int[]){__VA_ARGS__}) / sizeof(int)), (int[]){__VA_ARGS__})

/* The outputs of a whole batch, put together from the slices. */
struct traced_sink {
	real *out;
	int64_t width;
};

static inline void traced_collect(void *ctx, int worker, int32_t first, int32_t n, const struct operand *o)
{
	struct traced_sink *s = ctx;
	memcpy(s->out + o[0].first_row * s->width, o[0].v, (size_t)(o[0].rows * s->width) * sizeof(real));
}

static inline struct program *traced_finish(struct trace *t, enum program_mode mode, int output)
{
	struct program *p;
	struct err e = {OK, ""};
	if (trace_finish(t, mode, &output, 1, &p, &e) != OK)
		fail_msg("%s", e.text);
	trace_free(t);
	return p;
}

static inline void traced_infer(struct program *p, const struct batch *b, int threads, real *out, int64_t width)
{
	struct engine *g;
	struct err e = {OK, ""};
	struct traced_sink s = {out, width};
	assert_int_equal(engine_new(&(struct engine_options){.threads = threads}, &g, &e), OK);
	if (program_infer(g, p, b, traced_collect, &s, &e) != OK)
		fail_msg("%s", e.text);
	engine_free(g);
}

/* Is sum (seen - expected)^2 / expected below the 99.9 % point of chi-square with cells - 1 degrees of freedom
 * (Wilson and Hilferty 1931)? */
static inline void traced_chi_square(const int64_t *seen, const double *expected, int cells)
{
	double x = 0, k = cells - 1, q = 1 - 2 / (9 * k) + 3.09 * sqrt(2 / (9 * k));
	for (int i = 0; i < cells; i++) {
		assert_true(expected[i] > 0);
		x += ((double)seen[i] - expected[i]) * ((double)seen[i] - expected[i]) / expected[i];
	}
	if (x > k * q * q * q)
		fail_msg("chi-square %.2f with %d degrees of freedom", x, cells - 1);
}

#endif
