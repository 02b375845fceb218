/* g.env { "interest_evolution", users = 64, slate = 3 }: environments, and what an experiment in one needs beside them. */
#include "script/lua_env.h"

#include "script/lua_data.h"

#include <limits.h>
#include <string.h>

/* { chain = { usage = "...", args = { "states", ... } }, ... } */
void env_open(lua_State *L, int core)
{
	lua_createtable(L, 0, (int)env_registry.n);
	for (size_t i = 0; i < env_registry.n; i++) {
		const struct desc *d = env_registry.rows[i];
		lua_createtable(L, 0, 2);
		lua_pushstring(L, d->usage);
		lua_setfield(L, -2, "usage");
		lua_newtable(L);
		for (size_t k = 0; k < arg_count(d); k++) {
			lua_pushstring(L, d->args[k].name);
			lua_rawseti(L, -2, (lua_Integer)k + 1);
		}
		lua_setfield(L, -2, "args");
		lua_setfield(L, -2, d->name);
	}
	lua_setfield(L, core, "envs");
}

/* Arguments of the class; users, history and data are the interface's own. */
static void read_args(lua_State *L, int t, const struct desc *d, struct args *a)
{
	args_default(d, a);
	for (const struct arg_spec *s = d->args; s && s->name; s++) {
		if (lua_getfield(L, t, s->name) != LUA_TNIL)
			args_read_one(L, -1, d, a, s->name);
		lua_pop(L, 1);
	}
	for (int i = 0; i < ARGS_MAX; i++)
		a->text[i] = NULL; /* choices are known by their index */
}

static void read_data(lua_State *L, int t, struct world_options *w)
{
	if (lua_getfield(L, t, "data") != LUA_TNIL) {
		struct data_box *box = data_push(L, lua_gettop(L), NULL);
		w->env.data = dataset_ref(box->data);
		lua_pop(L, 1);
	}
	lua_pop(L, 1);
}

/* Made once with one user: what it takes and shows, or why it cannot be made. */
static void probe_spec(lua_State *L, struct world_options *w)
{
	struct env_options one = w->env;
	struct env *env = NULL;
	struct err e;
	one.users = 1;
	one.threads = 1;
	if (env_new(&one, &env, &e) != OK) {
		script_raise_plain(L, &e);
		return;
	}
	w->spec = env->spec;
	w->spec.users = w->env.users;
	env_free(env);
}

void world_read_env(lua_State *L, int t, struct world_options *w)
{
	char name[48] = "";
	struct err e;
	t = lua_absindex(L, t);
	field_text(L, t, "g.env", "name", name, sizeof(name));
	const struct desc *d = registry_need(&env_registry, name, &e);
	if (!d) {
		script_raise_plain(L, &e);
		return;
	}
	w->env = (struct env_options){.name = d->name, .users = 64, .threads = 1};
	read_args(L, t, d, &w->env.args);
	field_int(L, t, "g.env", "users", 1, 1 << 20, &w->env.users);
	field_int(L, t, "g.env", "history", 0, 4096, &w->env.history);
	read_data(L, t, w);
	probe_spec(L, w);
}

/* The model's side: how it acts, and which batches it learns from. */
void world_read_model(lua_State *L, int class, struct world_options *w)
{
	char policy[16] = "", batch[24] = "";
	field_text(L, class, "g.model", "policy", policy, sizeof(policy));
	field_text(L, class, "g.model", "batch", batch, sizeof(batch));
	if (!*policy)
		snprintf(policy, sizeof(policy), "%s", w->spec.vector ? "vector" : "rank");
	int k = arg_choice_index("rank|sample|vector", policy);
	if (k < 0)
		script_fail(L, "g.model: policy must be \"rank\", \"sample\" or \"vector\", got \"%s\"", policy);
	w->policy = (enum policy_kind)k;
	if ((w->policy == POLICY_VECTOR) != (w->spec.vector > 0))
		script_fail(L, "environment %s takes %s, the model's policy is \"%s\"", w->env.name,
			w->spec.vector ? "vectors of numbers" : "slates of candidates", policy);
	w->values = strcmp(batch, "returns") == 0;
}

void world_read_train(lua_State *L, int t, struct world_options *w)
{
	w->capacity = 1000;
	w->warmup = 1;
	w->steps = 1000;
	field_int(L, t, "train", "capacity", 1, 1 << 24, &w->capacity);
	field_int(L, t, "train", "warmup", 0, 1 << 24, &w->warmup);
	field_int(L, t, "train", "steps", 1, 1 << 30, &w->steps);
}

void world_read_protocol(lua_State *L, int t, struct world_options *w)
{
	w->eval_users = 200;
	w->eval_episodes = 1;
	field_int(L, t, "g.protocol", "users", 1, 1 << 20, &w->eval_users);
	field_int(L, t, "g.protocol", "episodes", 1, 1 << 20, &w->eval_episodes);
}

void world_push(lua_State *L, const struct world_options *w)
{
	const struct env_spec *s = &w->spec;
	const struct {
		const char *name;
		int32_t value;
	} row[] = {{"users", s->users}, {"items", s->items}, {"observation", s->observation},
		{"candidates", s->candidates}, {"features", s->features}, {"slate", s->slate}, {"vector", s->vector},
		{"history", s->history}};
	lua_newtable(L);
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		lua_pushinteger(L, row[i].value);
		lua_setfield(L, -2, row[i].name);
	}
	lua_pushstring(L, w->env.name);
	lua_setfield(L, -2, "name");
}
