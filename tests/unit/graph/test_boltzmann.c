/* A restricted Boltzmann machine with softmax visible units, composed of ops as lua/gusto/models/rbm.lua does, against the
 * enumeration of all its states: free energy, stationary distribution of the Gibbs sampler, the likelihood's gradient
 * and what contrastive divergence makes of it.  And the draws and the state it needs. */
#include "unit/graph/traced.h"

#include <stdlib.h>

/* 3 items on 3 levels, 2 hidden units: 27 visible states. */
enum { ITEMS = 3, LEVELS = 3, HIDDEN = 2, STATES = 27, WEIGHTS = ITEMS * LEVELS * HIDDEN };

struct rbm {
	struct param *w, *b, *c;
};

static const struct named on_levels[] = {{"levels", LEVELS}, {"low", 1}, {"step", 1}, {NULL, 0}};

static struct rbm rbm_new(double range)
{
	return (struct rbm){traced_param("w", 2, ITEMS, LEVELS * HIDDEN, range, true),
		traced_param("b", 2, ITEMS, LEVELS, range, true), traced_param("c", 1, HIDDEN, 0, range, false)};
}

static void rbm_free(struct rbm *m)
{
	param_unref(m->w);
	param_unref(m->b);
	param_unref(m->c);
}

static int level_of(int state, int item)
{
	static const int power[ITEMS] = {1, LEVELS, LEVELS * LEVELS};
	return state / power[item] % LEVELS;
}

static double weight(const struct rbm *m, int item, int level, int hidden)
{
	return (double)m->w->value[(item * LEVELS + level) * HIDDEN + hidden];
}

/* -log sum_h exp(-E(v, h)), over the hidden states one by one. */
static double energy_by_enumeration(const struct rbm *m, int state)
{
	double sum = 0;
	for (int h = 0; h < 1 << HIDDEN; h++) {
		double minus = 0;
		for (int i = 0; i < ITEMS; i++) {
			minus += (double)m->b->value[i * LEVELS + level_of(state, i)];
			for (int f = 0; f < HIDDEN; f++)
				minus += (h >> f & 1) * weight(m, i, level_of(state, i), f);
		}
		for (int f = 0; f < HIDDEN; f++)
			minus += (h >> f & 1) * (double)m->c->value[f];
		sum += exp(minus);
	}
	return -log(sum);
}

static void probabilities(const struct rbm *m, double p[STATES])
{
	double z = 0;
	for (int s = 0; s < STATES; s++)
		z += p[s] = exp(-energy_by_enumeration(m, s));
	for (int s = 0; s < STATES; s++)
		p[s] /= z;
}

/* ---- batches: every example rates all items; its state is given ---- */

struct rows {
	struct batch batch;
	int32_t *offsets, *item;
	real *rating;
};

static struct rows rows_new(int32_t examples, int (*state)(int32_t example))
{
	struct rows r = {.offsets = calloc((size_t)examples + 1, sizeof(int32_t)),
		.item = calloc((size_t)examples * ITEMS, sizeof(int32_t)),
		.rating = calloc((size_t)examples * ITEMS, sizeof(real))};
	assert_true(r.offsets && r.item && r.rating);
	for (int32_t e = 0; e < examples; e++) {
		r.offsets[e + 1] = (e + 1) * ITEMS;
		for (int i = 0; i < ITEMS; i++) {
			r.item[e * ITEMS + i] = i;
			r.rating[e * ITEMS + i] = (real)(1 + level_of(state(e), i));
		}
	}
	r.batch = (struct batch){.examples = examples,
		.nfields = 2,
		.spec = {{"item", FIELD_INT, AXIS_TOKEN, 1}, {"rating", FIELD_REAL, AXIS_TOKEN, 1}},
		.column = {r.item, r.rating},
		.seed = 11,
		.step = 1};
	r.batch.offsets[AXIS_TOKEN] = r.offsets;
	return r;
}

static void rows_free(struct rows *r)
{
	free(r->offsets);
	free(r->item);
	free(r->rating);
}

/* ---- the model ---- */

static int drive(struct trace *t, const struct rbm *m, int item, int rating)
{
	int bag = TRACED(t, "level_bag", on_levels, trace_param(t, m->w, NULL), item, rating);
	return TRACED(t, "add", NULL, bag, trace_param(t, m->c, NULL));
}

static int free_energy(struct trace *t, const struct rbm *m, int item, int rating, int z)
{
	int b = TRACED(t, "level_bag", on_levels, trace_param(t, m->b, NULL), item, rating);
	int h = TRACED(t, "sum", NULL, TRACED(t, "softplus", NULL, z));
	return TRACED(t, "neg", NULL, TRACED(t, "add", NULL, b, h));
}

/* k steps of Gibbs sampling from the ratings of the batch: ratings of the chain. */
static int chain(struct trace *t, const struct rbm *m, int item, int z, int k)
{
	int v = -1;
	for (int s = 0; s < k; s++) {
		int h = TRACED(t, "bernoulli", NULL, TRACED(t, "sigmoid", NULL, z));
		int logits = TRACED(
			t, "level_logits", on_levels, h, trace_param(t, m->w, NULL), trace_param(t, m->b, NULL), item);
		v = TRACED(t, "categorical", on_levels, logits);
		z = drive(t, m, item, v);
	}
	return v;
}

static struct trace *begin(const struct rows *r, int *item, int *rating)
{
	struct trace *t;
	assert_int_equal(trace_new(&r->batch, &t, NULL), OK);
	*item = trace_input(t, "item", NULL);
	*rating = trace_input(t, "rating", NULL);
	return t;
}

static int every_state(int32_t e)
{
	return e % STATES;
}

static void free_energy_sums_the_hidden_states(void **state)
{
	struct rbm m = rbm_new(1.5);
	struct rows r = rows_new(STATES, every_state);
	int item, rating;
	real out[STATES];
	struct trace *t = begin(&r, &item, &rating);
	int f = free_energy(t, &m, item, rating, drive(t, &m, item, rating));
	struct program *p = traced_finish(t, PROGRAM_INFER, f);
	traced_infer(p, &r.batch, 1, out, 1);
	for (int s = 0; s < STATES; s++)
		assert_true(fabs((double)out[s] - energy_by_enumeration(&m, s)) < 1e-5);
	program_free(p);
	rows_free(&r);
	rbm_free(&m);
}

static int state_of_ratings(const real *rating)
{
	int s = 0;
	for (int i = ITEMS - 1; i >= 0; i--)
		s = s * LEVELS + (int)rating[i] - 1;
	return s;
}

static int first_state(int32_t e)
{
	return 5;
}

/* Long chains forget where they began and visit states as often as p says, whatever the slices. */
static void the_gibbs_sampler_has_the_models_distribution(void **state)
{
	enum { EXAMPLES = 20000, STEPS = 40 };
	struct rbm m = rbm_new(1);
	struct rows r = rows_new(EXAMPLES, first_state);
	int item, rating;
	real *out = calloc(EXAMPLES * ITEMS, sizeof *out), *again = calloc(EXAMPLES * ITEMS, sizeof *out);
	double p[STATES];
	int64_t seen[STATES] = {0};
	struct trace *t = begin(&r, &item, &rating);
	struct program *program =
		traced_finish(t, PROGRAM_INFER, chain(t, &m, item, drive(t, &m, item, rating), STEPS));
	traced_infer(program, &r.batch, 1, out, 1);
	traced_infer(program, &r.batch, 3, again, 1);
	assert_memory_equal(out, again, EXAMPLES * ITEMS * sizeof *out);
	for (int e = 0; e < EXAMPLES; e++)
		seen[state_of_ratings(out + e * ITEMS)]++;
	probabilities(&m, p);
	for (int s = 0; s < STATES; s++)
		p[s] *= EXAMPLES;
	traced_chi_square(seen, p, STATES);
	program_free(program);
	free(out);
	free(again);
	rows_free(&r);
	rbm_free(&m);
}

/* ---- gradients ---- */

/* The data: states 0, 13 and 26 (all items equal). */
static int data_state(int32_t e)
{
	return e % 3 * 13;
}

/* d/dW of mean F(data) - E_model F, by enumeration; dF/dW_i^k_f = -[v_i = k] p(h_f = 1 | v). */
static void add_slope(const struct rbm *m, int s, double factor, double *g)
{
	for (int f = 0; f < HIDDEN; f++) {
		double z = (double)m->c->value[f];
		for (int i = 0; i < ITEMS; i++)
			z += weight(m, i, level_of(s, i), f);
		for (int i = 0; i < ITEMS; i++)
			g[(i * LEVELS + level_of(s, i)) * HIDDEN + f] -= factor / (1 + exp(-z));
	}
}

static void exact_gradient(const struct rbm *m, double *g)
{
	double p[STATES];
	probabilities(m, p);
	memset(g, 0, WEIGHTS * sizeof *g);
	for (int e = 0; e < 3; e++)
		add_slope(m, data_state(e), 1. / 3, g);
	for (int s = 0; s < STATES; s++)
		add_slope(m, s, -p[s], g);
}

/* The gradient of F(v) - F(v~), v~ after k steps, mean over `examples`. */
static void cd_gradient(const struct rbm *m, int k, int32_t examples, bool lazy, double *g)
{
	struct rows r = rows_new(examples, data_state);
	struct engine *engine;
	struct param *const *params;
	int item, rating;
	double loss;
	real dense[WEIGHTS];
	struct err e = {OK, ""};
	m->w->lazy = m->b->lazy = lazy;
	struct trace *t = begin(&r, &item, &rating);
	int z = drive(t, m, item, rating), v = chain(t, m, item, z, k);
	int f = TRACED(
		t, "sub", NULL, free_energy(t, m, item, rating, z), free_energy(t, m, item, v, drive(t, m, item, v)));
	struct program *p = traced_finish(t, PROGRAM_TRAIN, TRACED(t, "mean_all", NULL, f));
	assert_int_equal(engine_new(&(struct engine_options){.threads = 2}, &engine, &e), OK);
	if (program_step(engine, p, &r.batch, &loss, &e) != OK)
		fail_msg("%s", e.text);
	for (int q = 0; q < program_params(p, &params); q++)
		if (params[q] == m->w)
			reduce_dense(engine, p, q, dense);
	for (int i = 0; i < WEIGHTS; i++)
		g[i] = (double)dense[i];
	program_free(p);
	engine_free(engine);
	rows_free(&r);
}

static double distance(const double *a, const double *b)
{
	double s = 0;
	for (int i = 0; i < WEIGHTS; i++)
		s += (a[i] - b[i]) * (a[i] - b[i]);
	return sqrt(s);
}

/* The bias of contrastive divergence falls with k; at k = 60 nothing but the sampling noise is left. */
static void cd_approaches_the_likelihoods_gradient(void **state)
{
	enum { EXAMPLES = 60000 };
	static const int steps[] = {1, 2, 4, 60};
	struct rbm m = rbm_new(4);
	double exact[WEIGHTS], got[WEIGHTS], off[4];
	exact_gradient(&m, exact);
	for (int k = 0; k < 4; k++) {
		cd_gradient(&m, steps[k], EXAMPLES, true, got);
		off[k] = distance(got, exact);
	}
	double noise =
		0.5 * sqrt((double)WEIGHTS / EXAMPLES); /* one example moves a weight's gradient by less than 1 */
	if (!(off[0] > 1.5 * off[1] && off[1] > 2 * off[2] && off[2] > 2 * off[3] && off[3] < noise))
		fail_msg("off by %g, %g, %g, %g; noise %g", off[0], off[1], off[2], off[3], noise);
	rbm_free(&m);
}

static void row_sparse_gradients_are_the_dense_ones(void **state)
{
	struct rbm m = rbm_new(1);
	double sparse[WEIGHTS], dense[WEIGHTS];
	cd_gradient(&m, 3, 50, true, sparse);
	cd_gradient(&m, 3, 50, false, dense);
	assert_true(distance(sparse, dense) < 1e-6);
	rbm_free(&m);
}

/* ---- state ---- */

static void state_is_written_in_training_only(void **state)
{
	enum { EXAMPLES = 5 };
	static const int32_t id[EXAMPLES] = {4, 0, -1, 2, 3};
	static const real x[EXAMPLES * 2] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
	struct param *memory = traced_param("chain", 2, 6, 2, 0, false), *w = traced_param("v", 1, 2, 0, 1, false);
	memory->trainable = false;
	struct batch b = {.examples = EXAMPLES,
		.nfields = 2,
		.spec = {{"user", FIELD_INT, AXIS_EXAMPLE, 1}, {"x", FIELD_REAL, AXIS_EXAMPLE, 2}},
		.column = {id, x}};
	for (int mode = 0; mode < 2; mode++) {
		struct trace *t;
		struct err e = {OK, ""};
		struct engine *g;
		double loss;
		assert_int_equal(trace_new(&b, &t, NULL), OK);
		int y = TRACED(t, "remember", NULL, trace_param(t, memory, NULL), trace_input(t, "user", NULL),
			trace_input(t, "x", NULL));
		int z = TRACED(t, "mean_all", NULL, TRACED(t, "mul", NULL, y, trace_param(t, w, NULL)));
		struct program *p = traced_finish(t, mode ? PROGRAM_TRAIN : PROGRAM_INFER, mode ? z : y);
		assert_int_equal(engine_new(&(struct engine_options){.threads = 2}, &g, &e), OK);
		if (mode)
			assert_int_equal(program_step(g, p, &b, &loss, &e), OK);
		else
			assert_int_equal(program_infer(g, p, &b, NULL, NULL, &e), OK);
		for (int u = 0; u < 6; u++)
			for (int j = 0; j < 2; j++) {
				double want = 0;
				for (int r = 0; mode && r < EXAMPLES; r++)
					want = id[r] == u ? (double)x[r * 2 + j] : want;
				assert_true((double)memory->value[u * 2 + j] == want);
			}
		program_free(p);
		engine_free(g);
	}
	param_unref(memory);
	param_unref(w);
}

static void what_is_trained_is_no_state(void **state)
{
	static const int32_t id[] = {0};
	static const real x[] = {1};
	struct param *w = traced_param("w", 2, 3, 1, 1, false);
	struct batch b = {.examples = 1,
		.nfields = 2,
		.spec = {{"user", FIELD_INT, AXIS_EXAMPLE, 1}, {"x", FIELD_REAL, AXIS_EXAMPLE, 1}},
		.column = {id, x}};
	struct trace *t;
	struct err e = {OK, ""};
	assert_int_equal(trace_new(&b, &t, NULL), OK);
	int user = trace_input(t, "user", NULL), column = trace_input(t, "x", NULL);
	assert_int_equal(trace_apply(t, "remember", (int[]){trace_param(t, w, NULL), user, column}, 3, NULL, &e), -1);
	assert_non_null(strstr(e.text, "'w' is trained"));
	assert_int_equal(trace_apply(t, "remember", (int[]){column, user, column}, 3, NULL, &e), -1);
	trace_free(t);
	param_unref(w);
}

/* ---- draws ---- */

static void draws_follow_their_probabilities(void **state)
{
	enum { EXAMPLES = 30000, K = 4 };
	static const real logits[K] = {-1, 0, (real)0.5, 2};
	real *s = calloc(EXAMPLES * K, sizeof *s), *out = calloc(EXAMPLES, sizeof *out),
	     *p = calloc(EXAMPLES, sizeof *p);
	double expected[K], z = 0;
	int64_t seen[K] = {0}, ones[2] = {0};
	for (int k = 0; k < K; k++)
		z += exp((double)logits[k]);
	for (int k = 0; k < K; k++)
		expected[k] = EXAMPLES * exp((double)logits[k]) / z;
	for (int i = 0; i < EXAMPLES; i++) {
		memcpy(s + i * K, logits, sizeof logits);
		p[i] = (real)0.3;
	}
	struct batch b = {.examples = EXAMPLES,
		.nfields = 2,
		.spec = {{"s", FIELD_REAL, AXIS_EXAMPLE, K}, {"p", FIELD_REAL, AXIS_EXAMPLE, 1}},
		.column = {s, p},
		.seed = 2,
		.step = 9};
	struct trace *t;
	assert_int_equal(trace_new(&b, &t, NULL), OK);
	static const struct named four[] = {{"levels", K}, {"low", 0.5}, {"step", 0.5}, {NULL, 0}};
	struct program *q = traced_finish(t, PROGRAM_INFER, TRACED(t, "categorical", four, trace_input(t, "s", NULL)));
	traced_infer(q, &b, 2, out, 1);
	for (int i = 0; i < EXAMPLES; i++)
		seen[(int)((double)out[i] * 2) - 1]++;
	traced_chi_square(seen, expected, K);
	program_free(q);
	assert_int_equal(trace_new(&b, &t, NULL), OK);
	q = traced_finish(t, PROGRAM_INFER, TRACED(t, "bernoulli", NULL, trace_input(t, "p", NULL)));
	traced_infer(q, &b, 2, out, 1);
	for (int i = 0; i < EXAMPLES; i++)
		ones[out[i] != 0]++;
	traced_chi_square(ones, (double[]){.7 * EXAMPLES, .3 * EXAMPLES}, 2);
	program_free(q);
	free(s);
	free(out);
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(free_energy_sums_the_hidden_states),
		cmocka_unit_test(the_gibbs_sampler_has_the_models_distribution),
		cmocka_unit_test(cd_approaches_the_likelihoods_gradient),
		cmocka_unit_test(row_sparse_gradients_are_the_dense_ones),
		cmocka_unit_test(state_is_written_in_training_only),
		cmocka_unit_test(what_is_trained_is_no_state),
		cmocka_unit_test(draws_follow_their_probabilities),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
