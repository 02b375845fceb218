/* gusto.nn: layers, parameters of one's own, scopes; and constructors of optimizers and schedules.
 *
 * nn.embedding { ... } only declares a layer, with its arguments checked.  Its parameters are made when build has returned and
 * the place it was assigned to gives it a name (lua/gusto/model.lua calls bind); made by hand outside of a model, it is
 * named after its class when it is first used. */
#include "script/lua_value.h"

#include "nn/layer.h"
#include "nn/optim.h"
#include "nn/schedule.h"

#include <math.h>
#include <string.h>

struct layer_box {
	const struct layer_class *class;
	struct layer *layer; /* NULL while only declared */
	struct args args;    /* texts live in the first user value */
	char where[512];     /* of the declaration */
};

static int layer_gc(lua_State *L)
{
	struct layer_box *b = luaL_checkudata(L, 1, LAYER_TYPE);
	layer_free(b->layer);
	b->layer = NULL;
	return 0;
}

static void remember_place(lua_State *L, char *where, size_t size)
{
	script_where(L);
	snprintf(where, size, "%s", lua_tostring(L, -1));
	lua_pop(L, 1);
}

/* ---- names ---- */

static __attribute__((noreturn)) int raise_at(
	lua_State *L, const char *where, const char *name, const char *class, const struct err *e)
{
	struct err full;
	char own[PARAM_NAME_MAX + 4];
	/* sentences that begin with the layer's name or class do not need it twice */
	snprintf(own, sizeof(own), "%s: ", name);
	const char *text = e->text;
	if (str_starts(text, own))
		text += strlen(own);
	snprintf(own, sizeof(own), "%s: ", class);
	if (str_starts(text, own))
		text += strlen(own);
	err_set(&full, e->code, "%s%s: %s", where, name, text);
	script_raise_plain(L, &full);
}

static void bind_layer(lua_State *L, struct layer_box *b, const char *name, struct paramset *set)
{
	struct err e;
	if (!b->layer && layer_new(b->class->desc.name, name, &b->args, set, &b->layer, &e) != OK)
		raise_at(L, b->where, name, b->class->desc.name, &e);
}

static void bind_param(lua_State *L, struct param_box *b, const char *name, struct paramset *set)
{
	struct err e;
	struct param *p;
	struct init init = {.kind = b->init, .scale = b->scale, .mean = b->mean};
	if (b->p)
		return;
	if (paramset_make(set, name, &b->shape, &init, b->trainable, b->lazy, &p, &e) != OK)
		raise_at(L, b->where, name, "parameter", &e);
	else
		b->p = param_ref(p);
}

/* The set for things made by hand. */
static struct paramset *scratch_set(lua_State *L)
{
	struct script *s = script_of(L);
	if (!s->scratch && !(s->scratch = paramset_new(1)))
		script_no_memory(L);
	return s->scratch;
}

static void bind_by_hand(lua_State *L, struct layer_box *b)
{
	struct script *s = script_of(L);
	char name[64];
	if (b->layer)
		return;
	if (s->set)
		script_fail(L, "%s: a layer gets its parameters when build has returned: apply it in loss and score",
			b->class->desc.name);
	if (s->trace)
		script_fail(L, "%s: this layer has no name: layers are made in build and assigned to self",
			b->class->desc.name);
	snprintf(name, sizeof(name), "%.40s %u", b->class->desc.name, ++s->unnamed);
	bind_layer(L, b, name, scratch_set(L));
}

/* core.bind(layer or parameter, name) */
static int bind(lua_State *L)
{
	struct script *s = script_of(L);
	const char *name = luaL_checkstring(L, 2);
	struct layer_box *layer = luaL_testudata(L, 1, LAYER_TYPE);
	struct param_box *param = luaL_testudata(L, 1, PARAM_TYPE);
	if (!layer && !param)
		return script_fail(L, "bind: expected a layer, got %s", luaL_typename(L, 1));
	if (!s->set)
		return script_fail(L, "bind: layers are named while a model is built");
	for (const char *c = name; *c; c++)
		if ((unsigned char)*c < ' ' || (unsigned char)*c > '~' || *c == '"' || *c == '\\')
			return script_fail(L, "the layer's name '%s' may only have plain letters", name);
	if (layer)
		bind_layer(L, layer, name, s->set);
	else
		bind_param(L, param, name, s->set);
	return 0;
}

/* ---- layers ---- */

static int record_layer(const void *ctx, struct trace *t, const int *in, int n_in, struct err *e)
{
	return layer_apply(ctx, t, in, n_in, e);
}

static int layer_call(lua_State *L)
{
	struct layer_box *b = luaL_checkudata(L, 1, LAYER_TYPE);
	struct operand_ref in[OP_IN_MAX];
	int n = lua_gettop(L) - 1;
	if (n > LAYER_IN_MAX || n > b->class->arity_max)
		return script_fail(L, "%s takes %d to %d values, got %d; usage: %s", b->class->desc.name,
			b->class->arity_min, b->class->arity_max, n, b->class->desc.usage);
	for (int k = 0; k < n; k++)
		operand_read(L, k + 2, b->class->desc.name, &in[k]);
	bind_by_hand(L, b);
	CHECK(b->layer, "a %s without its layer", b->class->desc.name);
	if (b->layer->n_params > 0 && b->layer->param[0]->shape.ndim > 0)
		operand_check_ids(L, b->layer->name, in, n, b->layer->param[0]->shape.dim[0]);
	return value_apply(L, record_layer, b->layer, in, n);
}

static int push_argument(lua_State *L, const struct layer_box *b, int i)
{
	const struct arg_spec *s = &b->class->desc.args[i];
	if (s->type == ARG_STRING || s->type == ARG_CHOICE)
		lua_pushstring(L, b->args.text[i]);
	else if (s->type == ARG_BOOL)
		lua_pushboolean(L, b->args.num[i] != 0);
	else if (s->type == ARG_INT)
		lua_pushinteger(L, (lua_Integer)b->args.num[i]);
	else
		lua_pushnumber(L, b->args.num[i]);
	return 1;
}

/* layer.weight: a parameter; layer.dim: an argument. */
static int layer_index(lua_State *L)
{
	struct layer_box *b = luaL_checkudata(L, 1, LAYER_TYPE);
	const char *key = luaL_checkstring(L, 2);
	int arg = arg_index(&b->class->desc, key);
	bool textual = arg >= 0 &&
		       (b->class->desc.args[arg].type == ARG_STRING || b->class->desc.args[arg].type == ARG_CHOICE);
	struct param *p = b->layer ? layer_param(b->layer, key) : NULL;
	if (!p && arg >= 0 && (!textual || b->args.text[arg]))
		return push_argument(L, b, arg);
	if (!p && !b->layer) {
		bind_by_hand(L, b);
		CHECK(b->layer, "a %s without its layer", b->class->desc.name);
		p = layer_param(b->layer, key);
	}
	if (p) {
		param_push(L, p);
		return 1;
	}
	struct str names = {0};
	for (int i = 0; i < b->layer->n_params; i++)
		str_printf(&names, "%s%s", i ? ", " : "", b->layer->param_name[i]);
	struct err e;
	err_set(&e, ERR_NOTFOUND, "%s has no '%s'; its parameters: %s", b->layer->name, key,
		b->layer->n_params ? str_text(&names) : "none of its own");
	str_free(&names);
	return script_raise(L, &e);
}

static int layer_tostring(lua_State *L)
{
	struct layer_box *b = luaL_checkudata(L, 1, LAYER_TYPE);
	lua_pushfstring(L, "layer %s (%s)", b->layer ? b->layer->name : "without a name", b->class->desc.name);
	return 1;
}

/* Keeps the texts of the arguments alive in a table of the box's own. */
static void anchor_texts(lua_State *L, int box)
{
	struct layer_box *b = lua_touserdata(L, box);
	lua_newtable(L);
	for (size_t i = 0; i < arg_count(&b->class->desc); i++)
		if (b->args.given[i] && b->args.text[i]) {
			b->args.text[i] = lua_pushstring(L, b->args.text[i]);
			lua_rawseti(L, -2, (lua_Integer)i + 1);
		}
	lua_setiuservalue(L, box, 1);
}

static int make_layer(lua_State *L, const struct layer_class *class)
{
	struct err e;
	const struct desc *d = &class->desc;
	int n = lua_gettop(L);
	struct layer_box *b = lua_newuserdatauv(L, sizeof(*b), 1);
	int box = lua_gettop(L);
	memset(b, 0, sizeof(*b));
	b->class = class;
	luaL_setmetatable(L, LAYER_TYPE);
	args_default(d, &b->args);
	remember_place(L, b->where, sizeof(b->where));
	if (n == 1 && lua_istable(L, 1)) {
		args_read(L, 1, d, &b->args, 0);
	} else {
		for (int i = 0; i < n; i++) {
			if ((size_t)i >= arg_count(d))
				return script_fail(L, "%s takes at most %zu arguments; usage: %s", d->name,
					arg_count(d), d->usage);
			if (!lua_isnil(L, i + 1))
				args_read_one(L, i + 1, d, &b->args, d->args[i].name);
		}
	}
	if (args_complete(d, &b->args, &e) != OK)
		return script_raise(L, &e);
	anchor_texts(L, box);
	lua_settop(L, box);
	return 1;
}

/* nn.<name>: a layer, or the op of that name when the first argument is a value (upvalues: class, op function). */
static int nn_function(lua_State *L)
{
	if (operand_is_object(L, 1) && !lua_isnil(L, lua_upvalueindex(2))) {
		int n = lua_gettop(L);
		lua_pushvalue(L, lua_upvalueindex(2));
		lua_insert(L, 1);
		lua_call(L, n, 1);
		return 1;
	}
	return make_layer(L, lua_touserdata(L, lua_upvalueindex(1)));
}

/* ---- parameters of one's own ---- */

static const struct arg_spec parameter_args[] = {{"rows", ARG_INT, 0, 1, 2147483647, ARG_REQUIRED, "first dimension"},
	{"dim", ARG_INT, 0, 0, 1 << 30, 0, "second dimension; 0: a vector"},
	{"init", ARG_STRING, 0, 0, 0, 0, "how it starts: normal, uniform, zeros, ones, constant, ...", "zeros"},
	{"std", ARG_REAL, 0, 0, 1e6, 0, "deviation, bound or constant of the start"},
	{"mean", ARG_REAL, 0, -1e6, 1e6, 0, "mean of the start"},
	{"trainable", ARG_BOOL, 1, 0, 1, 0, "false: only set by hand or by fit"},
	{"lazy", ARG_BOOL, 0, 0, 1, 0, "a table that is only looked up: row-sparse gradients"}, {0}};
static const struct desc parameter_desc = {"parameter",
	"parameter { rows, dim = 0, init = \"zeros\", std = 0, mean = 0, trainable = true, lazy = false }",
	"A parameter that belongs to no layer.", parameter_args};

static int make_parameter(lua_State *L)
{
	struct err e;
	struct args a;
	args_default(&parameter_desc, &a);
	args_read(L, 1, &parameter_desc, &a, 0);
	if (args_complete(&parameter_desc, &a, &e) != OK)
		return script_raise(L, &e);
	struct param_box *b = lua_newuserdatauv(L, sizeof(*b), 0);
	memset(b, 0, sizeof(*b));
	luaL_setmetatable(L, PARAM_TYPE);
	b->shape = shape_fixed(a.num[1] > 0 ? 2 : 1, (int32_t)a.num[0], (int32_t)a.num[1], 0);
	snprintf(b->init, sizeof(b->init), "%s", a.text[2]);
	b->scale = a.num[3];
	b->mean = a.num[4];
	b->trainable = a.num[5] != 0;
	b->lazy = a.num[6] != 0;
	remember_place(L, b->where, sizeof(b->where));
	struct script *s = script_of(L);
	if (s->trace)
		return script_fail(L, "nn.parameter: parameters are made in build");
	if (!s->set) {
		char name[64];
		snprintf(name, sizeof(name), "parameter %u", ++s->unnamed);
		bind_param(L, b, name, scratch_set(L));
	}
	return 1;
}

static int is_layer(lua_State *L)
{
	const struct param_box *p = luaL_testudata(L, 1, PARAM_TYPE);
	lua_pushboolean(L, luaL_testudata(L, 1, LAYER_TYPE) || (p && !p->p));
	return 1;
}

/* nn.scope(name, f, ...): what f records carries the name. */
static int scope(lua_State *L)
{
	struct script *s = script_of(L);
	const char *name = luaL_checkstring(L, 1);
	luaL_checktype(L, 2, LUA_TFUNCTION);
	struct trace *t = s->trace;
	if (t)
		trace_push(t, name);
	lua_remove(L, 1);
	lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
	if (t && s->trace == t)
		trace_pop(t);
	return lua_gettop(L);
}

/* ---- optimizers and schedules: checked tables { name = ..., arguments } ---- */

static int described(lua_State *L)
{
	const struct desc *d = lua_touserdata(L, lua_upvalueindex(1));
	struct args a;
	args_default(d, &a);
	args_read(L, 1, d, &a, 0);
	lua_newtable(L);
	lua_pushstring(L, d->name);
	lua_setfield(L, -2, "name");
	for (size_t i = 0; i < arg_count(d); i++) {
		if (!a.given[i])
			continue;
		if (d->args[i].type == ARG_STRING || d->args[i].type == ARG_CHOICE)
			lua_pushstring(L, a.text[i]);
		else if (d->args[i].type == ARG_BOOL)
			lua_pushboolean(L, a.num[i] != 0);
		else
			lua_pushnumber(L, a.num[i]);
		lua_setfield(L, -2, d->args[i].name);
	}
	return 1;
}

static void push_described(lua_State *L, const struct registry *r)
{
	lua_createtable(L, 0, (int)r->n);
	for (size_t i = 0; i < r->n; i++) {
		lua_pushlightuserdata(L, (void *)r->rows[i]);
		lua_pushcclosure(L, described, 1);
		lua_setfield(L, -2, r->rows[i]->name);
	}
}

/* nn.<unknown>: which one was meant? */
static int nn_unknown(lua_State *L)
{
	const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "?";
	struct err layer, op;
	registry_need(&layer_registry, key, &layer);
	registry_need(&op_registry, key, &op);
	return script_raise(L, strstr(op.text, "did you mean") && !strstr(layer.text, "did you mean") ? &op : &layer);
}

static void push_nn(lua_State *L, int core)
{
	static const luaL_Reg functions[] = {{"parameter", make_parameter}, {"scope", scope}, {NULL, NULL}};
	lua_newtable(L);
	int nn = lua_gettop(L);
	lua_getfield(L, core, "op");
	int ops = lua_gettop(L);
	lua_pushnil(L);
	while (lua_next(L, ops)) {
		lua_pushvalue(L, -2);
		lua_insert(L, -2);
		lua_settable(L, nn);
	}
	for (size_t i = 0; i < layer_registry.n; i++) {
		lua_pushlightuserdata(L, (void *)layer_registry.rows[i]);
		lua_getfield(L, ops, layer_registry.rows[i]->name);
		lua_pushcclosure(L, nn_function, 2);
		lua_setfield(L, nn, layer_registry.rows[i]->name);
	}
	lua_settop(L, nn);
	luaL_setfuncs(L, functions, 0);
	lua_createtable(L, 0, 1);
	lua_pushcfunction(L, nn_unknown);
	lua_setfield(L, -2, "__index");
	lua_setmetatable(L, nn);
}

void nn_open(lua_State *L, int core)
{
	static const luaL_Reg meta[] = {{"__gc", layer_gc}, {"__call", layer_call}, {"__index", layer_index},
		{"__tostring", layer_tostring}, {NULL, NULL}};
	luaL_newmetatable(L, LAYER_TYPE);
	luaL_setfuncs(L, meta, 0);
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_pop(L, 1);
	lua_pushcfunction(L, bind);
	lua_setfield(L, core, "bind");
	lua_pushcfunction(L, is_layer);
	lua_setfield(L, core, "is_layer");
	push_described(L, &optim_registry);
	lua_setfield(L, core, "optimizer");
	push_described(L, &schedule_registry);
	lua_setfield(L, core, "schedule");
	lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
	push_nn(L, core);
	lua_setfield(L, -2, "gusto.nn");
	lua_pop(L, 1);
}
