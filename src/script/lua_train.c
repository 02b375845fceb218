/* train = { ... }: batches, optimizer, schedule; what is no option there is a knob of the trainer. */
#include "script/lua_experiment.h"

#include "data/kind.h"
#include "data/sampler.h"
#include "nn/optim.h"
#include "nn/schedule.h"

#include <string.h>

static const char *keep(lua_State *L, struct model *m, const char *text)
{
	const char *copy = arena_strdup(&m->text, text);
	if (!copy)
		script_no_memory(L);
	return copy;
}

void train_read_name(lua_State *L, int t, const char *key, char *out, size_t size)
{
	int type = lua_getfield(L, t, key);
	if (type == LUA_TSTRING) {
		lua_pop(L, 1);
		field_text(L, t, "train", key, out, size);
		return;
	}
	if (type == LUA_TTABLE && !field_text(L, lua_gettop(L), key, "name", out, size)) {
		lua_rawgeti(L, -1, 1);
		if (lua_type(L, -1) != LUA_TSTRING || lua_rawlen(L, -1) >= size)
			script_fail(L, "train: %s needs a name: { \"%s\", ... }", key, out);
		snprintf(out, size, "%s", lua_tostring(L, -1));
		lua_pop(L, 1);
	} else if (type != LUA_TNIL && type != LUA_TTABLE) {
		script_fail(L, "train: %s must be a name or a table, got %s", key, luaL_typename(L, -1));
	}
	lua_pop(L, 1);
}

/* The arguments of such a table, without its name. */
static void read_arguments(lua_State *L, int t, const char *key, const struct desc *d, struct args *a)
{
	args_default(d, a);
	if (lua_getfield(L, t, key) == LUA_TTABLE) {
		lua_pushnil(L);
		while (lua_next(L, -2)) {
			if (lua_type(L, -2) == LUA_TSTRING && strcmp(lua_tostring(L, -2), "name") != 0)
				args_read_one(L, -1, d, a, lua_tostring(L, -2));
			lua_pop(L, 1);
		}
	}
	lua_pop(L, 1);
}

/* ---- schedule and batches ---- */

static void read_schedule(lua_State *L, int t, struct model *m)
{
	struct train_options *o = &m->x->train;
	strcpy(o->schedule, "constant");
	if (lua_getfield(L, t, "schedule") == LUA_TFUNCTION) {
		lua_setfield(L, LUA_REGISTRYINDEX, KEY_SCHEDULE);
	} else {
		lua_pop(L, 1);
		m->vtbl.lr_factor = NULL;
		train_read_name(L, t, "schedule", o->schedule, sizeof(o->schedule));
	}
	struct err e;
	const struct desc *d = registry_need(&schedule_registry, o->schedule, &e);
	if (!d) {
		script_raise_plain(L, &e);
		return;
	}
	if (m->vtbl.lr_factor)
		args_default(d, &o->schedule_args);
	else
		read_arguments(L, t, "schedule", d, &o->schedule_args);
	script_check(L, args_complete(d, &o->schedule_args, &e), &e);
	for (int i = 0; i < ARGS_MAX; i++)
		if (o->schedule_args.text[i])
			o->schedule_args.text[i] = keep(L, m, o->schedule_args.text[i]);
}

/* What an agent learns from; NULL: the name is none of them. */
static const char *agent_kind(const char *name)
{
	return strcmp(name, "transitions") == 0 ? "transitions" : strcmp(name, "returns") == 0 ? "returns" : NULL;
}

/* g.model's batch: the name of a kind, or { name, arguments of the kind }. */
static void read_kind(lua_State *L, struct batch_options *b)
{
	struct err e;
	char name[24] = "sequence";
	lua_getfield(L, LUA_REGISTRYINDEX, KEY_CLASS);
	int class = lua_gettop(L);
	train_read_name(L, class, "batch", name, sizeof(name));
	b->kind = agent_kind(name);
	if (b->kind) {
		lua_pop(L, 1);
		return;
	}
	const struct kind_class *kind = kind_need(name, &e);
	if (!kind) {
		script_raise_plain(L, &e);
		return;
	}
	b->kind = kind->desc.name;
	read_arguments(L, class, "batch", &kind->desc, &b->args);
	for (int i = 0; i < ARGS_MAX; i++)
		b->args.text[i] = NULL; /* choices are known by their index */
	lua_pop(L, 1);
}

static void read_batch(lua_State *L, int t, struct model *m)
{
	struct batch_options *b = &m->x->train.batch;
	char sampler[32] = "unseen";
	*b = (struct batch_options){.batch = 128, .negatives = 1, .length = 50, .alpha = 0.75};
	read_kind(L, b);
	field_int(L, t, "train", "batch", 1, 1 << 22, &b->batch);
	field_int(L, t, "train", "negatives", 0, 1 << 16, &b->negatives);
	field_int(L, t, "train", "length", 1, 1 << 16, &b->length);
	field_number(L, t, "train", "alpha", &b->alpha);
	field_bool(L, t, "train", "drop_last", &b->drop_last);
	field_text(L, t, "train", "sampler", sampler, sizeof(sampler));
	struct err e;
	if (!registry_need(&sampler_registry, sampler, &e))
		script_raise_plain(L, &e);
	b->sampler = keep(L, m, sampler);
	b->seed = m->x->seed;
}

/* ---- the whole ---- */

void train_read(lua_State *L, int t, struct model *m, bool learns)
{
	struct train_options *o = &m->x->train;
	strcpy(o->optimizer, "adam");
	o->epochs = learns ? 20 : 0;
	o->eval_every = 1;
	o->checkpoint_seconds = 60;
	o->test_best = true;
	snprintf(o->monitor, sizeof(o->monitor), "%s", m->x->protocol.metric[0].name);
	train_read_name(L, t, "optimizer", o->optimizer, sizeof(o->optimizer));
	struct err e;
	if (!registry_need(&optim_registry, o->optimizer, &e))
		script_raise_plain(L, &e);
	field_int(L, t, "train", "epochs", 0, 1e9, &o->epochs);
	field_int(L, t, "train", "patience", 0, 1e9, &o->patience);
	field_text(L, t, "train", "monitor", o->monitor, sizeof(o->monitor));
	field_number(L, t, "train", "eval_every", &o->eval_every);
	field_number(L, t, "train", "clip", &o->clip);
	field_number(L, t, "train", "checkpoint_seconds", &o->checkpoint_seconds);
	field_bool(L, t, "train", "test_best", &o->test_best);
	if (!(o->eval_every > 0))
		script_fail(L, "train: eval_every must be above 0 epochs, got %g", o->eval_every);
	if (!learns)
		o->epochs = 0;
	read_schedule(L, t, m);
	read_batch(L, t, m);
}

/* ---- knobs among the options ---- */

/* Keys of `train` that are no options are knobs of the trainer (lr, weight_decay, beta2, ...). */
static void set_train_knobs(lua_State *L, int t, struct knobset *k)
{
	static const char *const options = "optimizer|schedule|batch|negatives|length|alpha|drop_last|sampler|epochs|"
					   "patience|monitor|eval_every|clip|checkpoint_seconds|test_best|plan|"
					   "capacity|warmup|steps";
	lua_pushnil(L);
	while (lua_next(L, t)) {
		struct err e;
		if (lua_type(L, -2) != LUA_TSTRING)
			script_fail(L, "train: options are { name = value }");
		const char *name = lua_tostring(L, -2);
		struct knob *row = knobset_find(k, name);
		if (!row && arg_choice_index(options, name) < 0) {
			knobset_need(k, name, &e);
			script_fail(L, "train: no option '%s', and %s", name, e.text);
		}
		if (row)
			experiment_set_knob(L, "train", row);
		lua_pop(L, 1);
	}
}

/* optimizer = { "adam", beta2 = .98 }: its arguments are knobs too. */
static void set_optimizer_knobs(lua_State *L, int t, const char *optimizer, struct knobset *k)
{
	if (lua_getfield(L, t, "optimizer") == LUA_TTABLE) {
		lua_pushnil(L);
		while (lua_next(L, -2)) {
			const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "name";
			if (strcmp(name, "name") != 0) {
				struct err e;
				struct knob *row =
					knobset_need(k, strcmp(name, "decay") == 0 ? "weight_decay" : name, &e);
				if (!row) {
					err_prefix(&e, "train: optimizer %s", optimizer);
					script_raise_plain(L, &e);
					return;
				}
				experiment_set_knob(L, optimizer, row);
			}
			lua_pop(L, 1);
		}
	}
	lua_pop(L, 1);
}

void train_set_knobs(lua_State *L, int t, const char *optimizer, struct knobset *k)
{
	set_optimizer_knobs(L, t, optimizer, k);
	set_train_knobs(L, t, k);
}
