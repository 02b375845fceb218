/* A Lua model behind the runner's table of functions.
 *
 * Two Lua tables stand behind it in the registry: the class (what g.model returned) and self (what build made).  build and
 * reload put their outcome beside the current ones under *.next; trace and fit use what is pending where there is something;
 * settle moves it over or drops it.  Every function runs protected, so that no error leaves this file as a Lua error. */
#include "script/lua_experiment.h"

#include "data/fields.h"
#include "script/lua_data.h"
#include "script/lua_env.h"
#include "script/lua_value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double eval_seconds = 5;

static struct script *of(void *self)
{
	return ((struct model *)self)->script;
}

static void push_library(lua_State *L, const char *module, const char *function)
{
	lua_getglobal(L, "require");
	lua_pushstring(L, module);
	lua_call(L, 1, 1);
	lua_getfield(L, -1, function);
	lua_remove(L, -2);
}

static void push_either(lua_State *L, const char *next, const char *current)
{
	if (lua_getfield(L, LUA_REGISTRYINDEX, next) != LUA_TNIL)
		return;
	lua_pop(L, 1);
	lua_getfield(L, LUA_REGISTRYINDEX, current);
}

/* ---- build ---- */

struct building {
	struct model *model;
	const struct knobset *knobs;
	struct paramset *set;
};

static void push_values(lua_State *L, const struct knobset *k)
{
	lua_createtable(L, 0, (int)k->n);
	for (size_t i = 0; i < k->n; i++) {
		const struct knob *row = &k->row[i];
		if (row->type == ARG_BOOL)
			lua_pushboolean(L, row->num != 0);
		else if (row->type == ARG_INT)
			lua_pushinteger(L, (lua_Integer)row->num);
		else if (row->type == ARG_REAL || row->type == ARG_LOG)
			lua_pushnumber(L, row->num);
		else
			lua_pushstring(L, row->text ? row->text : "");
		lua_setfield(L, -2, row->name);
	}
}

static int build_protected(lua_State *L)
{
	struct building *b = lua_touserdata(L, 1);
	push_library(L, "gusto.model", "build");
	push_either(L, KEY_CLASS_NEXT, KEY_CLASS);
	push_values(L, b->knobs);
	if (b->model->x->world)
		world_push(L, b->model->x->world);
	else
		data_push_split(L, b->model->x->split);
	lua_call(L, 3, 1);
	lua_setfield(L, LUA_REGISTRYINDEX, KEY_SELF_NEXT);
	return 0;
}

static enum err_code model_build(void *self, const struct knobset *k, struct paramset *fresh, struct err *e)
{
	struct model *m = self;
	struct building b = {m, k, fresh};
	m->script->set = fresh;
	enum err_code code = script_call(m->script, build_protected, &b, 0, e);
	m->script->set = NULL;
	m->building = m->building || code == OK;
	return code;
}

/* ---- settle ---- */

static void move(lua_State *L, const char *from, const char *to, bool keep)
{
	if (lua_getfield(L, LUA_REGISTRYINDEX, from) != LUA_TNIL && keep) {
		lua_pushvalue(L, -1);
		lua_setfield(L, LUA_REGISTRYINDEX, to);
	}
	lua_pushnil(L);
	lua_setfield(L, LUA_REGISTRYINDEX, from);
	lua_pop(L, 1);
}

struct settling {
	struct model *model;
	bool keep;
};

static int settle_protected(lua_State *L)
{
	struct settling *s = lua_touserdata(L, 1);
	if (s->model->building)
		move(L, KEY_SELF_NEXT, KEY_SELF, s->keep);
	if (s->model->reloading)
		move(L, KEY_CLASS_NEXT, KEY_CLASS, s->keep);
	return 0;
}

static void model_settle(void *self, bool keep)
{
	struct model *m = self;
	struct settling s = {m, keep};
	struct err e;
	if (script_call(m->script, settle_protected, &s, 0, &e) == OK)
		m->building = m->reloading = false;
}

/* ---- what the model can do ---- */

static const char *const method_of[] = {[MODEL_LOSS] = "loss",
	[MODEL_SCORE] = "score",
	[MODEL_CANDIDATES] = "candidates",
	[MODEL_RATING] = "rate",
	[MODEL_CLICK] = "click",
	[MODEL_ACT] = "act",
	[MODEL_OBSERVE] = "observe"};

struct asking {
	enum model_call what;
	bool has;
};

static int has_protected(lua_State *L)
{
	struct asking *a = lua_touserdata(L, 1);
	push_either(L, KEY_CLASS_NEXT, KEY_CLASS);
	a->has = lua_getfield(L, -1, method_of[a->what]) == LUA_TFUNCTION;
	return 0;
}

static bool model_has(void *self, enum model_call what)
{
	struct asking a = {what, false};
	struct err e;
	if ((unsigned)what >= MODEL_PLAYER)
		return false;
	return script_call(of(self), has_protected, &a, 0, &e) == OK && a.has;
}

/* ---- players and targets ---- */

struct planning {
	struct model_plan *out;
};

static int plan_protected(lua_State *L)
{
	struct planning *p = lua_touserdata(L, 1);
	push_either(L, KEY_CLASS_NEXT, KEY_CLASS);
	players_read(L, lua_gettop(L), p->out);
	return 0;
}

static enum err_code model_plan_of(void *self, struct model_plan *out, struct err *e)
{
	struct planning p = {out};
	*out = (struct model_plan){0};
	return script_call(of(self), plan_protected, &p, 0, e);
}

/* ---- trace ---- */

struct tracing {
	enum model_call what;
	struct model_outputs *out;
};

static int by_name(const void *a, const void *b)
{
	return strcmp((const char *)a, (const char *)b);
}

/* The table of further scalars at idx, in the order of their names. */
static void read_outputs(lua_State *L, int idx, struct model_outputs *out)
{
	char name[MODEL_OUTPUTS_MAX][32];
	int n = 0;
	lua_pushnil(L);
	while (lua_next(L, idx)) {
		if (lua_type(L, -2) != LUA_TSTRING || lua_rawlen(L, -2) >= sizeof(name[0]))
			script_fail(L, "loss: further results are { name = value } with short names");
		if (n == MODEL_OUTPUTS_MAX - 1)
			script_fail(L, "loss: at most %d further results can be logged", MODEL_OUTPUTS_MAX - 1);
		snprintf(name[n++], sizeof(name[0]), "%s", lua_tostring(L, -2));
		lua_pop(L, 1);
	}
	qsort(name, (size_t)n, sizeof(name[0]), by_name);
	for (int i = 0; i < n; i++) {
		lua_getfield(L, idx, name[i]);
		out->value[out->n] = value_index(L, -1, "loss: a further result");
		memcpy(out->name[out->n++], name[i], sizeof(name[0]));
		lua_pop(L, 1);
	}
}

/* observe(batch) returns { name of a parameter = what is added to it }. */
static void read_sums(lua_State *L, int idx, struct model_outputs *out)
{
	if (!lua_istable(L, idx))
		script_fail(L, "observe(batch) must return { name = sums }, got %s", luaL_typename(L, idx));
	out->n = 0;
	read_outputs(L, idx, out);
}

/* The method behind a call; of player k, "loss_<its name>". */
static void name_of_call(lua_State *L, enum model_call what, char *out, size_t size)
{
	if (what < MODEL_PLAYER) {
		snprintf(out, size, "%s", method_of[what]);
		return;
	}
	struct model_plan plan = {0};
	push_either(L, KEY_CLASS_NEXT, KEY_CLASS);
	players_read(L, lua_gettop(L), &plan);
	lua_pop(L, 1);
	snprintf(out, size, "loss_%s", plan.player[what - MODEL_PLAYER].name);
}

static int trace_protected(lua_State *L)
{
	struct tracing *t = lua_touserdata(L, 1);
	char method[32];
	push_either(L, KEY_SELF_NEXT, KEY_SELF);
	name_of_call(L, t->what, method, sizeof(method));
	if (!lua_istable(L, -1))
		return script_fail(L, "the model was not built yet");
	if (lua_getfield(L, -1, method) != LUA_TFUNCTION)
		return script_fail(L, "the model has no %s(batch)", method);
	lua_insert(L, -2);
	value_batch_push(L);
	lua_call(L, 2, 2);
	int top = lua_gettop(L);
	if (t->what == MODEL_OBSERVE) {
		read_sums(L, top - 1, t->out);
		return 0;
	}
	char what[64];
	snprintf(what, sizeof(what), "what %s(batch) returned", method);
	t->out->n = 1;
	snprintf(t->out->name[0], sizeof(t->out->name[0]), "%s", method);
	t->out->value[0] = value_index(L, top - 1, what);
	if ((t->what == MODEL_LOSS || t->what >= MODEL_PLAYER) && lua_istable(L, top))
		read_outputs(L, top, t->out);
	return 0;
}

static enum err_code model_trace(
	void *self, enum model_call what, struct trace *t, struct model_outputs *out, struct err *e)
{
	struct script *s = of(self);
	struct tracing tracing = {what, out};
	*out = (struct model_outputs){0};
	if ((unsigned)what >= MODEL_PLAYER + PLAYERS_MAX)
		return err_set(e, ERR_ARG, "there is no model call %d", (int)what);
	s->trace = t;
	s->generation++;
	enum err_code code = script_call(s, trace_protected, &tracing, 0, e);
	s->trace = NULL;
	return code;
}

/* ---- fit, schedule ---- */

static int fit_protected(lua_State *L)
{
	push_either(L, KEY_SELF_NEXT, KEY_SELF);
	if (!lua_istable(L, -1) || lua_getfield(L, -1, "fit") != LUA_TFUNCTION)
		return script_fail(L, "the model cannot fit: it was not built, or has no fit(data)");
	lua_insert(L, -2);
	data_push_split(L, lua_touserdata(L, 1));
	lua_call(L, 2, 0);
	return 0;
}

static enum err_code model_fit(void *self, const struct split *split, struct err *e)
{
	return script_call(of(self), fit_protected, (void *)split, 0, e);
}

struct factoring {
	int64_t step;
	double factor;
};

static int factor_protected(lua_State *L)
{
	struct factoring *f = lua_touserdata(L, 1);
	lua_getfield(L, LUA_REGISTRYINDEX, KEY_SCHEDULE);
	lua_pushinteger(L, f->step);
	lua_call(L, 1, 1);
	if (lua_type(L, -1) != LUA_TNUMBER)
		return script_fail(L, "train: schedule(step) must return a number, got %s", luaL_typename(L, -1));
	f->factor = lua_tonumber(L, -1);
	return 0;
}

static enum err_code model_lr_factor(void *self, int64_t step, double *factor, struct err *e)
{
	struct factoring f = {step, 1};
	TRY(script_call(of(self), factor_protected, &f, eval_seconds, e));
	*factor = f.factor;
	return OK;
}

/* ---- eval ---- */

struct evaluating {
	const char *chunk;
	char *text;
};

static int eval_protected(lua_State *L)
{
	struct evaluating *v = lua_touserdata(L, 1);
	lua_settop(L, 0);
	lua_pushfstring(L, "return %s", v->chunk);
	size_t len;
	const char *text = lua_tolstring(L, -1, &len);
	if (luaL_loadbufferx(L, text, len, "=eval", "t") != LUA_OK) {
		lua_pop(L, 1);
		if (luaL_loadbufferx(L, v->chunk, strlen(v->chunk), "=eval", "t") != LUA_OK)
			return lua_error(L);
	}
	lua_remove(L, 1);
	lua_call(L, 0, LUA_MULTRET);
	int n = lua_gettop(L);
	luaL_Buffer b;
	luaL_checkstack(L, 8, "too many results");
	luaL_buffinit(L, &b);
	for (int i = 1; i <= n; i++) {
		if (i > 1)
			luaL_addchar(&b, '\t');
		luaL_tolstring(L, i, NULL);
		luaL_addvalue(&b);
	}
	luaL_pushresult(&b);
	v->text = mem_strdup(lua_tostring(L, -1));
	if (!v->text)
		return script_no_memory(L);
	return 0;
}

static enum err_code model_eval(void *self, const char *chunk, char **text, struct err *e)
{
	struct evaluating v = {chunk, NULL};
	enum err_code code = script_call(of(self), eval_protected, &v, eval_seconds, e);
	*text = code == OK ? v.text : NULL;
	return code;
}

static int knob_set(lua_State *L)
{
	struct model *m = lua_touserdata(L, lua_upvalueindex(1));
	struct experiment *x = m->x;
	const char *name = luaL_checkstring(L, 1);
	luaL_checkany(L, 2);
	struct err e;
	luaL_tolstring(L, 2, NULL);
	if (!x->knob_set)
		return script_fail(L, "knob_set works in a run only");
	if (x->knob_set(x->knob_ctx, name, lua_tostring(L, -1), &e) != OK)
		return script_raise(L, &e);
	return 0;
}

/* knob "lr": its value now. */
static int knob_get(lua_State *L)
{
	struct model *m = lua_touserdata(L, lua_upvalueindex(1));
	struct err e;
	const struct knob *k = knobset_need(&m->x->knobs, luaL_checkstring(L, 1), &e);
	if (!k)
		return script_raise(L, &e);
	if (k->type == ARG_BOOL)
		lua_pushboolean(L, k->num != 0);
	else if (k->type == ARG_STRING || k->type == ARG_CHOICE)
		lua_pushstring(L, k->text);
	else
		lua_pushnumber(L, k->num);
	return 1;
}

static int current_model(lua_State *L)
{
	lua_getfield(L, LUA_REGISTRYINDEX, KEY_SELF);
	return 1;
}

static void set_global(lua_State *L, const char *name)
{
	lua_pushglobaltable(L);
	lua_pushstring(L, name);
	lua_pushvalue(L, -3);
	lua_rawset(L, -3);
	lua_pop(L, 2);
}

void model_install(lua_State *L, struct model *m)
{
	static const luaL_Reg functions[] = {
		{"knob_set", knob_set}, {"knob", knob_get}, {"model", current_model}, {NULL, NULL}};
	for (const luaL_Reg *f = functions; f->name; f++) {
		lua_pushlightuserdata(L, m);
		lua_pushcclosure(L, f->func, 1);
		set_global(L, f->name);
	}
	static const char *const modules[][2] = {{"g", "gusto"}, {"nn", "gusto.nn"}};
	for (size_t i = 0; i < 2; i++) {
		lua_getglobal(L, "require");
		lua_pushstring(L, modules[i][1]);
		lua_call(L, 1, 1);
		set_global(L, modules[i][0]);
	}
}

/* ---- reload ---- */

struct reloading {
	struct model *model;
	const char *text;
	struct knobset *knobs;
};

/* Values of knobs that exist stay; one whose new range excludes its old value starts at the new default. */
static void carry_knobs(const struct knobset *old, struct knobset *fresh)
{
	for (size_t i = 0; i < fresh->n; i++) {
		struct knob *k = &fresh->row[i];
		const struct knob *was = knobset_find(old, k->name);
		char text[256];
		struct err e;
		if (was)
			knob_set_text(k, knob_text(was, text, sizeof(text)), &e);
	}
}

static int reload_protected(lua_State *L)
{
	struct reloading *r = lua_touserdata(L, 1);
	experiment_run_text(L, r->text, strlen(r->text), r->model->x->file);
	lua_getfield(L, -1, "model");
	lua_pushvalue(L, -1);
	lua_setfield(L, LUA_REGISTRYINDEX, KEY_CLASS_NEXT);
	r->model->reloading = true;
	experiment_read_knobs(L, -1, r->knobs);
	return 0;
}

static enum err_code model_reload(void *self, const char *text, struct knobset *k, struct err *e)
{
	struct model *m = self;
	struct knobset fresh = {0};
	struct reloading r = {m, text, &fresh};
	enum err_code code = script_call(m->script, reload_protected, &r, 0, e);
	if (code == OK) {
		struct knobset mine = m->x->knobs;
		m->x->knobs = fresh;
		code = experiment_add_knobs(m->x, e);
		fresh = m->x->knobs;
		m->x->knobs = mine;
	}
	if (code != OK) {
		knobset_free(&fresh);
		model_settle(m, false);
		return code;
	}
	carry_knobs(k, &fresh);
	knobset_free(k);
	*k = fresh;
	return OK;
}

/* ---- files, truth, end ---- */

static size_t model_files(void *self)
{
	return of(self)->n_files;
}

static void model_file(void *self, size_t i, const char **path, const char **text, size_t *len)
{
	const struct script_file *f = &of(self)->files[i];
	*path = f->path;
	*text = f->text;
	*len = f->len;
}

static int32_t model_causes(void *self, int32_t user, int32_t *cause, int32_t max)
{
	struct model *m = self;
	const struct dataset *d = m->x->split ? m->x->split->data : NULL;
	struct err e;
	char id[32];
	if (!d || user < 0 || user >= d->n_users)
		return 0;
	if (!m->world && planted_new(&m->world_options, &m->world, &e) != OK)
		return 0;
	int32_t most = planted_max_length(m->world);
	if (!m->events && !(m->events = mem_calloc((size_t)most, sizeof(*m->events))))
		return 0;
	/* users are called u1, u2, ... */
	long number = strtol(strtab_copy(&d->users, user, id, sizeof(id)) + 1, NULL, 10) - 1;
	if (number < 0 || number >= planted_users(m->world))
		return 0;
	int32_t n = planted_user(m->world, (int32_t)number, m->events, most);
	for (int32_t k = 0; k < n && k < max; k++)
		cause[k] = m->events[k].cause;
	return n < max ? n : max;
}

static void model_free(void *self)
{
	struct model *m = self;
	if (!m)
		return;
	script_free(m->script);
	planted_free(m->world);
	mem_free(m->events);
	arena_free(&m->text);
	mem_free(m);
}

struct model *model_new(struct script *s, struct experiment *x)
{
	struct model *m = mem_calloc(1, sizeof(*m));
	if (!m)
		return NULL;
	m->script = s;
	m->x = x;
	m->vtbl = (struct model_vtbl){.build = model_build,
		.settle = model_settle,
		.has = model_has,
		.trace = model_trace,
		.plan = model_plan_of,
		.fit = model_fit,
		.lr_factor = model_lr_factor,
		.eval = model_eval,
		.reload = model_reload,
		.files = model_files,
		.file = model_file,
		.free = model_free};
	x->vtbl = &m->vtbl;
	x->self = m;
	x->causes = model_causes;
	return m;
}
