/* The person asked about is looked at as the test evaluation sees it: the history holds training and validation items, what
 * was seen is not recommended, the held-out item is the first of the test part (or of the validation part where there
 * is no test part). */
#include "run/probe.h"

#include "base/mem.h"
#include "data/kind.h"
#include "eval/evaluate.h"
#include "explain/explain.h"
#include "run/scorer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { K_MAX = 1000, HISTORY_SHOWN = 200 };

struct subject {
	struct rig *r;
	const struct dataset *d;
	int32_t user;
	bool sees;	  /* the model sees the history */
	int32_t *history; /* [n] oldest first: the model's window, or the last items where it sees none */
	int32_t n;
	int32_t *seen;		  /* [n_seen] sorted, each once */
	int32_t n_seen, held_out; /* -1: none */
	real *scores;		  /* [n_items] of the full history */
};

/* ---- JSON of users and items ---- */

/* Original ids may be any bytes; JSON takes UTF-8 only. */
static json_t *text_json(const char *s)
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

static json_t *id_json(const struct strtab *t, int32_t i)
{
	char id[256];
	return text_json(strtab_copy(t, i, id, sizeof id));
}

static json_t *title_json(const struct dataset *d, int32_t item)
{
	char title[256];
	return text_json(dataset_item_label(d, item, title, sizeof title));
}

static json_t *item_json(const struct dataset *d, int32_t item)
{
	return json_pack("{s:o, s:o}", "id", id_json(&d->items, item), "title", title_json(d, item));
}

static const char *id_text(const json_t *v, char *buf, size_t size)
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

static void subject_fini(struct subject *s)
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
	s->n = eval_history(&src, s->user, s->history,
		s->sees && kind_need(s->r->kind, e)->flags & KIND_LENGTH ? s->r->length : HISTORY_SHOWN);
	s->held_out = held_out(split, s->user, test);
	qsort(s->seen, (size_t)s->n_seen, sizeof *s->seen, by_number);
	int32_t n = 0;
	for (int32_t i = 0; i < s->n_seen; i++)
		if (i == 0 || s->seen[i] != s->seen[i - 1])
			s->seen[n++] = s->seen[i];
	s->n_seen = n;
	return OK;
}

static enum err_code subject_init(struct subject *s, struct rig *r, const json_t *args, struct err *e)
{
	char buf[32];
	const char *id = id_text(json_object_get(args, "user"), buf, sizeof buf);
	const struct kind_class *kind = kind_need(r->kind, e);
	*s = (struct subject){.r = r, .d = r->x->split->data, .sees = kind && kind->flags & KIND_HISTORY};
	if (!id)
		return err_set(e, ERR_ARG, "a probe needs \"user\", the id of a user as in the data set");
	s->user = dataset_find_user(s->d, id);
	if (s->user < 0)
		return err_set(e, ERR_NOTFOUND, "there is no user '%s' in data set %s", id, s->d->name);
	return subject_history(s, e);
}

static enum err_code subject_score(struct subject *s, struct err *e)
{
	int32_t offsets[2] = {0, s->n};
	TRY(scorer_histories(s->r, s->history, offsets, 1, &s->user, s->scores, e));
	for (int32_t i = 0; i < s->d->n_items; i++)
		if (isnan(s->scores[i]))
			return err_set(e, ERR_NUMERIC, "the score of item %d is not a number", i);
	return OK;
}

/* 1 + unseen items that score higher, and half of those that score the same. */
static int32_t rank_of(const struct subject *s, const real *scores, int32_t item)
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

static json_t *ranked_json(const struct subject *s, int32_t item)
{
	json_t *j = item_json(s->d, item);
	json_object_set_new(j, "score", json_real((double)s->scores[item]));
	json_object_set_new(j, "rank", json_integer(rank_of(s, s->scores, item)));
	return j;
}

/* ---- attention ---- */

/* The model's attention maps of the subject, left in the program that was looked at. */
static enum err_code look(struct subject *s, const struct rig_program **out, struct err *e)
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

struct map {
	const char *layer;
	int heads;
	int32_t n;
	const real *w; /* [heads, n, n] */
};

/* The k-th op with attention weights; false: there are fewer. */
static bool map_get(const struct program *p, int k, struct map *out)
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

static json_t *map_json(const struct map *m, int head)
{
	int64_t square = (int64_t)m->n * m->n;
	int first = head < 0 ? 0 : head, heads = head < 0 ? m->heads : 1;
	json_t *w = json_array();
	for (int64_t i = first * square; i < (first + heads) * square; i++)
		json_array_append_new(w, json_real((double)m->w[i]));
	json_t *j = json_pack(
		"{s:o, s:i, s:i, s:o}", "layer", text_json(m->layer), "heads", heads, "n", (int)m->n, "weights", w);
	if (head >= 0)
		json_object_set_new(j, "head", json_integer(head));
	return j;
}

static bool layer_wanted(const json_t *want, int k, const char *name)
{
	if (json_is_integer(want))
		return json_integer_value(want) == k;
	return !json_is_string(want) || strcmp(json_string_value(want), name) == 0;
}

static enum err_code probe_attention(struct subject *s, const json_t *args, json_t *out, struct err *e)
{
	const struct rig_program *p;
	const json_t *head = json_object_get(args, "head"), *layer = json_object_get(args, "layer");
	struct map m;
	json_t *maps = json_array(), *titles = json_array(), *ids = json_array();
	json_object_set_new(out, "maps", maps);
	json_object_set_new(out, "items", titles);
	json_object_set_new(out, "ids", ids);
	TRY(look(s, &p, e));
	if (!map_get(p->program, 0, &m))
		return err_set(e, ERR_STATE, "model %s has no attention to show", s->r->x->model);
	for (int k = 0; map_get(p->program, k, &m); k++) {
		if (!layer_wanted(layer, k, m.layer))
			continue;
		int h = json_is_integer(head) ? (int)json_integer_value(head) : -1;
		if (h >= m.heads || (json_is_integer(head) && h < 0))
			return err_set(e, ERR_ARG, "%s has heads 0..%d, got %d", m.layer, m.heads - 1, h);
		json_array_append_new(maps, map_json(&m, h));
	}
	if (json_array_size(maps) == 0)
		return err_set(e, ERR_NOTFOUND, "there is no such layer; attention is in layer 0 (%s) and on",
			map_get(p->program, 0, &m) ? m.layer : "");
	for (int32_t i = 0; i < s->n; i++) {
		json_array_append_new(titles, title_json(s->d, s->history[i]));
		json_array_append_new(ids, id_json(&s->d->items, s->history[i]));
	}
	return OK;
}

/* ---- recommend ---- */

static json_t *held_out_json(const struct subject *s)
{
	if (s->held_out < 0)
		return json_null();
	json_t *j = item_json(s->d, s->held_out);
	json_object_set_new(j, "rank", json_integer(rank_of(s, s->scores, s->held_out)));
	return j;
}

static enum err_code probe_recommend(struct subject *s, const json_t *args, json_t *out, int32_t *first, struct err *e)
{
	const json_t *given = json_object_get(args, "k");
	int64_t k = given ? json_integer_value(given) : 10;
	if (k < 1 || k > K_MAX)
		return err_set(e, ERR_ARG, "k must be in 1..%d", K_MAX);
	k = k < s->d->n_items ? k : s->d->n_items;
	TRY(subject_score(s, e));
	int32_t item[K_MAX];
	real value[K_MAX];
	int32_t n = top_k(s->scores, s->d->n_items, s->seen, s->n_seen, (int32_t)k, item, value);
	json_t *history = json_array(), *items = json_array();
	for (int32_t i = 0; i < s->n; i++)
		json_array_append_new(history, item_json(s->d, s->history[i]));
	for (int32_t i = 0; i < n; i++) {
		json_t *j = item_json(s->d, item[i]);
		json_object_set_new(j, "score", json_real((double)value[i]));
		json_object_set_new(j, "rank", json_integer(i + 1));
		json_array_append_new(items, j);
	}
	json_object_set_new(out, "history", history);
	json_object_set_new(out, "items", items);
	json_object_set_new(out, "held_out", held_out_json(s));
	*first = n ? item[0] : -1;
	return OK;
}

/* ---- explain ---- */

/* Mean over heads of the last row of the last layer into out[n]; false: there is no attention. */
static bool last_attention(struct subject *s, double *out)
{
	const struct rig_program *p;
	struct map m, last = {0};
	if (look(s, &p, NULL) != OK)
		return false;
	for (int k = 0; map_get(p->program, k, &m); k++)
		last = m;
	if (!last.w || last.n != s->n)
		return false;
	for (int32_t i = 0; i < s->n; i++) {
		out[i] = 0;
		for (int h = 0; h < last.heads; h++)
			out[i] += (double)last.w[((int64_t)h * last.n + last.n - 1) * last.n + i] / last.heads;
	}
	return true;
}

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

static enum err_code leave_one_out(struct subject *s, int32_t target, struct effect *effect, struct err *e)
{
	struct scorer scorer = {s->r, ask_model, s->d->n_items};
	struct question q = {.scorer = &scorer,
		.user = s->user,
		.target = target,
		.history = s->history,
		.n = s->n,
		.skip = s->seen,
		.n_skip = s->n_seen,
		.seed = s->r->x->seed};
	return attribution_run("leave_one_out", &q, NULL, effect, e);
}

static enum err_code effects(struct subject *s, int32_t target, json_t *out, struct err *e)
{
	struct effect *effect = mem_calloc((size_t)s->n, sizeof *effect);
	double *attention = mem_calloc((size_t)s->n, sizeof *attention);
	enum err_code rc = effect && attention ? leave_one_out(s, target, effect, e)
					       : err_set(e, ERR_NOMEM, "no memory for the effects of a history");
	bool attends = rc == OK && last_attention(s, attention);
	for (int32_t i = 0; rc == OK && i < s->n; i++) {
		json_t *j = item_json(s->d, s->history[i]);
		json_object_set_new(j, "position", json_integer(i));
		json_object_set_new(j, "delta_score", json_real(effect[i].score));
		json_object_set_new(j, "delta_rank", json_real(effect[i].rank));
		json_object_set_new(j, "attention", attends ? json_real(attention[i]) : json_null());
		json_array_append_new(out, j);
	}
	mem_free(effect);
	mem_free(attention);
	return rc;
}

static enum err_code probe_explain(struct subject *s, const json_t *args, json_t *out, struct err *e)
{
	char buf[32];
	const json_t *given = json_object_get(args, "item");
	const char *id = id_text(given, buf, sizeof buf);
	int32_t target;
	json_t *list = json_array();
	json_object_set_new(out, "effects", list);
	TRY(probe_recommend(s, args, out, &target, e));
	if (id)
		target = dataset_find_item(s->d, id);
	if (target < 0)
		return err_set(e, ERR_NOTFOUND, "there is no item '%s' in data set %s", id ? id : "", s->d->name);
	json_object_set_new(out, "target", ranked_json(s, target));
	if (!s->sees) {
		json_object_set_new(out, "note",
			json_string("the model does not read histories: leaving an item out changes no score"));
		return OK;
	}
	return s->n > 0 ? effects(s, target, list, e) : OK;
}

/* ---- answers ---- */

static enum err_code answer(struct subject *s, const char *kind, const json_t *args, json_t *out, struct err *e)
{
	int32_t first;
	if (strcmp(kind, "attention") == 0)
		return probe_attention(s, args, out, e);
	if (strcmp(kind, "recommend") == 0)
		return probe_recommend(s, args, out, &first, e);
	if (strcmp(kind, "explain") == 0)
		return probe_explain(s, args, out, e);
	return err_set(e, ERR_ARG, "there is no probe of kind '%s'; there are attention, recommend and explain", kind);
}

enum err_code probe_answer(struct rig *r, int64_t step, const json_t *args, json_t **out, struct err *e)
{
	struct subject s;
	const char *kind = json_string_value(json_object_get(args, "kind"));
	if (!kind)
		return err_set(e, ERR_ARG, "a probe needs \"kind\": attention, recommend or explain");
	enum err_code rc = subject_init(&s, r, args, e);
	json_t *j = NULL;
	if (rc == OK) {
		j = json_pack("{s:o, s:I}", "user", id_json(&s.d->users, s.user), "step", (json_int_t)step);
		rc = answer(&s, kind, args, j, e);
	}
	subject_fini(&s);
	if (rc == OK)
		*out = j;
	else
		json_decref(j);
	return rc;
}
