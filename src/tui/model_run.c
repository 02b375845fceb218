/* What is derived from a run's rows: its state in a word, time left, health, best. */
#include "tui/model.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { STALL_SECONDS = 8, STALL_STEPS = 5 };

double run_last(const struct run_view *r, const char *series)
{
	const struct series *s = run_series(r, series);
	return s && s->info.n > 0 ? s->info.last : NAN;
}

const struct knob_row *run_knob(const struct run_view *r, const char *name)
{
	for (size_t i = 0; r && i < r->nknobs; i++)
		if (strcmp(r->knob[i].name, name) == 0)
			return &r->knob[i];
	return NULL;
}

/* Seconds without a step after which a training run counts as stalled. */
static double patience(const struct run_view *r)
{
	double speed = run_last(r, "perf/steps_per_s");
	return speed > 0 ? fmax(STALL_SECONDS, STALL_STEPS / speed) : 4 * STALL_SECONDS;
}

static bool finished(const char *state)
{
	return strcmp(state, "done") == 0 || strcmp(state, "stopped") == 0 || strcmp(state, "failed") == 0;
}

static bool training(const char *state)
{
	return strncmp(state, "train", 5) == 0 || strcmp(state, "running") == 0;
}

const char *run_state(const struct model *m, const struct run_view *r, char buf[24])
{
	static const struct {
		const char *prefix, *word;
	} words[] = {{"train", "TRAIN"}, {"running", "TRAIN"}, {"eval", "EVAL"}, {"pause", "PAUSED"},
		{"checkpoint", "CKPT"}, {"done", "DONE"}, {"stop", "STOPPED"}, {"fail", "FAILED"}, {"start", "START"},
		{"build", "START"}};
	if (!r->loaded && r->error[0])
		return "UNREADABLE";
	if (!r->alive && !finished(r->state))
		return r->loaded && r->state[0] ? "DIED" : "EMPTY";
	if (r->alive && training(r->state) && m->now - r->moved > patience(r))
		return "STALLED";
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strncmp(r->state, words[i].prefix, strlen(words[i].prefix)) == 0)
			return words[i].word;
	size_t n = 0;
	for (; n < 23 && r->state[n]; n++)
		buf[n] = (char)toupper((unsigned char)r->state[n]);
	buf[n] = '\0';
	return n ? buf : "START";
}

double model_deadline(const struct model *m)
{
	const struct run_view *r = m->open;
	if (!r || !r->alive || !training(r->state))
		return -1;
	double left = patience(r) - (m->now - r->moved);
	return left > 0 ? left + 0.05 : -1;
}

double run_total_steps(const struct run_view *r)
{
	double total = r->steps_per_epoch * r->epochs;
	return total > 0 ? total : NAN;
}

double run_eta(const struct run_view *r)
{
	double total = run_total_steps(r), speed = run_last(r, "perf/steps_per_s");
	if (!r->alive || strncmp(r->state, "pause", 5) == 0 || !(speed > 0) || !(total > r->step))
		return NAN;
	return (total - r->step) / speed;
}

size_t run_bad(const struct run_view *r, int64_t *first_step, const char **series)
{
	size_t bad = 0;
	*series = "";
	*first_step = -1;
	for (size_t i = 0; i < r->nseries; i++) {
		const struct series *s = r->series[i];
		if (s->info.bad > 0 && bad == 0) {
			*series = s->info.name;
			*first_step = s->curve.bad ? s->curve.first_bad : -1;
		}
		bad += (size_t)s->info.bad;
	}
	return bad;
}

bool run_best(const struct run_view *r, double *value, int64_t *step)
{
	const struct series *s = run_monitor(r);
	if (s && isfinite(s->info.best)) {
		*value = s->info.best;
		*step = s->info.best_step;
		return true;
	}
	*value = r->best_value;
	*step = isfinite(r->best_step) ? (int64_t)r->best_step : -1;
	return isfinite(r->best_value);
}
