/* A model in C behind struct model_vtbl: matrix factorisation on a small planted world, so that the runner is tested without
 * scripts.  Knobs: dim, deep (a structural one: a linear map of the user's vector), flip (scores change their sign), poison (the loss is not finite from the
 * rebuild on); dropout and weight (of the loss) are live numbers. */
#ifndef GUSTO_TEST_TOY_H
#define GUSTO_TEST_TOY_H

#include "base/mem.h"
#include "data/planted.h"
#include "graph/trace.h"
#include "run/experiment.h"
#include "run/runner.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define must(call)                                                                                                     \
	do {                                                                                                           \
		struct err must_e_ = {0};                                                                              \
		struct err *e = &must_e_;                                                                              \
		if ((call) != OK)                                                                                      \
			fail_msg("%s: %s", #call, must_e_.text);                                                       \
	} while (0)

struct toy_parts {
	struct param *user, *item, *mix;
	bool poison, flip;
	double dropout, weight;
};
struct toy {
	struct experiment *x;
	struct toy_parts now, next;
	bool pending;
	bool candidates_only;
	bool deep, deep_next; /* what the script says, and a reloaded one */
	int evals;	      /* chunks run */
};

static inline enum err_code toy_build(void *self, const struct knobset *k, struct paramset *s, struct err *e)
{
	struct toy *t = self;
	const struct dataset *d = t->x->split->data;
	int32_t dim = (int32_t)knobset_number(k, "dim", 8);
	struct init small = {.kind = "normal", .scale = 0.1};
	struct shape users = shape_fixed(2, d->n_users, dim, 0), items = shape_fixed(2, d->n_items, dim, 0),
		     square = shape_fixed(2, dim, dim, 0);
	t->pending = true;
	t->next = (struct toy_parts){.poison = knobset_number(k, "poison", 0) != 0,
		.flip = knobset_number(k, "flip", 0) != 0,
		.dropout = knobset_number(k, "dropout", 0),
		.weight = knobset_number(k, "weight", 1)};
	if (dim == 13)
		return err_set(e, ERR_SCRIPT, "toy.lua:13: dim=13 brings bad luck");
	TRY(paramset_make(s, "user", &users, &small, true, true, &t->next.user, e));
	TRY(paramset_make(s, "item", &items, &small, true, true, &t->next.item, e));
	if (knobset_number(k, "deep", 0) != 0 || t->deep_next)
		TRY(paramset_make(
			s, "mix", &square, &(struct init){.kind = "xavier_uniform"}, true, false, &t->next.mix, e));
	return OK;
}

static inline void toy_settle(void *self, bool keep)
{
	struct toy *t = self;
	if (keep) {
		t->now = t->next;
		t->deep = t->deep_next;
	}
	t->deep_next = t->deep;
	t->pending = false;
}

static inline bool toy_has(void *self, enum model_call what)
{
	struct toy *t = self;
	return what == MODEL_LOSS || what == MODEL_CANDIDATES || (what == MODEL_SCORE && !t->candidates_only);
}

static inline int toy_apply(struct trace *t, const char *op, int a, int b, struct err *e)
{
	return a < 0 || b < 0 ? -1 : trace_apply(t, op, (const int[]){a, b}, 2, NULL, e);
}

static inline enum err_code toy_trace(
	void *self, enum model_call what, struct trace *t, struct model_outputs *out, struct err *e)
{
	struct toy *m = self;
	struct toy_parts *p = m->pending ? &m->next : &m->now;
	int items = trace_param(t, p->item, e), y = -1;
	int u = toy_apply(t, "embedding", trace_param(t, p->user, e), trace_input(t, "user", e), e);
	struct args dropout;
	args_default(&op_find("dropout")->desc, &dropout);
	dropout.num[0] = p->dropout;
	u = u < 0 ? u : trace_apply(t, "dropout", &u, 1, dropout.num, e);
	if (p->mix)
		u = toy_apply(t, "linear", u, trace_param(t, p->mix, e), e);
	if (what == MODEL_SCORE) {
		y = toy_apply(t, "matmul_t", u, items, e);
		if (p->flip && y >= 0)
			y = trace_apply(t, "neg", &y, 1, NULL, e);
	} else if (what == MODEL_CANDIDATES) {
		y = toy_apply(t, "dot", u, toy_apply(t, "embedding", items, trace_input(t, "candidate", e), e), e);
	} else {
		int pos = toy_apply(t, "dot", u, toy_apply(t, "embedding", items, trace_input(t, "item", e), e), e);
		int neg = toy_apply(t, "dot", u, toy_apply(t, "embedding", items, trace_input(t, "negative", e), e), e);
		if (p->poison && pos >= 0) /* log of a negative number */
			pos = trace_apply(t, "log", (const int[]){toy_apply(t, "sub", pos, trace_number(t, 100, e), e)},
				1, NULL, e);
		y = toy_apply(t, "mul", toy_apply(t, "bpr", pos, neg, e), trace_number(t, p->weight, e), e);
	}
	*out = (struct model_outputs){.n = 1, .value = {y}, .name = {"out"}};
	return y < 0 ? ERR_SCRIPT : OK;
}

/* "lr=0.01" sets a knob, "fail" fails, anything else comes back with the number of chunks so far. */
static inline enum err_code toy_eval(void *self, const char *chunk, char **text, struct err *e)
{
	struct toy *t = self;
	char name[64], buf[64];
	const char *eq = strchr(chunk, '=');
	t->evals++;
	if (strcmp(chunk, "fail") == 0)
		return err_set(e, ERR_SCRIPT, "chunk:1: it failed");
	if (eq && t->x->knob_set) {
		snprintf(name, sizeof name, "%.*s", (int)(eq - chunk), chunk);
		TRY(t->x->knob_set(t->x->knob_ctx, name, eq + 1, e));
	}
	snprintf(buf, sizeof buf, "%d", t->evals);
	*text = mem_strdup(buf);
	return OK;
}

/* A script is one word: "deep", "plain", or an error. */
static inline enum err_code toy_reload(void *self, const char *text, struct knobset *k, struct err *e)
{
	struct toy *t = self;
	if (strcmp(text, "deep") != 0 && strcmp(text, "plain") != 0)
		return err_set(e, ERR_SCRIPT, "toy.lua:1: '%s' is no model", text);
	t->deep_next = strcmp(text, "deep") == 0;
	return OK;
}

static inline size_t toy_files(void *self)
{
	return 1;
}

static inline void toy_file(void *self, size_t i, const char **path, const char **text, size_t *len)
{
	*path = "experiment.lua";
	*text = "return 'toy'\n";
	*len = strlen(*text);
}

static const struct model_vtbl toy_vtbl = {
	.build = toy_build,
	.settle = toy_settle,
	.has = toy_has,
	.trace = toy_trace,
	.eval = toy_eval,
	.reload = toy_reload,
	.files = toy_files,
	.file = toy_file,
	.free = mem_free,
};

static inline void toy_knob(struct experiment *x, const char *name, enum arg_type type, double def, double min,
	double max, enum knob_applies applies)
{
	struct knob k = {.name = (char *)name,
		.help = (char *)"of the toy",
		.type = type,
		.def = def,
		.min = min,
		.max = max,
		.applies = applies};
	must(knobset_add(&x->knobs, &k, e));
}

static inline struct split *toy_split(int64_t interactions, const char *kind)
{
	struct planted_options o;
	struct dataset *d = NULL;
	struct split *s = NULL;
	planted_defaults(&o);
	o.interactions = interactions;
	o.seed = 5;
	must(planted_dataset(&o, &d, e));
	must(split_new(d, &(struct split_options){.kind = kind, .seed = 3}, &s, e));
	dataset_unref(d);
	return s;
}

static inline void toy_metrics(struct experiment *x, const char *const *names, int n)
{
	for (x->protocol.n_metrics = 0; x->protocol.n_metrics < n; x->protocol.n_metrics++)
		must(metric_parse(names[x->protocol.n_metrics], &x->protocol.metric[x->protocol.n_metrics], e));
}

static inline struct experiment *toy_experiment(void)
{
	struct experiment *x = mem_calloc(1, sizeof *x);
	struct toy *t = mem_calloc(1, sizeof *t);
	assert_non_null(x);
	assert_non_null(t);
	snprintf(x->name, sizeof x->name, "toy");
	snprintf(x->model, sizeof x->model, "mf");
	snprintf(x->file, sizeof x->file, "toy.lua");
	snprintf(x->data_source, sizeof x->data_source, "planted");
	x->split = toy_split(6000, "leave_one_out");
	snprintf(x->protocol.split, sizeof x->protocol.split, "leave_one_out");
	snprintf(x->protocol.candidates, sizeof x->protocol.candidates, "full");
	x->protocol.mask_seen = true;
	toy_metrics(x, (const char *const[]){"ndcg@10", "hr@10"}, 2);
	x->train = (struct train_options){.epochs = 6,
		.patience = 0,
		.eval_every = 1,
		.test_best = true,
		.batch = {.kind = "pairs", .batch = 128, .negatives = 1, .length = 20, .sampler = "unseen"}};
	snprintf(x->train.optimizer, sizeof x->train.optimizer, "adam");
	snprintf(x->train.schedule, sizeof x->train.schedule, "constant");
	snprintf(x->train.monitor, sizeof x->train.monitor, "ndcg@10");
	toy_knob(x, "dim", ARG_INT, 16, 1, 256, KNOB_MODEL);
	toy_knob(x, "deep", ARG_BOOL, 0, 0, 1, KNOB_MODEL);
	toy_knob(x, "poison", ARG_BOOL, 0, 0, 1, KNOB_MODEL);
	toy_knob(x, "dropout", ARG_REAL, 0, 0, 0.9, KNOB_LIVE);
	toy_knob(x, "weight", ARG_REAL, 1, 0, 10, KNOB_LIVE);
	toy_knob(x, "flip", ARG_BOOL, 0, 0, 1, KNOB_MODEL);
	toy_knob(x, "lr", ARG_LOG, 0.01, 1e-6, 1, KNOB_STEP);
	must(experiment_add_knobs(x, e));
	x->vtbl = &toy_vtbl;
	x->self = t;
	x->seed = 7;
	t->x = x;
	return x;
}

/* Two workers that spin while they wait for each other crawl on a busy machine: starts this program again with waiting that
 * gives the core away. */
static inline void toy_calm(char **argv)
{
	if (getenv("OMP_WAIT_POLICY"))
		return;
	setenv("OMP_WAIT_POLICY", "passive", 1);
	execv("/proc/self/exe", argv);
}

/* A folder of runs that is removed with all it holds. */
static inline void toy_root(char *root, size_t size)
{
	snprintf(root, size, "/tmp/gusto-run-XXXXXX");
	assert_non_null(mkdtemp(root));
}

static inline void toy_remove(const char *path)
{
	char command[4200];
	snprintf(command, sizeof command, "rm -rf '%s'", path);
	assert_int_equal(system(command), 0);
}

#endif
