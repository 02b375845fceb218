/* Players and targets, as a model's class declares them:
 *
 *   players = { { "critic", params = { "critic" } }, { "actor", params = { "actor" }, times = 1 or the name of a knob } }
 *   targets = { target = "online" }        the parameters below target/ follow those below online/
 * A player's loss is the method loss_<name>. */
#include "script/lua_experiment.h"

#include <string.h>

static void read_groups(lua_State *L, int t, struct player *p)
{
	lua_getfield(L, t, "params");
	int list = lua_gettop(L);
	if (lua_isnil(L, list)) { /* its own name */
		memcpy(p->group[0], p->name, sizeof(p->name));
		p->n_groups = 1;
	} else if (lua_type(L, list) == LUA_TSTRING) {
		field_text(L, t, "players", "params", p->group[0], sizeof(p->group[0]));
		p->n_groups = 1;
	}
	lua_Integer n = lua_istable(L, list) ? (lua_Integer)lua_rawlen(L, list) : 0;
	if (n > GROUPS_MAX)
		script_fail(L, "player %s: at most %d groups of parameters", p->name, GROUPS_MAX);
	for (lua_Integer i = 1; i <= n; i++) {
		lua_rawgeti(L, list, i);
		const char *name = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
		if (!name || strlen(name) >= sizeof(p->group[0]))
			script_fail(L, "player %s: params lists names of layers", p->name);
		snprintf(p->group[p->n_groups++], sizeof(p->group[0]), "%s", name);
		lua_pop(L, 1);
	}
	lua_pop(L, 1);
}

static void read_player(lua_State *L, int t, struct player *p)
{
	*p = (struct player){.times = 1};
	if (!lua_istable(L, t))
		script_fail(L, "players: each is { \"name\", params = { ... }, times = 1 }");
	lua_rawgeti(L, t, 1);
	const char *name = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
	if (!name || !*name || strlen(name) >= sizeof(p->name))
		script_fail(L, "players: each needs a short name first: { \"critic\", ... }");
	snprintf(p->name, sizeof(p->name), "%s", name);
	lua_pop(L, 1);
	read_groups(L, t, p);
	if (lua_getfield(L, t, "times") == LUA_TSTRING)
		field_text(L, t, "players", "times", p->times_knob, sizeof(p->times_knob));
	else
		field_int(L, t, "players", "times", 0, 1 << 20, &p->times);
	lua_pop(L, 1);
}

static void read_list(lua_State *L, int class, struct model_plan *out)
{
	lua_getfield(L, class, "players");
	lua_Integer n = lua_istable(L, -1) ? (lua_Integer)lua_rawlen(L, -1) : 0;
	if (n > PLAYERS_MAX)
		script_fail(L, "players: at most %d, got %lld", PLAYERS_MAX, (long long)n);
	for (lua_Integer i = 1; i <= n; i++) {
		lua_rawgeti(L, -1, i);
		read_player(L, lua_gettop(L), &out->player[out->n_players++]);
		lua_pop(L, 1);
	}
	lua_pop(L, 1);
}

/* In the order of their names: lua_next has none. */
static void add_target(lua_State *L, struct model_plan *out, const char *to, const char *from)
{
	if (out->n_targets >= TARGETS_MAX)
		script_fail(L, "targets: at most %d", TARGETS_MAX);
	int at = out->n_targets++;
	for (; at > 0 && strcmp(out->target[at - 1].to, to) > 0; at--)
		out->target[at] = out->target[at - 1];
	snprintf(out->target[at].to, sizeof(out->target[at].to), "%s", to);
	snprintf(out->target[at].from, sizeof(out->target[at].from), "%s", from);
}

static void read_targets(lua_State *L, int class, struct model_plan *out)
{
	if (lua_getfield(L, class, "targets") == LUA_TTABLE) {
		lua_pushnil(L);
		while (lua_next(L, -2)) {
			if (lua_type(L, -1) != LUA_TSTRING || lua_type(L, -2) != LUA_TSTRING)
				script_fail(L, "targets are { target = \"online\" }: names of layers");
			add_target(L, out, lua_tostring(L, -2), lua_tostring(L, -1));
			lua_pop(L, 1);
		}
	}
	lua_pop(L, 1);
}

void players_read(lua_State *L, int class, struct model_plan *out)
{
	*out = (struct model_plan){0};
	class = lua_absindex(L, class);
	read_list(L, class, out);
	read_targets(L, class, out);
}
