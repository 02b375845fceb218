/* Players and targets of a rig: whose loss trains which parameters, whose turn it is, and copies that follow others. */
#include "run/rig_parts.h"

#include "base/mem.h"

#include <string.h>

static bool in_group(const struct player *p, const char *name)
{
	for (int i = 0; i < p->n_groups; i++) {
		size_t n = strlen(p->group[i]);
		if (strncmp(name, p->group[i], n) == 0 && (name[n] == '\0' || name[n] == '/' || name[n] == ' '))
			return true;
	}
	return p->n_groups == 0;
}

/* While a player's loss is traced, the parameters of the others are constants. */
static enum err_code trace_player(struct rig *r, const struct batch *signature, int k, struct err *e)
{
	const struct player *p = &r->plan.player[k];
	size_t n = paramset_count(r->params), mine = 0;
	bool *frozen = mem_calloc(n + 1, sizeof *frozen);
	if (!frozen)
		return err_set(e, ERR_NOMEM, "no memory for player %s", p->name);
	for (size_t i = 0; i < n; i++) {
		struct param *q = paramset_get(r->params, i);
		frozen[i] = q->frozen;
		mine += in_group(p, q->name);
		q->frozen |= !in_group(p, q->name);
	}
	r->losses[k] = (struct rig_program){.call = (enum model_call)(MODEL_PLAYER + k), .mode = PROGRAM_TRAIN};
	enum err_code rc = mine ? rig_trace_into(r, signature, &r->losses[k], e)
				: err_set(e, ERR_SCRIPT, "player %s trains '%s', but no parameter has that name",
					  p->name, p->group[0]);
	for (size_t i = 0; i < n; i++)
		paramset_get(r->params, i)->frozen = frozen[i];
	mem_free(frozen);
	return rc == OK ? OK : err_prefix(e, "player %s", p->name);
}

enum err_code rig_trace_losses(struct rig *r, const struct batch *signature, struct err *e)
{
	r->n_losses = r->plan.n_players ? r->plan.n_players : 1;
	r->losses[0] = (struct rig_program){.call = MODEL_LOSS, .mode = PROGRAM_TRAIN};
	for (int k = 0; k < r->n_losses; k++)
		TRY(r->plan.n_players ? trace_player(r, signature, k, e)
				      : rig_trace_into(r, signature, &r->losses[0], e));
	return OK;
}

int rig_turn(const struct rig *r, int64_t step, int64_t *turns)
{
	int64_t times[PLAYERS_MAX], all = 0;
	for (int k = 0; k < r->plan.n_players; k++) {
		const struct player *p = &r->plan.player[k];
		times[k] = (int64_t)knobset_number(&r->x->knobs, p->times_knob, p->times);
		all += times[k] = times[k] < 0 ? 0 : times[k];
	}
	*turns = all > 0 ? all : 1;
	int64_t at = step % *turns;
	for (int k = 0; k < r->plan.n_players; k++) {
		if (at < times[k])
			return k;
		at -= times[k];
	}
	return 0;
}

enum err_code rig_targets_begin(struct rig *r, bool fresh, struct err *e)
{
	struct model_plan plan = {0};
	if (r->x->vtbl->plan)
		TRY(r->x->vtbl->plan(r->x->self, &plan, e));
	for (int i = 0; i < plan.n_targets; i++) {
		const struct follower *t = &plan.target[i];
		if (paramset_follow(r->params, t->to, t->from, fresh ? 1 : 0, NULL) < 1)
			return err_set(e, ERR_SCRIPT,
				"the target '%s' must have the parameters of '%s': make both with the same layers",
				t->to, t->from);
		size_t n = strlen(t->to);
		for (size_t k = 0; k < paramset_count(r->params); k++) {
			struct param *p = paramset_get(r->params, k);
			if (strncmp(p->name, t->to, n) == 0 && p->name[n] == '/')
				p->frozen = true;
		}
	}
	return OK;
}
