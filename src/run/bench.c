#include "run/bench.h"

#include "nn/optim.h"
#include "run/agent.h"
#include "run/evaluator.h"
#include "run/profile.h"
#include "run/rig.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { BLOCKS_MAX = 64, WARM_STEPS = 20 };

struct bench {
	struct experiment *x;
	struct engine *engine;
	struct rig *rig;
	struct agent *agent;
	struct optim *optim;
	struct evaluator *evaluator;
	int64_t round, steps_per_epoch, at; /* turns of a round; batches of an epoch; rounds done */
	int64_t examples, step;		    /* examples seen; turns done */
	double lr, loss_sum, loading;
	int64_t loss_n;
};

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool trains(const struct experiment *x)
{
	return knobset_number(&x->knobs, "epochs", x->train.epochs) > 0;
}

static enum err_code prepare_training(struct bench *b, struct err *e)
{
	const struct experiment *x = b->x;
	if (b->rig->n_losses == 0)
		return err_set(e, ERR_ARG, "%s trains nothing by gradient: there are no steps to time", x->name);
	if (x->world)
		TRY(agent_new(x, &b->agent, e));
	TRY(optim_new(x->train.optimizer, &b->optim, e));
	TRY(optim_bind(b->optim, b->rig->params, e));
	b->lr = knobset_number(&x->knobs, "lr", 1e-3);
	b->steps_per_epoch = x->world ? x->world->steps : batcher_steps(b->rig->batcher);
	rig_turn(b->rig, 0, &b->round);
	return OK;
}

static enum err_code prepare(struct bench *b, const struct bench_options *o, struct err *e)
{
	struct experiment *x = b->x;
	struct engine_options eo = {o->threads, o->slice};
	TRY(engine_new(&eo, &b->engine, e));
	/* the time of a step does not depend on what a closed form would have put there first */
	enum err_code code = rig_build(x, b->engine, &x->knobs, NULL, !trains(x), &b->rig, e);
	x->vtbl->settle(x->self, code == OK);
	TRY(code);
	if (trains(x))
		return prepare_training(b, e);
	TRY(evaluator_new(x, PART_TEST, false, engine_threads(b->engine), &b->evaluator, e));
	return evaluator_prepare(b->evaluator, b->rig, e);
}

static void finish(struct bench *b)
{
	evaluator_free(b->evaluator);
	agent_free(b->agent);
	optim_free(b->optim);
	rig_free(b->rig);
	engine_free(b->engine);
}

/* ---- a step ---- */

static enum err_code update(struct bench *b, struct err *e)
{
	const struct rig *r = b->rig;
	struct batch batch = {0};
	double losses[MODEL_OUTPUTS_MAX], begun = now();
	char name[40];
	int64_t turns;
	int player = rig_turn(r, b->step, &turns);
	if (b->agent)
		TRY(agent_batch(b->agent, b->rig, b->step, turns, &batch, e));
	else
		batcher_get(r->batcher, b->step / b->steps_per_epoch, b->step % b->steps_per_epoch, &batch);
	b->loading += now() - begun;
	batch.seed = b->x->seed;
	batch.step = (uint64_t)b->step;
	TRY(program_step(b->engine, r->losses[player].program, &batch, losses, e));
	b->examples += player == 0 ? batch.examples : 0;
	b->loss_sum += losses[0];
	b->loss_n++;
	snprintf(name, sizeof name, "lr_%s", r->plan.player[player].name);
	optim_clock(b->optim, player);
	return optim_step(
		b->optim, b->engine, r->losses[player].program, knobset_number(&b->x->knobs, name, b->lr), 0, NULL, e);
}

static void follow(struct bench *b)
{
	const struct model_plan *p = &b->rig->plan;
	for (int i = 0; i < p->n_targets; i++)
		paramset_follow(b->rig->params, p->target[i].to, p->target[i].from,
			knobset_number(&b->x->knobs, "tau", 1), engine_team(b->engine));
}

static enum err_code evaluate(struct bench *b, struct err *e)
{
	struct evaluation_result r;
	TRY(evaluator_run(b->evaluator, b->rig, NULL, NULL, &r, e));
	b->examples += r.users;
	b->loss_sum += r.value[0];
	b->loss_n++;
	return OK;
}

static enum err_code step(struct bench *b, struct err *e)
{
	b->at++;
	if (b->evaluator)
		return evaluate(b, e);
	for (int64_t i = 0; i < b->round; i++, b->step++) {
		TRY(update(b, e));
		follow(b);
	}
	return OK;
}

/* ---- timing ---- */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static enum err_code time_block(struct bench *b, double seconds, double *rate, struct err *e)
{
	double start = now(), took;
	int64_t from = b->at;
	b->loss_sum = 0;
	b->loss_n = 0;
	do {
		TRY(step(b, e));
		took = now() - start;
	} while (took < seconds);
	*rate = (double)(b->at - from) / took;
	return OK;
}

static enum err_code measure(struct bench *b, double seconds, struct bench_result *out, struct err *e)
{
	double rate[BLOCKS_MAX], begun = now();
	for (int i = 0; i < WARM_STEPS && now() - begun < seconds; i++)
		TRY(step(b, e));
	int blocks = 0;
	int64_t first = b->at;
	b->loading = 0;
	b->examples = 0;
	for (begun = now(); blocks < BLOCKS_MAX && (blocks < 3 || now() - begun < seconds); blocks++)
		TRY(time_block(b, seconds / 10, &rate[blocks], e));
	out->loading = b->loading / (now() - begun);
	qsort(rate, (size_t)blocks, sizeof *rate, by_value);
	out->steps_per_s = rate[blocks / 2];
	out->best_steps_per_s = rate[blocks - 1];
	out->steps = b->at - first;
	out->final_loss = b->loss_sum / (double)b->loss_n;
	out->examples_per_s = out->steps_per_s * (double)b->examples / (double)out->steps;
	double steps = b->evaluator ? 1 : (double)b->steps_per_epoch / (double)b->round;
	out->epoch_s = steps / out->steps_per_s;
	out->threads = engine_threads(b->engine);
	return OK;
}

enum err_code bench_run(struct experiment *x, const struct bench_options *o, struct bench_result *out, struct err *e)
{
	struct bench b = {.x = x};
	enum err_code code = prepare(&b, o, e);
	if (code == OK)
		code = measure(&b, o->seconds, out, e);
	finish(&b);
	return code;
}

/* ---- profile ---- */

enum err_code bench_profile(struct experiment *x, const struct bench_options *o, int steps, struct err *e)
{
	struct bench b = {.x = x};
	enum err_code code = prepare(&b, o, e);
	for (int i = 0; code == OK && i < WARM_STEPS; i++)
		code = step(&b, e);
	double begun = now();
	b.loading = 0;
	if (code == OK)
		engine_profile(b.engine, true);
	for (int i = 0; code == OK && i < steps; i++)
		code = step(&b, e);
	if (code == OK)
		profile_print(b.rig, steps, now() - begun, b.loading);
	finish(&b);
	return code;
}
