/* What every model must do: learn in a few steps, the same way each time, and score all items as it scores each. */
#ifndef GUSTO_TESTS_MODEL_CHECK_H
#define GUSTO_TESTS_MODEL_CHECK_H

#include "script_support.h"

#include "base/mem.h"
#include "nn/checkpoint.h"
#include "run/rig.h"
#include "run/scorer.h"

#include <math.h>

struct trained {
	struct experiment *x;
	struct engine *engine;
	struct rig *rig;
	struct optim *optim;
};

static __attribute__((unused)) void must_be(enum err_code code, const struct err *e)
{
	if (code != OK)
		fail_msg("%s", e->text);
}

/* An experiment script, with some knobs set. */
static struct trained trained_new(const char *file, struct script_setting *set, size_t n_set, int threads)
{
	struct trained m = {0};
	struct script_options o;
	struct err e;
	script_options_default(&o);
	o.set = set;
	o.n_set = n_set;
	m.x = load(file, &o);
	must_be(engine_new(&(struct engine_options){.threads = threads}, &m.engine, &e), &e);
	must_be(rig_build(m.x, m.engine, &m.x->knobs, NULL, true, &m.rig, &e), &e);
	m.x->vtbl->settle(m.x->self, true);
	must_be(optim_new(m.x->train.optimizer, &m.optim, &e), &e);
	must_be(optim_bind(m.optim, m.rig->params, &e), &e);
	return m;
}

static void trained_free(struct trained *m)
{
	optim_free(m->optim);
	rig_free(m->rig);
	engine_free(m->engine);
	experiment_free(m->x);
}

/* The loss of batch `index` of the first epoch; trains on it where asked to. */
static double trained_step(struct trained *m, int64_t index, bool train)
{
	struct batch b;
	struct err e;
	double losses[MODEL_OUTPUTS_MAX];
	batcher_get(m->rig->batcher, 0, index % batcher_steps(m->rig->batcher), &b);
	must_be(program_step(m->engine, m->rig->loss.program, &b, losses, &e), &e);
	if (train)
		must_be(optim_step(m->optim, m->engine, m->rig->loss.program, 1e-2, 0, NULL, &e), &e);
	return losses[0];
}

/* 30 steps bring the loss of the first batch down. */
static __attribute__((unused)) void assert_learns(struct trained *m)
{
	double before = trained_step(m, 0, false);
	for (int i = 0; i < 30; i++)
		trained_step(m, i, true);
	double after = trained_step(m, 0, false);
	if (!(after < before))
		fail_msg("the loss was %g and is %g", before, after);
}

static __attribute__((unused)) void assert_same_weights(const struct trained *a, const struct trained *b)
{
	assert_int_equal(paramset_count(a->rig->params), paramset_count(b->rig->params));
	for (size_t i = 0; i < paramset_count(a->rig->params); i++) {
		const struct param *p = paramset_get(a->rig->params, i), *q = paramset_get(b->rig->params, i);
		if (memcmp(p->value, q->value, (size_t)p->n * sizeof(real)) != 0)
			fail_msg("%s differs", p->name);
	}
}

/* What the model gives each of some users for all items. */
static real *scores_of(struct trained *m, int32_t users, bool candidates)
{
	const struct rig_program *p;
	struct eval_source src = rig_source(m->rig, PART_TEST);
	int32_t n_items = m->x->split->data->n_items;
	int32_t *user = mem_calloc((size_t)users, sizeof *user), *all = NULL;
	real *out = mem_calloc((size_t)users * (size_t)n_items, sizeof *out);
	struct eval_scratch *scratch = NULL;
	struct batch b;
	struct err e;
	assert_non_null(user);
	assert_non_null(out);
	for (int32_t i = 0; i < users; i++)
		user[i] = i * 7 % m->x->split->data->n_users;
	if (candidates) {
		all = mem_calloc((size_t)users * (size_t)n_items, sizeof *all);
		assert_non_null(all);
		for (int32_t i = 0; i < users * n_items; i++)
			all[i] = i % n_items;
	}
	must_be(rig_program(m->rig, candidates ? MODEL_CANDIDATES : MODEL_SCORE, PROGRAM_KEEP, candidates ? n_items : 0,
			users, &p, &e),
		&e);
	must_be(eval_batch(&src, user, users, all, candidates ? n_items : 0, &scratch, &b, &e), &e);
	must_be(program_look(m->engine, p->program, &b, &e), &e);
	struct operand o;
	program_output(p->program, 0, &o);
	memcpy(out, o.v, (size_t)users * (size_t)n_items * sizeof *out);
	eval_scratch_free(scratch);
	mem_free(all);
	mem_free(user);
	return out;
}

static __attribute__((unused)) void assert_scores_agree(struct trained *m)
{
	enum { USERS = 20 };
	real *score = scores_of(m, USERS, false), *each = scores_of(m, USERS, true);
	for (int64_t i = 0; i < (int64_t)USERS * m->x->split->data->n_items; i++)
		if (!(fabs((double)(score[i] - each[i])) <= 1e-4 * fmax(1, fabs((double)score[i]))))
			fail_msg("number %lld: %g by score, %g by candidates", (long long)i, (double)score[i],
				(double)each[i]);
	mem_free(score);
	mem_free(each);
}

/* The weights written and read again give the same scores, to the bit. */
static __attribute__((unused)) void assert_survives_saving(struct trained *m, struct trained *fresh)
{
	enum { USERS = 5 };
	struct err e;
	struct meta none = {0};
	size_t size = (size_t)USERS * (size_t)m->x->split->data->n_items * sizeof(real);
	must_be(checkpoint_save(folder, 30, m->rig->params, m->optim, &none, &e), &e);
	must_be(checkpoint_load(folder, 30, fresh->rig->params, NULL, NULL, &e), &e);
	real *a = scores_of(m, USERS, false), *b = scores_of(fresh, USERS, false);
	assert_memory_equal(a, b, size);
	mem_free(a);
	mem_free(b);
}

/* All of it. */
static __attribute__((unused)) void check_model(const char *file, struct script_setting *set, size_t n_set)
{
	struct trained a = trained_new(file, set, n_set, 2), b = trained_new(file, set, n_set, 2);
	assert_learns(&a);
	assert_learns(&b);
	assert_same_weights(&a, &b);
	assert_scores_agree(&a);
	trained_free(&b);
	b = trained_new(file, set, n_set, 2);
	assert_survives_saving(&a, &b);
	trained_free(&a);
	trained_free(&b);
}

#endif
