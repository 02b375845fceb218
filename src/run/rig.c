#include "run/rig_parts.h"

#include "base/mem.h"
#include "data/kind.h"
#include "rl/collector.h"

#include <stdio.h>
#include <string.h>

static const char *const call_name[] = {"loss", "score", "candidates", "rating", "click", "act", "observe"};

/* Knobs with the names of the kind's own arguments override them. */
static void override_args(struct batch_options *b, const struct knobset *k)
{
	struct err unknown;
	const struct kind_class *kind = kind_need(b->kind, &unknown);
	for (size_t i = 0; kind && i < arg_count(&kind->desc); i++) {
		const struct arg_spec *a = &kind->desc.args[i];
		const struct knob *knob = knobset_find(k, a->name);
		if (!knob)
			continue;
		if (a->type == ARG_CHOICE)
			args_set_text(&kind->desc, &b->args, a->name, knob->text ? knob->text : "", &unknown);
		else
			args_set_number(&kind->desc, &b->args, a->name, knob->num, &unknown);
		b->args.text[i] = NULL;
	}
}

/* A knob called "kind" chooses among kinds of batches. */
static void override_kind(struct batch_options *b, const struct knobset *k)
{
	struct err unknown;
	const struct kind_class *kind = kind_need(knobset_text(k, "kind", b->kind), &unknown);
	if (!kind || (b->kind && strcmp(kind->desc.name, b->kind) == 0))
		return;
	b->kind = kind->desc.name;
	b->args = kind_args(kind, NULL);
}

struct batch_options rig_batch_options(const struct experiment *x, const struct knobset *k)
{
	struct batch_options b = x->train.batch;
	b.batch = (int32_t)knobset_number(k, "batch", b.batch);
	b.negatives = (int32_t)knobset_number(k, "negatives", b.negatives);
	b.length = (int32_t)knobset_number(k, "length", b.length);
	b.sampler = knobset_text(k, "sampler", b.sampler);
	b.alpha = knobset_number(k, "alpha", b.alpha);
	b.seed = x->seed;
	override_kind(&b, k);
	override_args(&b, k);
	return b;
}

struct eval_source rig_source(const struct rig *r, enum part part)
{
	return (struct eval_source){.split = r->x->split,
		.part = part,
		.kind = r->kind,
		.args = &r->kind_args,
		.length = r->length,
		.with_validation = part == PART_TEST && !r->x->protocol.hide_validation};
}

struct eval_histories rig_histories(
	const struct rig *r, const int32_t *items, const int32_t *offsets, int32_t n, const int32_t *users)
{
	return (struct eval_histories){.kind = r->kind,
		.args = &r->kind_args,
		.length = r->length,
		.n = n,
		.items = items,
		.offsets = offsets,
		.users = users,
		.data = r->x->split->data};
}

/* ---- programs ---- */

/* One number per row of `query`, or per example where the batches hold none. */
static enum err_code check_rating(
	const struct experiment *x, const struct batch *signature, const struct shape *out, struct err *e)
{
	const struct field_spec *asked = &signature->spec[0];
	char text[80];
	for (int i = 1; i < signature->nfields; i++)
		if (strcmp(signature->spec[i].name, "query") == 0)
			asked = &signature->spec[i];
	if (out->axis == asked->axis && shape_width(out) == 1)
		return OK;
	return err_set(e, ERR_SHAPE, "%s:rate must return one number for each batch.%s, it returned %s", x->model,
		asked->name, shape_text(out, text, sizeof text));
}

static enum err_code check_action(const struct experiment *x, const struct shape *out, struct err *e)
{
	const struct env_spec *s = &x->world->spec;
	char text[80];
	if (out->axis == AXIS_EXAMPLE && shape_width(out) == (s->slate ? s->candidates : s->vector))
		return OK;
	return err_set(e, ERR_SHAPE, "%s:act returned %s; environment %s needs [examples, %d]: %s", x->model,
		shape_text(out, text, sizeof text), x->world->env.name, s->slate ? s->candidates : s->vector,
		s->slate ? "a score of every candidate" : "the numbers of the action");
}

static enum err_code check_click(const struct experiment *x, const struct shape *out, struct err *e)
{
	char text[80];
	if (out->axis == AXIS_EXAMPLE && shape_width(out) == 1)
		return OK;
	return err_set(e, ERR_SHAPE, "%s:click must return one number for each example, it returned %s", x->model,
		shape_text(out, text, sizeof text));
}

enum err_code rig_trace_into(struct rig *r, const struct batch *signature, struct rig_program *p, struct err *e)
{
	struct trace *t = NULL;
	const struct experiment *x = r->x;
	p->outputs = (struct model_outputs){0};
	enum err_code rc = trace_new(signature, &t, e);
	if (rc == OK)
		rc = x->vtbl->trace(x->self, p->call, t, &p->outputs, e);
	if (rc == OK && p->outputs.n < 1)
		rc = err_set(e, ERR_SCRIPT, "%s:%s returned no value", x->model,
			p->call < MODEL_PLAYER ? call_name[p->call] : "loss");
	if (rc == OK && p->call == MODEL_CLICK)
		rc = check_click(x, trace_shape(t, p->outputs.value[0]), e);
	if (rc == OK && p->call == MODEL_RATING)
		rc = check_rating(x, signature, trace_shape(t, p->outputs.value[0]), e);
	if (rc == OK && p->call == MODEL_ACT)
		rc = check_action(x, trace_shape(t, p->outputs.value[0]), e);
	if (rc == OK)
		rc = trace_finish(t, p->mode, p->outputs.value, p->outputs.n, &p->program, e);
	trace_free(t);
	return rc;
}

static enum err_code signature_of(const struct rig *r, const struct rig_program *p, struct batch *out, struct err *e)
{
	const struct world_options *w = r->x->world;
	if (p->call == MODEL_ACT || p->call == MODEL_OBSERVE) {
		if (p->call == MODEL_ACT)
			acting_signature(&w->spec, out);
		else
			transitions_signature(&w->spec, w->values, out);
		return OK;
	}
	struct eval_source src = rig_source(r, PART_TEST);
	if (p->call == MODEL_CLICK)
		return eval_points_signature(&src, out, e);
	if (p->call == MODEL_RATING)
		eval_rating_signature(&src, out);
	else
		eval_signature(&src, p->candidates, out);
	return OK;
}

enum err_code rig_program(struct rig *r, enum model_call call, enum program_mode mode, int32_t candidates,
	int32_t examples, const struct rig_program **out, struct err *e)
{
	struct rig_program *p = NULL;
	for (int i = 0; i < r->n_other && !p; i++)
		if (r->other[i].call == call && r->other[i].mode == mode && r->other[i].candidates == candidates)
			p = &r->other[i];
	if (!p) {
		struct batch signature;
		struct rig_program made = {.call = call, .mode = mode, .candidates = candidates};
		CHECK(r->n_other < RIG_PROGRAMS_MAX, "more than %d programs of one model", RIG_PROGRAMS_MAX);
		TRY(signature_of(r, &made, &signature, e));
		TRY(rig_trace_into(r, &signature, &made, e));
		p = &r->other[r->n_other++];
		*p = made;
	}
	int64_t rows[AXIS_N] = {[AXIS_FIXED] = 1, [AXIS_EXAMPLE] = examples};
	for (int a = AXIS_EXAMPLE; a < AXIS_N && !r->x->world; a++) {
		struct eval_source src = rig_source(r, PART_TEST);
		rows[a] = examples *
			  (call == MODEL_CLICK ? eval_points_rows(&src, (enum axis)a) : eval_rows(&src, (enum axis)a));
	}
	*out = p;
	return program_reserve(r->engine, p->program, rows, e);
}

/* ---- training ---- */

static void training_signature(const struct rig *r, struct batch *out)
{
	const struct world_options *w = r->x->world;
	if (w)
		transitions_signature(&w->spec, w->values, out);
	else
		batcher_signature(r->batcher, out);
}

static bool learns(const struct rig *r)
{
	return r->plan.n_players > 0 || r->x->vtbl->has(r->x->self, MODEL_LOSS);
}

static enum err_code train_begin(struct rig *r, const struct knobset *k, struct err *e)
{
	struct batch_options o = rig_batch_options(r->x, k);
	struct batch signature;
	int64_t rows[AXIS_N];
	o.team = engine_team(r->engine);
	snprintf(r->kind, sizeof r->kind, "%s", o.kind ? o.kind : "pairs");
	r->kind_args = o.args;
	r->length = o.length > 0 ? o.length : 1;
	if (r->x->vtbl->plan)
		TRY(r->x->vtbl->plan(r->x->self, &r->plan, e));
	if (knobset_number(k, "epochs", r->x->train.epochs) <= 0 || !learns(r))
		return OK;
	if (!r->x->world)
		TRY(batcher_new(r->x->split, &o, &r->batcher, e));
	training_signature(r, &signature);
	for (int a = 0; a < AXIS_N; a++)
		rows[a] = r->batcher	      ? batcher_max_rows(r->batcher, (enum axis)a)
			  : a == AXIS_FIXED   ? 1
			  : a == AXIS_EXAMPLE ? o.batch
					      : 0;
	TRY(rig_trace_losses(r, &signature, e));
	for (int i = 0; i < r->n_losses; i++)
		TRY(program_reserve(r->engine, r->losses[i].program, rows, e));
	return OK;
}

static enum err_code rig_new(struct experiment *x, struct engine *g, struct rig **out, struct err *e)
{
	struct rig *r = mem_calloc(1, sizeof *r);
	if (!r)
		return err_set(e, ERR_NOMEM, "no memory for the model");
	r->x = x;
	r->engine = g;
	*out = r;
	return OK;
}

static enum err_code build(struct rig *r, const struct knobset *k, const struct paramset *old, bool fit, struct err *e)
{
	struct experiment *x = r->x;
	r->params = paramset_new(x->seed);
	if (!r->params)
		return err_set(e, ERR_NOMEM, "no memory for the model's parameters");
	TRY(x->vtbl->build(x->self, k, r->params, e));
	TRY(rig_targets_begin(r, true, e));
	if (old)
		paramset_carry(r->params, old, NULL);
	if (fit && x->split && x->vtbl->fit)
		TRY(x->vtbl->fit(x->self, x->split, e));
	return train_begin(r, k, e);
}

enum err_code rig_build(struct experiment *x, struct engine *g, const struct knobset *k, const struct paramset *old,
	bool fit, struct rig **out, struct err *e)
{
	struct rig *r = NULL;
	*out = NULL;
	TRY(rig_new(x, g, &r, e));
	enum err_code rc = build(r, k, old, fit, e);
	if (rc == OK)
		*out = r;
	else
		rig_free(r);
	return rc;
}

/* ---- live numbers ---- */

static enum err_code trace_again(struct rig *r, const struct rig *old, struct err *e)
{
	struct batch signature;
	memcpy(r->kind, old->kind, sizeof r->kind);
	r->kind_args = old->kind_args;
	r->length = old->length;
	r->plan = old->plan;
	if (old->n_losses) {
		training_signature(old, &signature);
		TRY(rig_trace_losses(r, &signature, e));
	}
	for (; r->n_other < old->n_other; r->n_other++) {
		const struct rig_program *was = &old->other[r->n_other];
		struct rig_program *p = &r->other[r->n_other];
		*p = (struct rig_program){.call = was->call, .mode = was->mode, .candidates = was->candidates};
		TRY(signature_of(r, p, &signature, e));
		TRY(rig_trace_into(r, &signature, p, e));
	}
	return OK;
}

static bool same_program(const struct rig_program *a, const struct rig_program *b)
{
	if (!a->program || !b->program)
		return !a->program && !b->program;
	bool same = a->outputs.n == b->outputs.n && program_same(a->program, b->program);
	for (int i = 0; same && i < a->outputs.n; i++)
		same = strcmp(a->outputs.name[i], b->outputs.name[i]) == 0;
	return same;
}

static bool same_rig(const struct rig *a, const struct rig *b)
{
	bool same = paramset_same(a->params, b->params) && a->n_losses == b->n_losses;
	for (int i = 0; same && i < a->n_losses; i++)
		same = same_program(&a->losses[i], &b->losses[i]);
	for (int i = 0; same && i < a->n_other; i++)
		same = same_program(&a->other[i], &b->other[i]);
	return same;
}

static enum err_code build_over(struct rig *r, const struct rig *old, const struct knobset *k, struct err *e)
{
	struct experiment *x = r->x;
	r->params = paramset_new(x->seed);
	if (!r->params)
		return err_set(e, ERR_NOMEM, "no memory for the model's parameters");
	paramset_adopt(r->params, old->params);
	TRY(x->vtbl->build(x->self, k, r->params, e));
	if (!paramset_same(r->params, old->params))
		return OK;
	TRY(rig_targets_begin(r, false, e));
	return trace_again(r, old, e);
}

enum err_code rig_live(const struct rig *old, const struct knobset *k, struct rig **out, struct err *e)
{
	struct rig *r = NULL;
	*out = NULL;
	if (old->x->vtbl->fit)
		return OK;
	TRY(rig_new(old->x, old->engine, &r, e));
	enum err_code rc = build_over(r, old, k, e);
	if (rc == OK && same_rig(r, old))
		*out = r;
	else
		rig_free(r);
	return rc;
}

void rig_take_live(struct rig *r, const struct rig *from)
{
	for (int i = 0; i < r->n_losses; i++)
		program_take_live(r->losses[i].program, from->losses[i].program);
	for (int i = 0; i < r->n_other; i++)
		program_take_live(r->other[i].program, from->other[i].program);
}

enum err_code rig_rebatch(const struct rig *old, const struct knobset *k, struct rig **out, struct err *e)
{
	struct rig *r = NULL;
	*out = NULL;
	TRY(rig_new(old->x, old->engine, &r, e));
	r->params = old->params; /* borrowed */
	enum err_code rc = train_begin(r, k, e);
	r->params = NULL;
	if (rc == OK)
		*out = r;
	else
		rig_free(r);
	return rc;
}

void rig_take_params(struct rig *to, struct rig *from)
{
	CHECK(!to->params, "the rig has parameters already");
	to->params = from->params;
	from->params = NULL;
}

void rig_free(struct rig *r)
{
	if (!r)
		return;
	for (int i = 0; i < r->n_losses; i++)
		program_free(r->losses[i].program);
	for (int i = 0; i < r->n_other; i++)
		program_free(r->other[i].program);
	batcher_free(r->batcher);
	paramset_free(r->params);
	mem_free(r);
}
