/* Probes of a model that reads histories, live and from a finished run: one causal attention layer over item vectors. */
#include "toy.h"

#include "data/batcher.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

static enum err_code build(void *self, const struct knobset *k, struct paramset *s, struct err *e)
{
	struct toy *t = self;
	struct init small = {.kind = "normal", .scale = 0.5};
	struct shape items = shape_fixed(2, t->x->split->data->n_items, 8, 0), square = shape_fixed(2, 8, 8, 0);
	t->pending = true;
	t->next = (struct toy_parts){0};
	TRY(paramset_make(s, "item", &items, &small, true, true, &t->next.item, e));
	return paramset_make(s, "mix", &square, &small, true, false, &t->next.mix, e);
}

static bool has(void *self, enum model_call what)
{
	return what == MODEL_LOSS || what == MODEL_SCORE;
}

static int encode(struct toy_parts *p, struct trace *t, int items, struct err *e)
{
	int x = toy_apply(t, "embedding", items, trace_input(t, "item", e), e), q = -1, h = -1;
	trace_push(t, "block 1");
	trace_push(t, "attention");
	q = toy_apply(t, "linear", x, trace_param(t, p->mix, e), e);
	if (q >= 0)
		h = trace_apply(t, "attention", (const int[]){q, x, x}, 3, (const double[]){2, 1, 0}, e);
	trace_pop(t);
	trace_pop(t);
	return h < 0 ? -1 : toy_apply(t, "add", h, x, e);
}

static enum err_code trace_seq(
	void *self, enum model_call what, struct trace *t, struct model_outputs *out, struct err *e)
{
	struct toy *m = self;
	struct toy_parts *p = m->pending ? &m->next : &m->now;
	int items = trace_param(t, p->item, e), h = encode(p, t, items, e), y = -1;
	if (h >= 0 && what == MODEL_SCORE) {
		int last = trace_apply(t, "last", &h, 1, NULL, e);
		y = toy_apply(t, "matmul_t", last, items, e);
	} else if (h >= 0) {
		int pos = toy_apply(t, "dot", h, toy_apply(t, "embedding", items, trace_input(t, "target", e), e), e);
		int neg = toy_apply(t, "dot", h, toy_apply(t, "embedding", items, trace_input(t, "negative", e), e), e);
		y = toy_apply(t, "bpr", pos, neg, e);
	}
	*out = (struct model_outputs){.n = 1, .value = {y}, .name = {"out"}};
	return y < 0 ? ERR_SCRIPT : OK;
}

static struct model_vtbl vtbl;

static struct experiment *sequence_experiment(void)
{
	struct experiment *x = toy_experiment();
	vtbl = toy_vtbl;
	vtbl.build = build;
	vtbl.has = has;
	vtbl.trace = trace_seq;
	x->vtbl = &vtbl;
	x->train.batch = (struct batch_options){.kind = "sequence", .batch = 32, .negatives = 1, .length = 20};
	x->train.epochs = 2;
	must(knob_set_text(knobset_find(&x->knobs, "epochs"), "2", e));
	must(knob_set_text(knobset_find(&x->knobs, "batch"), "32", e));
	snprintf(x->model, sizeof x->model, "seq");
	return x;
}

static json_t *ask(struct session *s, const char *args)
{
	char *text = NULL;
	must(session_probe(s, args, &text, e));
	json_t *j = json_loads(text, 0, NULL);
	assert_non_null(j);
	mem_free(text);
	return j;
}

static double number(const json_t *j, const char *key)
{
	assert_true(json_is_number(json_object_get(j, key)));
	return json_number_value(json_object_get(j, key));
}

static void check_attention(struct session *s)
{
	json_t *j = ask(s, "{\"kind\":\"attention\",\"user\":\"u3\"}");
	json_t *map = json_array_get(json_object_get(j, "maps"), 0), *w = json_object_get(map, "weights");
	size_t n = (size_t)number(map, "n");
	assert_int_equal(number(map, "heads"), 2);
	assert_string_equal(json_string_value(json_object_get(map, "layer")), "block 1/attention");
	assert_int_equal(json_array_size(json_object_get(j, "items")), n);
	assert_int_equal(json_array_size(json_object_get(j, "ids")), n);
	assert_int_equal(json_array_size(w), 2 * n * n);
	assert_true(n > 3);
	for (size_t row = 0; row < 2 * n; row++) {
		double sum = 0;
		for (size_t col = 0; col < n; col++) {
			double x = json_number_value(json_array_get(w, row * n + col));
			assert_true(col <= row % n || x == 0);
			sum += x;
		}
		assert_true(fabs(sum - 1) < 1e-5);
	}
	json_decref(j);
	j = ask(s, "{\"kind\":\"attention\",\"user\":\"u3\",\"layer\":0,\"head\":1}");
	map = json_array_get(json_object_get(j, "maps"), 0);
	assert_int_equal(json_array_size(json_object_get(map, "weights")), n * n);
	json_decref(j);
}

/* Without the last item the model sees the history of one event before: its effect can be had another way. */
static void check_explain(struct session *s)
{
	json_t *j = ask(s, "{\"kind\":\"explain\",\"user\":\"u3\",\"k\":4}");
	json_t *effects = json_object_get(j, "effects"), *items = json_object_get(j, "items");
	size_t n = json_array_size(json_object_get(j, "history"));
	double attention = 0, moved = 0;
	assert_int_equal(json_array_size(items), 4);
	assert_int_equal(json_array_size(effects), n);
	assert_int_equal(number(json_object_get(j, "target"), "rank"), 1);
	assert_string_equal(json_string_value(json_object_get(json_object_get(j, "target"), "id")),
		json_string_value(json_object_get(json_array_get(items, 0), "id")));
	for (size_t i = 0; i < n; i++) {
		const json_t *x = json_array_get(effects, i);
		assert_int_equal(number(x, "position"), i);
		attention += number(x, "attention");
		moved += fabs(number(x, "delta_score"));
		assert_true(number(x, "delta_rank") >= 0); /* nothing is above the first */
	}
	assert_true(fabs(attention - 1) < 1e-5);
	assert_true(moved > 0);
	for (size_t i = 1; i < 4; i++)
		assert_true(number(json_array_get(items, i), "score") <= number(json_array_get(items, i - 1), "score"));
	assert_true(json_is_object(json_object_get(j, "held_out")));
	json_decref(j);
}

/* The truth that the test makes up: the last event of every third user was caused two events before it. */
static int32_t causes(void *self, int32_t user, int32_t *cause, int32_t max)
{
	const struct dataset *d = ((struct toy *)self)->x->split->data;
	int32_t n = (int32_t)(d->start[user + 1] - d->start[user]);
	for (int32_t k = 0; k < n && k < max; k++)
		cause[k] = -1;
	if (user % 3 == 0 && n > 2 && n <= max)
		cause[n - 1] = n - 3;
	return n;
}

/* Among values, is the one before the last the largest?  Ties share. */
static double first_share(const double *x, size_t n, size_t at)
{
	size_t ties = 0;
	for (size_t i = 0; i < n; i++) {
		if (x[i] > x[at])
			return 0;
		ties += x[i] == x[at];
	}
	return 1. / (double)ties;
}

/* What the causes probe counts is what asking every user by hand gives. */
static void check_causes(struct session *s, struct experiment *x)
{
	const struct dataset *d = x->split->data;
	double loo = 0, attention = 0;
	int events = 0;
	for (int32_t u = 0; u < d->n_users; u += 3) {
		char args[128], user[32], item[32];
		int64_t last = d->start[u + 1] - 1;
		if (last - d->start[u] < 3)
			continue;
		snprintf(args, sizeof args, "{\"kind\":\"explain\",\"user\":\"%s\",\"item\":\"%s\"}",
			strtab_copy(&d->users, u, user, sizeof user),
			strtab_copy(&d->items, d->item[last], item, sizeof item));
		json_t *j = ask(s, args), *effects = json_object_get(j, "effects");
		size_t n = json_array_size(effects);
		double delta[64], weight[64];
		assert_true(n > 2 && n <= 64);
		for (size_t i = 0; i < n; i++) {
			delta[i] = number(json_array_get(effects, i), "delta_score");
			weight[i] = number(json_array_get(effects, i), "attention");
		}
		loo += first_share(delta, n, n - 2);
		attention += first_share(weight, n, n - 2);
		events++;
		json_decref(j);
	}
	json_t *j = ask(s, "{\"kind\":\"causes\"}"), *m;
	size_t i;
	int seen = 0;
	assert_int_equal(number(j, "events"), events);
	json_array_foreach(json_object_get(j, "methods"), i, m)
	{
		const char *name = json_string_value(json_object_get(m, "name"));
		if (strcmp(name, "leave_one_out") == 0 && ++seen)
			assert_true(fabs(number(m, "first") - loo / events) < 1e-9);
		if (strcmp(name, "block 1/attention") == 0 && ++seen)
			assert_true(fabs(number(m, "first") - attention / events) < 1e-9);
		if (strcmp(name, "recency") == 0 && ++seen) /* the cause is always the last but one */
			assert_true(number(m, "first") == 0 && number(m, "reciprocal") == 0.5);
	}
	assert_int_equal(seen, 3);
	json_decref(j);
}

static void of_a_finished_run(void **state)
{
	char root[64], *text;
	struct run_result r;
	struct err why;
	struct experiment *x = sequence_experiment();
	struct session *s;
	toy_root(root, sizeof root);
	must(runner_train(x, &(struct run_options){.runs_root = root, .threads = 2, .quiet_socket = true}, &r, e));
	experiment_free(x);
	x = sequence_experiment();
	must(session_open(x, r.dir, -1, 2, &s, e));
	check_attention(s);
	check_explain(s);
	assert_int_equal(session_probe(s, "{\"kind\":\"causes\"}", &text, &why), ERR_STATE);
	assert_non_null(strstr(why.text, "planted truth"));
	x->causes = causes;
	check_causes(s, x);
	assert_int_equal(
		session_probe(s, "{\"kind\":\"explain\",\"user\":\"u3\",\"item\":\"zz\"}", &text, &why), ERR_NOTFOUND);
	assert_int_equal(session_probe(s, "[1]", &text, &why), ERR_ARG);
	assert_int_equal(session_probe(s, "{\"kind\":\"attention\",\"user\":\"u3\",\"head\":9}", &text, &why), ERR_ARG);
	assert_int_equal(session_probe(s, "{\"kind\":\"attention\",\"user\":\"u3\",\"layer\":\"x\"}", &text, &why),
		ERR_NOTFOUND);
	session_close(s);
	experiment_free(x);
	toy_remove(root);
}

int main(int argc, char **argv)
{
	toy_calm(argv);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_a_finished_run),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
