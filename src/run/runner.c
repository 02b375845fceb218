/* One run from beginning to end.
 *
 *   new     build the model -> directory -> train
 *   replay  the same, with the first knobs, seed and threads of another run, obeying its journal
 *   resume  directory -> last good checkpoint (script and knobs as they were then) -> train, obeying what the journal has
 *           from there on, then live
 *
 * The model is built before a new directory is made: what cannot be built leaves nothing behind. */
#include "run/profile.h"
#include "run/trainer.h"

#include "base/fs.h"
#include "base/mem.h"
#include "store/reader.h"
#include "store/rundir.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FACT_MAX = 1 << 16 };

/* ---- facts of the run that is replayed or resumed ---- */

struct past {
	struct reader_db *db;
	char *text; /* [FACT_MAX] */
	int threads;
	int64_t slice_rows, stop_at;
};

static int64_t past_int(struct past *p, const char *key, int64_t otherwise)
{
	return reader_get(p->db, key, p->text, FACT_MAX) ? strtoll(p->text, NULL, 10) : otherwise;
}

static enum err_code past_knobs(struct past *p, struct knobset *k, struct err *e)
{
	const char *name;
	json_t *v;
	if (!reader_get(p->db, "knobs", p->text, FACT_MAX))
		return err_set(
			e, ERR_FORMAT, "run.db does not say which knobs the run began with: it cannot be repeated");
	json_t *j = json_loads(p->text, 0, NULL);
	enum err_code rc =
		json_is_object(j) ? OK : err_set(e, ERR_FORMAT, "run.db is damaged: the knobs that the run began with");
	json_object_foreach(j, name, v)
	{
		struct knob *row = knobset_find(k, name);
		if (rc == OK && row && json_is_string(v))
			rc = knob_set_text(row, json_string_value(v), e);
	}
	json_decref(j);
	return rc;
}

static enum err_code past_read(struct past *p, struct experiment *x, const char *dir, bool resume, struct err *e)
{
	p->text = mem_alloc(FACT_MAX);
	if (!p->text)
		return err_set(e, ERR_NOMEM, "no memory to read the run %s", dir);
	TRY(reader_open(dir, &p->db, e));
	if (resume && reader_get(p->db, "replay_of", p->text, FACT_MAX))
		return err_set(e, ERR_STATE, "%s is a replay of %s and cannot be resumed; replay that run again", dir,
			p->text);
	TRY(past_knobs(p, &x->knobs, e));
	/* a snapshot knows neither the name nor the place of the script it was made from */
	if (reader_get(p->db, "experiment", p->text, FACT_MAX))
		snprintf(x->name, sizeof x->name, "%s", p->text);
	if (reader_get(p->db, "file", p->text, FACT_MAX) && fs_is_file(p->text))
		snprintf(x->file, sizeof x->file, "%s", p->text);
	if (reader_get(p->db, "seed", p->text, FACT_MAX))
		x->seed = strtoull(p->text, NULL, 10);
	p->threads = (int)past_int(p, "threads", 0);
	p->slice_rows = past_int(p, "slice_rows", 0);
	p->stop_at = -1;
	if (!resume && reader_get(p->db, "state", p->text, FACT_MAX) && strcmp(p->text, "stopped") == 0)
		p->stop_at = past_int(p, "steps", -1);
	return OK;
}

/* The run whose past this run has, or NULL. */
static const char *past_dir(const struct run_options *o)
{
	return o->resume ? o->resume : o->replay_of;
}

static enum err_code learn_past(struct trainer *t, struct engine_options *eo, struct err *e)
{
	const char *dir = past_dir(t->o);
	struct past p = {.stop_at = -1};
	*eo = (struct engine_options){t->o->threads, t->o->slice_rows};
	if (!dir)
		return OK;
	enum err_code rc = past_read(&p, t->x, dir, t->o->resume != NULL, e);
	if (rc == OK)
		rc = journal_load(dir, p.stop_at, &t->journal, e);
	eo->threads = t->o->threads > 0 ? t->o->threads : p.threads;
	eo->slice_rows = t->o->slice_rows > 0 ? t->o->slice_rows : p.slice_rows;
	reader_close(p.db);
	mem_free(p.text);
	return rc;
}

/* ---- the model ---- */

static enum err_code make_optimizer(struct trainer *t, struct err *e)
{
	const struct train_options *o = &t->x->train;
	const char *schedule = *o->schedule ? o->schedule : "constant";
	if (!t->rig->n_losses)
		return OK;
	t->schedule = (const struct schedule_class *)registry_need(&schedule_registry, schedule, e);
	if (!t->schedule)
		return ERR_NOTFOUND;
	TRY(optim_new(*o->optimizer ? o->optimizer : "adam", &t->optim, e));
	return optim_bind(t->optim, t->rig->params, e);
}

static enum err_code make_model(struct trainer *t, bool fit, struct err *e)
{
	struct experiment *x = t->x;
	enum err_code rc = rig_build(x, t->engine, &x->knobs, NULL, fit, &t->rig, e);
	x->vtbl->settle(x->self, rc == OK);
	TRY(rc);
	if (knobset_number(&x->knobs, "epochs", x->train.epochs) > 0 && !t->rig->n_losses && !x->world)
		return err_set(e, ERR_SCRIPT, "model %s has no loss to train; set epochs = 0", x->model);
	TRY(make_optimizer(t, e));
	if (x->world && knobset_number(&x->knobs, "epochs", x->train.epochs) > 0)
		TRY(agent_new(x, &t->agent, e));
	TRY(watch_begin(t, e));
	TRY(evaluator_prepare(t->monitor, t->rig, e));
	return trainer_live(t, e);
}

/* ---- resuming ---- */

/* The newest checkpoint whose weights and state belong together; -1: none. */
static int64_t last_good(struct trainer *t)
{
	int64_t step = INT64_MAX;
	struct err e;
	while (checkpoint_latest(t->checkpoints, step, &step, NULL) == OK) {
		if (keep_verify(t->checkpoints, step, &e) == OK)
			return step;
		facts_event(t, "warn", "checkpoint", "checkpoint %lld cannot be used: %s", (long long)step, e.text);
	}
	return -1;
}

static enum err_code load_from(struct trainer *t, int64_t step, struct err *e)
{
	struct meta m = {0};
	enum err_code rc = keep_meta(t->checkpoints, step, &m, e);
	if (rc == OK)
		rc = keep_position(&m, &t->at, e);
	if (rc == OK)
		rc = keep_restore(t->x, &m, t->dir, e);
	if (rc == OK)
		rc = make_model(t, false, e);
	if (rc == OK)
		rc = checkpoint_load(t->checkpoints, step, t->rig->params, t->optim, NULL, e);
	if (rc == OK)
		rc = keep_load_blocks(t, step, e);
	meta_free(&m);
	return rc;
}

/* A newer file than the checkpoint in use can only be a broken one. */
static void tell_broken(struct trainer *t, int64_t step)
{
	char path[4400];
	struct reader_db *db = NULL;
	struct checkpoint_row *rows = NULL;
	size_t n = 0;
	if (reader_open(t->dir, &db, NULL) == OK)
		reader_checkpoints(db, &rows, &n, NULL);
	for (size_t i = 0; i < n; i++) {
		snprintf(path, sizeof path, "%s/%s", t->dir, rows[i].file);
		if (rows[i].step > step && fs_exists(path))
			facts_event(t, "warn", "checkpoint", "%s is damaged; going back to the checkpoint at step %lld",
				rows[i].file, (long long)step);
	}
	mem_free(rows);
	reader_close(db);
}

static enum err_code continue_run(struct trainer *t, struct err *e)
{
	int64_t step = last_good(t);
	tell_broken(t, step);
	TRY(step >= 0 ? load_from(t, step, e) : make_model(t, true, e));
	journal_seek(&t->journal, t->at.step, t->at.tweak_step == t->at.step ? t->at.tweaks : 0);
	TRY(store_rewind(t->store, t->at.step + 1, e));
	facts_event(t, "info", "resume", "resumed at step %lld", (long long)t->at.step);
	return OK;
}

/* ---- the directory ---- */

static enum err_code open_dir(struct trainer *t, int *lock, struct err *e)
{
	const char *root = t->o->runs_root ? t->o->runs_root : rundir_root();
	if (t->o->resume) {
		snprintf(t->dir, sizeof t->dir, "%s", t->o->resume);
	} else {
		TRY(fs_mkdirs(root, e));
		TRY(rundir_create(root, t->x->name, t->dir, sizeof t->dir, e));
	}
	size_t n = strlen(t->dir);
	while (n > 1 && t->dir[n - 1] == '/')
		t->dir[--n] = '\0';
	snprintf(t->id, sizeof t->id, "%s", path_base(t->dir));
	snprintf(t->checkpoints, sizeof t->checkpoints, "%s/checkpoints", t->dir);
	TRY(rundir_lock(t->dir, lock, e));
	TRY(fs_mkdirs(t->checkpoints, e));
	return store_open(t->dir, &t->store, e);
}

/* ---- from beginning to end ---- */

static enum err_code begin(struct trainer *t, int *lock, struct err *e)
{
	struct engine_options eo;
	TRY(learn_past(t, &eo, e));
	TRY(engine_new(&eo, &t->engine, e));
	engine_profile(t->engine, t->o->profile);
	if (t->o->resume) {
		TRY(open_dir(t, lock, e));
		TRY(continue_run(t, e));
	} else {
		TRY(make_model(t, true, e));
		TRY(open_dir(t, lock, e));
		TRY(facts_snapshot(t, e));
	}
	TRY(facts_begin(t, e));
	TRY(trainer_series(t, e));
	struct err why;
	if (!t->o->quiet_socket && server_open(t->dir, &t->server, &why) != OK)
		facts_event(t, "warn", "control", "%s; the run takes no commands", why.text);
	t->started = t->told = t->saved = trainer_now();
	t->first_step = t->told_step = t->at.step;
	obey_state(t, "running");
	struct run_event ev = {.kind = RUN_STARTED,
		.run_id = t->id,
		.dir = t->dir,
		.step = t->at.step,
		.steps_total = trainer_steps_total(t),
		.state = t->state};
	if (t->o->event)
		t->o->event(t->o->ctx, &ev);
	return OK;
}

static enum err_code step(struct trainer *t, struct err *e)
{
	if (!estimate_wanted(t))
		return trainer_step(t, e);
	double begun = trainer_now();
	TRY(trainer_step(t, e));
	estimate_step(t, trainer_now() - begun);
	return OK;
}

static enum err_code loop(struct trainer *t, struct err *e)
{
	while (!t->stop) {
		if (watch_due(t))
			TRY(watch_scheduled(t, e));
		TRY(obey_safe_point(t, e));
		if (t->stop || trainer_done(t))
			break;
		TRY(step(t, e));
		if (t->steps_left > 0)
			t->steps_left--;
		trainer_progress(t, false);
	}
	if (!t->stop && t->at.last_eval != t->at.step)
		TRY(watch_scheduled(t, e));
	return OK;
}

static void put_result(const struct trainer *t, struct run_result *out)
{
	snprintf(out->id, sizeof out->id, "%s", t->id);
	snprintf(out->dir, sizeof out->dir, "%s", t->dir);
	snprintf(out->state, sizeof out->state, "%s", t->state);
	out->steps = t->at.step;
	out->n_metrics = t->have_result ? t->result.n : 0;
	snprintf(out->part, sizeof out->part, "%s", t->have_result ? part_name(t->result_part) : "");
	for (int i = 0; i < out->n_metrics; i++) {
		snprintf(out->metric[i], sizeof out->metric[i], "%s", t->result.metric[i].name);
		out->value[i] = t->result.value[i];
	}
}

/* The weights as training left them: their digest and their checkpoint, whatever the end was. */
static void put_weights(struct trainer *t, struct run_result *out)
{
	struct err e;
	average_swap(t->average);
	paramset_sha256(t->rig->params, out->weights_sha256);
	average_swap(t->average);
	store_set(t->store, "weights_sha256", out->weights_sha256, NULL);
	store_setf(t->store, "steps", NULL, "%lld", (long long)t->at.step);
	if (keep_save(t, false, &e) != OK)
		facts_event(t, "warn", "checkpoint", "%s", e.text);
}

static void tell_done(struct trainer *t, const struct run_result *out)
{
	struct run_event ev = {.kind = RUN_DONE,
		.run_id = t->id,
		.dir = t->dir,
		.step = t->at.step,
		.steps_total = t->at.step,
		.epoch = (double)t->at.epoch,
		.loss = t->loss,
		.part = t->have_result ? part_name(t->result_part) : NULL,
		.result = t->have_result ? &t->result : NULL,
		.seconds = trainer_now() - t->started,
		.weights_sha256 = out->weights_sha256,
		.state = t->state};
	if (t->o->event)
		t->o->event(t->o->ctx, &ev);
}

static enum err_code finish(struct trainer *t, enum err_code rc, struct run_result *out, struct err *e)
{
	if (rc == ERR_CANCELLED && t->stop)
		rc = OK;
	put_weights(t, out);
	average_swap(t->average); /* training is over: the means are the weights */
	average_free(t->average);
	t->average = NULL;
	if (rc == OK && !t->stop && t->x->train.test_best) {
		rc = watch_test(t, e);
		if (rc == ERR_CANCELLED && t->stop)
			rc = OK;
	}
	if (rc != OK)
		facts_event(t, "error", err_code_name(rc), "%s", e->text);
	obey_state(t, rc != OK ? "failed" : t->stop ? "stopped" : "done");
	if (t->stepping.args) {
		server_refuse(t->server, &t->stepping, t->at.step, "the run has ended");
		request_free(&t->stepping);
	}
	put_result(t, out);
	tell_done(t, out);
	if (t->o->profile)
		profile_print(t->rig, t->profile.steps, t->profile.seconds, t->profile.loading);
	return rc;
}

static enum err_code stage_knob(void *ctx, const char *name, const char *value, struct err *e)
{
	struct trainer *t = ctx;
	const struct knob *declared = knobset_need(&t->x->knobs, name, e);
	if (!declared)
		return ERR_NOTFOUND;
	struct knobset one = {0};
	struct knob copy = *declared;
	enum err_code rc = knobset_add(&one, &copy, e);
	if (rc == OK)
		rc = knob_set_text(&one.row[0], value, e);
	knobset_free(&one);
	TRY(rc);
	char *text = mem_strdup(value);
	if (!text || !mem_grow(&t->staged.row, &t->staged.cap, t->staged.n + 1, sizeof *t->staged.row)) {
		mem_free(text);
		return err_set(e, ERR_NOMEM, "no memory for knob %s", name);
	}
	size_t i = t->staged.n++;
	snprintf(t->staged.row[i].name, sizeof t->staged.row[i].name, "%s", name);
	t->staged.row[i].value = text;
	return OK;
}

static void trainer_fini(struct trainer *t, int lock)
{
	server_close(t->server);
	evaluator_free(t->monitor);
	evaluator_free(t->test);
	optim_free(t->optim);
	average_free(t->average);
	agent_free(t->agent);
	rig_free(t->rig);
	engine_free(t->engine);
	journal_free(&t->journal);
	request_free(&t->stepping);
	for (size_t i = 0; i < t->staged.n; i++)
		mem_free(t->staged.row[i].value);
	mem_free(t->staged.row);
	if (lock >= 0)
		close(lock);
}

static enum err_code train(struct trainer *t, struct run_result *out, struct err *e)
{
	int lock = -1;
	sigset_t mask;
	t->signals = signals_open(&mask);
	enum err_code rc = begin(t, &lock, e), closed;
	if (rc == OK)
		rc = finish(t, loop(t, e), out, e);
	else if (t->store) {
		facts_event(t, "error", err_code_name(rc), "%s", e->text);
		obey_state(t, "failed");
		put_result(t, out);
	}
	struct err why = {0};
	closed = store_close(t->store, &why);
	t->store = NULL;
	if (rc == OK && closed != OK) {
		*e = why;
		rc = closed;
	}
	trainer_fini(t, lock);
	signals_close(t->signals, &mask);
	return rc;
}

enum err_code runner_train(struct experiment *x, const struct run_options *o, struct run_result *out, struct err *e)
{
	static const struct run_options none;
	struct err local = {0};
	*out = (struct run_result){0};
	struct trainer *t = mem_calloc(1, sizeof *t);
	if (!t)
		return err_set(e, ERR_NOMEM, "no memory for a run");
	*t = (struct trainer){.x = x,
		.o = o ? o : &none,
		.state = "starting",
		.replaying = o && o->replay_of,
		.at = {.best = (double)NAN, .best_step = -1, .last_eval = -1}};
	x->knob_set = stage_knob;
	x->knob_ctx = t;
	enum err_code rc = train(t, out, e ? e : &local);
	x->knob_set = NULL;
	x->knob_ctx = NULL;
	mem_free(t);
	return rc;
}
