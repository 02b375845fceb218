/* What the rest of a run will cost, told within half a second of its beginning: its own first steps are timed, after some that find
 * memory and caches cold, so nothing is made for it that is thrown away. */
#include "run/trainer.h"

#include <stdio.h>
#include <sys/resource.h>

enum { WARM_STEPS = 20, SAMPLE_STEPS = 4 };
static const double warm_seconds = 0.1, sample_seconds = 0.3, patience_seconds = 2;

/* 0.8 s, 42 s, 3.5 min, 2.1 h */
static const char *time_text(double seconds, char *buf, size_t size)
{
	if (seconds < 90)
		snprintf(buf, size, "%.*f s", seconds < 1 ? 2 : seconds < 10 ? 1 : 0, seconds);
	else if (seconds < 5400)
		snprintf(buf, size, "%.1f min", seconds / 60);
	else
		snprintf(buf, size, "%.1f h", seconds / 3600);
	return buf;
}

static bool one_block(void *ctx)
{
	int *blocks = ctx;
	return (*blocks)++ == 0;
}

/* Evaluations have programs and buffers of their own, which the first block of people makes; what comes out is of no interest. */
static void reserve_evaluation(struct trainer *t)
{
	struct evaluation_result r;
	struct err e;
	int blocks = 0;
	if (t->monitor)
		(void)evaluator_run(t->monitor, t->rig, one_block, &blocks, &r, &e);
}

static void tell(struct trainer *t)
{
	char epoch[32], all[32];
	struct rusage u;
	double step = t->estimate.seconds / (double)t->estimate.steps;
	int64_t left = t->live.epochs - t->at.epoch, steps = trainer_steps_per_epoch(t);
	reserve_evaluation(t);
	getrusage(RUSAGE_SELF, &u);
	time_text(step * (double)steps, epoch, sizeof epoch);
	time_text(step * (double)(trainer_steps_total(t) - t->at.step), all, sizeof all);
	facts_event(t, "info", "estimate",
		"estimate: %lld steps and %s an epoch, %s for the %lld epoch%s left without evaluations, %.0f MB",
		(long long)steps, epoch, all, (long long)left, left == 1 ? "" : "s", (double)u.ru_maxrss / 1024);
}

bool estimate_wanted(const struct trainer *t)
{
	return !t->estimate.told && t->rig->n_losses > 0 && !t->agent;
}

void estimate_step(struct trainer *t, double seconds)
{
	if (t->estimate.warm < WARM_STEPS && t->estimate.warm_seconds < warm_seconds) {
		t->estimate.warm++;
		t->estimate.warm_seconds += seconds;
		return;
	}
	t->estimate.steps++;
	t->estimate.seconds += seconds;
	bool enough = t->estimate.seconds >= sample_seconds && t->estimate.steps >= SAMPLE_STEPS;
	if ((!enough && t->estimate.seconds < patience_seconds) || trainer_done(t))
		return;
	tell(t);
	t->estimate.told = true;
}
