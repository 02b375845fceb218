#include "run/bench.h"

#include "base/mem.h"
#include "nn/optim.h"
#include "run/rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { BLOCKS_MAX = 64, WARM_STEPS = 20 };

struct bench {
	struct experiment *x;
	struct engine *engine;
	struct program *program;
	struct paramset *params;
	struct optim *optim;
	struct batcher *batcher;
	int64_t steps_per_epoch, at;
	double lr, loss_sum;
	int64_t loss_n;
};

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static enum err_code trace_loss(struct bench *b, struct err *e)
{
	struct batch signature = {0};
	struct trace *t = NULL;
	struct model_outputs out = {0};
	batcher_signature(b->batcher, &signature);
	TRY(trace_new(&signature, &t, e));
	enum err_code code = b->x->vtbl->trace(b->x->self, MODEL_LOSS, t, &out, e);
	if (code == OK)
		code = trace_finish(t, PROGRAM_TRAIN, out.value, out.n, &b->program, e);
	trace_free(t);
	return code;
}

static enum err_code prepare(struct bench *b, int threads, int64_t slice_rows, struct err *e)
{
	struct engine_options eo = {threads, slice_rows};
	const struct knobset *k = &b->x->knobs;
	struct batch_options bo = rig_batch_options(b->x, k);
	if (b->x->world)
		return err_set(e, ERR_ARG, "%s acts in an environment: gusto bench times training on data", b->x->name);
	TRY(engine_new(&eo, &b->engine, e));
	TRY(batcher_new(b->x->split, &bo, &b->batcher, e));
	b->params = paramset_new(b->x->seed);
	if (!b->params)
		return err_set(e, ERR_NOMEM, "no memory for the parameters");
	TRY(b->x->vtbl->build(b->x->self, k, b->params, e));
	enum err_code code = trace_loss(b, e);
	b->x->vtbl->settle(b->x->self, code == OK);
	TRY(code);
	TRY(optim_new(b->x->train.optimizer, &b->optim, e));
	TRY(optim_bind(b->optim, b->params, e));
	b->lr = knobset_number(k, "lr", 1e-3);
	b->steps_per_epoch = batcher_steps(b->batcher);
	int64_t rows[AXIS_N];
	for (int a = 0; a < AXIS_N; a++)
		rows[a] = batcher_max_rows(b->batcher, (enum axis)a);
	return program_reserve(b->engine, b->program, rows, e);
}

static void finish(struct bench *b)
{
	batcher_free(b->batcher);
	optim_free(b->optim);
	program_free(b->program);
	paramset_free(b->params);
	engine_free(b->engine);
}

static enum err_code step(struct bench *b, struct err *e)
{
	struct batch batch;
	double losses[MODEL_OUTPUTS_MAX];
	batcher_get(b->batcher, b->at / b->steps_per_epoch, b->at % b->steps_per_epoch, &batch);
	batch.seed = b->x->seed;
	batch.step = (uint64_t)b->at++;
	TRY(program_step(b->engine, b->program, &batch, losses, e));
	b->loss_sum += losses[0];
	b->loss_n++;
	return optim_step(b->optim, b->engine, b->program, b->lr, 0, NULL, e);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static enum err_code measure(struct bench *b, double seconds, struct bench_result *out, struct err *e)
{
	double rate[BLOCKS_MAX], begun = now();
	for (int i = 0; i < WARM_STEPS && now() - begun < seconds; i++)
		TRY(step(b, e));
	int blocks = 0;
	int64_t first = b->at;
	for (begun = now(); blocks < BLOCKS_MAX && (blocks < 3 || now() - begun < seconds); blocks++) {
		double start = now(), took;
		int64_t from = b->at;
		b->loss_sum = 0;
		b->loss_n = 0;
		do {
			TRY(step(b, e));
			took = now() - start;
		} while (took < seconds / 10);
		rate[blocks] = (double)(b->at - from) / took;
	}
	qsort(rate, (size_t)blocks, sizeof *rate, by_value);
	out->steps_per_s = rate[blocks / 2];
	out->best_steps_per_s = rate[blocks - 1];
	out->steps = b->at - first;
	out->final_loss = b->loss_sum / (double)b->loss_n;
	out->examples_per_s = out->steps_per_s * knobset_number(&b->x->knobs, "batch", b->x->train.batch.batch);
	out->epoch_s = (double)b->steps_per_epoch / out->steps_per_s;
	out->threads = engine_threads(b->engine);
	return OK;
}

enum err_code bench_training(
	struct experiment *x, double seconds, int threads, int64_t slice_rows, struct bench_result *out, struct err *e)
{
	struct bench b = {.x = x};
	enum err_code code = prepare(&b, threads, slice_rows, e);
	if (code == OK)
		code = measure(&b, seconds, out, e);
	finish(&b);
	return code;
}

enum err_code bench_profile(struct experiment *x, int steps, int threads, int64_t slice_rows, struct err *e)
{
	struct bench b = {.x = x};
	struct op_time times[512];
	enum err_code code = prepare(&b, threads, slice_rows, e);
	for (int i = 0; code == OK && i < WARM_STEPS; i++)
		code = step(&b, e);
	double begun = now();
	if (code == OK)
		engine_profile(b.engine, true);
	for (int i = 0; code == OK && i < steps; i++)
		code = step(&b, e);
	double wall = now() - begun, inside = 0;
	int n = code == OK ? program_times(b.program, times, 512) : 0;
	printf("%-20s %-32s %10s %10s  us per step, worker 0\n", "op", "layer", "forward", "backward");
	for (int k = 0; k < n; k++) {
		printf("%-20s %-32s %10.1f %10.1f\n", times[k].op, times[k].scope, 1e6 * times[k].forward / steps,
			1e6 * times[k].backward / steps);
		inside += times[k].forward + times[k].backward;
	}
	printf("ops %.1f us, whole step %.1f us\n", 1e6 * inside / steps, 1e6 * wall / steps);
	finish(&b);
	return code;
}
