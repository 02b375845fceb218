/* A Lua model behind the runner's table of functions.
 *
 * Two Lua tables stand behind it in the registry: the class (what g.model returned) and self (what build made).  build and
 * reload put their outcome beside the current ones under *.next; trace and fit use what is pending where there is something;
 * settle moves it over or drops it.  Every function runs protected, so that no error leaves this file as a Lua error. */
#include "script/model.h"

#include "script/lua_data.h"
#include "script/lua_env.h"

#include <stdlib.h>
#include <string.h>

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

void model_push_either(lua_State *L, const char *next, const char *current)
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
	model_push_either(L, KEY_CLASS_NEXT, KEY_CLASS);
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

struct asking {
	enum model_call what;
	bool has;
};

static int has_protected(lua_State *L)
{
	struct asking *a = lua_touserdata(L, 1);
	model_push_either(L, KEY_CLASS_NEXT, KEY_CLASS);
	a->has = lua_getfield(L, -1, model_method[a->what]) == LUA_TFUNCTION;
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
	model_push_either(L, KEY_CLASS_NEXT, KEY_CLASS);
	players_read(L, lua_gettop(L), p->out);
	return 0;
}

static enum err_code model_plan_of(void *self, struct model_plan *out, struct err *e)
{
	struct planning p = {out};
	*out = (struct model_plan){0};
	return script_call(of(self), plan_protected, &p, 0, e);
}

/* ---- fit, schedule ---- */

static int fit_protected(lua_State *L)
{
	model_push_either(L, KEY_SELF_NEXT, KEY_SELF);
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
	TRY(script_call(of(self), factor_protected, &f, MODEL_SECONDS, e));
	*factor = f.factor;
	return OK;
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
