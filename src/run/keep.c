/* Checkpoints of a run: weights and optimizer state (nn/checkpoint.h), and as strings beside them the knobs and the
 * position of training.  The best and the last few are kept; a last good one is there at any moment.
 * Where weights are averaged, the means are what is saved as the weights, since they are what was evaluated; the weights in training
 * are state beside them. */
#include "run/trainer.h"

#include "base/fs.h"
#include "base/mem.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* For scrubbing through the past of a run; small models keep more of it. */
enum { KEEP_MIN = 3, KEEP_MAX = 50, KEEP_BYTES = 256 << 20 };

/* ---- what is written ---- */

static enum err_code put_int(struct meta *m, const char *key, int64_t v, struct err *e)
{
	char text[32];
	snprintf(text, sizeof text, "%lld", (long long)v);
	return meta_set(m, key, text, e);
}

static enum err_code put_position(struct meta *m, const struct position *at, struct err *e)
{
	char text[40];
	snprintf(text, sizeof text, "%.17g", at->best);
	TRY(put_int(m, "position/step", at->step, e));
	TRY(put_int(m, "position/epoch", at->epoch, e));
	TRY(put_int(m, "position/index", at->index, e));
	TRY(put_int(m, "position/evals", at->evals, e));
	TRY(put_int(m, "position/last_eval", at->last_eval, e));
	TRY(meta_set(m, "position/best", text, e));
	TRY(put_int(m, "position/best_step", at->best_step, e));
	TRY(put_int(m, "position/bad", at->bad, e));
	TRY(put_int(m, "position/finished", at->finished, e));
	TRY(put_int(m, "position/tweak_step", at->tweak_step, e));
	TRY(put_int(m, "position/planned", at->planned, e));
	TRY(put_int(m, "position/flat", at->flat, e));
	return put_int(m, "position/tweaks", at->tweaks, e);
}

static enum err_code put_knobs(struct meta *m, const struct knobset *k, struct err *e)
{
	char key[160], text[1024];
	for (size_t i = 0; i < k->n; i++) {
		snprintf(key, sizeof key, "knob/%s", k->row[i].name);
		TRY(meta_set(m, key, knob_text(&k->row[i], text, sizeof text), e));
	}
	return OK;
}

static enum err_code get_int(const struct meta *m, const char *key, int64_t *v, struct err *e)
{
	const char *text = meta_get(m, key);
	char *end;
	*v = text ? strtoll(text, &end, 10) : 0;
	if (!text || end == text || *end)
		return err_set(e, ERR_FORMAT, "the checkpoint's state does not say %s; use an earlier checkpoint", key);
	return OK;
}

enum err_code keep_position(const struct meta *m, struct position *at, struct err *e)
{
	int64_t finished;
	const char *best = meta_get(m, "position/best");
	TRY(get_int(m, "position/step", &at->step, e));
	TRY(get_int(m, "position/epoch", &at->epoch, e));
	TRY(get_int(m, "position/index", &at->index, e));
	TRY(get_int(m, "position/evals", &at->evals, e));
	TRY(get_int(m, "position/last_eval", &at->last_eval, e));
	TRY(get_int(m, "position/best_step", &at->best_step, e));
	TRY(get_int(m, "position/bad", &at->bad, e));
	TRY(get_int(m, "position/finished", &finished, e));
	TRY(get_int(m, "position/tweak_step", &at->tweak_step, e));
	TRY(get_int(m, "position/tweaks", &at->tweaks, e));
	at->planned = at->flat = 0; /* checkpoints of runs without plans may not say it */
	if (meta_get(m, "position/planned"))
		TRY(get_int(m, "position/planned", &at->planned, e));
	if (meta_get(m, "position/flat"))
		TRY(get_int(m, "position/flat", &at->flat, e));
	at->finished = finished != 0;
	at->best = best ? strtod(best, NULL) : (double)NAN;
	return OK;
}

enum err_code keep_knobs(const struct meta *m, struct knobset *k, struct err *e)
{
	for (size_t i = 0; i < k->n; i++) {
		char key[160];
		snprintf(key, sizeof key, "knob/%s", k->row[i].name);
		const char *text = meta_get(m, key);
		if (text)
			TRY(knob_set_text(&k->row[i], text, e));
	}
	return OK;
}

enum err_code keep_meta(const char *checkpoints, int64_t step, struct meta *m, struct err *e)
{
	char path[4400];
	struct st_file *f = NULL;
	snprintf(path, sizeof path, "%s/%lld.state", checkpoints, (long long)step);
	TRY(st_open(path, &f, e));
	const struct meta *from = st_meta(f);
	enum err_code rc = OK;
	for (size_t i = 0; rc == OK && i < from->n; i++)
		rc = meta_set(m, from->row[i].key, from->row[i].value, e);
	st_close(f);
	return rc;
}

/* ---- checking ---- */

static enum err_code params_like(const char *checkpoints, int64_t step, struct paramset *s, struct err *e)
{
	static const struct init zeros = {.kind = "zeros"};
	char path[4400];
	struct st_file *f = NULL;
	struct param *p;
	snprintf(path, sizeof path, "%s/%lld.safetensors", checkpoints, (long long)step);
	TRY(st_open(path, &f, e));
	enum err_code rc = OK;
	for (size_t i = 0; rc == OK && i < st_count(f); i++) {
		const struct st_tensor *t = st_get(f, i);
		struct shape shape = {.axis = AXIS_FIXED, .ndim = t->ndim};
		for (int k = 0; k < t->ndim && k < SHAPE_DIMS; k++)
			shape.dim[k] = (int32_t)t->dim[k];
		rc = t->ndim > SHAPE_DIMS
			     ? err_set(e, ERR_FORMAT, "%s: tensor '%s' has %d dimensions", path, t->name, t->ndim)
			     : paramset_make(s, t->name, &shape, &zeros, false, false, &p, e);
	}
	st_close(f);
	return rc;
}

enum err_code keep_verify(const char *checkpoints, int64_t step, struct err *e)
{
	struct meta m = {0};
	struct position at;
	struct paramset *s = paramset_new(0);
	enum err_code rc =
		s ? params_like(checkpoints, step, s, e) : err_set(e, ERR_NOMEM, "no memory for a checkpoint");
	if (rc == OK)
		rc = checkpoint_load(checkpoints, step, s, NULL, &m, e);
	if (rc == OK)
		rc = keep_position(&m, &at, e);
	meta_free(&m);
	paramset_free(s);
	return rc;
}

/* ---- saving ---- */

void keep_file(const struct trainer *t, char *buf, size_t size)
{
	snprintf(buf, size, "checkpoints/%lld.safetensors", (long long)t->at.step);
}

static enum err_code check_finite(const struct paramset *s, struct err *e)
{
	for (size_t i = 0; i < paramset_count(s); i++) {
		const struct param *p = paramset_get(s, i);
		real sum = 0;
#pragma omp simd reduction(+ : sum)
		for (int64_t k = 0; k < p->n; k++)
			sum += p->value[k] * (real)0;
		if (sum != 0)
			return err_set(e, ERR_NUMERIC, "parameter %s is not finite: no checkpoint is written", p->name);
	}
	return OK;
}

static int newest_first(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;
	return *x > *y ? -1 : *x < *y;
}

static void remove_step(const struct trainer *t, int64_t step)
{
	char path[4400];
	snprintf(path, sizeof path, "%s/%lld.safetensors", t->checkpoints, (long long)step);
	unlink(path);
	snprintf(path, sizeof path, "%s/%lld.state", t->checkpoints, (long long)step);
	unlink(path);
}

static int64_t keep_count(const struct trainer *t)
{
	int64_t n = t->checkpoint_bytes > 0 ? KEEP_BYTES / t->checkpoint_bytes : KEEP_MAX;
	return n < KEEP_MIN ? KEEP_MIN : n > KEEP_MAX ? KEEP_MAX : n;
}

/* Removes the oldest but for the best. */
static void prune(struct trainer *t)
{
	int64_t step[KEEP_MAX * 2], n = 0;
	DIR *d = opendir(t->checkpoints);
	if (!d)
		return;
	for (struct dirent *f; n < KEEP_MAX * 2 && (f = readdir(d));) {
		char *end;
		long long s = strtoll(f->d_name, &end, 10);
		if (end != f->d_name && strcmp(end, ".safetensors") == 0)
			step[n++] = s;
	}
	closedir(d);
	qsort(step, (size_t)n, sizeof *step, newest_first);
	for (int64_t i = keep_count(t); i < n; i++)
		if (step[i] != t->at.best_step)
			remove_step(t, step[i]);
}

static int64_t state_bytes(struct trainer *t)
{
	struct checkpoint_block block[AGENT_BLOCKS_MAX];
	int64_t beside = 0;
	for (size_t i = t->agent ? (size_t)agent_blocks(t->agent, block) : 0; i-- > 0;)
		beside += (int64_t)block[i].bytes;
	int64_t copies = 1 + (t->optim ? optim_class_of(t->optim)->states : 0) + (t->average != NULL);
	return paramset_numbers(t->rig->params, false) * copies * (int64_t)sizeof(real) + beside;
}

/* ---- state of other parts ---- */

/* Those of the agent, then those of the means.  mem_free'd by the caller. */
static enum err_code blocks_of(struct trainer *t, struct checkpoint_block **out, size_t *n, struct err *e)
{
	*n = 0;
	*out = mem_calloc(AGENT_BLOCKS_MAX + average_count(t->average), sizeof **out);
	if (!*out)
		return err_set(e, ERR_NOMEM, "no memory for the state of a checkpoint");
	if (t->agent)
		*n = (size_t)agent_blocks(t->agent, *out);
	average_blocks(t->average, *out + *n);
	*n += average_count(t->average);
	return OK;
}

static enum err_code save_with_blocks(struct trainer *t, const struct meta *m, struct err *e)
{
	struct checkpoint_block *block;
	size_t n;
	TRY(blocks_of(t, &block, &n, e));
	enum err_code rc = checkpoint_save_with(t->checkpoints, t->at.step, t->rig->params, t->optim, m, block, n, e);
	mem_free(block);
	return rc;
}

enum err_code keep_load_blocks(struct trainer *t, int64_t step, struct err *e)
{
	struct checkpoint_block *block;
	size_t n;
	TRY(blocks_of(t, &block, &n, e));
	enum err_code rc = checkpoint_load_blocks(t->checkpoints, step, block, n, e);
	mem_free(block);
	average_swap(t->average);
	return rc;
}

static enum err_code save(struct trainer *t, bool best, struct err *e)
{
	struct meta m = {0};
	char file[128], hex[65];
	keep_file(t, file, sizeof file);
	TRY(check_finite(t->rig->params, e));
	enum err_code rc = put_position(&m, &t->at, e);
	if (rc == OK)
		rc = put_knobs(&m, &t->x->knobs, e);
	if (rc == OK)
		rc = save_with_blocks(t, &m, e);
	meta_free(&m);
	TRY(rc);
	paramset_sha256(t->rig->params, hex);
	t->checkpoint_bytes = state_bytes(t);
	TRY(store_checkpoint(t->store, t->at.step, file, hex, best || t->at.best_step == t->at.step, e));
	prune(t);
	return OK;
}

enum err_code keep_save(struct trainer *t, bool best, struct err *e)
{
	t->checkpoint_wanted = false;
	t->saved = trainer_now();
	average_swap(t->average);
	enum err_code rc = save(t, best, e);
	average_swap(t->average);
	return rc;
}

/* ---- the past of the script ---- */

static enum err_code reload_again(struct experiment *x, const char *text, struct err *e)
{
	struct paramset *unused = paramset_new(x->seed);
	if (!unused)
		return err_set(e, ERR_NOMEM, "no memory for the model's parameters");
	enum err_code rc = x->vtbl->reload(x->self, text, &x->knobs, e);
	if (rc == OK)
		rc = x->vtbl->build(x->self, &x->knobs, unused, e);
	x->vtbl->settle(x->self, rc == OK);
	paramset_free(unused);
	return rc;
}

static enum err_code entry_again(struct experiment *x, const struct journal_entry *j, struct err *e)
{
	if (j->kind == JOURNAL_RELOAD && x->vtbl->reload)
		return reload_again(x, j->value, e);
	if (j->kind == JOURNAL_EVAL && x->vtbl->eval) {
		char *text = NULL;
		struct err ignored; /* it may have failed the first time too */
		x->vtbl->eval(x->self, j->value, &text, &ignored);
		mem_free(text);
	}
	return OK;
}

enum err_code keep_restore(struct experiment *x, const struct meta *m, const char *run_dir, struct err *e)
{
	struct journal j;
	struct position at;
	TRY(keep_position(m, &at, e));
	TRY(journal_load(run_dir, -1, &j, e));
	journal_seek(&j, at.step, at.tweak_step == at.step ? at.tweaks : 0);
	enum err_code rc = OK;
	for (size_t i = 0; i < j.next && rc == OK; i++)
		rc = entry_again(x, &j.entry[i], e);
	journal_free(&j);
	return rc == OK ? keep_knobs(m, &x->knobs, e) : rc;
}
