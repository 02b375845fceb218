#include "run/trainer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* A norm costs a walk over all gradients: one step in so many pays it (with clipping it is known anyway). */
enum { NORM_EVERY = 32 };
static const double tell_seconds = 0.5;

double trainer_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* train/loss, train/kl, ...; of a player: train/critic/loss, ... */
static enum err_code loss_series(struct trainer *t, int k, struct err *e)
{
	const struct model_outputs *o = &t->rig->losses[k].outputs;
	const char *player = t->rig->plan.player[k].name;
	for (int i = 0; i < o->n; i++) {
		char name[64];
		snprintf(name, sizeof name, "train/%s%s%s", player, *player ? "/" : "", i == 0 ? "loss" : o->name[i]);
		TRY(store_series(t->store, name, false, &t->series.output[k][i], e));
	}
	return OK;
}

/* What the training environment's episodes come to: train/return, ... */
static enum err_code episode_series(struct trainer *t, struct err *e)
{
	const struct protocol *p = &t->x->protocol;
	for (int m = 0; t->agent && m < p->n_metrics; m++) {
		char name[64];
		snprintf(name, sizeof name, "train/%s", p->metric[m].name);
		TRY(store_series(t->store, name, p->metric[m].class->larger_is_better, &t->series.episodes[m], e));
	}
	return OK;
}

enum err_code trainer_series(struct trainer *t, struct err *e)
{
	for (int k = 0; k < t->rig->n_losses; k++)
		TRY(loss_series(t, k, e));
	TRY(episode_series(t, e));
	if (!t->optim && !t->agent)
		return OK;
	if (t->optim) {
		TRY(store_series(t->store, "train/lr", false, &t->series.lr, e));
		TRY(store_series(t->store, "train/grad_norm", false, &t->series.norm, e));
	}
	TRY(store_series(t->store, "perf/steps_per_s", true, &t->series.steps_per_s, e));
	TRY(store_series(t->store, "perf/examples_per_s", true, &t->series.examples_per_s, e));
	return store_series(t->store, "perf/eta", false, &t->series.eta, e);
}

/* The knob behind an argument of the optimizer; NULL: the argument keeps its default. */
static const struct knob *knob_behind(const struct knobset *k, const struct arg_spec *a)
{
	const struct knob *row = knobset_find(k, experiment_knob_of(a->name));
	bool number = row && row->type != ARG_STRING && row->type != ARG_CHOICE;
	return number && row->applies == KNOB_STEP ? row : NULL;
}

enum err_code trainer_check(const struct trainer *t, const struct knobset *k, struct err *e)
{
	if (!t->optim)
		return OK;
	const struct desc *d = &optim_class_of(t->optim)->desc;
	for (const struct arg_spec *a = d->args; a && a->name; a++) {
		const struct knob *row = knob_behind(k, a);
		if (row)
			TRY(arg_check_number(d->name, a, row->num, e));
	}
	return OK;
}

/* The means begin, or end, with the knob `average`. */
static enum err_code average_live(struct trainer *t, struct err *e)
{
	if (t->live.average > 0)
		return t->average ? OK : average_new(t->rig->params, NULL, &t->average, e);
	average_free(t->average);
	t->average = NULL;
	return OK;
}

enum err_code trainer_live(struct trainer *t, struct err *e)
{
	const struct knobset *k = &t->x->knobs;
	const struct train_options *o = &t->x->train;
	t->live.epochs = (int64_t)knobset_number(k, "epochs", o->epochs);
	t->live.patience = (int64_t)knobset_number(k, "patience", o->patience);
	t->live.clip = knobset_number(k, "clip", o->clip);
	if (!t->optim)
		return OK;
	for (const struct arg_spec *a = optim_class_of(t->optim)->desc.args; a && a->name; a++) {
		const struct knob *row = knob_behind(k, a);
		if (row)
			TRY(optim_set(t->optim, a->name, row->num, e));
	}
	t->live.lr = optim_get(t->optim, "lr");
	t->live.average = knobset_number(k, "average", 0);
	return average_live(t, e);
}

int64_t trainer_steps_per_epoch(const struct trainer *t)
{
	return t->agent ? t->x->world->steps : t->rig->batcher ? batcher_steps(t->rig->batcher) : 0;
}

int64_t trainer_steps_total(const struct trainer *t)
{
	int64_t epochs = t->live.epochs - t->at.epoch, left = epochs * trainer_steps_per_epoch(t) - t->at.index;
	return t->at.step + (left > 0 && !t->at.finished ? left : 0);
}

bool trainer_done(const struct trainer *t)
{
	return t->at.finished || t->at.epoch >= t->live.epochs || trainer_steps_per_epoch(t) == 0;
}

static enum err_code rate_factor(const struct trainer *t, double *factor, struct err *e)
{
	const struct experiment *x = t->x;
	*factor = 1;
	if (x->vtbl->lr_factor)
		return x->vtbl->lr_factor(x->self, t->at.step, factor, e);
	if (t->schedule)
		*factor = t->schedule->factor(&x->train.schedule_args, t->at.step);
	return OK;
}

static void advance(struct trainer *t, int32_t examples)
{
	t->at.step++;
	t->examples += examples;
	if (++t->at.index >= trainer_steps_per_epoch(t)) {
		t->at.index = 0;
		t->at.epoch++;
	}
}

static void log_step(struct trainer *t, int player, const double *outputs, double lr, const double *norm)
{
	for (int i = 0; i < t->rig->losses[player].outputs.n; i++)
		store_scalar(t->store, t->series.output[player][i], t->at.step, outputs[i]);
	store_scalar(t->store, t->series.lr, t->at.step, lr);
	if (norm)
		store_scalar(t->store, t->series.norm, t->at.step, *norm);
}

static void log_episodes(struct trainer *t)
{
	struct episodes ended = agent_ended(t->agent);
	const struct protocol *p = &t->x->protocol;
	for (int m = 0; ended.n > 0 && m < p->n_metrics; m++) {
		double num, den;
		p->metric[m].class->episodes(&ended, &num, &den);
		if (den > 0)
			store_scalar(t->store, t->series.episodes[m], t->at.step, num / den);
	}
}

/* The learning rate of a player: its own knob lr_<name>, else lr. */
static double rate_of(const struct trainer *t, int player)
{
	char name[40];
	snprintf(name, sizeof name, "lr_%s", t->rig->plan.player[player].name);
	return knobset_number(&t->x->knobs, name, t->live.lr);
}

static enum err_code update(struct trainer *t, int player, struct batch *b, struct err *e)
{
	double outputs[MODEL_OUTPUTS_MAX] = {0}, factor, norm;
	struct program *p = t->rig->losses[player].program;
	bool look = t->live.clip > 0 || t->at.step % NORM_EVERY == 0;
	b->seed = t->x->seed;
	b->step = (uint64_t)t->at.step;
	TRY(rate_factor(t, &factor, e));
	TRY(program_step(t->engine, p, b, outputs, e));
	double lr = rate_of(t, player) * factor;
	optim_clock(t->optim, player);
	TRY(optim_step(t->optim, t->engine, p, lr, t->live.clip, look ? &norm : NULL, e));
	if (t->average)
		average_step(t->average, t->live.average, engine_team(t->engine));
	t->loss = outputs[0];
	log_step(t, player, outputs, lr, look ? &norm : NULL);
	return OK;
}

/* After every `target_every` steps the targets follow by a share of tau. */
static void follow(struct trainer *t)
{
	const struct knobset *k = &t->x->knobs;
	const struct model_plan *plan = &t->rig->plan;
	int64_t every = (int64_t)knobset_number(k, "target_every", 1);
	if (plan->n_targets == 0 || (t->at.step + 1) % (every > 0 ? every : 1))
		return;
	for (int i = 0; i < plan->n_targets; i++)
		paramset_follow(t->rig->params, plan->target[i].to, plan->target[i].from, knobset_number(k, "tau", 1),
			engine_team(t->engine));
}

static enum err_code next_batch(struct trainer *t, int64_t turns, struct batch *b, struct err *e)
{
	double begun = t->o->profile ? trainer_now() : 0;
	if (t->agent)
		TRY(agent_batch(t->agent, t->rig, t->at.step, turns, b, e));
	else
		batcher_get(t->rig->batcher, t->at.epoch, t->at.index, b);
	t->profile.loading += t->o->profile ? trainer_now() - begun : 0;
	return OK;
}

enum err_code trainer_step(struct trainer *t, struct err *e)
{
	struct batch b = {0};
	int64_t turns = 1;
	double begun = t->o->profile ? trainer_now() : 0;
	int player = rig_turn(t->rig, t->at.step, &turns);
	TRY(next_batch(t, turns, &b, e));
	if (t->rig->n_losses) {
		TRY(update(t, player, &b, e));
		follow(t);
	}
	if (t->agent)
		log_episodes(t);
	advance(t, b.examples);
	t->profile.seconds += t->o->profile ? trainer_now() - begun : 0;
	t->profile.steps++;
	return OK;
}

void trainer_progress(struct trainer *t, bool at_once)
{
	double now = trainer_now(), since = now - t->told, busy = now - t->started - t->idle;
	if ((!at_once && since < tell_seconds) || t->at.step == t->told_step)
		return;
	int64_t steps = t->at.step - t->told_step, all = t->at.step - t->first_step, total = trainer_steps_total(t);
	struct run_event ev = {.kind = RUN_PROGRESS,
		.run_id = t->id,
		.dir = t->dir,
		.step = t->at.step,
		.steps_total = total,
		.loss = t->loss,
		.state = t->state,
		.seconds = now - t->started};
	ev.epoch = (double)t->at.epoch + (double)t->at.index / (double)trainer_steps_per_epoch(t);
	ev.steps_per_s = (double)steps / since;
	ev.examples_per_s = (double)(t->examples - t->told_examples) / since;
	ev.eta = (double)(total - t->at.step) * busy / (double)all;
	t->told = now;
	t->told_step = t->at.step;
	t->told_examples = t->examples;
	store_scalar(t->store, t->series.steps_per_s, t->at.step, ev.steps_per_s);
	store_scalar(t->store, t->series.examples_per_s, t->at.step, ev.examples_per_s);
	store_scalar(t->store, t->series.eta, t->at.step, ev.eta);
	if (t->o->event)
		t->o->event(t->o->ctx, &ev);
}
