#include "run/probe.h"

#include "base/mem.h"
#include "eval/evaluate.h"
#include "run/subject.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { K_MAX = 1000 };

static json_t *ranked_json(const struct subject *s, int32_t item)
{
	json_t *j = subject_item_json(s->d, item);
	json_object_set_new(j, "score", json_real((double)s->scores[item]));
	json_object_set_new(j, "rank", json_integer(subject_rank(s, s->scores, item)));
	return j;
}

/* ---- attention ---- */

static json_t *map_json(const struct map *m, int head)
{
	int64_t square = (int64_t)m->n * m->n;
	int first = head < 0 ? 0 : head, heads = head < 0 ? m->heads : 1;
	json_t *w = json_array();
	for (int64_t i = first * square; i < (first + heads) * square; i++)
		json_array_append_new(w, json_real((double)m->w[i]));
	json_t *j = json_pack("{s:o, s:i, s:i, s:o}", "layer", subject_text_json(m->layer), "heads", heads, "n",
		(int)m->n, "weights", w);
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
	TRY(subject_look(s, &p, e));
	if (!subject_map(p->program, 0, &m))
		return err_set(e, ERR_STATE, "model %s has no attention to show", s->r->x->model);
	for (int k = 0; subject_map(p->program, k, &m); k++) {
		if (!layer_wanted(layer, k, m.layer))
			continue;
		int h = json_is_integer(head) ? (int)json_integer_value(head) : -1;
		if (h >= m.heads || (json_is_integer(head) && h < 0))
			return err_set(e, ERR_ARG, "%s has heads 0..%d, got %d", m.layer, m.heads - 1, h);
		json_array_append_new(maps, map_json(&m, h));
	}
	if (json_array_size(maps) == 0)
		return err_set(e, ERR_NOTFOUND, "there is no such layer; attention is in layer 0 (%s) and on",
			subject_map(p->program, 0, &m) ? m.layer : "");
	for (int32_t i = 0; i < s->n; i++) {
		json_array_append_new(titles, subject_title_json(s->d, s->history[i]));
		json_array_append_new(ids, subject_id_json(&s->d->items, s->history[i]));
	}
	if (s->query) {
		json_array_append_new(titles, json_string("(what comes next?)"));
		json_array_append_new(ids, json_string(""));
	}
	return OK;
}

/* ---- recommend ---- */

static json_t *held_out_json(const struct subject *s)
{
	if (s->held_out < 0)
		return json_null();
	json_t *j = subject_item_json(s->d, s->held_out);
	json_object_set_new(j, "rank", json_integer(subject_rank(s, s->scores, s->held_out)));
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
		json_array_append_new(history, subject_item_json(s->d, s->history[i]));
	for (int32_t i = 0; i < n; i++) {
		json_t *j = subject_item_json(s->d, item[i]);
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

/* The last map's row of the prediction into out[n]; false: there is no attention over the history. */
static bool last_attention(struct subject *s, double *out)
{
	const struct rig_program *p;
	struct map m, last = {0};
	if (subject_look(s, &p, NULL) != OK)
		return false;
	for (int k = 0; subject_map(p->program, k, &m); k++)
		last = m;
	if (!last.w || last.n != s->n + s->query)
		return false;
	subject_last_row(&last, s->n, out);
	return true;
}

static enum err_code leave_one_out(struct subject *s, int32_t target, struct effect *effect, struct err *e)
{
	struct scorer scorer;
	struct question q = subject_question(s, target, &scorer);
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
		json_t *j = subject_item_json(s->d, s->history[i]);
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
	char buf[32], like[64];
	const json_t *given = json_object_get(args, "item");
	const char *id = subject_id_text(given, buf, sizeof buf);
	int32_t target;
	if (probe_reads_reviews(s->r))
		return probe_explain_rating(s->r, args, out, e);
	json_t *list = json_array();
	json_object_set_new(out, "effects", list);
	TRY(probe_recommend(s, args, out, &target, e));
	if (id)
		target = dataset_find_item(s->d, id);
	if (target < 0)
		return err_set(e, ERR_NOTFOUND,
			"there is no item '%s' in data set %s, whose items are called like '%s'", id ? id : "",
			s->d->name, strtab_copy(&s->d->items, 0, like, sizeof like));
	json_object_set_new(out, "target", ranked_json(s, target));
	if (!s->sees) {
		json_object_set_new(out, "note",
			json_string("the model does not read histories: leaving an item out changes no score"));
		return OK;
	}
	return s->n > 0 ? effects(s, target, list, e) : OK;
}

/* ---- answers ---- */

static enum err_code recommend(struct subject *s, const json_t *args, json_t *out, struct err *e)
{
	int32_t first;
	return probe_recommend(s, args, out, &first, e);
}

static const struct kind {
	const char *name;
	enum err_code (*of_user)(struct subject *s, const json_t *args, json_t *out, struct err *e);
	enum err_code (*of_run)(struct rig *r, const json_t *args, json_t *out, struct err *e);
} kinds[] = {
	{"attention", probe_attention, NULL},
	{"recommend", recommend, NULL},
	{"explain", probe_explain, NULL},
	{"gates", probe_gates, NULL},
	{"causes", NULL, probe_causes},
	{"reviews", NULL, probe_reviews},
};

static enum err_code answer_user(struct rig *r, const struct kind *k, const json_t *args, json_t *out, struct err *e)
{
	char buf[32], like[64];
	struct subject s;
	const struct dataset *d = r->x->split->data;
	const char *id = subject_id_text(json_object_get(args, "user"), buf, sizeof buf);
	if (!id)
		return err_set(e, ERR_ARG, "a probe needs \"user\", the id of a user as in the data set");
	int32_t user = dataset_find_user(d, id);
	if (user < 0)
		return err_set(e, ERR_NOTFOUND,
			"there is no user '%s' in data set %s, whose users are called like '%s'", id, d->name,
			strtab_copy(&d->users, 0, like, sizeof like));
	json_object_set_new(out, "user", subject_id_json(&d->users, user));
	enum err_code rc = subject_init(&s, r, user, e);
	if (rc == OK)
		rc = k->of_user(&s, args, out, e);
	subject_fini(&s);
	return rc;
}

enum err_code probe_answer(struct rig *r, int64_t step, const json_t *args, json_t **out, struct err *e)
{
	const char *name = json_string_value(json_object_get(args, "kind"));
	const struct kind *k = NULL;
	for (size_t i = 0; name && i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(kinds[i].name, name) == 0)
			k = &kinds[i];
	if (!k)
		return err_set(e, ERR_ARG,
			"there is no probe of kind '%s'; there are attention, recommend, explain, gates, causes and "
			"reviews",
			name ? name : "");
	if (r->x->world)
		return err_set(e, ERR_STATE,
			"%s acts in an environment: there is no user of a data set to be asked about", r->x->name);
	json_t *j = json_pack("{s:I}", "step", (json_int_t)step);
	enum err_code rc = k->of_user ? answer_user(r, k, args, j, e) : k->of_run(r, args, j, e);
	if (rc == OK)
		*out = j;
	else
		json_decref(j);
	return rc;
}
