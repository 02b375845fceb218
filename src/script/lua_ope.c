/* g.ope { "dr", reward = {...}, propensity = {...}, target = {...} }: off-policy estimates by hand.
 *
 * Columns are lists of numbers of one length: reward, propensity (of the logged action under the log's policy), target (of the same
 * action under the evaluated policy), and for estimators with a model of the rewards q_action and q_policy.  What comes back:
 * { value, low, high, se, ess, max_weight, mean_weight }. */
#include "rl/ope.h"
#include "script/lua_value.h"

#include <math.h>
#include <string.h>

/* The column as numbers in a userdata that stays on the stack, or NULL; *n is set by the first and checked by the others. */
static const double *read_column(lua_State *L, const char *name, int64_t *n)
{
	if (lua_getfield(L, 1, name) == LUA_TNIL)
		return NULL;
	if (!lua_istable(L, -1))
		script_fail(L, "g.ope: %s must be a list of numbers, got %s", name, luaL_typename(L, -1));
	int list = lua_gettop(L);
	int64_t length = (int64_t)lua_rawlen(L, list);
	if (*n >= 0 && length != *n)
		script_fail(L, "g.ope: %s has %lld rows, reward has %lld", name, (long long)length, (long long)*n);
	*n = length;
	double *x = lua_newuserdatauv(L, (size_t)(length + 1) * sizeof(*x), 0);
	for (int64_t i = 0; i < length; i++) {
		if (lua_rawgeti(L, list, i + 1) != LUA_TNUMBER)
			script_fail(L, "g.ope: row %lld of %s is no number", (long long)i + 1, name);
		x[i] = lua_tonumber(L, -1);
		lua_pop(L, 1);
	}
	return x;
}

static void read_options(lua_State *L, struct ope_options *o)
{
	char name[32] = "";
	double seed = 1;
	int32_t bootstrap = 1000;
	struct err e;
	lua_rawgeti(L, 1, 1);
	if (lua_type(L, -1) == LUA_TSTRING)
		snprintf(name, sizeof(name), "%s", lua_tostring(L, -1));
	lua_pop(L, 1);
	if (ope_options_default(name, o, &e) != OK)
		script_raise(L, &e);
	field_int(L, 1, "g.ope", "bootstrap", 0, 1e6, &bootstrap);
	field_number(L, 1, "g.ope", "level", &o->level);
	field_number(L, 1, "g.ope", "seed", &seed);
	o->bootstrap = bootstrap;
	o->seed = (uint64_t)seed;
	if (!(o->level > 0 && o->level < 1))
		script_fail(L, "g.ope: level must be between 0 and 1, got %g", o->level);
	const struct desc *d = registry_find(&ope_registry, o->name);
	for (const struct arg_spec *s = d->args; s && s->name; s++) {
		if (lua_getfield(L, 1, s->name) != LUA_TNIL)
			args_read_one(L, -1, d, &o->args, s->name);
		lua_pop(L, 1);
	}
}

static void put(lua_State *L, const char *name, double v)
{
	if (isnan(v))
		return;
	lua_pushnumber(L, v);
	lua_setfield(L, -2, name);
}

static int estimate(lua_State *L)
{
	struct ope_options o;
	struct ope_result r;
	struct ope_log log = {.n = -1};
	struct err e;
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	luaL_checkstack(L, 32, "too many columns");
	read_options(L, &o);
	log.reward = read_column(L, "reward", &log.n);
	log.behaviour = read_column(L, "propensity", &log.n);
	log.target = read_column(L, "target", &log.n);
	log.q_action = read_column(L, "q_action", &log.n);
	log.q_policy = read_column(L, "q_policy", &log.n);
	if (ope_estimate(&log, &o, &r, &e) != OK)
		return script_raise(L, &e);
	lua_newtable(L);
	put(L, "value", r.value);
	put(L, "low", r.low);
	put(L, "high", r.high);
	put(L, "se", r.se);
	put(L, "ess", r.ess);
	put(L, "max_weight", r.max_weight);
	put(L, "mean_weight", r.mean_weight);
	return 1;
}

void ope_open(lua_State *L, int core)
{
	lua_pushcfunction(L, estimate);
	lua_setfield(L, core, "ope");
}
