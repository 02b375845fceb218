/* Layers against their formulas in plain loops, over packed sequences. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "graph/program.h"
#include "nn/layer.h"
#include "support/close.h"

enum { DIM = 4, HEADS = 2, EXAMPLES = 3, TOKENS = 7, LENGTH_MAX = 4 };

static const int32_t offsets[EXAMPLES + 1] = {0, 2, 3, 7};

struct setting {
	const char *name;
	double number;
	const char *text;
};

static enum err_code try_layer(
	const char *class, const struct setting *set, struct paramset *s, struct layer **out, struct err *e)
{
	const struct desc *d = registry_find(&layer_registry, class);
	struct args a;
	assert_non_null(d);
	args_default(d, &a);
	for (; set->name; set++) {
		enum err_code rc = set->text ? args_set_text(d, &a, set->name, set->text, e)
					     : args_set_number(d, &a, set->name, set->number, e);
		if (rc != OK)
			return rc;
	}
	return layer_new(class, "it", &a, s, out, e);
}

static struct layer *make(const char *class, const struct setting *set, struct paramset *s)
{
	struct layer *l = NULL;
	struct err e = {0};
	if (try_layer(class, set, s, &l, &e) != OK)
		fail_msg("%s", e.text);
	/* nothing stays at 0 or 1, so that every parameter matters */
	for (size_t i = 0; i < paramset_count(s); i++) {
		struct param *p = paramset_get(s, i);
		struct rng r = rng_stream(7, RNG_TEST, rng_hash_name(p->name), 0);
		for (int64_t j = 0; j < p->n; j++)
			p->value[j] = (real)(2 * rng_unit(&r) - 1);
	}
	return l;
}

/* ---- running a layer ---- */

struct sink {
	real *out;
	int64_t width;
};

static void collect(void *ctx, int worker, int32_t first_example, int32_t examples, const struct operand *outputs)
{
	struct sink *s = ctx;
	memcpy(s->out + outputs->first_row * s->width, outputs->v, (size_t)(outputs->rows * s->width) * sizeof(real));
}

static struct batch make_batch(const real *x, const int32_t *ids)
{
	struct batch b = {.examples = EXAMPLES, .nfields = 2};
	b.offsets[AXIS_TOKEN] = offsets;
	b.spec[0] = (struct field_spec){"x", FIELD_REAL, AXIS_TOKEN, DIM};
	b.spec[1] = (struct field_spec){"ids", FIELD_INT, AXIS_TOKEN, 1};
	b.column[0] = x;
	b.column[1] = ids;
	return b;
}

static int64_t run(const struct layer *l, const char *field, const struct batch *b, real *out)
{
	struct trace *t = NULL;
	struct program *p = NULL;
	struct engine *g = NULL;
	struct err e = {0};
	assert_int_equal(trace_new(b, &t, &e), OK);
	int in = trace_input(t, field, &e), y = layer_apply(l, t, &in, 1, &e);
	if (y < 0)
		fail_msg("%s", e.text);
	struct sink sink = {out, shape_width(trace_shape(t, y))};
	if (trace_finish(t, PROGRAM_INFER, &y, 1, &p, &e) != OK)
		fail_msg("%s", e.text);
	trace_free(t);
	assert_int_equal(engine_new(&(struct engine_options){.threads = 2, .slice_rows = 3}, &g, &e), OK);
	assert_int_equal(program_reserve(g, p, (const int64_t[AXIS_N]){1, EXAMPLES, TOKENS, 0}, &e), OK);
	if (program_infer(g, p, b, collect, &sink, &e) != OK)
		fail_msg("%s", e.text);
	program_free(p);
	engine_free(g);
	return sink.width;
}

static void fill(real *x, int n)
{
	struct rng r = rng_stream(8, RNG_TEST, 0, 0);
	for (int i = 0; i < n; i++)
		x[i] = (real)(2 * rng_unit(&r) - 1);
}

/* ---- the formulas ---- */

typedef double tokens[TOKENS][DIM];

static const struct param *param(const struct layer *l, const char *name)
{
	const struct param *p = layer_param(l, name);
	if (!p)
		fail_msg("layer %s has no parameter %s", l->name, name);
	return p;
}

static void linear(const struct layer *l, const char *name, tokens x, tokens y)
{
	char path[64];
	snprintf(path, sizeof path, "%s/weight", name);
	const struct param *w = param(l, path);
	snprintf(path, sizeof path, "%s/bias", name);
	const struct param *b = param(l, path);
	for (int t = 0; t < TOKENS; t++)
		for (int o = 0; o < DIM; o++) {
			y[t][o] = (double)b->value[o];
			for (int i = 0; i < DIM; i++)
				y[t][o] += (double)w->value[o * DIM + i] * x[t][i];
		}
}

static void norm(const struct layer *l, const char *name, double eps, tokens x, tokens y)
{
	char path[64];
	snprintf(path, sizeof path, "%s/gain", name);
	const struct param *gain = param(l, path);
	snprintf(path, sizeof path, "%s/bias", name);
	const struct param *bias = param(l, path);
	for (int t = 0; t < TOKENS; t++) {
		double mean = 0, var = 0;
		for (int i = 0; i < DIM; i++)
			mean += x[t][i] / DIM;
		for (int i = 0; i < DIM; i++)
			var += (x[t][i] - mean) * (x[t][i] - mean) / DIM;
		for (int i = 0; i < DIM; i++)
			y[t][i] = (x[t][i] - mean) / sqrt(var + eps) * (double)gain->value[i] + (double)bias->value[i];
	}
}

static void attend_token(tokens q, tokens k, tokens v, int t, int first, int last, int h, tokens y)
{
	enum { D = DIM / HEADS };
	double w[TOKENS], sum = 0;
	for (int s = first; s < last; s++) {
		w[s] = 0;
		for (int i = h * D; i < (h + 1) * D; i++)
			w[s] += q[t][i] * k[s][i];
		sum += w[s] = exp(w[s] / sqrt(D));
	}
	for (int i = h * D; i < (h + 1) * D; i++) {
		y[t][i] = 0;
		for (int s = first; s < last; s++)
			y[t][i] += w[s] / sum * v[s][i];
	}
}

static void attention(
	const struct layer *l, const char *name, bool causal, bool out, tokens query, tokens key, tokens y)
{
	tokens q, k, v, a;
	char path[64];
	snprintf(path, sizeof path, "%s/query", name), linear(l, path, query, q);
	snprintf(path, sizeof path, "%s/key", name), linear(l, path, key, k);
	snprintf(path, sizeof path, "%s/value", name), linear(l, path, key, v);
	for (int e = 0; e < EXAMPLES; e++)
		for (int t = offsets[e]; t < offsets[e + 1]; t++)
			for (int h = 0; h < HEADS; h++)
				attend_token(q, k, v, t, offsets[e], causal ? t + 1 : offsets[e + 1], h, a);
	snprintf(path, sizeof path, "%s/out", name);
	if (out)
		linear(l, path, a, y);
	else
		memcpy(y, a, sizeof a);
}

static void feed_forward(const struct layer *l, tokens x, tokens y)
{
	tokens h;
	linear(l, "ffn/inner", x, h);
	for (int t = 0; t < TOKENS; t++)
		for (int i = 0; i < DIM; i++)
			h[t][i] = fmax(h[t][i], 0);
	linear(l, "ffn/outer", h, y);
}

static void add(tokens a, tokens b, tokens y)
{
	for (int t = 0; t < TOKENS; t++)
		for (int i = 0; i < DIM; i++)
			y[t][i] = a[t][i] + b[t][i];
}

static void check(const real *got, tokens want)
{
	double tolerance = sizeof(real) == 4 ? 2e-5 : 1e-11;
	for (int t = 0; t < TOKENS; t++)
		for (int i = 0; i < DIM; i++)
			assert_close((double)got[t * DIM + i], want[t][i], tolerance);
}

static void widen(const real *x, tokens y)
{
	for (int t = 0; t < TOKENS; t++)
		for (int i = 0; i < DIM; i++)
			y[t][i] = (double)x[t * DIM + i];
}

static void test_block(void **state)
{
	static const char *const orders[] = {"sasrec", "pre", "post"};
	const double eps = 1e-3;
	real x[TOKENS * DIM], got[TOKENS * DIM];
	struct batch b = make_batch(x, NULL);
	b.nfields = 1;
	fill(x, TOKENS * DIM);
	for (int k = 0; k < 3; k++) {
		bool causal = k != 1, out = k != 0;
		struct paramset *s = paramset_new(1);
		struct layer *l = make("block",
			(const struct setting[]){{"dim", DIM}, {"heads", HEADS}, {"order", 0, orders[k]}, {"eps", eps},
				{"out", out}, {"causal", causal}, {"dropout", .5}, {0}},
			s);
		tokens in, q, a, y, z, f, want;
		widen(x, in);
		assert_int_equal(run(l, "x", &b, got), DIM);
		if (k == 0) {
			norm(l, "norm 1", eps, in, q);
			attention(l, "attention", causal, out, q, in, a);
			add(q, a, y);
			norm(l, "norm 2", eps, y, z);
			feed_forward(l, z, f);
			add(z, f, want);
		} else if (k == 1) {
			norm(l, "norm 1", eps, in, q);
			attention(l, "attention", causal, out, q, q, a);
			add(in, a, y);
			norm(l, "norm 2", eps, y, z);
			feed_forward(l, z, f);
			add(y, f, want);
		} else {
			attention(l, "attention", causal, out, in, in, a);
			add(in, a, y);
			norm(l, "norm 1", eps, y, z);
			feed_forward(l, z, f);
			add(z, f, y);
			norm(l, "norm 2", eps, y, want);
		}
		check(got, want);
		struct param *all[32];
		assert_int_equal(layer_params(l, all, 32), paramset_count(s));
		for (size_t i = 0; i < paramset_count(s); i++)
			assert_ptr_equal(all[i], paramset_get(s, i));
		assert_non_null(paramset_find(s, "it/attention/query/weight"));
		layer_free(l);
		paramset_free(s);
	}
}

static void test_mlp(void **state)
{
	real x[TOKENS * DIM], got[TOKENS * 2];
	struct batch b = make_batch(x, NULL);
	b.nfields = 1;
	fill(x, TOKENS * DIM);
	for (int last = 0; last < 2; last++) {
		struct paramset *s = paramset_new(1);
		struct layer *l = make("mlp",
			(const struct setting[]){{"sizes", 0, "4,3,2"}, {"act", 0, "tanh"}, {"last", last}, {0}}, s);
		const struct param *w1 = param(l, "1/weight"), *b1 = param(l, "1/bias");
		const struct param *w2 = param(l, "2/weight"), *b2 = param(l, "2/bias");
		assert_int_equal(run(l, "x", &b, got), 2);
		for (int t = 0; t < TOKENS; t++) {
			double h[3];
			for (int o = 0; o < 3; o++) {
				h[o] = (double)b1->value[o];
				for (int i = 0; i < DIM; i++)
					h[o] += (double)w1->value[o * DIM + i] * (double)x[t * DIM + i];
				h[o] = tanh(h[o]);
			}
			for (int o = 0; o < 2; o++) {
				double y = (double)b2->value[o];
				for (int i = 0; i < 3; i++)
					y += (double)w2->value[o * 3 + i] * h[i];
				assert_close((double)got[t * 2 + o], last ? tanh(y) : y, 1e-5);
			}
		}
		layer_free(l);
		paramset_free(s);
	}
}

/* One training step of sum(layer(x)^2). */
static void step(const struct layer *l, const struct batch *b)
{
	struct trace *t = NULL;
	struct program *p = NULL;
	struct engine *g = NULL;
	struct err e = {0};
	double loss;
	assert_int_equal(trace_new(b, &t, &e), OK);
	int in = trace_input(t, "x", &e), y = layer_apply(l, t, &in, 1, &e);
	y = trace_apply(t, "square", &y, 1, NULL, &e);
	y = trace_apply(t, "sum_all", &y, 1, NULL, &e);
	if (trace_finish(t, PROGRAM_TRAIN, &y, 1, &p, &e) != OK)
		fail_msg("%s", e.text);
	trace_free(t);
	assert_int_equal(engine_new(&(struct engine_options){.threads = 2, .slice_rows = 1}, &g, &e), OK);
	if (program_step(g, p, b, &loss, &e) != OK)
		fail_msg("%s", e.text);
	program_free(p);
	engine_free(g);
}

static void positive(const struct param *p)
{
	for (int64_t i = 0; i < p->n; i++)
		p->value[i] = (real)fabs((double)p->value[i]) + (real).1;
}

/* Training moves the running statistics of the whole batch, however it is cut; evaluation uses and keeps them. */
static void test_batch_norm(void **state)
{
	real x[TOKENS * DIM], got[TOKENS * DIM];
	double mean[DIM], var[DIM];
	tokens want;
	struct batch b = make_batch(x, NULL);
	b.nfields = 1;
	fill(x, TOKENS * DIM);
	struct paramset *s = paramset_new(1);
	struct layer *l = make("batch_norm", (const struct setting[]){{"dim", DIM}, {"momentum", .3}, {0}}, s);
	const struct param *m = param(l, "mean"), *v = param(l, "var"), *gain = param(l, "gain"),
			   *bias = param(l, "bias");
	positive(v);
	for (int i = 0; i < DIM; i++) {
		double now = 0, square = 0;
		for (int t = 0; t < TOKENS; t++)
			now += (double)x[t * DIM + i] / TOKENS;
		for (int t = 0; t < TOKENS; t++)
			square += ((double)x[t * DIM + i] - now) * ((double)x[t * DIM + i] - now);
		mean[i] = .7 * (double)m->value[i] + .3 * now;
		var[i] = .7 * (double)v->value[i] + .3 * square / (TOKENS - 1);
	}
	step(l, &b);
	for (int i = 0; i < DIM; i++) {
		assert_close((double)m->value[i], mean[i], 1e-5);
		assert_close((double)v->value[i], var[i], 1e-5);
	}
	for (int round = 0; round < 2; round++) {
		run(l, "x", &b, got);
		for (int t = 0; t < TOKENS; t++)
			for (int i = 0; i < DIM; i++)
				want[t][i] = ((double)x[t * DIM + i] - mean[i]) / sqrt(var[i] + 1e-5) *
						     (double)gain->value[i] +
					     (double)bias->value[i];
		check(got, want);
	}
	layer_free(l);
	paramset_free(s);
}

static void test_dice(void **state)
{
	real x[TOKENS * DIM], got[TOKENS * DIM];
	tokens want;
	struct batch b = make_batch(x, NULL);
	b.nfields = 1;
	fill(x, TOKENS * DIM);
	struct paramset *s = paramset_new(1);
	struct layer *l = make("dice", (const struct setting[]){{"dim", DIM}, {0}}, s);
	const struct param *m = param(l, "norm/mean"), *v = param(l, "norm/var"), *slope = param(l, "slope");
	positive(v);
	run(l, "x", &b, got);
	for (int t = 0; t < TOKENS; t++)
		for (int i = 0; i < DIM; i++) {
			double at = (double)x[t * DIM + i];
			double h = (at - (double)m->value[i]) / sqrt((double)v->value[i] + 1e-8), p = 1 / (1 + exp(-h));
			want[t][i] = p * at + (1 - p) * (double)slope->value[i] * at;
		}
	check(got, want);
	layer_free(l);
	paramset_free(s);
}

static void test_tables(void **state)
{
	enum { ROWS = 9 };
	static const int32_t ids[TOKENS] = {3, 8, 0, 3, 3, 7, 1};
	real got[TOKENS * DIM];
	struct batch b = make_batch(got, ids);
	struct paramset *s = paramset_new(1);
	struct layer *e =
		make("embedding", (const struct setting[]){{"rows", ROWS}, {"dim", DIM}, {"scale", 2}, {0}}, s);
	assert_true(param(e, "weight")->lazy);
	assert_int_equal(run(e, "ids", &b, got), DIM);
	for (int i = 0; i < TOKENS * DIM; i++)
		assert_close((double)got[i], 2 * (double)param(e, "weight")->value[ids[i / DIM] * DIM + i % DIM], 1e-6);
	layer_free(e);
	paramset_free(s);

	s = paramset_new(1);
	e = make("position", (const struct setting[]){{"length", ROWS}, {"dim", DIM}, {0}}, s);
	assert_false(param(e, "weight")->lazy);
	assert_int_equal(run(e, "ids", &b, got), DIM);
	for (int i = 0; i < TOKENS * DIM; i++)
		assert_true(got[i] == param(e, "weight")->value[ids[i / DIM] * DIM + i % DIM]);
	layer_free(e);
	paramset_free(s);

	static const char *const modes[] = {"mean", "sum"};
	for (int k = 0; k < 2; k++) {
		s = paramset_new(1);
		e = make("embedding_bag",
			(const struct setting[]){{"rows", ROWS}, {"dim", DIM}, {"over", 0, modes[k]}, {0}}, s);
		assert_int_equal(run(e, "ids", &b, got), DIM);
		for (int x = 0; x < EXAMPLES; x++)
			for (int i = 0; i < DIM; i++) {
				double sum = 0;
				for (int t = offsets[x]; t < offsets[x + 1]; t++)
					sum += (double)param(e, "weight")->value[ids[t] * DIM + i];
				assert_close(
					(double)got[x * DIM + i], k ? sum : sum / (offsets[x + 1] - offsets[x]), 1e-5);
			}
		layer_free(e);
		paramset_free(s);
	}

	s = paramset_new(1);
	e = make("constant", (const struct setting[]){{"dim", 5}, {0}}, s);
	assert_false(param(e, "value")->trainable);
	assert_int_equal(paramset_numbers(s, true), 0);
	layer_free(e);
	paramset_free(s);
}

static void refuses(const char *class, const struct setting *set, const char *part)
{
	struct paramset *s = paramset_new(1);
	struct layer *l = NULL;
	struct err e = {0};
	assert_int_not_equal(try_layer(class, set, s, &l, &e), OK);
	if (!strstr(e.text, part))
		fail_msg("%s: \"%s\" does not say \"%s\"", class, e.text, part);
	paramset_free(s);
}

#define SET(...) ((const struct setting[]){__VA_ARGS__, {0}})

static void test_errors(void **state)
{
	refuses("attention", SET({"dim", 10}, {"heads", 3}), "heads=3 does not divide dim=10");
	refuses("block", SET({"dim", 10}, {"heads", 3}), "heads=3 does not divide dim=10");
	refuses("linear", SET({"in", 10}), "linear needs out");
	refuses("linear", SET({"in", 10}, {"out", 3}, {"act", 0, "rule"}), "act must be one of");
	refuses("linear", SET({"in", 0}, {"out", 3}), "in must be in");
	refuses("mlp", SET({"sizes", 0, "64"}), "at least one output");
	refuses("mlp", SET({"sizes", 0, "64,,8"}), "sizes must be numbers");
	refuses("mlp", SET({"sizes", 0, "64,x"}), "sizes must be numbers");
	refuses("mlp", SET({"sizes", 0, ""}), "sizes must be numbers");
	refuses("mlp", SET({"sizes", 0, "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1"}), "at most");
	struct layer *l;
	struct err e;
	struct args a = {0};
	assert_int_equal(layer_new("liner", "x", &a, NULL, &l, &e), ERR_NOTFOUND);
	assert_non_null(strstr(e.text, "did you mean 'linear'"));

	/* too few or too many values, and values of the wrong width, name the scope */
	real x[TOKENS * DIM];
	struct batch b = make_batch(x, NULL);
	struct paramset *s = paramset_new(1);
	struct trace *t;
	l = make("linear", SET({"in", DIM + 1}, {"out", 2}), s);
	b.nfields = 1;
	assert_int_equal(trace_new(&b, &t, &e), OK);
	int in = trace_input(t, "x", &e);
	assert_int_equal(layer_apply(l, t, (const int[]){in, in}, 2, &e), -1);
	assert_non_null(strstr(e.text, "it: linear takes 1 to 1 values, got 2"));
	assert_int_equal(layer_apply(l, t, &in, 1, &e), -1);
	assert_non_null(strstr(e.text, "it"));
	assert_string_equal(trace_scope(t), "");
	trace_free(t);
	layer_free(l);
	layer_free(NULL);
	paramset_free(s);
}

/* ---- recurrent ---- */

enum { OUT = 3 };

static double gate(const struct layer *l, const char *scope, int row, const double *x, int in, const double *h)
{
	char path[64];
	snprintf(path, sizeof path, "%s/input/weight", scope);
	const struct param *w = param(l, path);
	snprintf(path, sizeof path, "%s/input/bias", scope);
	double y = (double)param(l, path)->value[row];
	for (int i = 0; i < in; i++)
		y += (double)w->value[row * in + i] * x[i];
	snprintf(path, sizeof path, "%s/weight", scope);
	const struct param *u = param(l, path);
	for (int i = 0; h && i < OUT; i++)
		y += (double)u->value[row * OUT + i] * h[i];
	snprintf(path, sizeof path, "%s/bias", scope);
	return h ? y + (double)param(l, path)->value[row] : y;
}

/* The hidden part of a gate alone. */
static double hidden(const struct layer *l, const char *scope, int row, const double *h)
{
	double x[DIM] = {0};
	return gate(l, scope, row, x, 0, h) - gate(l, scope, row, x, 0, NULL);
}

static double logistic(double x)
{
	return 1 / (1 + exp(-x));
}

/* h becomes the state after x. */
static void gru_cell(const struct layer *l, const char *scope, const double *x, int in, double *h)
{
	double next[OUT];
	for (int j = 0; j < OUT; j++) {
		double r = logistic(gate(l, scope, j, x, in, h)), z = logistic(gate(l, scope, OUT + j, x, in, h));
		double n = tanh(gate(l, scope, 2 * OUT + j, x, in, NULL) + r * hidden(l, scope, 2 * OUT + j, h));
		next[j] = (1 - z) * n + z * h[j];
	}
	memcpy(h, next, sizeof next);
}

static void lstm_cell(const struct layer *l, const char *scope, const double *x, int in, double *h, double *c)
{
	double next[OUT];
	for (int j = 0; j < OUT; j++) {
		double i = logistic(gate(l, scope, j, x, in, h)), f = logistic(gate(l, scope, OUT + j, x, in, h));
		double g = tanh(gate(l, scope, 2 * OUT + j, x, in, h)),
		       o = logistic(gate(l, scope, 3 * OUT + j, x, in, h));
		c[j] = f * c[j] + i * g;
		next[j] = o * tanh(c[j]);
	}
	memcpy(h, next, sizeof next);
}

static void cell(
	const char *class, const struct layer *l, const char *scope, const double *x, int in, double state[2][OUT])
{
	if (strcmp(class, "gru") == 0)
		gru_cell(l, scope, x, in, state[0]);
	else
		lstm_cell(l, scope, x, in, state[0], state[1]);
}

/* Two layers against the cells of one example after the other. */
static void test_recurrent(void **state)
{
	static const char *const classes[] = {"gru", "lstm"};
	real x[TOKENS * DIM], got[TOKENS * OUT];
	struct batch b = make_batch(x, NULL);
	b.nfields = 1;
	fill(x, TOKENS * DIM);
	for (int k = 0; k < 2; k++) {
		struct paramset *s = paramset_new(1);
		struct layer *l =
			make(classes[k], (const struct setting[]){{"in", DIM}, {"out", OUT}, {"layers", 2}, {0}}, s);
		assert_int_equal(run(l, "x", &b, got), OUT);
		for (int e = 0; e < EXAMPLES; e++) {
			double first[2][OUT] = {{0}}, second[2][OUT] = {{0}};
			for (int t = offsets[e]; t < offsets[e + 1]; t++) {
				double in[DIM];
				for (int i = 0; i < DIM; i++)
					in[i] = (double)x[t * DIM + i];
				cell(classes[k], l, "1", in, DIM, first);
				cell(classes[k], l, "2", first[0], OUT, second);
				for (int j = 0; j < OUT; j++)
					assert_close((double)got[t * OUT + j], second[0][j], 1e-5);
			}
		}
		layer_free(l);
		paramset_free(s);
	}
}

static void test_conv1d(void **state)
{
	enum { WIDTH = 3, DILATION = 2 };
	static const struct {
		const char *align;
		int before;
	} aligned[] = {{"causal", 4}, {"same", 2}, {"valid", 0}};
	for (size_t k = 0; k < sizeof aligned / sizeof *aligned; k++) {
		struct paramset *s = paramset_new(1);
		struct layer *l = make("conv1d",
			(const struct setting[]){{"in", DIM}, {"out", DIM}, {"width", WIDTH}, {"dilation", DILATION},
				{"align", 0, aligned[k].align}, {"act", 0, "relu"}, {0}},
			s);
		const struct param *w = param(l, "weight"), *b = param(l, "bias");
		real x[TOKENS * DIM], y[TOKENS * DIM];
		fill(x, TOKENS * DIM);
		struct batch batch = make_batch(x, NULL);
		assert_int_equal(run(l, "x", &batch, y), DIM);
		for (int e = 0; e < EXAMPLES; e++)
			for (int t = offsets[e]; t < offsets[e + 1]; t++)
				for (int o = 0; o < DIM; o++) {
					double want = (double)b->value[o];
					for (int j = 0; j < WIDTH; j++) {
						int at = t + j * DILATION - aligned[k].before;
						for (int i = 0; at >= offsets[e] && at < offsets[e + 1] && i < DIM; i++)
							want += (double)w->value[(o * WIDTH + j) * DIM + i] *
								(double)x[at * DIM + i];
					}
					bool whole = k != 2 || t + (WIDTH - 1) * DILATION < offsets[e + 1];
					assert_close(y[t * DIM + o], whole && want > 0 ? want : 0, 1e-5);
				}
		layer_free(l);
		paramset_free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_block), cmocka_unit_test(test_mlp),
		cmocka_unit_test(test_recurrent), cmocka_unit_test(test_tables), cmocka_unit_test(test_errors),
		cmocka_unit_test(test_conv1d), cmocka_unit_test(test_batch_norm), cmocka_unit_test(test_dice)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
