/* Evaluations of a run, and what follows from the scheduled ones: the best checkpoint and early stopping. */
#include "run/trainer.h"

#include "base/str.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static enum err_code find_monitor(struct trainer *t, struct err *e)
{
	const struct protocol *p = &t->x->protocol;
	const char *name = t->x->train.monitor;
	struct str all = {0};
	if (p->n_metrics < 1)
		return err_set(e, ERR_ARG, "the protocol of %s has no metrics", t->x->name);
	for (t->metric = 0; t->metric < p->n_metrics; t->metric++)
		if (!*name || strcmp(p->metric[t->metric].name, name) == 0)
			return OK;
	for (int i = 0; i < p->n_metrics; i++)
		str_printf(&all, "%s%s", i ? ", " : "", p->metric[i].name);
	err_set(e, ERR_ARG, "the monitor '%s' is none of the protocol's metrics: %s", name, str_text(&all));
	str_free(&all);
	return ERR_ARG;
}

enum err_code watch_begin(struct trainer *t, struct err *e)
{
	t->part = evaluator_monitor_part(t->x);
	TRY(find_monitor(t, e));
	if (!evaluator_has_part(t->x, t->part))
		return err_set(e, ERR_ARG, "the split of %s holds out no interactions: there is nothing to evaluate",
			t->x->name);
	return evaluator_new(t->x, t->part, false, engine_threads(t->engine), &t->monitor, e);
}

/* How many evaluations the schedule has had by now. */
static int64_t scheduled(const struct trainer *t)
{
	int64_t steps = trainer_steps_per_epoch(t);
	double every = t->x->train.eval_every > 0 ? t->x->train.eval_every : 1;
	double progress = (double)t->at.epoch + (steps ? (double)t->at.index / (double)steps : 0);
	return (int64_t)floor((progress + 1e-9) / every);
}

bool watch_due(const struct trainer *t)
{
	return !t->at.finished && scheduled(t) > t->at.evals;
}

static enum err_code store_result(struct trainer *t, const struct evaluation_result *r, enum part part, int64_t step,
	double seconds, struct err *e)
{
	struct store_metric m[16];
	for (int i = 0; i < r->n; i++)
		m[i] = (struct store_metric){.name = r->metric[i].name,
			.value = r->value[i],
			.per_user = r->per_user[i],
			.n_users = experiment_users(t->x),
			.larger_is_better = r->metric[i].class->larger_is_better};
	return store_evaluation(t->store, step, part_name(part), m, (size_t)r->n, seconds, e);
}

/* Where training was at that step: now, or at the step whose weights were taken back. */
static double epoch_at(const struct trainer *t, int64_t step)
{
	int64_t steps = trainer_steps_per_epoch(t);
	if (!steps)
		return (double)t->at.epoch;
	return step == t->at.step ? (double)t->at.epoch + (double)t->at.index / (double)steps
				  : (double)step / (double)steps;
}

enum err_code watch_evaluate(struct trainer *t, struct evaluator *v, enum part part, int64_t step, struct err *e)
{
	double begun = trainer_now();
	const char *before = t->state;
	t->state = "evaluating";
	average_swap(t->average);
	enum err_code rc = evaluator_run(v, t->rig, obey_between, t, &t->result, e);
	average_swap(t->average);
	if (strcmp(t->state, "evaluating") == 0)
		t->state = before;
	TRY(rc);
	double seconds = trainer_now() - begun;
	t->result_part = part;
	t->have_result = true;
	TRY(store_result(t, &t->result, part, step, seconds, e));
	struct run_event ev = {.kind = RUN_EVALUATED,
		.run_id = t->id,
		.dir = t->dir,
		.step = step,
		.steps_total = trainer_steps_total(t),
		.epoch = epoch_at(t, step),
		.loss = t->loss,
		.part = part_name(part),
		.result = &t->result,
		.seconds = seconds,
		.state = t->state};
	if (t->o->event)
		t->o->event(t->o->ctx, &ev);
	return OK;
}

static bool better(const struct trainer *t, double v)
{
	if (isnan(v))
		return false;
	if (isnan(t->at.best))
		return true;
	return t->x->protocol.metric[t->metric].class->larger_is_better ? v > t->at.best : v < t->at.best;
}

static enum err_code improved(struct trainer *t, double v, struct err *e)
{
	t->at.best = v;
	t->at.best_step = t->at.step;
	t->at.bad = t->at.flat = 0;
	TRY(store_setf(t->store, "best_value", e, "%.17g", v));
	TRY(store_setf(t->store, "best_step", e, "%lld", (long long)t->at.step));
	return keep_save(t, true, e);
}

enum err_code watch_scheduled(struct trainer *t, struct err *e)
{
	TRY(watch_evaluate(t, t->monitor, t->part, t->at.step, e));
	double v = t->result.value[t->metric];
	t->at.evals = scheduled(t);
	t->at.last_eval = t->at.step;
	if (better(t, v))
		return improved(t, v, e);
	t->at.bad++;
	t->at.flat++;
	if (t->live.patience > 0 && t->at.bad >= t->live.patience) {
		t->at.finished = true;
		facts_event(t, "info", "early stop",
			"no better %s in %lld evaluations: stopped early, best %.4f at step %lld",
			t->x->protocol.metric[t->metric].name, (long long)t->at.bad, t->at.best,
			(long long)t->at.best_step);
	}
	return OK;
}

/* Does the checkpoint's model have the knobs of the present one?  (Others may trace other programs over the same shapes.) */
static bool same_model(const struct trainer *t, const struct meta *m)
{
	char key[160], text[1024];
	for (size_t i = 0; i < t->x->knobs.n; i++) {
		const struct knob *k = &t->x->knobs.row[i];
		snprintf(key, sizeof key, "knob/%s", k->name);
		const char *then = meta_get(m, key);
		if (k->applies == KNOB_MODEL && then && strcmp(then, knob_text(k, text, sizeof text)) != 0)
			return false;
	}
	return true;
}

/* The model as it was at a checkpoint, in place of the present one.  Without structural changes since, only the values are read. */
static enum err_code load_best(struct trainer *t, struct err *e)
{
	struct meta m = {0};
	struct rig *rig = NULL;
	struct err plain;
	if (t->at.best_step == t->at.step && t->at.step == t->at.last_eval)
		return OK;
	enum err_code rc = keep_meta(t->checkpoints, t->at.best_step, &m, e);
	if (rc == OK && same_model(t, &m) &&
		checkpoint_load(t->checkpoints, t->at.best_step, t->rig->params, NULL, NULL, &plain) == OK) {
		meta_free(&m);
		return OK;
	}
	if (rc == OK)
		rc = keep_restore(t->x, &m, t->dir, e);
	meta_free(&m);
	TRY(rc);
	rc = rig_build(t->x, t->engine, &t->x->knobs, NULL, false, &rig, e);
	if (rc == OK)
		rc = checkpoint_load(t->checkpoints, t->at.best_step, rig->params, NULL, NULL, e);
	t->x->vtbl->settle(t->x->self, rc == OK);
	if (rc != OK) {
		rig_free(rig);
		return rc;
	}
	rig_free(t->rig);
	t->rig = rig;
	return OK;
}

enum err_code watch_test(struct trainer *t, struct err *e)
{
	if (!evaluator_has_part(t->x, PART_TEST) || t->at.best_step < 0)
		return OK;
	TRY(load_best(t, e));
	TRY(evaluator_new(t->x, PART_TEST, true, engine_threads(t->engine), &t->test, e));
	return watch_evaluate(t, t->test, PART_TEST, t->at.best_step, e);
}
