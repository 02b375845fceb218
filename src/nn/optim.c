/* The driver of all optimizers: arguments, state by parameter, and one parallel walk over the gradients of a step.
 *
 * reduce_each (graph/reduce.h) hands out disjoint blocks; each is updated in place by the thread that summed it, so the
 * gradient is still in its cache.  A parameter's position in the program is looked up once per step, in `slot`. */
#include "nn/optim.h"

#include "base/mem.h"
#include "nn/optim_rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPTIM(name) extern const struct optim_class optim_##name;
#include "nn/optims.def"
#undef OPTIM

static const struct desc *const rows[] = {
#define OPTIM(name) &optim_##name.desc,
#include "nn/optims.def"
#undef OPTIM
};

const struct registry optim_registry = {"optimizer", rows, sizeof rows / sizeof rows[0]};

struct slot {
	struct param *param;
	real *state[OPTIM_STATES_MAX];
};

struct optim {
	const struct optim_class *class;
	struct args args;
	int64_t steps[OPTIM_CLOCKS];
	int clock;
	struct slot *slot;
	size_t n;
	struct slot **of_program; /* [cap]: slot of the program's k-th parameter, during a step */
	size_t cap;
};

enum err_code optim_new(const char *name, struct optim **out, struct err *e)
{
	const struct desc *d = registry_need(&optim_registry, name, e);
	if (!d)
		return ERR_NOTFOUND;
	struct optim *o = mem_calloc(1, sizeof *o);
	if (!o)
		return err_set(e, ERR_NOMEM, "no memory for an optimizer");
	o->class = (const struct optim_class *)d;
	args_default(d, &o->args);
	*out = o;
	return OK;
}

static void slots_free(struct slot *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		param_unref(s[i].param);
		for (int k = 0; k < OPTIM_STATES_MAX; k++)
			mem_aligned_free(s[i].state[k]);
	}
	mem_free(s);
}

void optim_free(struct optim *o)
{
	if (!o)
		return;
	slots_free(o->slot, o->n);
	mem_free(o->of_program);
	mem_free(o);
}

const struct optim_class *optim_class_of(const struct optim *o)
{
	return o->class;
}

enum err_code optim_set(struct optim *o, const char *arg, double v, struct err *e)
{
	return args_set_number(&o->class->desc, &o->args, arg, v, e);
}

double optim_get(const struct optim *o, const char *arg)
{
	int i = arg_index(&o->class->desc, arg);
	return i < 0 ? (double)NAN : o->args.num[i];
}

/* ---- state ---- */

static struct slot *slot_by_name(const struct optim *o, const char *name)
{
	for (size_t i = 0; i < o->n; i++)
		if (strcmp(o->slot[i].param->name, name) == 0)
			return &o->slot[i];
	return NULL;
}

static enum err_code slot_init(const struct optim *o, struct slot *s, struct param *p, struct err *e)
{
	s->param = param_ref(p);
	for (int k = 0; k < o->class->states; k++) {
		s->state[k] = mem_aligned((size_t)p->n * sizeof(real));
		if (!s->state[k])
			return err_set(e, ERR_NOMEM, "no memory for the optimizer's state of '%s' (%lld numbers)",
				p->name, (long long)p->n);
		struct slot *old = slot_by_name(o, p->name);
		if (old && shape_same(&old->param->shape, &p->shape))
			memcpy(s->state[k], old->state[k], (size_t)p->n * sizeof(real));
	}
	return OK;
}

enum err_code optim_bind(struct optim *o, const struct paramset *s, struct err *e)
{
	size_t count = paramset_count(s), n = 0;
	struct slot *fresh = mem_calloc(count, sizeof *fresh);
	enum err_code rc = OK;
	if (!fresh)
		return err_set(e, ERR_NOMEM, "no memory for an optimizer of %zu parameters", count);
	for (size_t i = 0; i < count && rc == OK; i++)
		if (paramset_get(s, i)->trainable)
			rc = slot_init(o, &fresh[n++], paramset_get(s, i), e);
	if (rc != OK) {
		slots_free(fresh, n);
		return rc;
	}
	slots_free(o->slot, o->n);
	o->slot = fresh;
	o->n = n;
	return OK;
}

int64_t optim_steps(const struct optim *o)
{
	int64_t n = 0;
	for (int k = 0; k < OPTIM_CLOCKS; k++)
		n += o->steps[k];
	return n;
}

void optim_clock(struct optim *o, int clock)
{
	CHECK(clock >= 0 && clock < OPTIM_CLOCKS, "clock %d of an optimizer", clock);
	o->clock = clock;
}

char *optim_steps_text(const struct optim *o, char *buf, size_t size)
{
	int last = 0;
	size_t at = 0;
	for (int k = 1; k < OPTIM_CLOCKS; k++)
		last = o->steps[k] ? k : last;
	for (int k = 0; k <= last && at < size; k++)
		at += (size_t)snprintf(buf + at, size - at, "%s%lld", k ? "," : "", (long long)o->steps[k]);
	return buf;
}

void optim_set_steps(struct optim *o, const char *text)
{
	for (int k = 0; k < OPTIM_CLOCKS; k++) {
		char *end;
		o->steps[k] = strtoll(text, &end, 10);
		text = *end == ',' ? end + 1 : "0";
	}
}

void optim_each_state(
	struct optim *o, void (*f)(void *ctx, const char *param, int k, real *state, int64_t n), void *ctx)
{
	for (size_t i = 0; i < o->n; i++)
		for (int k = 0; k < o->class->states; k++)
			f(ctx, o->slot[i].param->name, k, o->slot[i].state[k], o->slot[i].param->n);
}

/* ---- the step ---- */

struct walk {
	const struct optim *o;
	struct optim_step step;
	bool decay_bias;
};

static void update_dense(
	const struct optim_class *c, const struct optim_step *s, const struct slot *t, const struct grad_block *b)
{
	real *part[OPTIM_STATES_MAX] = {NULL};
	for (int k = 0; k < c->states; k++)
		part[k] = t->state[k] + b->first;
	c->update(s, t->param->value + b->first, b->g, part, b->count);
}

static void update_block(void *ctx, int worker, const struct grad_block *b)
{
	const struct walk *w = ctx;
	const struct slot *t = w->o->of_program[b->index];
	struct optim_step s = w->step;
	if (t->param->shape.ndim <= 1 && !w->decay_bias)
		s.decay = 0;
	if (b->rows)
		optim_update_rows(w->o->class, &s, t->param->value, t->state, t->param->width, b->rows, b->count);
	else
		update_dense(w->o->class, &s, t, b);
}

static struct slot *slot_of(const struct optim *o, const struct param *p, size_t guess)
{
	if (guess < o->n && o->slot[guess].param == p)
		return &o->slot[guess];
	for (size_t i = 0; i < o->n; i++)
		if (o->slot[i].param == p)
			return &o->slot[i];
	return NULL;
}

static enum err_code find_slots(struct optim *o, const struct program *p, struct err *e)
{
	struct param *const *params;
	size_t n = (size_t)program_params(p, &params);
	if (!mem_grow(&o->of_program, &o->cap, n, sizeof(struct slot *)))
		return err_set(e, ERR_NOMEM, "no memory for the optimizer's map of %zu parameters", n);
	for (size_t i = 0; i < n; i++) {
		o->of_program[i] = slot_of(o, params[i], i);
		if (!o->of_program[i] && params[i]->trainable && !params[i]->frozen)
			return err_set(e, ERR_STATE,
				"the program trains '%s', which the optimizer was not given; bind it to the model's "
				"parameters",
				params[i]->name);
	}
	return OK;
}

static enum err_code clip_factor(
	struct engine *g, struct program *p, double max_norm, double *norm, double *clip, struct err *e)
{
	*clip = 1;
	if (max_norm <= 0 && !norm)
		return OK;
	double x = reduce_norm(g, p);
	if (norm)
		*norm = x;
	if (!isfinite(x))
		return err_set(
			e, ERR_NUMERIC, "the norm of the gradients is %g; lower the learning rate or clip earlier", x);
	if (max_norm > 0 && x > max_norm)
		*clip = max_norm / x;
	return OK;
}

enum err_code optim_step(
	struct optim *o, struct engine *g, struct program *p, double lr, double max_norm, double *norm, struct err *e)
{
	struct walk w = {o, {.t = o->steps[o->clock] + 1, .lr = lr, .decay = optim_get(o, "decay"), .args = &o->args}};
	TRY(find_slots(o, p, e));
	TRY(clip_factor(g, p, max_norm, norm, &w.step.clip, e));
	w.decay_bias = optim_get(o, "decay_bias") != 0;
	if (o->class->begin)
		o->class->begin(&w.step);
	reduce_each(g, p, optim_get(o, "lazy") == 0, update_block, &w);
	o->steps[o->clock]++;
	return OK;
}
