#include "script/lua_experiment.h"

#include "data/kind.h"
#include "data/sampler.h"
#include "nn/optim.h"
#include "nn/schedule.h"
#include "script/lua_data.h"
#include "script/lua_env.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void check(lua_State *L, enum err_code code, const struct err *e)
{
	if (code != OK)
		script_raise_plain(L, e);
}

void experiment_run_text(lua_State *L, const char *text, size_t len, const char *name)
{
	sandbox_load_text(L, text, len, name);
	lua_call(L, 0, 1);
	lua_getglobal(L, "require");
	lua_pushliteral(L, "gusto.experiment");
	lua_call(L, 1, 1);
	lua_getfield(L, -1, "is");
	lua_pushvalue(L, -3);
	lua_call(L, 1, 1);
	if (!lua_toboolean(L, -1)) {
		struct err e;
		err_set(&e, ERR_SCRIPT, "%s: an experiment ends with `return g.experiment { ... }`, this returned %s",
			name, luaL_typename(L, -3));
		script_raise_plain(L, &e);
	}
	lua_pop(L, 2);
}

/* ---- knobs ---- */

static enum arg_type knob_type(const char *name)
{
	return strcmp(name, "int") == 0	     ? ARG_INT
	       : strcmp(name, "real") == 0   ? ARG_REAL
	       : strcmp(name, "log") == 0    ? ARG_LOG
	       : strcmp(name, "bool") == 0   ? ARG_BOOL
	       : strcmp(name, "choice") == 0 ? ARG_CHOICE
					     : ARG_STRING;
}

static const char *text_field(lua_State *L, int t, const char *key)
{
	lua_getfield(L, t, key);
	const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
	lua_pop(L, 1); /* the table keeps it alive */
	return text;
}

static double number_field(lua_State *L, int t, const char *key)
{
	lua_getfield(L, t, key);
	double v = lua_isboolean(L, -1) ? lua_toboolean(L, -1) : lua_tonumber(L, -1);
	lua_pop(L, 1);
	return v;
}

/* One { name = ..., knob = ... } of gusto.knob's sorted list at idx. */
static void read_knob(lua_State *L, int idx, int applies_fn, struct knobset *k)
{
	const char *name = text_field(L, idx, "name");
	lua_getfield(L, idx, "knob");
	int t = lua_gettop(L);
	lua_pushvalue(L, applies_fn);
	lua_pushstring(L, name);
	lua_pushvalue(L, t);
	lua_call(L, 2, 1);
	const char *applies = lua_tostring(L, -1), *type = text_field(L, t, "type");
	if (!name || !type || !applies) {
		script_fail(L, "a knob's declaration is broken");
		return;
	}
	struct knob row = {.name = (char *)name,
		.help = (char *)text_field(L, t, "help"),
		.choices = (char *)text_field(L, t, "choices"),
		.type = knob_type(type),
		.min = number_field(L, t, "min"),
		.max = number_field(L, t, "max"),
		.applies = strcmp(applies, "step") == 0	   ? KNOB_STEP
			   : strcmp(applies, "batch") == 0 ? KNOB_BATCH
			   : strcmp(applies, "live") == 0  ? KNOB_LIVE
							   : KNOB_MODEL};
	if (row.type == ARG_CHOICE)
		row.def_text = (char *)text_field(L, t, "default");
	else
		row.def = number_field(L, t, "default");
	struct err e;
	check(L, knobset_add(k, &row, &e), &e);
	lua_settop(L, t - 1);
}

void experiment_read_knobs(lua_State *L, int class, struct knobset *k)
{
	int top = lua_gettop(L);
	class = lua_absindex(L, class);
	lua_getglobal(L, "require");
	lua_pushliteral(L, "gusto.knob");
	lua_call(L, 1, 1);
	lua_getfield(L, -1, "applies");
	int applies = lua_gettop(L);
	lua_getfield(L, -2, "sorted");
	lua_getfield(L, class, "knobs");
	lua_call(L, 1, 1);
	int list = lua_gettop(L);
	lua_Integer n = (lua_Integer)lua_rawlen(L, list);
	for (lua_Integer i = 1; i <= n; i++) {
		lua_rawgeti(L, list, i);
		read_knob(L, lua_gettop(L), applies, k);
		lua_pop(L, 1);
	}
	lua_settop(L, top);
}

/* Sets the knob from the Lua value on top of the stack. */
static void set_knob(lua_State *L, const char *what, struct knob *k)
{
	char text[64];
	const char *value = text;
	struct err e;
	switch (lua_type(L, -1)) {
	case LUA_TBOOLEAN:
		value = lua_toboolean(L, -1) ? "true" : "false";
		break;
	case LUA_TNUMBER:
		snprintf(text, sizeof(text), "%.17g", lua_tonumber(L, -1));
		break;
	case LUA_TSTRING:
		value = lua_tostring(L, -1);
		break;
	default:
		script_fail(L, "%s: knob %s must be a number, text or true/false, got %s", what, k->name,
			luaL_typename(L, -1));
	}
	if (knob_set_text(k, value, &e) != OK) {
		err_prefix(&e, "%s", what);
		script_raise_plain(L, &e);
	}
}

void experiment_set_knobs(lua_State *L, int idx, const char *what, struct knobset *k)
{
	if (!lua_istable(L, idx))
		return;
	idx = lua_absindex(L, idx);
	lua_pushnil(L);
	while (lua_next(L, idx)) {
		struct err e;
		if (lua_type(L, -2) != LUA_TSTRING)
			script_fail(L, "%s: knobs are { name = value }", what);
		struct knob *row = knobset_need(k, lua_tostring(L, -2), &e);
		if (!row) {
			err_prefix(&e, "%s", what);
			script_raise_plain(L, &e);
			return;
		}
		set_knob(L, what, row);
		lua_pop(L, 1);
	}
}

/* ---- protocol ---- */

static void read_metrics(lua_State *L, int t, bool in_world, struct protocol *p)
{
	static const char *const ranking[] = {"ndcg@10", "hr@10"}, *const episodes[] = {"return"};
	const char *const *usual = in_world ? episodes : ranking;
	struct err e;
	if (lua_getfield(L, t, "metrics") != LUA_TTABLE) {
		for (int i = 0; i < (in_world ? 1 : 2); i++)
			check(L, metric_parse(usual[i], &p->metric[p->n_metrics++], &e), &e);
		lua_pop(L, 1);
		return;
	}
	lua_Integer n = (lua_Integer)lua_rawlen(L, -1);
	if (n < 1 || n > (lua_Integer)(sizeof(p->metric) / sizeof(p->metric[0])))
		script_fail(L, "g.protocol: metrics lists 1 to 16 names like \"ndcg@10\", got %lld", (long long)n);
	for (lua_Integer i = 1; i <= n; i++) {
		lua_rawgeti(L, -1, i);
		if (lua_type(L, -1) != LUA_TSTRING)
			script_fail(L, "g.protocol: metrics are names like \"ndcg@10\", got %s", luaL_typename(L, -1));
		check(L, metric_parse(lua_tostring(L, -1), &p->metric[p->n_metrics++], &e), &e);
		lua_pop(L, 1);
	}
	lua_pop(L, 1);
}

static void need_choice(lua_State *L, const char *what, const char *choices, const char *text)
{
	if (arg_choice_index(choices, text) < 0)
		script_fail(L, "%s must be one of %s, got \"%s\"", what, choices, text);
}

/* A number, or "run": the run's own, so that `--seed 3` is another split as well. */
static uint64_t read_split_seed(lua_State *L, int t, uint64_t of_run)
{
	double seed = 1;
	char word[8] = "";
	bool named = lua_getfield(L, t, "seed") == LUA_TSTRING;
	lua_pop(L, 1);
	if (named) {
		field_text(L, t, "g.protocol", "seed", word, sizeof(word));
		need_choice(L, "g.protocol: seed, where it is no number,", "run", word);
		return of_run;
	}
	field_number(L, t, "g.protocol", "seed", &seed);
	if (!(seed >= 0 && seed < 9e15))
		script_fail(L, "g.protocol: seed must be in 0..9e15, got %g", seed);
	return (uint64_t)seed;
}

static void read_protocol(
	lua_State *L, int t, uint64_t run_seed, bool in_world, struct protocol *p, struct split_options *so)
{
	char ties[16] = "average";
	*p = (struct protocol){.split = "leave_one_out", .candidates = "full", .mask_seen = true, .n_candidates = 100};
	*so = (struct split_options){.valid = 0.1, .test = 0.1, .per_user = true};
	field_text(L, t, "g.protocol", "split", p->split, sizeof(p->split));
	field_text(L, t, "g.protocol", "candidates", p->candidates, sizeof(p->candidates));
	field_text(L, t, "g.protocol", "ties", ties, sizeof(ties));
	need_choice(L, "g.protocol: split", "leave_one_out|leave_last|given|ratio|time", p->split);
	need_choice(L, "g.protocol: candidates", "full|given|uniform|popularity", p->candidates);
	need_choice(L, "g.protocol: ties", TIE_POLICIES, ties);
	p->ties = (enum tie_policy)arg_choice_index(TIE_POLICIES, ties);
	field_int(L, t, "g.protocol", "n_candidates", 1, 1e7, &p->n_candidates);
	field_int(L, t, "g.protocol", "max_users", 0, INT32_MAX, &p->max_users);
	field_bool(L, t, "g.protocol", "mask_seen", &p->mask_seen);
	field_bool(L, t, "g.protocol", "hide_validation", &p->hide_validation);
	p->seed = so->seed = read_split_seed(L, t, run_seed);
	field_number(L, t, "g.protocol", "valid", &so->valid);
	field_number(L, t, "g.protocol", "test", &so->test);
	if (!(so->valid >= 0 && so->test >= 0 && so->valid + so->test < 1))
		script_fail(L, "g.protocol: valid + test must stay below 1, got %g + %g", so->valid, so->test);
	field_bool(L, t, "g.protocol", "per_user", &so->per_user);
	field_int(L, t, "g.protocol", "valid_users", 0, INT32_MAX, &so->valid_users);
	field_number(L, t, "g.protocol", "positive", &so->positive);
	so->kind = p->split;
	read_metrics(L, t, in_world, p);
}

/* ---- training ---- */

static const char *keep(lua_State *L, struct model *m, const char *text)
{
	const char *copy = arena_strdup(&m->text, text);
	if (!copy)
		script_no_memory(L);
	return copy;
}

/* A text, or a table { name = ..., arguments }: the name. */
static void read_name(lua_State *L, int t, const char *key, char *out, size_t size)
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

static void read_schedule(lua_State *L, int t, struct model *m)
{
	struct train_options *o = &m->x->train;
	strcpy(o->schedule, "constant");
	if (lua_getfield(L, t, "schedule") == LUA_TFUNCTION) {
		lua_setfield(L, LUA_REGISTRYINDEX, KEY_SCHEDULE);
	} else {
		lua_pop(L, 1);
		m->vtbl.lr_factor = NULL;
		read_name(L, t, "schedule", o->schedule, sizeof(o->schedule));
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
	check(L, args_complete(d, &o->schedule_args, &e), &e);
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
	read_name(L, class, "batch", name, sizeof(name));
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

static void read_train(lua_State *L, int t, struct model *m, bool learns)
{
	struct train_options *o = &m->x->train;
	strcpy(o->optimizer, "adam");
	o->epochs = learns ? 20 : 0;
	o->eval_every = 1;
	o->checkpoint_seconds = 60;
	o->test_best = true;
	snprintf(o->monitor, sizeof(o->monitor), "%s", m->x->protocol.metric[0].name);
	read_name(L, t, "optimizer", o->optimizer, sizeof(o->optimizer));
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
			set_knob(L, "train", row);
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
				set_knob(L, optimizer, row);
			}
			lua_pop(L, 1);
		}
	}
	lua_pop(L, 1);
}

/* ---- the whole ---- */

static void set_options(lua_State *L, struct experiment *x, const struct script_options *o)
{
	struct err e;
	for (size_t i = 0; i < o->n_set; i++) {
		struct knob *k = knobset_need(&x->knobs, o->set[i].name, &e);
		if (!k)
			script_raise_plain(L, &e);
		else
			check(L, knob_set_text(k, o->set[i].value, &e), &e);
	}
	struct knob *epochs = knobset_find(&x->knobs, "epochs");
	if (epochs && o->epochs >= 0)
		epochs->num = o->epochs;
	if (epochs)
		x->train.epochs = (int32_t)epochs->num;
}

static void read_names(lua_State *L, int idx, struct experiment *x)
{
	const char *slash = strrchr(x->file, '/');
	snprintf(x->name, sizeof(x->name), "%.63s", slash ? slash + 1 : x->file);
	char *dot = strrchr(x->name, '.');
	if (dot && strcmp(dot, ".lua") == 0)
		*dot = 0;
	field_text(L, idx, "g.experiment", "name", x->name, sizeof(x->name));
	x->help = field_strdup(L, idx, "g.experiment", "help");
	x->source = field_strdup(L, idx, "g.experiment", "source");
	double seed = 1;
	field_number(L, idx, "g.experiment", "seed", &seed);
	if (!(seed >= 0 && seed < 9e15))
		script_fail(L, "g.experiment: seed must be in 0..9e15, got %g", seed);
	x->seed = (uint64_t)seed;
}

static bool has_env(lua_State *L, int idx)
{
	bool has = lua_getfield(L, idx, "env") != LUA_TNIL;
	lua_pop(L, 1);
	return has;
}

static void read_world(lua_State *L, int env, int protocol, struct model *m)
{
	struct experiment *x = m->x;
	x->world = mem_calloc(1, sizeof(*x->world));
	if (!x->world)
		script_no_memory(L);
	world_read_env(L, env, x->world);
	world_read_protocol(L, protocol, x->world);
	snprintf(x->data_source, sizeof(x->data_source), "environment %s%s%s", x->world->env.name,
		x->world->env.data ? " over " : "", x->world->env.data ? x->world->env.data->name : "");
	x->causes = NULL;
}

/* g.data's fields, for a model whose batches hold them. */
static void read_fields(lua_State *L, int data, struct split *s)
{
	struct err e;
	char kind[24] = "sequence", fields[2048] = "";
	lua_getfield(L, LUA_REGISTRYINDEX, KEY_CLASS);
	read_name(L, lua_gettop(L), "batch", kind, sizeof(kind));
	lua_pop(L, 1);
	const struct kind_class *k = kind_need(kind, &e);
	if (!k || !(k->flags & KIND_FIELDS))
		return;
	if (lua_istable(L, data)) {
		lua_pushliteral(L, "fields");
		if (lua_rawget(L, data) == LUA_TSTRING && lua_rawlen(L, -1) < sizeof(fields))
			snprintf(fields, sizeof(fields), "%s", lua_tostring(L, -1));
		lua_pop(L, 1);
	}
	check(L, split_add_fields(s, fields, &e), &e);
}

static void read_data(lua_State *L, int idx, struct model *m, const struct script_options *o)
{
	struct split_options so;
	lua_getfield(L, idx, "protocol");
	read_protocol(L, lua_gettop(L), m->x->seed, has_env(L, idx), &m->x->protocol, &so);
	if (lua_getfield(L, idx, "env") != LUA_TNIL) {
		if (o->data)
			script_fail(L,
				"this experiment acts in an environment: it has no data to be replaced by \"%s\"",
				o->data);
		read_world(L, lua_gettop(L), lua_gettop(L) - 1, m);
		lua_pop(L, 2);
		return;
	}
	lua_pop(L, 1);
	lua_getfield(L, idx, "data");
	int data = lua_gettop(L);
	struct data_box *box = data_push(L, data, o->data);
	struct err e;
	check(L, split_new(box->data, &so, &m->x->split, &e), &e);
	snprintf(m->x->data_source, sizeof(m->x->data_source), "%s", box->source);
	read_fields(L, data, m->x->split);
	if (box->planted)
		m->world_options = box->world;
	else
		m->x->causes = NULL;
	lua_pop(L, 3);
}

static bool has_method(lua_State *L, int class, const char *name)
{
	bool has = lua_getfield(L, class, name) == LUA_TFUNCTION;
	lua_pop(L, 1);
	return has;
}

static bool has_players(lua_State *L, int class)
{
	bool has = lua_getfield(L, class, "players") == LUA_TTABLE;
	lua_pop(L, 1);
	return has;
}

/* What a model is for (g.model's task) must be in the data. */
static void check_task(lua_State *L, int class, const struct experiment *x)
{
	char task[24] = "";
	field_text(L, class, "g.model", "task", task, sizeof(task));
	if (strcmp(task, "rating") == 0 && !x->split->data->rating)
		script_fail(L,
			"model %s predicts ratings, but data set '%s' has none; models that need none: multvae, "
			"autoencoder, sasrec, mf",
			x->model, x->split->data->name);
}

void experiment_read(lua_State *L, int idx, struct model *m, const struct script_options *o)
{
	struct experiment *x = m->x;
	struct err e;
	int top = lua_gettop(L);
	idx = lua_absindex(L, idx);
	read_names(L, idx, x);
	if (o->has_seed)
		x->seed = o->seed;
	lua_getfield(L, idx, "model");
	int class = lua_gettop(L);
	lua_pushvalue(L, class);
	lua_setfield(L, LUA_REGISTRYINDEX, KEY_CLASS);
	field_text(L, class, "g.model", "name", x->model, sizeof(x->model));
	if (!has_method(L, class, "fit"))
		m->vtbl.fit = NULL;
	read_data(L, idx, m, o);
	check_task(L, class, x);
	if (lua_getfield(L, idx, "train") == LUA_TNIL) {
		lua_newtable(L);
		lua_replace(L, -2);
	}
	int train = lua_gettop(L);
	bool learns = has_method(L, class, "loss") || has_players(L, class);
	if (x->world) {
		world_read_model(L, class, x->world);
		world_read_train(L, train, x->world);
	}
	read_train(L, train, m, learns || has_method(L, class, "act"));
	if (!learns)
		*x->train.optimizer = '\0';
	experiment_read_knobs(L, class, &x->knobs);
	check(L, experiment_add_knobs(x, &e), &e);
	set_optimizer_knobs(L, train, x->train.optimizer, &x->knobs);
	set_train_knobs(L, train, &x->knobs);
	plan_read(L, train, m);
	lua_getfield(L, idx, "knobs");
	experiment_set_knobs(L, -1, "g.experiment: knobs", &x->knobs);
	set_options(L, x, o);
	lua_settop(L, top);
}

/* ---- script_load ---- */

struct loading {
	struct script *script;
	struct model *model;
	const char *file;
	const struct script_options *options;
};

/* Pushes the text of a file on disk, if it is there. */
static bool push_file(lua_State *L, const char *path)
{
	struct err e;
	size_t len;
	if (access(path, R_OK) != 0)
		return false;
	char *text = files_read(path, &len, &e);
	if (!text) {
		script_raise_plain(L, &e);
		return false;
	}
	lua_pushlstring(L, text, len);
	mem_free(text);
	return true;
}

static bool push_experiment_file(lua_State *L, const char *path)
{
	size_t n;
	if (push_file(L, path))
		return true;
	const struct embedded_file *f = embedded_files(&n);
	for (size_t i = 0; i < n; i++)
		if (strcmp(f[i].path, path) == 0) {
			lua_pushlstring(L, (const char *)f[i].text, (size_t)f[i].len);
			return true;
		}
	return false;
}

/* Pushes the script's text and leaves its path in `path`. */
static void find_experiment(lua_State *L, struct loading *l, char *path, size_t size)
{
	static const char *const forms[] = {"%s", "%s.lua", "experiments/%s", "experiments/%s.lua"};
	struct script *s = l->script;
	if (s->snapshot) {
		snprintf(path, size, "%s/experiment.lua", s->snapshot);
		if (push_file(L, path))
			return;
	}
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]) && l->file; i++) {
		snprintf(path, size, forms[i], l->file);
		if (push_experiment_file(L, path))
			return;
	}
	struct err e;
	err_set(&e, ERR_NOTFOUND, "there is no experiment '%s': give the path of a Lua file, or a name in experiments/",
		l->file ? l->file : "");
	script_raise_plain(L, &e);
}

static void set_folder(struct script *s, const char *path)
{
	const char *slash = strrchr(path, '/');
	snprintf(s->folder, sizeof(s->folder), "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
	if (slash == path)
		strcpy(s->folder, "/");
}

static int load_protected(lua_State *L)
{
	struct loading *l = lua_touserdata(L, 1);
	struct experiment *x = l->model->x;
	struct err e;
	find_experiment(L, l, x->file, sizeof(x->file));
	set_folder(l->script, x->file);
	size_t len;
	const char *text = lua_tolstring(L, -1, &len);
	check(L, files_keep(l->script, "experiment.lua", text, len, &e), &e);
	experiment_run_text(L, text, len, x->file);
	experiment_read(L, -1, l->model, l->options);
	model_install(L, l->model);
	return 0;
}

enum err_code script_load(const char *file, const struct script_options *given, struct experiment **out, struct err *e)
{
	struct script_options o;
	script_options_default(&o);
	if (given)
		o = *given;
	*out = NULL;
	struct script *s = NULL;
	struct experiment *x = mem_calloc(1, sizeof(*x));
	if (!x)
		return err_set(e, ERR_NOMEM, "no memory for an experiment");
	enum err_code code = script_new(&o, &s, e);
	struct model *m = code == OK ? model_new(s, x) : NULL;
	if (code == OK && !m)
		code = err_set(e, ERR_NOMEM, "no memory for a model");
	if (!m) {
		script_free(s);
		mem_free(x);
		return code;
	}
	struct loading l = {s, m, file, &o};
	code = script_call(s, load_protected, &l, 0, e);
	if (code == OK)
		*out = x;
	else
		experiment_free(x);
	return code;
}
