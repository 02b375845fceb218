/* train = { plan = { { epoch = 20, cd = 3 }, { epoch = 30, cd = 5, lr = .01 } } }: knobs that change when training reaches an
 * epoch.  Names and values are checked here, so that a run does not end in its middle. */
#include "script/lua_experiment.h"

#include <stdlib.h>
#include <string.h>

struct reading {
	struct model *model;
	const struct knobset *knobs;
	struct planned_knob *row;
	size_t n;
	int32_t epoch;
};

/* The knob of that name takes the value on top of the stack; returns its text, kept with the model. */
static const char *checked_value(lua_State *L, struct reading *r, const char *name)
{
	struct err e;
	const struct knob *declared = knobset_need(r->knobs, name, &e);
	char text[256];
	if (declared && strcmp(name, "epochs") == 0)
		script_fail(L, "train: plan: epochs cannot be planned, it is the end of the plan");
	lua_pushvalue(L, -1);
	snprintf(text, sizeof(text), "%s", luaL_tolstring(L, -1, NULL));
	lua_pop(L, 2);
	struct knobset one = {0};
	struct knob copy;
	enum err_code code = declared ? OK : ERR_NOTFOUND;
	if (declared)
		copy = *declared;
	if (code == OK)
		code = knobset_add(&one, &copy, &e);
	if (code == OK)
		code = knob_set_text(&one.row[0], text, &e);
	knobset_free(&one);
	if (code != OK) {
		err_prefix(&e, "train: plan for epoch %d", r->epoch);
		script_raise_plain(L, &e);
	}
	return arena_strdup(&r->model->text, text);
}

static void read_entry(lua_State *L, int entry, struct reading *r)
{
	lua_pushnil(L);
	while (lua_next(L, entry)) {
		if (lua_type(L, -2) != LUA_TSTRING)
			script_fail(L, "train: an entry of the plan is { epoch = 20, knob = value, ... }");
		const char *name = lua_tostring(L, -2);
		if (strcmp(name, "epoch") != 0) {
			const char *value = checked_value(L, r, name);
			r->row[r->n++] = (struct planned_knob){r->epoch, arena_strdup(&r->model->text, name), value};
			if (!value || !r->row[r->n - 1].name)
				script_no_memory(L);
		}
		lua_pop(L, 1);
	}
}

static size_t count_rows(lua_State *L, int plan)
{
	size_t n = 0;
	for (lua_Integer i = 1; i <= (lua_Integer)lua_rawlen(L, plan); i++) {
		if (lua_rawgeti(L, plan, i) != LUA_TTABLE)
			script_fail(L, "train: the plan lists entries { epoch = 20, knob = value, ... }, got %s",
				luaL_typename(L, -1));
		lua_pushnil(L);
		for (; lua_next(L, -2); lua_pop(L, 1))
			n++;
		lua_pop(L, 1);
	}
	return n;
}

static int in_order(const void *a, const void *b)
{
	const struct planned_knob *x = a, *y = b;
	return x->epoch != y->epoch ? (x->epoch < y->epoch ? -1 : 1) : strcmp(x->name, y->name);
}

void plan_read(lua_State *L, int train, struct model *m)
{
	int top = lua_gettop(L);
	int type = lua_getfield(L, train, "plan");
	int plan = lua_gettop(L);
	if (type != LUA_TNIL && type != LUA_TTABLE)
		script_fail(L, "train: plan must be a list of { epoch = 20, knob = value, ... }, got %s",
			luaL_typename(L, plan));
	if (type == LUA_TTABLE) {
		struct reading r = {.model = m, .knobs = &m->x->knobs};
		r.row = arena_alloc(&m->text, (count_rows(L, plan) + 1) * sizeof(*r.row));
		if (!r.row)
			script_no_memory(L);
		for (lua_Integer i = 1; i <= (lua_Integer)lua_rawlen(L, plan); i++) {
			lua_rawgeti(L, plan, i);
			if (!field_int(L, plan + 1, "train: plan", "epoch", 0, 1e9, &r.epoch))
				script_fail(L, "train: entry %d of the plan does not say its epoch", (int)i);
			read_entry(L, plan + 1, &r);
			lua_settop(L, plan);
		}
		qsort(r.row, r.n, sizeof(*r.row), in_order);
		m->x->train.plan = r.row;
		m->x->train.n_plan = r.n;
	}
	lua_settop(L, top);
}
