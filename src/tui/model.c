/* Runs that are neither open nor marked are read once, and again only while they are alive; their readers are closed in
 * between, so that hundreds of runs cost no descriptors. */
#include "tui/model.h"

#include "base/mem.h"
#include "store/rundir.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void series_free(struct series *s)
{
	if (!s)
		return;
	samples_free(&s->got);
	curve_free(&s->curve);
	mem_free(s);
}

static void run_free(struct run_view *r)
{
	if (!r)
		return;
	reader_close(r->reader);
	for (size_t i = 0; i < r->nseries; i++)
		series_free(r->series[i]);
	mem_free(r->series);
	reader_tweaks_free(r->tweak, r->ntweaks);
	reader_events_free(r->event, r->nevents);
	reader_knobs_free(r->knob, r->nknobs);
	mem_free(r->checkpoint);
	mem_free(r->id);
	mem_free(r->dir);
	mem_free(r);
}

enum err_code model_init(struct model *m, const char *root, struct err *e)
{
	*m = (struct model){0};
	snprintf(m->root, sizeof m->root, "%s", root);
	return OK;
}

void model_fini(struct model *m)
{
	for (size_t i = 0; i < m->nruns; i++)
		run_free(m->run[i]);
	mem_free(m->run);
	*m = (struct model){0};
}

static struct run_view *find_dir(const struct model *m, const char *dir)
{
	for (size_t i = 0; i < m->nruns; i++)
		if (strcmp(m->run[i]->dir, dir) == 0)
			return m->run[i];
	return NULL;
}

static struct run_view *add_run(struct model *m, const char *dir, size_t at)
{
	const char *base = strrchr(dir, '/');
	struct run_view *r = mem_calloc(1, sizeof *r);
	if (!r || !mem_grow(&m->run, &m->cap, m->nruns + 1, sizeof *m->run) || !(r->dir = mem_strdup(dir)) ||
		!(r->id = mem_strdup(base && base[1] ? base + 1 : dir))) {
		run_free(r);
		return NULL;
	}
	r->alive = true; /* until asked */
	r->best_value = NAN;
	memmove(m->run + at + 1, m->run + at, (m->nruns - at) * sizeof *m->run);
	m->run[at] = r;
	m->nruns++;
	return r;
}

enum err_code model_scan(struct model *m, struct err *e)
{
	char **ids;
	size_t n;
	TRY(rundir_list(m->root, &ids, &n, e));
	enum err_code rc = OK;
	size_t at = 0;
	for (size_t i = 0; i < n && rc == OK; i++) {
		char dir[8192];
		snprintf(dir, sizeof dir, "%s/%s", m->root, ids[i]);
		struct run_view *r = find_dir(m, dir);
		if (!r && !(r = add_run(m, dir, at)))
			rc = err_set(e, ERR_NOMEM, "no memory for the list of runs");
		for (size_t k = 0; r && k < m->nruns; k++)
			if (m->run[k] == r)
				at = k + 1;
	}
	rundir_list_free(ids, n);
	return rc;
}

static void fact(struct run_view *r, const char *key, char *buf, size_t size)
{
	reader_get(r->reader, key, buf, size);
}

static double fact_number(struct run_view *r, const char *key)
{
	char buf[64], *end;
	if (!reader_get(r->reader, key, buf, sizeof buf))
		return NAN;
	double v = strtod(buf, &end);
	return end == buf ? NAN : v;
}

/* ISO 8601 in UTC, or seconds since 1970. */
static double started(struct run_view *r)
{
	char buf[64];
	struct tm tm = {0};
	fact(r, "started", buf, sizeof buf);
	const char *end = strptime(buf, "%Y-%m-%dT%H:%M:%S", &tm);
	return end ? (double)timegm(&tm) : fact_number(r, "started");
}

static void load_facts(struct run_view *r)
{
	fact(r, "state", r->state, sizeof r->state);
	fact(r, "model", r->model, sizeof r->model);
	fact(r, "experiment", r->experiment, sizeof r->experiment);
	fact(r, "dataset", r->dataset, sizeof r->dataset);
	fact(r, "protocol", r->protocol, sizeof r->protocol);
	fact(r, "monitor", r->monitor, sizeof r->monitor);
	fact(r, "example_user", r->user, sizeof r->user);
	r->steps_per_epoch = fact_number(r, "steps_per_epoch");
	r->epochs = fact_number(r, "epochs");
	r->batch = fact_number(r, "batch");
	r->pid = fact_number(r, "pid");
	r->started = started(r);
	r->best_value = fact_number(r, "best_value");
	r->best_step = fact_number(r, "best_step");
}

static struct series *series_of(struct run_view *r, const char *name)
{
	for (size_t i = 0; i < r->nseries; i++)
		if (strcmp(r->series[i]->info.name, name) == 0)
			return r->series[i];
	return NULL;
}

const struct series *run_series(const struct run_view *r, const char *name)
{
	return r ? series_of((struct run_view *)(uintptr_t)r, name) : NULL;
}

/* Smoothing of a new series until a person chooses another. */
static const double first_alpha = 0.9;

static void load_series_list(struct run_view *r)
{
	struct series_info *info;
	size_t n;
	if (reader_series(r->reader, &info, &n, NULL) != OK)
		return;
	for (size_t i = 0; i < n; i++) {
		struct series *s = series_of(r, info[i].name);
		size_t cap = r->nseries;
		if (!s) {
			s = mem_calloc(1, sizeof *s);
			if (!s || !mem_grow(&r->series, &cap, r->nseries + 1, sizeof *r->series)) {
				mem_free(s);
				break;
			}
			s->curve.alpha = first_alpha;
			r->series[r->nseries++] = s;
		}
		s->info = info[i];
	}
	mem_free(info);
}

/* A rewound series (resume after a crash) starts again: its cursor then goes back and the samples come from the start. */
static void load_samples(struct run_view *r, struct series *s)
{
	int64_t had = s->got.cursor;
	s->got.n = 0;
	if (reader_samples(r->reader, s->info.id, &s->got, NULL) != OK)
		return;
	if (s->curve.n > 0 && s->got.n > 0 && (s->got.step[0] < s->curve.step[s->curve.n - 1] || s->got.cursor < had))
		curve_clear(&s->curve);
	curve_append(&s->curve, s->got.step, s->got.value, s->got.n);
	s->got.n = 0;
}

static bool is_monitor(const struct run_view *r, const char *name)
{
	const char *slash = strchr(name, '/');
	if (strchr(r->monitor, '/'))
		return strcmp(name, r->monitor) == 0;
	return slash && r->monitor[0] && strcmp(slash + 1, r->monitor) == 0 && strncmp(name, "train/", 6) != 0;
}

const struct series *run_monitor(const struct run_view *r)
{
	const struct series *found = NULL;
	for (size_t i = 0; r && i < r->nseries; i++)
		if (is_monitor(r, r->series[i]->info.name) &&
			(!found || strncmp(r->series[i]->info.name, "valid/", 6) == 0))
			found = r->series[i];
	return found;
}

static bool in_view(const struct model *m, const struct run_view *r)
{
	return r == m->open || r->marked;
}

static bool wanted(const struct model *m, const struct run_view *r, const char *name)
{
	if (is_monitor(r, name))
		return true;
	for (int i = 0; in_view(m, r) && i < m->nwanted; i++)
		if (strcmp(m->wanted[i], name) == 0)
			return true;
	return false;
}

static void load_rows(struct run_view *r)
{
	struct tweak_row *tweak;
	struct event_row *event;
	struct knob_row *knob;
	struct checkpoint_row *checkpoint;
	size_t n;
	if (reader_tweaks(r->reader, 0, &tweak, &n, NULL) == OK) {
		reader_tweaks_free(r->tweak, r->ntweaks);
		r->tweak = tweak;
		r->ntweaks = n;
	}
	if (reader_knobs(r->reader, &knob, &n, NULL) == OK) {
		reader_knobs_free(r->knob, r->nknobs);
		r->knob = knob;
		r->nknobs = n;
	}
	if (reader_checkpoints(r->reader, &checkpoint, &n, NULL) == OK) {
		mem_free(r->checkpoint);
		r->checkpoint = checkpoint;
		r->ncheckpoints = n;
	}
	int64_t last = r->nevents ? r->event[r->nevents - 1].id : 0;
	if (reader_events(r->reader, last, &event, &n, NULL) == OK && n > 0) {
		if (mem_grow(&r->event, &r->events_cap, r->nevents + n, sizeof *r->event)) {
			memcpy(r->event + r->nevents, event, n * sizeof *event);
			r->nevents += n;
			mem_free(event);
		} else {
			reader_events_free(event, n);
		}
	}
}

static void load_run(struct model *m, struct run_view *r)
{
	load_facts(r);
	load_series_list(r);
	if (in_view(m, r))
		load_rows(r);
	double step = 0;
	for (size_t i = 0; i < r->nseries; i++) {
		struct series *s = r->series[i];
		if (wanted(m, r, s->info.name))
			load_samples(r, s);
		if (s->info.n > 0)
			step = fmax(step, (double)s->info.last_step);
	}
	if (step != r->step || !r->loaded)
		r->moved = m->now;
	r->step = step;
	r->loaded = true;
}

static bool refresh_run(struct model *m, struct run_view *r)
{
	bool was = r->alive, changed = false;
	if (r->alive)
		r->alive = rundir_alive(r->dir);
	else if (r == m->open)
		r->alive = rundir_alive(r->dir); /* it may have been resumed */
	if (r->loaded && !r->alive && !was && !in_view(m, r))
		return false;
	if (!r->reader) {
		struct err e = {0};
		if (reader_open(r->dir, &r->reader, &e) != OK) {
			changed = strcmp(r->error, e.text) != 0;
			snprintf(r->error, sizeof r->error, "%.*s", (int)sizeof r->error - 1, e.text);
			return changed || was != r->alive;
		}
		r->error[0] = '\0';
		r->version = -1;
	}
	int64_t version = reader_version(r->reader);
	if (version != r->version || !r->loaded || was != r->alive) {
		r->version = version;
		load_run(m, r);
		changed = true;
	}
	if (!in_view(m, r)) {
		reader_close(r->reader);
		r->reader = NULL;
		changed = changed && r->alive == was ? r->step != 0 : changed;
	}
	return changed;
}

bool model_refresh(struct model *m, double now, double wall)
{
	bool changed = false;
	m->now = now;
	m->wall = wall;
	for (size_t i = 0; i < m->nruns; i++)
		changed |= refresh_run(m, m->run[i]);
	return changed;
}

enum err_code model_open_run(struct model *m, const char *dir, struct err *e)
{
	char path[4096];
	snprintf(path, sizeof path, "%s", dir);
	for (size_t n = strlen(path); n > 1 && path[n - 1] == '/'; n--)
		path[n - 1] = '\0';
	struct run_view *r = find_dir(m, path);
	if (!r && !(r = add_run(m, path, 0)))
		return err_set(e, ERR_NOMEM, "no memory for a run");
	model_open_view(m, r);
	return OK;
}

static bool letter_taken(const struct model *m, char letter)
{
	for (size_t i = 0; i < m->nruns; i++)
		if (m->run[i]->letter == letter)
			return true;
	return false;
}

static void letters(struct model *m)
{
	for (size_t i = 0; i < m->nruns; i++)
		if (!in_view(m, m->run[i]))
			m->run[i]->letter = 0;
	for (size_t i = 0; i < m->nruns; i++) {
		struct run_view *r = m->run[i];
		for (char c = 'A'; in_view(m, r) && !r->letter && c < 'A' + MODEL_MARKS + 1; c++)
			if (!letter_taken(m, c)) {
				r->letter = c;
				r->colour = c - 'A';
			}
	}
}

/* A run that comes into view is read from its start next time. */
static void reload(struct run_view *r)
{
	r->version = -1;
	r->loaded = false;
}

void model_open_view(struct model *m, struct run_view *r)
{
	m->open = r;
	reload(r);
	letters(m);
}

void model_mark(struct model *m, struct run_view *r, bool on)
{
	int marks = 0;
	for (size_t i = 0; i < m->nruns; i++)
		marks += m->run[i]->marked;
	if (on && marks >= MODEL_MARKS - 1)
		return;
	r->marked = on;
	reload(r);
	letters(m);
}

void model_want(struct model *m, const char *series)
{
	for (int i = 0; i < m->nwanted; i++)
		if (strcmp(m->wanted[i], series) == 0)
			return;
	if (m->nwanted == MODEL_WANTED)
		return;
	snprintf(m->wanted[m->nwanted++], sizeof m->wanted[0], "%s", series);
	for (size_t i = 0; i < m->nruns; i++)
		if (in_view(m, m->run[i]))
			m->run[i]->version = -1;
}
