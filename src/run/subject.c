#include "run/subject.h"

#include "base/mem.h"
#include "data/kind.h"
#include "run/scorer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HISTORY_SHOWN = 200 };

/* ---- JSON of users and items ---- */

/* Original ids may be any bytes; JSON takes UTF-8 only. */
json_t *subject_text_json(const char *s)
{
	json_t *j = json_string(s);
	if (j)
		return j;
	char clean[256];
	size_t n = 0;
	for (; s[n] && n + 1 < sizeof clean; n++)
		clean[n] = (unsigned char)s[n] < 128 ? s[n] : '?';
	clean[n] = '\0';
	return json_string(clean);
}

json_t *subject_id_json(const struct strtab *t, int32_t i)
{
	char id[256];
	return subject_text_json(strtab_copy(t, i, id, sizeof id));
}

json_t *subject_title_json(const struct dataset *d, int32_t item)
{
	char title[256];
	return subject_text_json(dataset_item_label(d, item, title, sizeof title));
}

json_t *subject_item_json(const struct dataset *d, int32_t item)
{
	return json_pack("{s:o, s:o}", "id", subject_id_json(&d->items, item), "title", subject_title_json(d, item));
}

const char *subject_id_text(const json_t *v, char *buf, size_t size)
{
	if (json_is_integer(v)) {
		snprintf(buf, size, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
		return buf;
	}
	return json_string_value(v);
}

/* ---- the subject ---- */

static int by_number(const void *a, const void *b)
{
	const int32_t *x = a, *y = b;
	return *x < *y ? -1 : *x > *y;
}

void subject_fini(struct subject *s)
{
	mem_free(s->history);
	mem_free(s->seen);
	mem_aligned_free(s->scores);
}

static int32_t held_out(const struct split *s, int32_t user, bool test)
{
	const int64_t *start = test ? s->test_start : s->valid_start;
	const int32_t *item = test ? s->test_item : s->valid_item;
	return start && start[user + 1] > start[user] ? item[start[user]] : -1;
}

static enum err_code subject_history(struct subject *s, struct err *e)
{
	const struct split *split = s->r->x->split;
	bool test = split->count[PART_TEST] > 0;
	struct eval_source src = rig_source(s->r, test ? PART_TEST : PART_VALID);
	int32_t all = (int32_t)(s->d->start[s->user + 1] - s->d->start[s->user]);
	s->seen = mem_calloc((size_t)all + 1, sizeof *s->seen);
	s->history = mem_calloc((size_t)all + 1, sizeof *s->history);
	s->scores = mem_aligned((size_t)s->d->n_items * sizeof(real));
	if (!s->seen || !s->history || !s->scores)
		return err_set(e, ERR_NOMEM, "no memory for the history of a user");
	s->n_seen = eval_history(&src, s->user, s->seen, all);
	s->n = eval_history(&src, s->user, s->history, s->window);
	s->held_out = held_out(split, s->user, test);
	qsort(s->seen, (size_t)s->n_seen, sizeof *s->seen, by_number);
	int32_t n = 0;
	for (int32_t i = 0; i < s->n_seen; i++)
		if (i == 0 || s->seen[i] != s->seen[i - 1])
			s->seen[n++] = s->seen[i];
	s->n_seen = s->r->x->protocol.mask_seen ? n : 0;
	return OK;
}

/* What the model sees, which may be all; a model that sees nothing of it is shown with a part. */
static int32_t window_of(const struct kind_class *kind, const struct rig *r)
{
	if (!kind || !(kind->flags & KIND_HISTORY))
		return HISTORY_SHOWN;
	return kind->flags & KIND_LENGTH ? r->length : INT32_MAX;
}

enum err_code subject_init(struct subject *s, struct rig *r, int32_t user, struct err *e)
{
	const struct kind_class *kind = kind_need(r->kind, e);
	*s = (struct subject){.r = r,
		.d = r->x->split->data,
		.user = user,
		.sees = kind && kind->flags & KIND_HISTORY,
		.query = kind && kind->flags & KIND_QUERY ? 1 : 0,
		.window = window_of(kind, r)};
	s->window -= s->query;
	return subject_history(s, e);
}

enum err_code subject_score(struct subject *s, struct err *e)
{
	int32_t offsets[2] = {0, s->n};
	TRY(scorer_histories(s->r, s->history, offsets, 1, &s->user, s->scores, e));
	for (int32_t i = 0; i < s->d->n_items; i++)
		if (isnan(s->scores[i]))
			return err_set(e, ERR_NUMERIC, "the score of item %d is not a number", i);
	return OK;
}

/* 1 + unseen items that score higher, and half of those that score the same. */
int32_t subject_rank(const struct subject *s, const real *scores, int32_t item)
{
	int32_t above = 0, equal = 0;
	for (int32_t i = 0; i < s->d->n_items; i++) {
		above += scores[i] > scores[item];
		equal += scores[i] == scores[item] && i != item;
	}
	for (int32_t i = 0; i < s->n_seen; i++) {
		int32_t x = s->seen[i];
		above -= x != item && scores[x] > scores[item];
		equal -= x != item && scores[x] == scores[item];
	}
	return 1 + above + equal / 2;
}

/* ---- looking inside ---- */

/* The model's attention maps of the subject, left in the program that was looked at. */
enum err_code subject_look(struct subject *s, const struct rig_program **out, struct err *e)
{
	struct rig *r = s->r;
	struct eval_scratch *scratch = NULL;
	struct batch b;
	int32_t offsets[2] = {0, s->n};
	bool score = r->x->vtbl->has(r->x->self, MODEL_SCORE);
	if (!score)
		return err_set(e, ERR_STATE, "model %s has no score function to look into", r->x->model);
	TRY(rig_program(r, MODEL_SCORE, PROGRAM_KEEP, 0, 1, out, e));
	struct eval_histories h = rig_histories(r, s->history, offsets, 1, &s->user);
	enum err_code rc = eval_batch_histories(&h, &scratch, &b, e);
	if (rc == OK)
		rc = program_look(r->engine, (*out)->program, &b, e);
	eval_scratch_free(scratch);
	return rc;
}

/* The k-th op with attention weights; false: there are fewer. */
bool subject_map(const struct program *p, int k, struct map *out)
{
	for (int i = 0; i < program_probe_count(p); i++) {
		struct program_probe probe;
		program_probe_get(p, i, &probe);
		if (strcmp(probe.what, "attention") != 0 || k-- > 0)
			continue;
		int heads = arg_index(&probe.io->class->desc, "heads");
		*out = (struct map){probe.scope, heads >= 0 ? (int)probe.io->attr[heads] : 1,
			(int32_t)probe.io->out.rows, probe.io->aux};
		return true;
	}
	return false;
}

void subject_last_row(const struct map *m, int32_t n, double *out)
{
	for (int32_t i = 0; i < n; i++) {
		out[i] = 0;
		for (int h = 0; h < m->heads; h++)
			out[i] += (double)m->w[((int64_t)h * m->n + m->n - 1) * m->n + i] / m->heads;
	}
}

/* ---- asking ---- */

static enum err_code ask_model(
	void *ctx, const int32_t *items, const int32_t *offsets, int32_t n, int32_t user, real *scores, struct err *e)
{
	int32_t *users = mem_calloc((size_t)n, sizeof *users);
	if (!users)
		return err_set(e, ERR_NOMEM, "no memory for %d histories", n);
	for (int32_t i = 0; i < n; i++)
		users[i] = user;
	enum err_code rc = scorer_histories(ctx, items, offsets, n, users, scores, e);
	mem_free(users);
	return rc;
}

struct question subject_question(struct subject *s, int32_t target, struct scorer *scorer)
{
	*scorer = (struct scorer){s->r, ask_model, s->d->n_items};
	return (struct question){.scorer = scorer,
		.user = s->user,
		.target = target,
		.history = s->history,
		.n = s->n,
		.skip = s->seen,
		.n_skip = s->n_seen,
		.seed = s->r->x->seed};
}
