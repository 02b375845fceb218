/* The plan of a run: knobs that take other values when training reaches an epoch (train_options.plan).
 *
 * A planned change is an ordinary change at the safe point at which its epoch begins, before the journal and before commands.  It
 * is written to the journal for those who read it, but a replay or a resumed run does not obey it from there: the
 * experiment says it again, and position.planned says what of it is done. */
#include "run/trainer.h"

enum { TOGETHER_MAX = 16 };

enum err_code plan_obey(struct trainer *t, struct err *e)
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
