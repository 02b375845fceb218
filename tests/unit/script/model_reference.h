/* A model's loss and gradients of one batch against the numbers of PyTorch (tests/reference/model_case.py). */
#ifndef GUSTO_TESTS_MODEL_REFERENCE_H
#define GUSTO_TESTS_MODEL_REFERENCE_H

#include "script_support.h"

#include "graph/program.h"
#include "graph/reduce.h"
#include "support/close.h"

#include <math.h>

enum { PARAMS = 48 };

struct reference {
	const char *model;
	double loss;
	struct {
		const char *name;
		int64_t n;
		double norm, product;
	} grad[PARAMS];
};

static void fill_params(struct paramset *set)
{
	for (size_t k = 0; k < paramset_count(set); k++) {
		struct param *p = paramset_get(set, k);
		unsigned phase = 0;
		for (const char *c = p->name; *c; c++)
			phase += (unsigned char)*c;
		for (int64_t i = 0; i < p->n; i++)
			p->value[i] = (real)(.3 * sin(.37 * (double)i + phase % 97));
	}
}

static struct program *trace_loss(struct experiment *x, const struct batch *b)
{
	struct trace *t = NULL;
	struct program *p = NULL;
	struct model_outputs o;
	struct err e;
	assert_int_equal(trace_new(b, &t, &e), OK);
	if (x->vtbl->trace(x->self, MODEL_LOSS, t, &o, &e) != OK ||
		trace_finish(t, PROGRAM_TRAIN, o.value, o.n, &p, &e) != OK)
		fail_msg("%s", e.text);
	trace_free(t);
	return p;
}

static int index_of(const struct program *p, const char *name)
{
	struct param *const *param;
	int n = program_params(p, &param);
	for (int i = 0; i < n; i++)
		if (strcmp(param[i]->name, name) == 0)
			return i;
	fail_msg("there is no parameter %s", name);
	return -1;
}

static void compare(struct engine *g, struct program *p, const struct reference *f)
{
	const double tolerance = sizeof(real) == sizeof(double) ? 1e-10 : 2e-4;
	struct param *const *param;
	int n = program_params(p, &param), named = 0;
	for (; named < PARAMS && f->grad[named].name; named++) {
		int k = index_of(p, f->grad[named].name);
		real grad[512];
		double square = 0, product = 0;
		assert_int_equal(param[k]->n, f->grad[named].n);
		assert_true(param[k]->n <= 512);
		reduce_dense(g, p, k, grad);
		for (int64_t i = 0; i < param[k]->n; i++) {
			square += (double)grad[i] * (double)grad[i];
			product += (double)grad[i] * cos(.7 * (double)i + 1);
		}
		if (fabs(sqrt(square) - f->grad[named].norm) > tolerance ||
			fabs(product - f->grad[named].product) > tolerance)
			fail_msg("%s, %s: %g %g, PyTorch has %g %g", f->model, f->grad[named].name, sqrt(square),
				product, f->grad[named].norm, f->grad[named].product);
	}
	assert_int_equal(named, n);
}

/* The reference called `name` of a list, with the model of the experiment; example by example, and all at once. */
static void model_agrees(const struct reference *f, const char *name, struct experiment *x, const struct batch *b)
{
	struct paramset *set = paramset_new(1);
	struct engine *g = NULL;
	struct err e;
	while (strcmp(f->model, name) != 0)
		f++;
	if (x->vtbl->build(x->self, &x->knobs, set, &e) != OK)
		fail_msg("%s", e.text);
	x->vtbl->settle(x->self, true);
	fill_params(set);
	struct program *p = trace_loss(x, b);
	for (int slice = 1; slice <= 64; slice += 63) {
		double loss[MODEL_OUTPUTS_MAX];
		assert_int_equal(engine_new(&(struct engine_options){.threads = 2, .slice_rows = slice}, &g, &e), OK);
		if (program_step(g, p, b, loss, &e) != OK)
			fail_msg("%s", e.text);
		assert_close(loss[0], f->loss, 1e-5);
		compare(g, p, f);
		engine_free(g);
	}
	program_free(p);
	paramset_free(set);
	experiment_free(x);
}

static void add(struct batch *b, const char *name, enum axis axis, int32_t width, const void *column)
{
	struct field_spec *f = &b->spec[b->nfields];
	*f = (struct field_spec){
		.type = strcmp(name, "label") == 0 || strcmp(name, "carried") == 0 ? FIELD_REAL : FIELD_INT,
		.axis = axis,
		.width = width};
	snprintf(f->name, sizeof f->name, "%s", name);
	b->column[b->nfields++] = column;
}

#endif
