/* The trainer's own knobs.
 *
 * A model may declare any of them itself (its range and default then count); what the trainer reads before each step
 * stays live either way.  The optimizer's live arguments become knobs of the same name, but `decay` is `weight_decay`,
 * and a model's structural knob of that name keeps the argument at its default. */
#include "run/experiment.h"

#include "base/mem.h"
#include "base/str.h"
#include "data/kind.h"
#include "data/sampler.h"
#include "nn/optim.h"

#include <stdio.h>
#include <string.h>

const char *experiment_knob_of(const char *optimizer_arg)
{
	return strcmp(optimizer_arg, "decay") == 0 ? "weight_decay" : optimizer_arg;
}

/* What batches are made by is read by the model too: both anew. */
static void not_live(struct knob *k)
{
	if (k && k->applies == KNOB_LIVE)
		k->applies = KNOB_MODEL;
}

/* Adds the knob, or makes sure that a declared one takes effect at least as `applies` says. */
static enum err_code add(struct knobset *k, const struct knob *row, struct err *e)
{
	struct knob *have = knobset_find(k, row->name);
	if (!have)
		return knobset_add(k, row, e);
	if (row->applies == KNOB_BATCH && have->applies == KNOB_STEP)
		have->applies = KNOB_BATCH;
	if (row->applies == KNOB_BATCH)
		not_live(have);
	return OK;
}

static enum err_code add_number(struct knobset *k, const char *name, enum arg_type type, double def, double min,
	double max, enum knob_applies applies, const char *help, struct err *e)
{
	struct knob row = {.name = (char *)name,
		.help = (char *)help,
		.type = type,
		.min = min,
		.max = max,
		.applies = applies,
		.def = def < min   ? min
		       : def > max ? max
				   : def};
	return add(k, &row, e);
}

static const double UNBOUNDED = 1e30; /* a range that nobody gave */

/* A model's knob of that name steers the optimizer; one that means something else is not to do so unseen. */
static enum err_code check_meaning(
	const struct knobset *k, const char *optimizer, const struct arg_spec *a, struct err *e)
{
	const struct knob *have = knobset_find(k, experiment_knob_of(a->name));
	if (!have || have->applies != KNOB_STEP)
		return OK;
	bool low = have->min >= a->min || have->min <= -UNBOUNDED, high = have->max <= a->max || have->max >= UNBOUNDED;
	if (low && high)
		return OK;
	return err_set(e, ERR_ARG,
		"knob %s of the model is an argument of optimizer %s too (%s), %g to %g there but %g to %g here: give "
		"it another "
		"name, or this range",
		have->name, optimizer, a->help, a->min, a->max, have->min, have->max);
}

static enum err_code add_optimizer(struct knobset *k, const char *optimizer, struct err *e)
{
	const struct desc *d = registry_need(&optim_registry, optimizer, e);
	if (!d)
		return ERR_NOTFOUND;
	for (const struct arg_spec *a = d->args; a && a->name; a++) {
		if (!(a->flags & ARG_LIVE) || a->type == ARG_STRING || a->type == ARG_CHOICE)
			continue;
		TRY(check_meaning(k, optimizer, a, e));
		/* zero has no place on a logarithmic scale */
		double min = a->type == ARG_LOG && a->min <= 0 ? 1e-9 : a->min;
		TRY(add_number(k, experiment_knob_of(a->name), a->type, a->def, min, a->type == ARG_BOOL ? 1 : a->max,
			KNOB_STEP, a->help, e));
	}
	return OK;
}

/* "uniform|popularity|..." */
static void sampler_choices(struct str *s)
{
	for (size_t i = 0; i < sampler_registry.n; i++)
		str_printf(s, "%s%s", i ? "|" : "", sampler_registry.rows[i]->name);
}

static enum err_code add_sampler(struct knobset *k, const struct batch_options *b, struct err *e)
{
	struct str choices = {0};
	sampler_choices(&choices);
	struct knob row = {.name = (char *)"sampler",
		.help = (char *)"how training negatives are drawn",
		.choices = (char *)str_text(&choices),
		.type = ARG_CHOICE,
		.applies = KNOB_BATCH,
		.def_text = (char *)(b->sampler && *b->sampler ? b->sampler : "unseen")};
	enum err_code rc =
		choices.failed ? err_set(e, ERR_NOMEM, "no memory for the samplers' names") : add(k, &row, e);
	str_free(&choices);
	if (rc == OK)
		rc = add_number(k, "alpha", ARG_REAL, b->alpha, 0, 10, KNOB_BATCH,
			"sampler popularity: an item is drawn in proportion to popularity^alpha", e);
	return rc;
}

static enum err_code add_batch(struct knobset *k, const struct batch_options *b, struct err *e)
{
	struct err unknown;
	const struct kind_class *kind = kind_need(b->kind, &unknown);
	unsigned flags = kind ? kind->flags : KIND_NEGATIVES;
	for (size_t i = 0; kind && i < arg_count(&kind->desc); i++)
		not_live(knobset_find(k, kind->desc.args[i].name));
	TRY(add_number(k, "batch", ARG_INT, b->batch, 1, 1 << 22, KNOB_BATCH, "examples per step", e));
	if (flags & KIND_LENGTH)
		TRY(add_number(k, "length", ARG_INT, b->length, 1, 1 << 16, KNOB_BATCH,
			"items of a history that are seen", e));
	if (!(flags & KIND_NEGATIVES))
		return OK;
	TRY(add_number(
		k, "negatives", ARG_INT, b->negatives, 0, 1 << 16, KNOB_BATCH, "sampled negatives per positive", e));
	return b->negatives > 0 ? add_sampler(k, b, e) : OK;
}

static enum err_code add_world(struct knobset *k, const struct world_options *w, struct err *e)
{
	TRY(add_number(k, "gamma", ARG_REAL, 0.95, 0, 1, KNOB_STEP, "discount of later rewards", e));
	TRY(add_number(k, "reward_scale", ARG_LOG, 1, 1e-6, 1e6, KNOB_STEP,
		"what rewards are multiplied by in training batches", e));
	TRY(add_number(
		k, "collect", ARG_INT, 1, 0, 1 << 20, KNOB_STEP, "steps of all users each time the agent acts", e));
	TRY(add_number(k, "updates", ARG_INT, 1, 1, 1 << 20, KNOB_STEP, "rounds of training between two times", e));
	if (w->policy == POLICY_VECTOR)
		return add_number(
			k, "noise", ARG_REAL, 0.1, 0, 10, KNOB_STEP, "deviation of what is added to actions", e);
	TRY(add_number(k, "epsilon", ARG_REAL, 0.1, 0, 1, KNOB_STEP, "share of random actions", e));
	TRY(add_number(
		k, "epsilon_steps", ARG_INT, 0, 0, 1e9, KNOB_STEP, "steps over which epsilon comes down from 1", e));
	return w->policy != POLICY_SAMPLE ? OK
					  : add_number(k, "temperature", ARG_REAL, 1, 1e-3, 1e3, KNOB_STEP,
						    "logits are divided by it when actions are drawn", e);
}

enum err_code experiment_add_knobs(struct experiment *x, struct err *e)
{
	struct train_options *t = &x->train;
	TRY(add_number(&x->knobs, "epochs", ARG_INT, t->epochs, 0, 1e9, KNOB_STEP, "passes over the training data", e));
	TRY(add_number(&x->knobs, "patience", ARG_INT, t->patience, 0, 1e9, KNOB_STEP,
		"evaluations without improvement before stopping; 0: never stop early", e));
	if (t->epochs == 0)
		return OK;
	if (x->world)
		TRY(add_world(&x->knobs, x->world, e));
	if (!*t->optimizer)
		return OK;
	TRY(add_optimizer(&x->knobs, t->optimizer, e));
	TRY(add_number(&x->knobs, "clip", ARG_REAL, t->clip, 0, 1e9, KNOB_STEP,
		"bound on the global norm of the gradients; 0: none", e));
	TRY(add_number(&x->knobs, "plateau", ARG_INT, 0, 0, 1e9, KNOB_STEP,
		"evaluations without improvement after which the rate is cut; 0: never", e));
	TRY(add_number(
		&x->knobs, "plateau_cut", ARG_REAL, 0.1, 0, 1, KNOB_STEP, "what such a cut multiplies lr by", e));
	TRY(add_number(&x->knobs, "average", ARG_REAL, 0, 0, 0.999999, KNOB_STEP,
		"what a step leaves of the running mean of the weights; evaluations and checkpoints take the mean; 0: "
		"none",
		e));
	return x->world ? add_number(&x->knobs, "batch", ARG_INT, t->batch.batch, 1, 1 << 22, KNOB_BATCH,
				  "transitions per step", e)
			: add_batch(&x->knobs, &t->batch, e);
}

int32_t experiment_users(const struct experiment *x)
{
	return x->world ? x->world->eval_users : x->split->data->n_users;
}

static void world_free(struct world_options *w)
{
	if (!w)
		return;
	dataset_unref(w->env.data);
	for (int i = 0; i < ARGS_MAX; i++)
		mem_free((char *)w->env.args.text[i]);
	mem_free(w);
}

void experiment_free(struct experiment *x)
{
	if (!x)
		return;
	if (x->vtbl && x->vtbl->free)
		x->vtbl->free(x->self);
	knobset_free(&x->knobs);
	split_unref(x->split);
	world_free(x->world);
	mem_free(x->help);
	mem_free(x->source);
	mem_free(x);
}
