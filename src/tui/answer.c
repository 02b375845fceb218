#include "tui/answer.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static enum err_code parse(const char *json, json_t **out, struct err *e)
{
	json_error_t je;
	*out = json_loads(json, JSON_REJECT_DUPLICATES, &je);
	if (!*out)
		return err_set(e, ERR_FORMAT, "the answer is not JSON: %s at column %d", je.text, je.column);
	if (!json_is_object(*out)) {
		json_decref(*out);
		*out = NULL;
		return err_set(e, ERR_FORMAT, "the answer is not a JSON object");
	}
	return OK;
}

/* Strings as they are, numbers as text. */
static const char *text_of(struct arena *a, const json_t *v)
{
	char buf[64];
	const char *s = json_string_value(v);
	if (!s && json_is_number(v)) {
		snprintf(buf, sizeof buf, "%.15g", json_number_value(v));
		s = buf;
	}
	s = arena_strdup(a, s ? s : "");
	return s ? s : "";
}

static double number_of(const json_t *v)
{
	return json_is_number(v) ? json_number_value(v) : NAN;
}

static int64_t step_of(const json_t *v)
{
	double d = number_of(v);
	return fabs(d) < 9e15 ? (int64_t)d : -1;
}

static int int_of(const json_t *v, int lo, int hi)
{
	double d = number_of(v);
	return d >= lo && d <= hi ? (int)d : lo;
}

static enum err_code parse_map(struct arena *a, const json_t *j, struct attention_map *m, struct err *e)
{
	const json_t *w = json_object_get(j, "weights");
	m->layer = text_of(a, json_object_get(j, "layer"));
	m->heads = int_of(json_object_get(j, "heads"), 0, 4096);
	m->n = int_of(json_object_get(j, "n"), 0, 65536);
	size_t want = (size_t)m->heads * (size_t)m->n * (size_t)m->n;
	if (json_array_size(w) != want)
		return err_set(e, ERR_FORMAT, "attention of %s: %d heads of %d x %d need %zu weights, got %zu",
			m->layer, m->heads, m->n, m->n, want, json_array_size(w));
	m->weights = arena_alloc(a, (want ? want : 1) * sizeof *m->weights);
	if (!m->weights)
		return err_set(e, ERR_NOMEM, "no memory for an attention map");
	for (size_t i = 0; i < want; i++)
		m->weights[i] = number_of(json_array_get(w, i));
	return OK;
}

static enum err_code parse_positions(struct attention *out, const json_t *items, struct err *e)
{
	for (int i = 0; i < out->nmaps; i++)
		out->nitems = out->map[i].n > out->nitems ? out->map[i].n : out->nitems;
	out->item = arena_alloc(&out->arena, (size_t)(out->nitems + 1) * sizeof *out->item);
	if (!out->item)
		return err_set(e, ERR_NOMEM, "no memory for titles");
	for (int i = 0; i < out->nitems; i++) {
		char number[16];
		snprintf(number, sizeof number, "%d", i + 1);
		const json_t *t = json_array_get(items, (size_t)i);
		const char *fallback = arena_strdup(&out->arena, number);
		out->item[i] = t ? text_of(&out->arena, t) : fallback ? fallback : "";
	}
	return OK;
}

enum err_code attention_parse(const char *json, struct attention *out, struct err *e)
{
	json_t *j;
	*out = (struct attention){0};
	TRY(parse(json, &j, e));
	const json_t *maps = json_object_get(j, "maps");
	enum err_code rc = OK;
	out->user = text_of(&out->arena, json_object_get(j, "user"));
	out->step = step_of(json_object_get(j, "step"));
	out->nmaps = (int)json_array_size(maps);
	out->map = arena_alloc(&out->arena, (size_t)(out->nmaps + 1) * sizeof *out->map);
	if (!out->map)
		rc = err_set(e, ERR_NOMEM, "no memory for attention maps");
	for (int i = 0; i < out->nmaps && rc == OK; i++)
		rc = parse_map(&out->arena, json_array_get(maps, (size_t)i), &out->map[i], e);
	if (rc == OK)
		rc = parse_positions(out, json_object_get(j, "items"), e);
	if (rc == OK && out->nmaps == 0)
		rc = err_set(e, ERR_NOTFOUND, "this model has no attention layer");
	json_decref(j);
	if (rc != OK)
		attention_free(out);
	return rc;
}

void attention_free(struct attention *a)
{
	arena_free(&a->arena);
	*a = (struct attention){0};
}

static void parse_item(struct arena *a, const json_t *j, struct item_row *r)
{
	r->id = text_of(a, json_object_get(j, "id"));
	r->title = text_of(a, json_object_get(j, "title"));
	if (!r->title[0])
		r->title = r->id;
	r->score = number_of(json_object_get(j, "score"));
	r->rank = int_of(json_object_get(j, "rank"), 0, 2000000000);
}

static enum err_code parse_items(struct arena *a, const json_t *list, struct item_row **out, int *n, struct err *e)
{
	*n = (int)json_array_size(list);
	*out = arena_alloc(a, (size_t)(*n + 1) * sizeof **out);
	if (!*out)
		return err_set(e, ERR_NOMEM, "no memory for items");
	for (int i = 0; i < *n; i++)
		parse_item(a, json_array_get(list, (size_t)i), &(*out)[i]);
	return OK;
}

static enum err_code parse_effects(struct explanation *out, const json_t *list, struct err *e)
{
	out->neffects = (int)json_array_size(list);
	out->effect = arena_alloc(&out->arena, (size_t)(out->neffects + 1) * sizeof *out->effect);
	if (!out->effect)
		return err_set(e, ERR_NOMEM, "no memory for effects");
	for (int i = 0; i < out->neffects; i++) {
		const json_t *j = json_array_get(list, (size_t)i);
		struct item_row r;
		parse_item(&out->arena, j, &r);
		out->effect[i] = (struct effect_row){r.id, r.title,
			int_of(json_object_get(j, "position"), 0, 2000000000),
			number_of(json_object_get(j, "delta_score")), number_of(json_object_get(j, "delta_rank")),
			number_of(json_object_get(j, "attention"))};
	}
	return OK;
}

enum err_code explanation_parse(const char *json, struct explanation *out, struct err *e)
{
	json_t *j;
	*out = (struct explanation){0};
	TRY(parse(json, &j, e));
	struct arena *a = &out->arena;
	const json_t *held = json_object_get(j, "held_out"), *target = json_object_get(j, "target");
	out->user = text_of(a, json_object_get(j, "user"));
	out->step = step_of(json_object_get(j, "step"));
	enum err_code rc = parse_items(a, json_object_get(j, "history"), &out->history, &out->nhistory, e);
	if (rc == OK)
		rc = parse_items(a, json_object_get(j, "items"), &out->item, &out->nitems, e);
	if (rc == OK)
		rc = parse_effects(out, json_object_get(j, "effects"), e);
	if ((out->has_held_out = json_is_object(held)))
		parse_item(a, held, &out->held_out);
	if ((out->has_target = json_is_object(target)))
		parse_item(a, target, &out->target);
	json_decref(j);
	if (rc != OK)
		explanation_free(out);
	return rc;
}

void explanation_free(struct explanation *x)
{
	arena_free(&x->arena);
	*x = (struct explanation){0};
}

char *json_quote(struct arena *a, const char *text)
{
	size_t n = 2;
	for (const unsigned char *s = (const unsigned char *)text; *s; s++)
		n += *s < 0x20 ? 6 : *s == '"' || *s == '\\' ? 2 : 1;
	char *out = arena_alloc(a, n + 1), *at = out;
	if (!out)
		return NULL;
	*at++ = '"';
	for (const unsigned char *s = (const unsigned char *)text; *s; s++) {
		if (*s < 0x20) {
			at += sprintf(at, "\\u%04x", *s);
			continue;
		}
		if (*s == '"' || *s == '\\')
			*at++ = '\\';
		*at++ = (char)*s;
	}
	*at++ = '"';
	*at = '\0';
	return out;
}

bool json_member(const char *json, const char *key, char *buf, size_t size)
{
	json_t *j = json_loads(json, 0, NULL);
	const json_t *v = json_object_get(j, key);
	bool found = json_is_string(v) || json_is_number(v) || json_is_boolean(v);
	if (json_is_string(v))
		snprintf(buf, size, "%s", json_string_value(v));
	else if (json_is_number(v))
		snprintf(buf, size, "%.15g", json_number_value(v));
	else if (found)
		snprintf(buf, size, "%s", json_is_true(v) ? "true" : "false");
	json_decref(j);
	return found;
}
