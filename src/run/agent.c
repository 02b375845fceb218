#include "run/agent.h"

#include "base/mem.h"

#include <stdio.h>

struct agent {
	const struct experiment *x;
	struct collector *collector;
	struct buffer_room *room, *last; /* for training; for the transitions of one interaction */
	int32_t batch;			 /* of room */
};

enum { WAIT_MAX = 1000000 };

static double knob(const struct agent *a, const char *name, double otherwise)
{
	return knobset_number(&a->x->knobs, name, otherwise);
}

static struct reading reading(const struct agent *a)
{
	return (struct reading){knob(a, "gamma", 0.95), knob(a, "reward_scale", 1)};
}

static enum err_code open_agent(struct agent *a, struct err *e)
{
	const struct world_options *w = a->x->world;
	struct collector_options o = {.env = w->env, .buffer = {.frames = w->capacity, .values = w->values}};
	o.env.seed = a->x->seed;
	TRY(collector_new(&o, &a->collector, e));
	return buffer_room_new(collector_buffer(a->collector), w->env.users, &a->last, e);
}

enum err_code agent_new(const struct experiment *x, struct agent **out, struct err *e)
{
	struct agent *a = mem_calloc(1, sizeof *a);
	*out = NULL;
	if (!a)
		return err_set(e, ERR_NOMEM, "no memory for an agent");
	a->x = x;
	enum err_code rc = open_agent(a, e);
	if (rc == OK)
		*out = a;
	else
		agent_free(a);
	return rc;
}

void agent_free(struct agent *a)
{
	if (!a)
		return;
	buffer_room_free(a->room);
	buffer_room_free(a->last);
	collector_free(a->collector);
	mem_free(a);
}

/* ---- acting ---- */

struct policy agent_greedy(const struct experiment *x)
{
	return (struct policy){
		.kind = x->world->policy == POLICY_SAMPLE ? POLICY_RANK : x->world->policy, .temperature = 1};
}

static struct policy exploring(const struct agent *a, int64_t step)
{
	double end = knob(a, "epsilon", 0), over = knob(a, "epsilon_steps", 0);
	return (struct policy){.kind = a->x->world->policy,
		.epsilon = step < over ? 1 + (end - 1) * (double)step / over : end,
		.temperature = knob(a, "temperature", 1),
		.noise = knob(a, "noise", 0)};
}

/* The parameter NAME_low keeps what rounding takes from the running sums of NAME (Kahan 1965); NULL: there is none. */
static struct param *sums_low(const struct paramset *s, const char *name)
{
	char low[PARAM_NAME_MAX + 8];
	snprintf(low, sizeof low, "%s_low", name);
	struct param *p = paramset_find(s, low);
	return p && !p->trainable ? p : NULL;
}

static void add_sums(struct param *to, struct param *low, const real *v)
{
	for (int64_t i = 0; i < to->n; i++) {
		real y = v[i] + (low && low->n == to->n ? low->value[i] : 0), sum = to->value[i] + y;
		if (low && low->n == to->n)
			low->value[i] = y - (sum - to->value[i]);
		to->value[i] = sum;
	}
}

/* Adds what observe(batch) makes of the last transitions to the parameters of the outputs' names. */
static enum err_code observe(struct agent *a, struct rig *r, struct err *e)
{
	const struct rig_program *p;
	struct batch b;
	if (!r->x->vtbl->has(r->x->self, MODEL_OBSERVE))
		return OK;
	TRY(rig_program(r, MODEL_OBSERVE, PROGRAM_KEEP, 0, a->x->world->env.users, &p, e));
	buffer_last(collector_buffer(a->collector), a->last, reading(a), &b);
	b.seed = a->x->seed;
	b.step = (uint64_t)buffer_frames(collector_buffer(a->collector));
	TRY(program_look(r->engine, p->program, &b, e));
	for (int k = 0; k < p->outputs.n; k++) {
		struct operand out;
		struct param *to = paramset_find(r->params, p->outputs.name[k]);
		program_output(p->program, k, &out);
		if (!to || to->trainable || !shape_same(&to->shape, &out.shape))
			return err_set(e, ERR_SCRIPT,
				"observe: '%s' must be the name of a parameter with trainable = false and of the "
				"result's shape",
				p->outputs.name[k]);
		add_sums(to, sums_low(r->params, to->name), out.v);
	}
	return OK;
}

static enum err_code interact(struct agent *a, struct rig *r, int64_t step, bool random, struct err *e)
{
	const struct rig_program *act = NULL;
	struct policy policy = exploring(a, step);
	if (!random)
		TRY(rig_program(r, MODEL_ACT, PROGRAM_INFER, 0, a->x->world->env.users, &act, e));
	TRY(collector_interact(
		a->collector, r->engine, act ? act->program : NULL, &policy, a->x->seed, knob(a, "gamma", 0.95), e));
	return observe(a, r, e);
}

/* Random frames to begin with, and as many more as it takes until something can be drawn. */
static enum err_code warm_up(struct agent *a, struct rig *r, int64_t step, struct err *e)
{
	struct buffer *b = collector_buffer(a->collector);
	while (buffer_frames(b) < a->x->world->warmup)
		TRY(interact(a, r, step, true, e));
	for (int i = 0; !buffer_ready(b); i++) {
		if (i >= WAIT_MAX)
			return err_set(
				e, ERR_STATE, "no episode ended within %d steps: returns cannot be learned", WAIT_MAX);
		TRY(interact(a, r, step, false, e));
	}
	return OK;
}

/* ---- batches ---- */

static enum err_code make_room(struct agent *a, int32_t batch, struct err *e)
{
	if (a->batch == batch)
		return OK;
	buffer_room_free(a->room);
	a->room = NULL;
	a->batch = 0;
	TRY(buffer_room_new(collector_buffer(a->collector), batch, &a->room, e));
	a->batch = batch;
	return OK;
}

enum err_code agent_batch(struct agent *a, struct rig *r, int64_t step, int64_t turns, struct batch *out, struct err *e)
{
	int64_t updates = (int64_t)knob(a, "updates", 1), collect = (int64_t)knob(a, "collect", 1);
	bool first = buffer_frames(collector_buffer(a->collector)) == 0;
	if (first)
		TRY(warm_up(a, r, step, e));
	if (step % (turns * (updates > 0 ? updates : 1)) == 0)
		for (int64_t i = 0; i < collect; i++)
			TRY(interact(a, r, step, false, e));
	TRY(warm_up(a, r, step, e));
	if (!r->n_losses) {
		*out = (struct batch){.examples = a->x->world->env.users};
		return OK;
	}
	TRY(make_room(a, (int32_t)knob(a, "batch", a->x->train.batch.batch), e));
	buffer_draw(collector_buffer(a->collector), a->room, a->batch, a->x->seed, (uint64_t)step, reading(a), out);
	return OK;
}

struct episodes agent_ended(struct agent *a)
{
	return collector_ended(a->collector);
}

int agent_blocks(struct agent *a, struct checkpoint_block *out)
{
	struct env_block block[COLLECTOR_BLOCKS_MAX];
	int n = collector_blocks(a->collector, block);
	for (int i = 0; i < n; i++) {
		snprintf(out[i].name, sizeof out[i].name, "agent/%.31s", block[i].name);
		out[i].data = block[i].data;
		out[i].bytes = block[i].bytes;
	}
	return n;
}
