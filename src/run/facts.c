/* What run.db says about the run as a whole: facts, knobs, snapshots of the scripts, events. */
#include "run/trainer.h"

#include "base/fs.h"
#include "base/str.h"
#include "base/version.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void facts_event(struct trainer *t, const char *level, const char *kind, const char *fmt, ...)
{
	char text[1200];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (t->store)
		store_event(t->store, t->at.step, level, kind, text, NULL);
	struct run_event ev = {
		.kind = RUN_NOTE, .run_id = t->id, .dir = t->dir, .step = t->at.step, .text = text, .state = t->state};
	if (t->o->event)
		t->o->event(t->o->ctx, &ev);
}

/* ---- the machine ---- */

static void cpu_name(char *buf, size_t size)
{
	char line[512];
	FILE *f = fopen("/proc/cpuinfo", "re");
	snprintf(buf, size, "unknown");
	while (f && fgets(line, sizeof line, f)) {
		char *colon = strchr(line, ':');
		if (!str_starts(line, "model name") || !colon)
			continue;
		colon[strcspn(colon, "\n")] = '\0';
		snprintf(buf, size, "%s", colon + 1 + strspn(colon + 1, " "));
		break;
	}
	if (f)
		fclose(f);
}

static enum err_code machine(struct trainer *t, struct err *e)
{
	char cpu[256], host[128] = "", when[40];
	time_t now = time(NULL);
	struct tm tm;
	cpu_name(cpu, sizeof cpu);
	gethostname(host, sizeof host - 1);
	strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	TRY(store_set(t->store, "cpu", cpu, e));
	TRY(store_set(t->store, "host", host, e));
	TRY(store_set(t->store, "version", GUSTO_VERSION, e));
	TRY(store_setf(t->store, "pid", e, "%d", (int)getpid()));
	TRY(store_setf(t->store, "threads", e, "%d", engine_threads(t->engine)));
	TRY(store_setf(t->store, "slice_rows", e, "%lld", (long long)t->o->slice_rows));
	return store_set(t->store, t->o->resume ? "resumed" : "started", when, e);
}

/* ---- the experiment ---- */

static enum err_code put_protocol(struct trainer *t, struct err *e)
{
	char ties[16];
	const struct protocol *p = &t->x->protocol;
	const struct world_options *w = t->x->world;
	struct str s = {0};
	if (w)
		str_printf(&s, "%d users of their own, %d episodes each, metrics", w->eval_users, w->eval_episodes);
	else
		str_printf(&s, "split %s, candidates %s", p->split, p->candidates);
	if (!w && p->n_candidates > 0 && strcmp(p->candidates, "full") != 0)
		str_printf(&s, " (%d)", p->n_candidates);
	if (!w)
		str_printf(&s, ", ties %s, metrics", arg_choice_text(TIE_POLICIES, p->ties, ties, sizeof ties));
	for (int i = 0; i < p->n_metrics; i++)
		str_printf(&s, " %s", p->metric[i].name);
	enum err_code rc = store_set(t->store, "protocol", str_text(&s), e);
	str_free(&s);
	return rc;
}

/* The knobs as the run began with them: what a replay starts from. */
static enum err_code put_initial(struct trainer *t, struct err *e)
{
	const struct knobset *k = &t->x->knobs;
	json_t *j = json_object();
	char text[1024];
	for (size_t i = 0; i < k->n; i++)
		json_object_set_new(j, k->row[i].name, json_string(knob_text(&k->row[i], text, sizeof text)));
	char *dump = json_dumps(j, JSON_COMPACT);
	json_decref(j);
	enum err_code rc =
		dump ? store_set(t->store, "knobs", dump, e) : err_set(e, ERR_NOMEM, "no memory for the knobs");
	free(dump);
	return rc;
}

static enum err_code put_data(struct trainer *t, struct err *e)
{
	const struct dataset *d = t->x->split->data;
	TRY(store_set(t->store, "dataset", d->name, e));
	TRY(store_set(t->store, "data_source", t->x->data_source, e));
	TRY(store_setf(t->store, "users", e, "%d", d->n_users));
	TRY(store_setf(t->store, "items", e, "%d", d->n_items));
	return store_setf(t->store, "interactions", e, "%lld", (long long)d->n);
}

static enum err_code put_world(struct trainer *t, struct err *e)
{
	const struct world_options *w = t->x->world;
	TRY(store_set(t->store, "dataset", w->env.name, e));
	TRY(store_set(t->store, "data_source", t->x->data_source, e));
	TRY(store_setf(t->store, "users", e, "%d", w->spec.users));
	return store_setf(t->store, "items", e, "%d", w->spec.items);
}

static enum err_code experiment(struct trainer *t, struct err *e)
{
	const struct experiment *x = t->x;
	TRY(store_set(t->store, "experiment", x->name, e));
	TRY(store_set(t->store, "model", x->model, e));
	TRY(store_set(t->store, "help", x->help ? x->help : "", e));
	TRY(store_set(t->store, "source", x->source ? x->source : "", e));
	TRY(store_set(t->store, "file", x->file, e));
	TRY(x->world ? put_world(t, e) : put_data(t, e));
	TRY(store_set(t->store, "optimizer", x->train.optimizer, e));
	TRY(store_setf(t->store, "seed", e, "%llu", (unsigned long long)x->seed));
	return put_protocol(t, e);
}

/* Facts that tweaks may change. */
static enum err_code changing(struct trainer *t, struct err *e)
{
	TRY(store_setf(t->store, "steps_per_epoch", e, "%lld", (long long)trainer_steps_per_epoch(t)));
	TRY(store_setf(t->store, "steps_total", e, "%lld", (long long)trainer_steps_total(t)));
	TRY(store_setf(t->store, "epochs", e, "%lld", (long long)t->live.epochs));
	return store_setf(t->store, "parameters", e, "%lld", (long long)paramset_numbers(t->rig->params, false));
}

enum err_code facts_begin(struct trainer *t, struct err *e)
{
	TRY(experiment(t, e));
	TRY(machine(t, e));
	TRY(store_setf(t->store, "monitor", e, "%s/%s", part_name(t->part), t->x->protocol.metric[t->metric].name));
	if (t->o->replay_of)
		TRY(store_set(t->store, "replay_of", t->o->replay_of, e));
	if (!t->o->resume)
		TRY(put_initial(t, e));
	return facts_knobs(t, e);
}

enum err_code facts_knobs(struct trainer *t, struct err *e)
{
	static const char *const types[] = {
		[ARG_INT] = "int",
		[ARG_REAL] = "real",
		[ARG_LOG] = "log",
		[ARG_BOOL] = "bool",
		[ARG_STRING] = "string",
		[ARG_CHOICE] = "choice",
	};
	for (size_t i = 0; i < t->x->knobs.n; i++) {
		const struct knob *k = &t->x->knobs.row[i];
		struct knob def = *k;
		char text[1024], def_text[1024];
		def.num = k->def;
		def.text = k->def_text;
		struct store_knob row = {.name = k->name,
			.type = types[k->type],
			.help = k->help,
			.choices = k->choices,
			.min = k->min,
			.max = k->max,
			.def = knob_text(&def, def_text, sizeof def_text),
			.value = knob_text(k, text, sizeof text),
			.structural = k->applies == KNOB_MODEL};
		TRY(store_knob(t->store, &row, e));
	}
	return changing(t, e);
}

/* ---- snapshots ---- */

static bool safe_path(const char *p)
{
	return *p && *p != '/' && strcmp(p, "..") != 0 && !str_starts(p, "../") && !strstr(p, "/../") &&
	       !str_ends(p, "/..");
}

static enum err_code snapshot(const struct trainer *t, const char *name, const char *text, size_t n, struct err *e)
{
	char path[4096];
	if (!safe_path(name))
		return err_set(e, ERR_ARG, "a snapshot cannot be written to '%s'", name);
	TRY(path_join(path, sizeof path, t->dir, name, e));
	char *slash = strrchr(path, '/');
	*slash = '\0';
	TRY(fs_mkdirs(path, e));
	*slash = '/';
	return fs_write_atomic(path, text, n, e);
}

enum err_code facts_snapshot(struct trainer *t, struct err *e)
{
	const struct experiment *x = t->x;
	size_t files = x->vtbl->files ? x->vtbl->files(x->self) : 0;
	for (size_t i = 0; i < files; i++) {
		const char *name, *text;
		size_t n;
		x->vtbl->file(x->self, i, &name, &text, &n);
		TRY(snapshot(t, name, text, n, e));
	}
	return OK;
}
