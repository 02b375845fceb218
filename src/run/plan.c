/* The plan of a run: knobs that take other values when training reaches an epoch (train_options.plan), and the learning rate, which is
 * cut where the monitor has not improved in `plateau` evaluations.
 *
 * A planned change is an ordinary change at the safe point at which its epoch begins, before the journal and before commands.  It
 * is written to the journal for those who read it, but a replay or a resumed run does not obey it from there: the
 * experiment says it again, and position.planned says what of it is done. */
#include "run/trainer.h"

#include <stdio.h>

enum { TOGETHER_MAX = 16 };

/* lr becomes lr * plateau_cut, down to what the knob may be.  Players' own rates (lr_<name>) are left alone. */
static enum err_code obey_plateau(struct trainer *t, struct err *e)
{
	const struct knob *lr = knobset_find(&t->x->knobs, "lr");
	int64_t plateau = (int64_t)knobset_number(&t->x->knobs, "plateau", 0);
	char value[32];
	if (!lr || plateau <= 0 || t->at.flat < plateau)
		return OK;
	t->at.flat = 0;
	double rate = lr->num * knobset_number(&t->x->knobs, "plateau_cut", 1);
	if (rate < lr->min)
		return OK;
	snprintf(value, sizeof value, "%.9g", rate);
	if (change_set(t, &(struct change){"lr", value}, 1, JOURNAL_BY_PLAN, true, NULL, e) != OK)
		return err_prefix(e, "the cut of the rate at step %lld", (long long)t->at.step);
	return OK;
}

static enum err_code obey_epoch(struct trainer *t, struct err *e)
{
	const struct train_options *o = &t->x->train;
	while (t->at.planned < (int64_t)o->n_plan && o->plan[t->at.planned].epoch <= t->at.epoch) {
		const struct planned_knob *row = &o->plan[t->at.planned];
		int64_t left = (int64_t)o->n_plan - t->at.planned;
		struct change c[TOGETHER_MAX];
		size_t n = 0;
		while ((int64_t)n < left && n < TOGETHER_MAX && row[n].epoch == row->epoch) {
			c[n] = (struct change){row[n].name, row[n].value};
			n++;
		}
		if (change_set(t, c, n, JOURNAL_BY_PLAN, true, NULL, e) != OK)
			return err_prefix(e, "the plan for epoch %d", row->epoch);
		t->at.planned += (int64_t)n;
	}
	return OK;
}

enum err_code plan_obey(struct trainer *t, struct err *e)
{
	TRY(obey_plateau(t, e));
	return obey_epoch(t, e);
}
