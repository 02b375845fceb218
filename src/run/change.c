/* Changes of knobs and of the script at a safe point.
 *
 * Everything that can fail is done beside what is in force: the knobs in a copy, the model in a new rig.  Then the
 * journal is written, then the new takes the place of the old.  A change that fails leaves nothing changed. */
#include "run/trainer.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

/* What is prepared. */
struct draft {
	struct knobset knobs;
	struct rig *rig;  /* NULL: the present one stays */
	struct rig *live; /* NULL, or the present one under other live numbers */
	bool pending;	  /* the model was built anew: to be settled */
	bool rebuilt;	  /* and its parameters with it */
	bool *fresh;	  /* [parameters] not carried */
	size_t carried;
};

static void draft_drop(struct trainer *t, struct draft *d)
{
	if (d->pending)
		t->x->vtbl->settle(t->x->self, false);
	d->pending = false;
	rig_free(d->live);
	rig_free(d->rig);
	knobset_free(&d->knobs);
	mem_free(d->fresh);
}

static bool same_value(const struct knob *a, const struct knob *b)
{
	char x[1024], y[1024];
	return strcmp(knob_text(a, x, sizeof x), knob_text(b, y, sizeof y)) == 0;
}

/* Sets the knobs in the copy; *level: the farthest that a changed one reaches. */
static enum err_code draft_knobs(
	struct trainer *t, struct draft *d, const struct change *c, size_t n, enum knob_applies *level, struct err *e)
{
	bool reached[KNOB_MODEL + 1] = {false};
	TRY(knobset_copy(&t->x->knobs, &d->knobs, e));
	for (size_t i = 0; i < n; i++) {
		struct knob *k = knobset_need(&d->knobs, c[i].name, e);
		if (!k)
			return ERR_NOTFOUND;
		TRY(knob_set_text(k, c[i].value, e));
		reached[k->applies] |= !same_value(k, knobset_find(&t->x->knobs, k->name));
	}
	bool both = reached[KNOB_BATCH] && reached[KNOB_LIVE]; /* new batches want new programs anyway */
	*level = reached[KNOB_MODEL] || both ? KNOB_MODEL
		 : reached[KNOB_LIVE]	     ? KNOB_LIVE
		 : reached[KNOB_BATCH]	     ? KNOB_BATCH
					     : KNOB_STEP;
	return trainer_check(t, &d->knobs, e);
}

static enum err_code draft_rebuild(struct trainer *t, struct draft *d, struct err *e)
{
	d->pending = d->rebuilt = true; /* also where it fails half-way: settle(false) clears it */
	TRY(rig_build(t->x, t->engine, &d->knobs, t->rig->params, true, &d->rig, e));
	size_t n = paramset_count(d->rig->params);
	d->fresh = mem_calloc(n + 1, sizeof *d->fresh);
	if (!d->fresh)
		return err_set(e, ERR_NOMEM, "no memory for the change");
	for (size_t i = 0; i < n; i++) {
		const struct param *p = paramset_get(d->rig->params, i), *old = paramset_find(t->rig->params, p->name);
		d->fresh[i] = !old || !shape_same(&old->shape, &p->shape);
		d->carried += !d->fresh[i];
	}
	return evaluator_prepare(t->monitor, d->rig, e);
}

/* Live numbers where that is enough, else a new model. */
static enum err_code draft_model(struct trainer *t, struct draft *d, enum knob_applies level, struct err *e)
{
	if (level == KNOB_LIVE) {
		d->pending = true;
		TRY(rig_live(t->rig, &d->knobs, &d->live, e));
		if (d->live)
			return OK;
		t->x->vtbl->settle(t->x->self, false);
	}
	return draft_rebuild(t, d, e);
}

/* ---- putting in force ---- */

/* The share of the epoch that is done stays as it is. */
static void rescale_epoch(struct trainer *t, int64_t before)
{
	int64_t after = trainer_steps_per_epoch(t);
	if (before > 0 && after > 0 && before != after)
		t->at.index = t->at.index * after / before;
}

/* Optimizer and means of the weights go over to the parameters of the new model. */
static enum err_code rebind(struct trainer *t, const struct paramset *s, struct err *e)
{
	struct average *means = NULL;
	if (t->average)
		TRY(average_new(s, t->average, &means, e));
	enum err_code rc = optim_bind(t->optim, s, e);
	if (rc != OK) {
		average_free(means);
		return rc;
	}
	average_free(t->average);
	t->average = means;
	return OK;
}

static enum err_code draft_accept(struct trainer *t, struct draft *d, struct err *e)
{
	int64_t steps = trainer_steps_per_epoch(t);
	struct knobset old = t->x->knobs;
	if (d->rebuilt && t->optim)
		TRY(rebind(t, d->rig->params, e));
	if (d->rig) {
		if (!d->rebuilt)
			rig_take_params(d->rig, t->rig);
		rig_free(t->rig);
		t->rig = d->rig;
	}
	if (d->live)
		rig_take_live(t->rig, d->live);
	t->x->knobs = d->knobs;
	if (d->pending)
		t->x->vtbl->settle(t->x->self, true);
	d->rig = NULL;
	d->pending = d->rebuilt = false;
	d->knobs = (struct knobset){0};
	knobset_free(&old);
	rescale_epoch(t, steps);
	return trainer_live(t, e);
}

/* ---- the journal and the answer ---- */

static void count_tweak(struct trainer *t)
{
	if (t->at.tweak_step != t->at.step)
		t->at.tweaks = 0;
	t->at.tweak_step = t->at.step;
	t->at.tweaks++;
}

static json_t *text_json(const char *s)
{
	json_t *j = json_string(s);
	return j ? j : json_string("?");
}

static json_t *initialised_json(const struct draft *d)
{
	json_t *list = json_array();
	for (size_t i = 0; d->rebuilt && i < paramset_count(d->rig->params); i++)
		if (d->fresh[i])
			json_array_append_new(list, text_json(paramset_get(d->rig->params, i)->name));
	return list;
}

static void answer_text(const struct draft *d, char *buf, size_t size)
{
	if (!d->rebuilt) {
		snprintf(buf, size, "%s", d->rig ? "new batches" : "from the next step");
		return;
	}
	size_t n = paramset_count(d->rig->params), at = 0, listed = 0;
	at = (size_t)snprintf(buf, size, "rebuilt: carried %zu of %zu parameters", d->carried, n);
	for (size_t i = 0; i < n && listed < 8 && at < size; i++)
		if (d->fresh[i])
			at += (size_t)snprintf(buf + at, size - at, "%s%s", listed++ ? ", " : "; initialised ",
				paramset_get(d->rig->params, i)->name);
	if (n - d->carried > listed && at < size)
		snprintf(buf + at, size - at, ", ...");
}

static json_t *tweak_json(const char *name, const char *old, const char *value, int64_t id)
{
	return json_pack("{s:o, s:o, s:o, s:I}", "name", text_json(name), "old", text_json(old), "new",
		text_json(value), "tweak", (json_int_t)id);
}

/* The texts of one tweak; the store borrows them. */
struct entry {
	char old[1024], value[1024], answer[512];
};

static void describe(const struct trainer *t, const struct draft *d, const struct change *c, size_t i, struct entry *x)
{
	knob_text(knobset_find(&t->x->knobs, c[i].name), x->old, sizeof x->old);
	knob_text(knobset_find(&d->knobs, c[i].name), x->value, sizeof x->value);
	if (i > 0)
		snprintf(x->answer, sizeof x->answer, JOURNAL_TOGETHER "%s", c[0].name);
	else
		answer_text(d, x->answer, sizeof x->answer);
}

/* One commit: a crash leaves the whole set in the journal, or nothing of it. */
static enum err_code journal_sets(struct trainer *t, const struct draft *d, const struct change *c, size_t n,
	const char *by, bool record, json_t *list, struct err *e)
{
	struct entry *x = mem_calloc(n + 1, sizeof *x);
	struct store_tweak_row *row = mem_calloc(n + 1, sizeof *row);
	int64_t *id = mem_calloc(n + 1, sizeof *id);
	enum err_code rc = x && row && id ? OK : err_set(e, ERR_NOMEM, "no memory for %zu tweaks", n);
	for (size_t i = 0; rc == OK && i < n; i++) {
		describe(t, d, c, i, &x[i]);
		row[i] = (struct store_tweak_row){"set", c[i].name, x[i].old, x[i].value, x[i].answer};
	}
	if (rc == OK && record)
		rc = store_tweaks(t->store, t->at.step, row, n, by, id, e);
	for (size_t i = 0; rc == OK && i < n; i++) {
		if (!journal_again(by))
			count_tweak(t);
		json_array_append_new(list, tweak_json(c[i].name, x[i].old, x[i].value, id[i]));
	}
	mem_free(x);
	mem_free(row);
	mem_free(id);
	return rc;
}

static json_t *result_json(const struct draft *d, json_t *tweaks)
{
	return json_pack("{s:o, s:b, s:I, s:o}", "tweaks", tweaks, "rebuilt", d->rebuilt, "carried",
		(json_int_t)d->carried, "initialised", initialised_json(d));
}

enum err_code change_set(struct trainer *t, const struct change *c, size_t n, const char *by, bool record,
	json_t **result, struct err *e)
{
	struct draft d = {0};
	enum knob_applies level;
	json_t *tweaks = json_array();
	struct position before = t->at;
	enum err_code rc = draft_knobs(t, &d, c, n, &level, e);
	if (rc == OK && level >= KNOB_LIVE)
		rc = draft_model(t, &d, level, e);
	else if (rc == OK && level == KNOB_BATCH && t->rig->n_losses)
		rc = rig_rebatch(t->rig, &d.knobs, &d.rig, e);
	if (rc == OK)
		rc = journal_sets(t, &d, c, n, by, record, tweaks, e);
	if (rc != OK) {
		t->at = before;
		draft_drop(t, &d);
		json_decref(tweaks);
		return rc;
	}
	json_t *answer = result_json(&d, tweaks);
	rc = draft_accept(t, &d, e);
	draft_drop(t, &d);
	if (result && rc == OK)
		*result = answer;
	else
		json_decref(answer);
	if (rc == OK)
		rc = facts_knobs(t, e);
	return rc == OK ? trainer_series(t, e) : rc;
}

enum err_code change_reload(
	struct trainer *t, const char *text, const char *by, bool record, json_t **result, struct err *e)
{
	struct draft d = {0};
	char answer[512];
	int64_t id;
	struct experiment *x = t->x;
	if (!x->vtbl->reload)
		return err_set(e, ERR_STATE, "model %s has no script to reload", x->model);
	TRY(knobset_copy(&x->knobs, &d.knobs, e));
	d.pending = true;
	enum err_code rc = x->vtbl->reload(x->self, text, &d.knobs, e);
	if (rc == OK)
		rc = draft_rebuild(t, &d, e);
	if (rc == OK) {
		answer_text(&d, answer, sizeof answer);
		if (record)
			rc = store_tweak(t->store, t->at.step, "reload", x->file, NULL, text, by, answer, &id, e);
	}
	if (rc != OK) {
		draft_drop(t, &d);
		return rc;
	}
	count_tweak(t);
	json_t *j = result_json(&d, json_array());
	rc = draft_accept(t, &d, e);
	draft_drop(t, &d);
	if (result && rc == OK)
		*result = j;
	else
		json_decref(j);
	if (rc == OK)
		rc = facts_knobs(t, e);
	return rc == OK ? trainer_series(t, e) : rc;
}

/* ---- chunks of Lua ---- */

static void staged_clear(struct trainer *t)
{
	for (size_t i = 0; i < t->staged.n; i++)
		mem_free(t->staged.row[i].value);
	t->staged.n = 0;
}

static enum err_code staged_apply(struct trainer *t, bool record, struct err *e)
{
	if (t->staged.n == 0)
		return OK;
	struct change *c = mem_calloc(t->staged.n, sizeof *c);
	if (!c)
		return err_set(e, ERR_NOMEM, "no memory for %zu knobs", t->staged.n);
	for (size_t i = 0; i < t->staged.n; i++)
		c[i] = (struct change){t->staged.row[i].name, t->staged.row[i].value};
	enum err_code rc = change_set(t, c, t->staged.n, JOURNAL_BY_EVAL, record, NULL, e);
	mem_free(c);
	return rc;
}

/* A chunk that fails may have changed the script's state before: it is journalled all the same. */
enum err_code change_eval(
	struct trainer *t, const char *chunk, const char *by, bool record, json_t **result, struct err *e)
{
	char *text = NULL;
	int64_t id;
	struct err why = {0};
	struct experiment *x = t->x;
	if (!x->vtbl->eval)
		return err_set(e, ERR_STATE, "model %s has no script to evaluate a chunk in", x->model);
	staged_clear(t);
	enum err_code rc = x->vtbl->eval(x->self, chunk, &text, &why);
	if (rc == OK)
		rc = staged_apply(t, record, &why);
	staged_clear(t);
	if (record)
		TRY(store_tweak(
			t->store, t->at.step, "eval", NULL, NULL, chunk, by, rc == OK ? text : why.text, &id, e));
	count_tweak(t);
	if (rc == OK && result)
		*result = json_pack("{s:o}", "value", text_json(text ? text : ""));
	mem_free(text);
	if (rc != OK && e)
		*e = why;
	return rc;
}
