/* Explanations held against the planted truth.
 *
 * The last event of a user is the held-out item.  Where the world wrote down that an earlier event caused it, and the model
 * sees that event, every attribution of the registry that asks the model a bounded number of times, and the attention of
 * every map, say which item of the history mattered most; the cause is one of its positions. */
#include "run/subject.h"

#include "base/mem.h"
#include "explain/agreement.h"

#include <string.h>

enum { METHODS_MAX = 24, LAYERS_MAX = 16 };
static const char *const asked[] = {"leave_one_out", "keep_one", "recency", "random"};
enum { ASKED = sizeof asked / sizeof *asked };

struct method {
	char name[96];
	double first, reciprocal;
	int64_t events;
};

struct tally {
	struct rig *r;
	struct method method[METHODS_MAX];
	int n;
	int64_t events;
	int32_t *cause; /* [longest] of one user's events */
	int32_t longest;
	double *value; /* [longest] */
	struct effect *effect;
};

static struct method *method_of(struct tally *t, const char *name)
{
	for (int i = 0; i < t->n; i++)
		if (strcmp(t->method[i].name, name) == 0)
			return &t->method[i];
	if (t->n == METHODS_MAX)
		return NULL;
	struct method *m = &t->method[t->n++];
	*m = (struct method){0};
	snprintf(m->name, sizeof m->name, "%s", name);
	return m;
}

static void count(struct tally *t, const char *name, int32_t n, int32_t cause)
{
	struct method *m = method_of(t, name);
	if (!m)
		return;
	m->first += agreement_first(t->value, n, cause);
	m->reciprocal += agreement_reciprocal(t->value, n, cause);
	m->events++;
}

/* The place of the held-out event's cause in the history that the model sees, -1: there is none. */
static int32_t cause_of(struct tally *t, const struct subject *s)
{
	const struct experiment *x = t->r->x;
	int32_t n = x->causes(x->self, s->user, t->cause, t->longest);
	int64_t rows = s->d->start[s->user + 1] - s->d->start[s->user];
	/* filters or windows of the data would have moved the events */
	if (s->held_out < 0 || n != rows || n < 2 || t->cause[n - 1] < 0 ||
		s->d->item[s->d->start[s->user + 1] - 1] != s->held_out)
		return -1;
	int32_t at = t->cause[n - 1] - (n - 1 - s->n);
	return at >= 0 && s->history[at] == s->d->item[s->d->start[s->user] + t->cause[n - 1]] ? at : -1;
}

static enum err_code ask(struct tally *t, struct subject *s, int32_t cause, struct err *e)
{
	struct scorer scorer;
	struct question q = subject_question(s, s->held_out, &scorer);
	for (int i = 0; i < ASKED; i++) {
		TRY(attribution_run(asked[i], &q, NULL, t->effect, e));
		for (int32_t k = 0; k < s->n; k++)
			t->value[k] = t->effect[k].score;
		count(t, asked[i], s->n, cause);
	}
	return OK;
}

static enum err_code attend(struct tally *t, struct subject *s, int32_t cause, struct err *e)
{
	const struct rig_program *p;
	struct map m;
	if (!t->r->x->vtbl->has(t->r->x->self, MODEL_SCORE))
		return OK;
	TRY(subject_look(s, &p, e));
	for (int k = 0; k < LAYERS_MAX && subject_map(p->program, k, &m); k++) {
		if (m.n != s->n + s->query)
			continue;
		subject_last_row(&m, s->n, t->value);
		count(t, m.layer, s->n, cause);
	}
	return OK;
}

static enum err_code visit(struct tally *t, int32_t user, struct err *e)
{
	struct subject s;
	enum err_code rc = subject_init(&s, t->r, user, e);
	int32_t cause = rc == OK ? cause_of(t, &s) : -1;
	if (cause >= 0) {
		t->events++;
		rc = ask(t, &s, cause, e);
		if (rc == OK)
			rc = attend(t, &s, cause, e);
	}
	subject_fini(&s);
	return rc;
}

static void put(const struct tally *t, json_t *out)
{
	json_t *list = json_array();
	for (int i = 0; i < t->n; i++) {
		const struct method *m = &t->method[i];
		json_array_append_new(
			list, json_pack("{s:o, s:f, s:f, s:I}", "name", subject_text_json(m->name), "first",
				      m->first / (double)m->events, "reciprocal", m->reciprocal / (double)m->events,
				      "events", (json_int_t)m->events));
	}
	json_object_set_new(out, "events", json_integer(t->events));
	json_object_set_new(out, "methods", list);
}

enum err_code probe_causes(struct rig *r, const json_t *args, json_t *out, struct err *e)
{
	const struct dataset *d = r->x->split->data;
	struct tally t = {.r = r, .longest = 1};
	json_int_t most = json_integer_value(json_object_get(args, "users")), users = 0;
	if (!r->x->causes)
		return err_set(e, ERR_STATE,
			"data set %s has no planted truth: causes are known in the planted world only", d->name);
	for (int32_t u = 0; u < d->n_users; u++)
		if (d->start[u + 1] - d->start[u] > t.longest)
			t.longest = (int32_t)(d->start[u + 1] - d->start[u]);
	t.cause = mem_calloc((size_t)t.longest + 1, sizeof *t.cause);
	t.value = mem_calloc((size_t)t.longest + 1, sizeof *t.value);
	t.effect = mem_calloc((size_t)t.longest + 1, sizeof *t.effect);
	enum err_code rc = t.cause && t.value && t.effect ? OK : err_set(e, ERR_NOMEM, "no memory for causes");
	for (int32_t u = 0; rc == OK && u < d->n_users && (most <= 0 || users < most); u++, users++)
		rc = visit(&t, u, e);
	if (rc == OK && t.events == 0)
		rc = err_set(e, ERR_STATE,
			"no held-out event of data set %s has a cause that the model sees; hold out "
			"the last events of the planted world (split = \"leave_one_out\")",
			d->name);
	if (rc == OK)
		put(&t, out);
	mem_free(t.cause);
	mem_free(t.value);
	mem_free(t.effect);
	return rc;
}
