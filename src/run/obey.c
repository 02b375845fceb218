/* What happens at a safe point: the journal, signals, clocks, and the commands of the control socket.
 *
 * Between the batches of an evaluation only commands that touch no tensor are obeyed; the others wait for the safe point
 * behind it, so that the journal has one order. */
#include "run/trainer.h"

#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "run/probe.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* At one safe point, so that a flood of requests cannot hold up training for ever. */
enum { REQUESTS_MAX = 256, CHANGES_MAX = 64 };

void obey_state(struct trainer *t, const char *state)
{
	t->state = state;
	store_set(t->store, "state", state, NULL);
}

/* ---- commands ---- */

static json_t *state_json(const struct trainer *t)
{
	return json_pack("{s:s}", "state", t->state);
}

static const char *by_of(const json_t *args)
{
	const char *by = json_string_value(json_object_get(args, "by"));
	return by && *by && strcmp(by, JOURNAL_BY_EVAL) != 0 ? by : "user";
}

static enum err_code cmd_hello(struct trainer *t, const struct request *r, json_t **out, struct err *e)
{
	*out = json_pack("{s:s, s:I, s:s, s:I, s:s, s:s}", "run", t->id, "pid", (json_int_t)getpid(), "state", t->state,
		"step", (json_int_t)t->at.step, "model", t->x->model, "experiment", t->x->name);
	return OK;
}

/* A knob's value as text: strings as they are, numbers and booleans as JSON writes them. */
static enum err_code value_text(const char *name, const json_t *v, char *buf, size_t size, struct err *e)
{
	if (json_is_string(v) && json_string_length(v) < size)
		snprintf(buf, size, "%s", json_string_value(v));
	else if (json_is_integer(v))
		snprintf(buf, size, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	else if (json_is_real(v))
		snprintf(buf, size, "%.17g", json_real_value(v));
	else if (json_is_boolean(v))
		snprintf(buf, size, "%s", json_is_true(v) ? "true" : "false");
	else
		return err_set(e, ERR_ARG, "knob %s must be set to a short text, a number or a boolean", name);
	return OK;
}

static enum err_code may_tweak(const struct trainer *t, struct err *e)
{
	if (t->replaying)
		return err_set(e, ERR_STATE, "this run replays another one and takes no tweaks of its own");
	return OK;
}

static enum err_code cmd_set(struct trainer *t, const struct request *r, json_t **out, struct err *e)
{
	json_t *knobs = json_object_get(r->args, "knobs"), *v;
	struct change c[CHANGES_MAX];
	char text[CHANGES_MAX][256];
	const char *name;
	size_t n = 0;
	TRY(may_tweak(t, e));
	if (!json_is_object(knobs) || json_object_size(knobs) == 0 || json_object_size(knobs) > CHANGES_MAX)
		return err_set(e, ERR_ARG, "set needs \"knobs\", an object of 1..%d names and values", CHANGES_MAX);
	json_object_foreach(knobs, name, v)
	{
		TRY(value_text(name, v, text[n], sizeof text[n], e));
		c[n] = (struct change){name, text[n]};
		n++;
	}
	return change_set(t, c, n, by_of(r->args), true, out, e);
}

static enum err_code cmd_eval(struct trainer *t, const struct request *r, json_t **out, struct err *e)
{
	const char *chunk = json_string_value(json_object_get(r->args, "chunk"));
	TRY(may_tweak(t, e));
	if (!chunk)
		return err_set(e, ERR_ARG, "eval needs \"chunk\", a text of Lua");
	return change_eval(t, chunk, by_of(r->args), true, out, e);
}

static enum err_code cmd_reload(struct trainer *t, const struct request *r, json_t **out, struct err *e)
{
	char *text;
	size_t n;
	TRY(may_tweak(t, e));
	TRY(fs_read_all(t->x->file, &text, &n, e));
	enum err_code rc = strlen(text) == n ? change_reload(t, text, by_of(r->args), true, out, e)
					     : err_set(e, ERR_FORMAT, "%s is not a text file", t->x->file);
	mem_free(text);
	return rc;
}

static void pause_now(struct trainer *t)
{
	struct err e = {0};
	if (t->paused)
		return;
	t->paused = true;
	obey_state(t, "paused");
	facts_event(t, "info", "pause", "paused");
	if (keep_save(t, false, &e) != OK)
		facts_event(t, "warn", "checkpoint", "%s", e.text);
}

static enum err_code cmd_pause(struct trainer *t, const struct request *r, json_t **out, struct err *e)
{
	/* in the middle of an evaluation: the safe point behind it saves and waits */
	if (strcmp(t->state, "evaluating") == 0) {
		t->paused = t->checkpoint_wanted = true;
		obey_state(t, "paused");
	}
	pause_now(t);
	*out = state_json(t);
	return OK;
}

static void answer_stepping(struct trainer *t)
{
	if (t->stepping.args) {
		server_answer(t->server, &t->stepping, t->at.step, state_json(t));
		request_free(&t->stepping);
	}
	t->steps_left = 0;
}

static enum err_code cmd_resume(struct trainer *t, const struct request *r, json_t **out, struct err *e)
{
	if (t->paused) {
		t->paused = false;
		obey_state(t, "running");
		facts_event(t, "info", "resume", "resumed");
	}
	t->steps_left = 0;
	answer_stepping(t);
	*out = state_json(t);
	return OK;
}

/* Answered when the steps were done: *out stays NULL, the request is kept. */
static enum err_code cmd_step(struct trainer *t, const struct request *r, json_t **out, struct err *e)
{
	const json_t *n = json_object_get(r->args, "n");
	int64_t steps = n ? json_integer_value(n) : 1;
	if (steps < 1 || steps > 1000000000)
		return err_set(e, ERR_ARG, "step: n must be in 1..1000000000");
	if (t->steps_left > 0)
		return err_set(
			e, ERR_STATE, "the run is stepping already, %lld steps are left", (long long)t->steps_left);
	t->stepping = *r;
	json_incref(t->stepping.args);
	t->steps_left = steps;
	t->paused = false;
	obey_state(t, "running");
	return OK;
}

static json_t *metrics_json(const struct evaluation_result *r)
{
	json_t *m = json_object();
	for (int i = 0; i < r->n; i++)
		json_object_set_new(
			m, r->metric[i].name, r->value[i] == r->value[i] ? json_real(r->value[i]) : json_null());
	return m;
}

static enum err_code cmd_evaluate(struct trainer *t, const struct request *r, json_t **out, struct err *e)
{
	TRY(watch_evaluate(t, t->monitor, t->part, t->at.step, e));
	*out = json_pack("{s:s, s:o}", "part", part_name(t->part), "metrics", metrics_json(&t->result));
	return OK;
}

static enum err_code cmd_checkpoint(struct trainer *t, const struct request *r, json_t **out, struct err *e)
{
	char file[128];
	TRY(keep_save(t, false, e));
	keep_file(t, file, sizeof file);
	*out = json_pack("{s:s}", "file", file);
	return OK;
}

static enum err_code stop_now(struct trainer *t, const char *by, struct err *e)
{
	int64_t id;
	TRY(store_tweak(t->store, t->at.step, "stop", NULL, NULL, NULL, by, NULL, &id, e));
	t->stop = true;
	t->paused = false;
	obey_state(t, "stopping");
	facts_event(t, "info", "stop", "stopped by %s", by);
	return OK;
}

static enum err_code cmd_stop(struct trainer *t, const struct request *r, json_t **out, struct err *e)
{
	TRY(stop_now(t, by_of(r->args), e));
	*out = state_json(t);
	return OK;
}

static enum err_code cmd_probe(struct trainer *t, const struct request *r, json_t **out, struct err *e)
{
	const char *kind = json_string_value(json_object_get(r->args, "kind"));
	int64_t id;
	average_swap(t->average);
	enum err_code asked = probe_answer(t->rig, t->at.step, r->args, out, e);
	average_swap(t->average);
	TRY(asked);
	char *args = json_dumps(r->args, JSON_COMPACT | JSON_SORT_KEYS),
	     *result = json_dumps(*out, JSON_COMPACT | JSON_REAL_PRECISION(9));
	enum err_code rc = args && result ? store_probe(t->store, t->at.step, kind, args, result, &id, e)
					  : err_set(e, ERR_NOMEM, "no memory for the probe's answer");
	free(args);
	free(result);
	if (rc != OK) {
		json_decref(*out);
		*out = NULL;
	}
	return rc;
}

static const struct {
	const char *name;
	enum err_code (*obey)(struct trainer *t, const struct request *r, json_t **out, struct err *e);
	bool between; /* may be obeyed between the batches of an evaluation */
} commands[] = {
	{"hello", cmd_hello, true},
	{"set", cmd_set, false},
	{"pause", cmd_pause, true},
	{"resume", cmd_resume, true},
	{"step", cmd_step, false},
	{"evaluate", cmd_evaluate, false},
	{"checkpoint", cmd_checkpoint, false},
	{"stop", cmd_stop, true},
	{"probe", cmd_probe, false},
	{"eval", cmd_eval, false},
	{"reload", cmd_reload, false},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static bool may_between(const char *cmd)
{
	for (int i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i].name, cmd) == 0)
			return commands[i].between;
	return true;
}

static void unknown(struct trainer *t, const struct request *r)
{
	const char *names[COMMANDS];
	char why[256];
	for (int i = 0; i < COMMANDS; i++)
		names[i] = commands[i].name;
	const char *close = str_closest(r->cmd, names, COMMANDS);
	snprintf(why, sizeof why, "there is no command '%s'%s%s%s", r->cmd, close ? "; did you mean '" : "",
		close ? close : "", close ? "'?" : "");
	server_refuse(t->server, r, t->at.step, why);
}

static void obey_request(struct trainer *t, const struct request *r)
{
	for (int i = 0; i < COMMANDS; i++) {
		struct err e = {0};
		json_t *out = NULL;
		if (strcmp(commands[i].name, r->cmd) != 0)
			continue;
		int64_t step = t->at.step;
		if (commands[i].obey(t, r, &out, &e) != OK)
			server_refuse(t->server, r, step, e.text);
		else if (out)
			server_answer(t->server, r, step, out);
		return;
	}
	unknown(t, r);
}

/* True where there may be more. */
static bool obey_requests(struct trainer *t, bool (*may)(const char *cmd))
{
	struct request r;
	for (int n = 0; n < REQUESTS_MAX; n++) {
		if (t->stop || !server_next(t->server, may, &r))
			return false;
		obey_request(t, &r);
		request_free(&r);
		/* what comes behind a `step` is meant for after it */
		if (t->steps_left > 0)
			return true;
	}
	return true;
}

/* ---- signals ---- */

static enum err_code obey_signals(struct trainer *t, struct err *e)
{
	const char *name = "";
	enum signals_seen seen = signals_read(t->signals, &name);
	if (seen == SIGNAL_SAVE)
		t->checkpoint_wanted = true;
	return seen == SIGNAL_STOP && !t->stop ? stop_now(t, name, e) : OK;
}

/* Two system calls are dear beside a step of some microseconds, and nobody notices half a millisecond. */
static const double look_seconds = 0.5e-3;

/* Looks once; waits while paused, but never within an evaluation: what comes after a pause must be answered. */
static enum err_code look(struct trainer *t, bool (*may)(const char *cmd), struct err *e)
{
	double now = trainer_now();
	if (!t->paused && t->steps_left == 0 && now - t->looked < look_seconds)
		return OK;
	t->looked = now;
	TRY(obey_signals(t, e));
	bool more = false;
	if (t->server) {
		server_poll(t->server, 0, -1);
		more = obey_requests(t, may);
	}
	if (may || !t->paused)
		return OK;
	while (t->paused && !t->stop && t->server) {
		server_poll(t->server, more ? 0 : -1, t->signals);
		TRY(obey_signals(t, e));
		more = obey_requests(t, NULL);
		if (t->checkpoint_wanted)
			TRY(keep_save(t, false, e));
	}
	t->idle += trainer_now() - now;
	return OK;
}

bool obey_between(void *trainer)
{
	struct trainer *t = trainer;
	return look(t, may_between, NULL) == OK && !t->stop;
}

/* ---- the journal ---- */

static enum err_code obey_sets(struct trainer *t, const struct journal_entry *j, size_t n, struct err *e)
{
	struct change c[CHANGES_MAX];
	CHECK(n <= CHANGES_MAX, "%zu knobs set at once", n);
	for (size_t i = 0; i < n; i++)
		c[i] = (struct change){j[i].name, j[i].value};
	return change_set(t, c, n, j->by ? j->by : "user", t->replaying, NULL, e);
}

static enum err_code obey_entry(struct trainer *t, const struct journal_entry *j, size_t n, struct err *e)
{
	const char *by = j->by ? j->by : "user";
	struct err ignored;
	switch (j->kind) {
	case JOURNAL_SET:
		return obey_sets(t, j, n, e);
	case JOURNAL_EVAL:
		change_eval(t, j->value, by, t->replaying, NULL, &ignored);
		return OK;
	case JOURNAL_RELOAD:
		return change_reload(t, j->value, by, t->replaying, NULL, e);
	case JOURNAL_STOP:
		return stop_now(t, by, e);
	}
	return OK;
}

static enum err_code obey_journal(struct trainer *t, struct err *e)
{
	const struct journal_entry *j;
	size_t n;
	while (!t->stop && (j = journal_due(&t->journal, t->at.step, &n))) {
		if (obey_entry(t, j, n, e) != OK)
			return err_prefix(e, "tweak %lld of the journal cannot be obeyed", (long long)j->id);
	}
	return OK;
}

/* ---- the safe point ---- */

static enum err_code save_when_due(struct trainer *t, struct err *e)
{
	double every = t->x->train.checkpoint_seconds;
	bool due = every > 0 && t->at.step != t->first_step && trainer_now() - t->saved > every;
	if (!due && !t->checkpoint_wanted)
		return OK;
	struct err why = {0};
	if (keep_save(t, false, &why) != OK)
		facts_event(t, "warn", "checkpoint", "%s", why.text);
	return OK;
}

enum err_code obey_safe_point(struct trainer *t, struct err *e)
{
	if (!trainer_done(t))
		TRY(plan_obey(t, e));
	TRY(obey_journal(t, e));
	if (t->stop)
		return OK;
	TRY(save_when_due(t, e));
	if (t->steps_left == 0 && t->stepping.args) {
		t->paused = true;
		obey_state(t, "paused");
		answer_stepping(t);
	}
	return look(t, NULL, e);
}
