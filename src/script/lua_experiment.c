/* g.experiment { ... }, read into the struct that the runner trains: names, data or environment, and the model.  Knobs, protocol
 * and training have files of their own. */
#include "script/lua_experiment.h"

#include "data/kind.h"
#include "script/lua_data.h"
#include "script/lua_env.h"

#include <string.h>

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

static void set_options(lua_State *L, struct experiment *x, const struct script_options *o)
{
	struct err e;
	for (size_t i = 0; i < o->n_set; i++) {
		struct knob *k = knobset_need(&x->knobs, o->set[i].name, &e);
		if (!k)
			script_raise_plain(L, &e);
		else
			script_check(L, knob_set_text(k, o->set[i].value, &e), &e);
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
	train_read_name(L, lua_gettop(L), "batch", kind, sizeof(kind));
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
	script_check(L, split_add_fields(s, fields, &e), &e);
}

static void read_data(lua_State *L, int idx, struct model *m, const struct script_options *o)
{
	struct split_options so;
	lua_getfield(L, idx, "protocol");
	protocol_read(L, lua_gettop(L), m->x->seed, has_env(L, idx), &m->x->protocol, &so);
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
	script_check(L, split_new(box->data, &so, &m->x->split, &e), &e);
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
	train_read(L, train, m, learns || has_method(L, class, "act"));
	if (!learns)
		*x->train.optimizer = '\0';
	experiment_read_knobs(L, class, &x->knobs);
	script_check(L, experiment_add_knobs(x, &e), &e);
	train_set_knobs(L, train, x->train.optimizer, &x->knobs);
	plan_read(L, train, m);
	lua_getfield(L, idx, "knobs");
	experiment_set_knobs(L, -1, "g.experiment: knobs", &x->knobs);
	set_options(L, x, o);
	lua_settop(L, top);
}
